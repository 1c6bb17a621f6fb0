//! The HTTP API as a script sees it.

use std::time::Duration;

use serde_json::Value;

/// One node's API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Without a trailing slash, such as `http://127.0.0.1:8090`.
    pub base: String,
    /// The cluster's, where the node demands it.
    token: Option<String>,
    agent: ureq::Agent,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// `null` where the body is no JSON.
    pub json: Value,
    pub text: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
}

impl Reply {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Api {
    /// The API at an address.
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            token: None,
            agent: config.into(),
        }
    }

    /// With the cluster's token, which a node demands on other addresses than loopback.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// A GET; `None` when nobody answers.
    pub fn try_get(&self, path: &str) -> Option<Reply> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().ok().map(reply)
    }

    /// A GET that must be answered.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path)
            .unwrap_or_else(|| panic!("GET {path} was not answered"))
    }

    /// A request with a body; `None` when nobody answers.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Reply> {
        let uri = format!("{}{path}", self.base);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body.to_vec()).expect("a well-formed request");
        self.agent.run(request).ok().map(reply)
    }

    /// A request with a body that must be answered.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|| panic!("{method} {path} was not answered"))
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// Registers a workflow.
    ///
    /// # Panics
    /// When it is refused.
    pub fn put_workflow(&self, name: &str, xml: &str) {
        let path = format!("/api/v1/workflows/{}", percent(name));
        let answer = self.send(
            "PUT",
            &path,
            &[("content-type", "application/xml")],
            xml.as_bytes(),
        );
        assert!(
            matches!(answer.status, 200 | 201),
            "{name}: {} {}",
            answer.status,
            answer.text
        );
    }

    /// Runs a workflow and gives the instance's id; `None` when that was not acknowledged.
    pub fn try_run(&self, name: &str) -> Option<String> {
        self.try_run_with(name, &Value::Object(serde_json::Map::new()))
    }

    /// Runs a workflow with these parameters and gives the instance's id; `None` when that was not acknowledged.
    pub fn try_run_with(&self, name: &str, params: &Value) -> Option<String> {
        let path = format!("/api/v1/workflows/{}/run", percent(name));
        let answer = self.try_send(
            "POST",
            &path,
            &[("content-type", "application/json")],
            serde_json::json!({ "params": params })
                .to_string()
                .as_bytes(),
        )?;
        answer.json["instance"].as_str().map(str::to_owned)
    }

    /// An instance; `None` when nobody answers or there is none.
    pub fn try_instance(&self, id: &str) -> Option<Value> {
        self.try_get(&format!("/api/v1/instances/{id}"))
            .filter(|reply| reply.status == 200)
            .map(|reply| reply.json)
    }
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let text = response.body_mut().read_to_string().unwrap_or_default();
    Reply {
        status: response.status().as_u16(),
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
        headers,
    }
}

/// Percent-encodes a path segment.
pub(crate) fn percent(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
