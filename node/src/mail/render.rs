//! What a mail says: facts, steps, affected workflows, the last log lines; every value escaped.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, AttemptId, InstanceStatus, LogLine, Mail, MailKind, RunId, TriggerKind, Visit,
    VisitStatus,
};
use peerflow_store::{Error, LogSelection, Store};
use peerflow_workflow::{Document, WorkflowName};

use super::smtp::Letter;

/// Log lines shown.
const LOG_LINES: usize = 30;
/// Characters shown of one log line or message.
const LINE_LENGTH: usize = 500;
/// Steps shown; failed ones first when there are more.
const STEPS: usize = 200;

/// The mail as it is sent; `None` when what it tells of is not kept any more.
pub(super) async fn render(store: &dyn Store, mail: &Mail) -> Result<Option<Letter>, Error> {
    let run = mail.kind.run();
    let Some(record) = store.run(&run.instance, Some(run.run)).await? else {
        return Ok(None);
    };
    let log = store
        .log_tail(&selection(mail, run, &record), LOG_LINES)
        .await?;
    let zone = zone(store, &record).await?;
    let subject = subject(mail, &record);
    let html = Page {
        mail,
        record: &record,
        log: &log,
        zone,
    }
    .html(&subject);
    Ok(Some(Letter {
        id: mail.id.clone(),
        receivers: mail.receivers.clone(),
        subject,
        html,
    }))
}

/// The log that explains it: of the attempt, or of the step that failed, or of the whole run.
fn selection(mail: &Mail, run: &RunId, record: &ActiveRun) -> LogSelection {
    let attempt = match &mail.kind {
        MailKind::RetryFailed { attempt }
        | MailKind::RetryRecovered { attempt }
        | MailKind::DataExceeded { attempt, .. } => Some(attempt.clone()),
        MailKind::Outcome { .. } => culprit(record),
    };
    LogSelection {
        instance: run.instance.clone(),
        run: Some(run.run),
        step: attempt.as_ref().map(|attempt| attempt.visit.step.clone()),
        attempt: attempt.map(|attempt| (attempt.visit.visit, attempt.attempt)),
    }
}

/// The last try of the visit that failed last.
fn culprit(record: &ActiveRun) -> Option<AttemptId> {
    let failed = |visit: &&Visit| visit.status == VisitStatus::Failed && visit.attempt > 0;
    let visit = record
        .visits
        .iter()
        .filter(failed)
        .max_by_key(|visit| (visit.ended_at, visit.sequence))?;
    Some(AttemptId {
        visit: visit.id.clone(),
        attempt: visit.attempt,
    })
}

/// The workflow's zone, then the cluster's.
async fn zone(store: &dyn Store, record: &ActiveRun) -> Result<TimeZone, Error> {
    let definition = store.definition(record.instance.definition).await?;
    let own = definition.and_then(|definition| match Document::parse(&definition.xml) {
        Ok((Document::Workflow(document), _)) => document.workflow().timezone.clone(),
        _ => None,
    });
    let name = match own {
        Some(own) => Some(own),
        None => {
            let settings = store.settings().await?;
            settings
                .into_iter()
                .find(|(key, _)| key == "node.timezone")
                .map(|(_, value)| value)
        }
    };
    Ok(name
        .and_then(|name| TimeZone::get(&name).ok())
        .unwrap_or(TimeZone::UTC))
}

fn subject(mail: &Mail, record: &ActiveRun) -> String {
    let workflow = &mail.workflow;
    let id = &record.instance.id;
    let run = if id.run > 1 {
        format!("{} run {}", id.instance, id.run)
    } else {
        id.instance.to_string()
    };
    let text = match &mail.kind {
        MailKind::Outcome { .. } => {
            format!("{workflow}: {} ({run})", outcome(record.instance.status))
        }
        MailKind::RetryFailed { attempt } => {
            format!(
                "{workflow}: 步骤失败,将重试 step {} failed, it is tried again ({run})",
                attempt.visit.step
            )
        }
        MailKind::RetryRecovered { attempt } => {
            format!(
                "{workflow}: 重试成功 step {} succeeded after retries ({run})",
                attempt.visit.step
            )
        }
        MailKind::DataExceeded { attempt, .. } => {
            format!(
                "{workflow}: 数据超出范围 step {} is out of its limits ({run})",
                attempt.visit.step
            )
        }
    };
    // A line break in a name must not begin a new header.
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    format!("[peerflow] {line}")
}

fn outcome(status: InstanceStatus) -> &'static str {
    match status {
        InstanceStatus::Succeeded => "成功 succeeded",
        InstanceStatus::Failed => "失败 failed",
        InstanceStatus::Killed => "杀死 killed",
        InstanceStatus::Waiting => "等待 waiting",
        InstanceStatus::Running => "运行中 running",
    }
}

fn trigger(kind: TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Cron => "定时 schedule",
        TriggerKind::Dependency => "依赖 dependencies",
        TriggerKind::Trigger => "手动触发 triggered by hand",
        TriggerKind::Blood => "血缘触发 triggered by a --blood wave",
        TriggerKind::Run => "手动运行 run by hand",
    }
}

fn step_status(status: VisitStatus) -> &'static str {
    match status {
        VisitStatus::Pending => "待执行 pending",
        VisitStatus::Waiting => "等待 waiting",
        VisitStatus::Running => "运行中 running",
        VisitStatus::Succeeded => "成功 succeeded",
        VisitStatus::Failed => "失败 failed",
        VisitStatus::Killed => "杀死 killed",
        VisitStatus::Skipped => "跳过 skipped",
        VisitStatus::Lost => "丢失 lost",
    }
}

/// One mail's page.
struct Page<'m> {
    mail: &'m Mail,
    record: &'m ActiveRun,
    log: &'m [(AttemptId, LogLine)],
    zone: TimeZone,
}

const STYLE: &str = "font-family:sans-serif;font-size:14px";
const CELL: &str = "border:1px solid #ccc;padding:4px 8px;text-align:left;vertical-align:top";

impl Page<'_> {
    fn html(&self, subject: &str) -> String {
        let mut html = String::new();
        let title = escaped(subject);
        put(
            &mut html,
            format_args!(
                "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{title}</title></head>"
            ),
        );
        put(
            &mut html,
            format_args!("<body style=\"{STYLE}\"><h3>{title}</h3>"),
        );
        self.facts(&mut html);
        self.steps(&mut html);
        self.downstream(&mut html);
        self.log(&mut html);
        html.push_str("</body></html>");
        html
    }

    fn facts(&self, html: &mut String) {
        let instance = &self.record.instance;
        let mut rows = vec![
            ("工作流 workflow", instance.workflow.to_string()),
            ("实例 instance", instance.id.instance.to_string()),
            ("运行次数 run", instance.id.run.to_string()),
            ("状态 status", outcome(instance.status).to_owned()),
            ("触发方式 trigger", trigger(instance.trigger).to_owned()),
            (
                "逻辑时间 logical time",
                self.time(Some(instance.logical_time)),
            ),
            ("创建 created", self.time(Some(instance.created_at))),
            ("开始 started", self.time(instance.started_at)),
            ("结束 ended", self.time(instance.ended_at)),
        ];
        if !instance.message.is_empty() {
            rows.push(("信息 message", instance.message.clone()));
        }
        if let MailKind::DataExceeded { warning, .. } = &self.mail.kind {
            rows.push(("警告 warning", warning.clone()));
        }
        for (name, value) in &instance.params {
            rows.push(("参数 parameter", format!("{name} = {value}")));
        }
        html.push_str("<table style=\"border-collapse:collapse\">");
        for (label, value) in rows {
            let value = escaped(&shortened(&value));
            put(
                html,
                format_args!(
                    "<tr><th style=\"{CELL}\">{label}</th><td style=\"{CELL}\">{value}</td></tr>"
                ),
            );
        }
        html.push_str("</table>");
    }

    fn steps(&self, html: &mut String) {
        let mut visits: Vec<&Visit> = self.record.visits.iter().collect();
        let left_out = visits.len().saturating_sub(STEPS);
        if left_out > 0 {
            visits.sort_by_key(|visit| (visit.status == VisitStatus::Succeeded, visit.sequence));
            visits.truncate(STEPS);
            visits.sort_by_key(|visit| visit.sequence);
        }
        html.push_str("<h4>步骤 steps</h4><table style=\"border-collapse:collapse\"><tr>");
        for head in [
            "步骤 step",
            "类型 type",
            "状态 status",
            "次数 tries",
            "节点 node",
            "开始 started",
            "结束 ended",
            "信息 message",
        ] {
            put(html, format_args!("<th style=\"{CELL}\">{head}</th>"));
        }
        html.push_str("</tr>");
        for visit in visits {
            let name = if visit.id.visit > 1 {
                format!("{} ({})", visit.id.step, visit.id.visit)
            } else {
                visit.id.step.to_string()
            };
            let node = visit
                .node
                .as_ref()
                .map_or_else(String::new, ToString::to_string);
            html.push_str("<tr>");
            for cell in [
                name,
                visit.step_type.clone(),
                step_status(visit.status).to_owned(),
                visit.attempt.to_string(),
                node,
                self.time(visit.started_at),
                self.time(visit.ended_at),
                shortened(&visit.message),
            ] {
                put(
                    html,
                    format_args!("<td style=\"{CELL}\">{}</td>", escaped(&cell)),
                );
            }
            html.push_str("</tr>");
        }
        html.push_str("</table>");
        if left_out > 0 {
            put(
                html,
                format_args!(
                    "<p>另有 {left_out} 个步骤未列出 {left_out} more steps are not shown</p>"
                ),
            );
        }
    }

    fn downstream(&self, html: &mut String) {
        if self.mail.downstream.is_empty() {
            return;
        }
        html.push_str("<h4>受影响的下游工作流 affected workflows downstream</h4><ul>");
        for name in self.mail.downstream.iter().map(WorkflowName::as_str) {
            put(html, format_args!("<li>{}</li>", escaped(name)));
        }
        html.push_str("</ul>");
    }

    fn log(&self, html: &mut String) {
        if self.log.is_empty() {
            return;
        }
        html.push_str(
            "<h4>最后的日志 last log lines</h4><pre style=\"background:#f6f6f6;padding:8px\">",
        );
        for (attempt, line) in self.log {
            let (time, level) = (self.time(Some(line.at)), line.level.as_str());
            let (step, text) = (
                escaped(attempt.visit.step.as_str()),
                escaped(&shortened(&line.text)),
            );
            put(html, format_args!("{time} {level:5} {step}: {text}\n"));
        }
        html.push_str("</pre>");
    }

    fn time(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(String::new, |at| {
            at.to_zoned(self.zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string()
        })
    }
}

/// Writing into a string cannot fail.
fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).ok();
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(letter),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LINE_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
