//! Texts as checks and nodes write them, in Chinese.

use std::path::Path;

use peerflow_workflow::Document;

use super::*;

mod links;

fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|each| ('\u{4e00}'..='\u{9fff}').contains(&each))
}

/// English that is meant to stand in Chinese texts: examples to be typed.
const EXAMPLES: &[&str] = &[
    "every day at 6:30",
    "every 10 minutes",
    "midnight on monday",
    "on the last day of the month at 23:00",
];

/// Four English words in a row, which no name in these tests is.
fn leftover(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for example in EXAMPLES {
        text = text.replace(example, "");
    }
    let words: Vec<&str> = text.split(' ').collect();
    let is_word = |word: &&str| {
        word.len() > 1 && word.chars().all(|each| each.is_ascii_lowercase())
            || matches!(*word, "a" | "no")
    };
    words
        .windows(4)
        .find(|four| four.iter().all(is_word))
        .map(|four| four.join(" "))
}

fn assert_told(text: &str, told: &str, about: &str) {
    assert!(is_chinese(told), "{about}: {text:?} is not known");
    assert_eq!(leftover(told), None, "{about}: {text:?} became {told:?}");
}

/// Checks a document, and that all that is said of it is said in Chinese. How many errors and warnings there were.
fn assert_document(xml: &[u8], about: &str) -> usize {
    let found = match Document::from_bytes(xml) {
        Ok((_, warnings)) => warnings,
        Err(wrong) => wrong,
    };
    for each in &found.0 {
        for text in [&each.message, &each.help] {
            if !text.is_empty() {
                let told = Language::Chinese.told_of_document(text);
                assert_told(text, &told, about);
            }
        }
    }
    found.0.len()
}

#[test]
fn every_broken_document_of_the_language_is_explained_in_chinese() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/workflow/tests/broken");
    let mut documents = 0;
    for entry in std::fs::read_dir(&folder).expect("the broken documents") {
        let path = entry.expect("an entry").path();
        let xml = std::fs::read(&path).expect("a document");
        let found = assert_document(&xml, &path.display().to_string());
        assert!(found > 0, "{} is not broken", path.display());
        documents += 1;
    }
    assert!(documents >= 40, "only {documents} documents were found");
}

#[test]
fn each_catalogue_can_be_read_and_its_chinese_is_chinese() {
    for (english, chinese) in OF_DOCUMENTS.iter().chain(OF_NODES).copied().flatten() {
        assert!(
            is_chinese(chinese) || !english.contains(' ') || chinese.starts_with('{'),
            "{english}: {chinese}"
        );
        assert!(
            !is_chinese(&english.replace("成功, 失败, 杀死", "")),
            "{english}"
        );
        assert!(!chinese.ends_with('。'), "{chinese}");
    }
    LazyLock::force(&DOCUMENTS);
    LazyLock::force(&NODES);
}

#[test]
fn no_text_stands_twice_with_different_words() {
    for subjects in [OF_DOCUMENTS, OF_NODES] {
        let mut known = std::collections::BTreeMap::new();
        for (english, chinese) in subjects.iter().copied().flatten() {
            let former = known.insert(english, chinese);
            assert!(former.is_none(), "{english}");
        }
    }
}

/// What nodes write, with names as users have them.
const WRITTEN: &[&str] = &[
    // Instances and steps.
    r#"step "load" failed: exit code 1: 没有权限"#,
    r#"step "装载 订单" timed out after 1.5 s"#,
    r#"kept from run 2: try 1 failed: the command of `source` failed: exit code 127 (command not found)"#,
    "instance ended: killed by a user",
    "instance ended; exit code 143",
    "node etl-2 is lost; held for an operator: release it or let it fail",
    "lost 3 times with its node; the last time: node etl-2 is lost",
    "no known node is called etl-9 and carries labels gpu, ssd; fails in 60 s",
    "no known node carries label gpu for 60 s",
    "refused by etl-1: this node has no free slot",
    "waits until 2026-11-20T01:00:00+08:00 for its next try",
    "its next time, 2026-11-20T01:00:00+08:00; the success of a, b; the registration of b",
    "cannot go on after a change of master: run 01k#2 is Waiting and cannot go on",
    "12 is below the minimum 20; 库存不足",
    "min changed from 1 to 2; value changed from 3 to 4",
    "changed within 3 s: a.csv (gone), b.csv (new), c.csv (1 KiB → 2 KiB) and 5 more",
    "statement 3 (line 12) on database link `数据仓库`: Table 'wf.订单' doesn't exist; correct the statement",
    "statement 1 (line 1) on the MYSQL database of the step itself: SELECT command denied; give its user that right",
    "the statements cannot be told apart: line 2: a quote ' is opened and not closed; add ' where it ends",
    "database link `my db`: no connection within 60 s; check its address, then try `peerflow link db test 'my db'`",
    "the ORACLE database of the step itself: no listener; check the step's user name and password",
    "the query of `source` on database link `db` must give one number, but gave `12 rows`",
    "the query of `min` on database link `db` failed: no such table: x; correct it, or see to the database",
    "table `daily` on database link `db`: there is no column `a`; correct <column-comment>; no comment for column `b`, `c`; write <column-comment>, or name a table in `from` that has one",
    "the comments of table `daily` on database link `db` cannot be read: no comments; take the step out of the workflow, or name another database",
    "cannot list the directory /in on file link `sftp1`: connection refused",
    "in `param-line` a ' is opened and not closed; close it, or write \\' for the character itself",
    "mail to a@example.com was not sent: the mail server localhost:25 does not answer within 15 s",
    "mail to a@example.com was not sent: the mail server localhost:25 has not taken the mail within 60 s",
    "the scheduler did not answer in time: the store has not answered a commit for 2 s; what was asked may still happen: look before asking again, or repeat with the same Idempotency-Key",
    "the store went back (found out at 2026-11-21T16:00:00Z, epoch 7): what may have run since is held until an operator releases or kills it; see the instances that are running or waiting",
    "another node lives under the id etl-2 at 10.0.0.2:7947: give each its own node.id and data directory",
    "2 held steps of instance 01k run again",
    "2 held steps of instance 01k are given up",
    // Refusals.
    r#"there is no instance "01k""#,
    "no workflow 日报 is registered; add it with `peerflow workflow add`",
    "workflow b, coordinator c depends on workflow a; delete or change that first",
    "1 running and 0 waiting instances of workflow a are not over; kill them or wait",
    "workflow a: missing parameters: day, city; give them with -p NAME=VALUE or in the coordinator's <param-list>",
    "workflow a: the workflow's document is refused: 3:4: no step is called x (did you mean y?)\n5:6: the workflow has no end (write <end name=\"end\"/> in it and lead to it)",
    "workflow a: a parameter's value does not fit: 0:0: parameter day: the offset x is not understood (write a number and minute, hour, day, week, month or year, such as -1 day; several separated by commas)",
    "line 3, column 4: retry-times of <action>: x is not a whole number of at least 0; and 2 more",
    "run 1 left nothing to go on with; rerun it from the start",
    r#"there is no query parameter "stat"; did you mean status?"#,
    r#"from is "yesterday"; write a day (2026-11-20), a local time (2026-11-20T01:00:00) or RFC 3339"#,
    r#"the workflow's name, beginning with "x", has 300 bytes: at most 255 can be stored"#,
    "the store is in trouble: the store at mysql://root@127.0.0.1:3306/wf does not answer: Connection refused (os error 111)",
    "nothing of what was asked was done: the lease is lost",
    // A node that does not start.
    r#"config/node.toml:3: node.slots: "many" is no whole number in its range"#,
    r#"worker.lease (environment PEERFLOW__WORKER__LEASE): "5" has no unit after 5; write it like "500ms", "5s", "10m", "2h" or "30d""#,
    "config/node.toml:7: there is no key node.slot; did you mean node.slots",
    "cron_runner.reset (flag --x): the schedule x y is not understood at x; write five fields (minute hour day month weekday), six with seconds first, or English such as every day at 6:30, every 10 minutes, midnight on monday, on the last day of the month at 23:00",
    "cannot listen on 127.0.0.1:8090 for HTTP: Address already in use (os error 98); choose another http.listen (--http) or stop what is there",
    "cannot open the store mysql://127.0.0.1/x: the store's address names no user: write mysql://USER@HOST:PORT/DATABASE",
    "the data directory data is in use by another node; stop that one, or give this one another --data-dir",
    // Another node is asked, or asked to go.
    "node etl-2 cannot be reached at 10.0.0.2:8092: cannot reach etl-2 at 10.0.0.2:8092: no answer within 3 s; is it up, and does UDP pass?; ask again in a moment",
    "node etl-2 was asked, and then the connection is lost: the peer closed it: the node stops: what was asked may or may not have happened; look before asking again, or repeat with the same Idempotency-Key",
    "node etl-2 was asked, and then it did not answer in time: what was asked may or may not have happened; look before asking again, or repeat with the same Idempotency-Key",
    "node etl-2 is not known to be alive; ask again in a moment",
    "node etl-2 tells no address for other nodes; ask again in a moment",
    "node etl-2 is not known here; ask again",
    "this cannot be asked through another node",
    "this node does not know what was asked; upgrade it",
    "etl-1 is master now; ask again",
    "another node is becoming master",
    "this node is leaving and becomes no master any more",
    "node etl-2 is not alive, so it cannot be asked to go",
    "off and move exclude each other; give one of them",
    "node etl-2 leaves once its tasks have ended",
    "node etl-2 leaves, and its tasks run again elsewhere",
    "node etl-2 stays",
    "all 3 nodes stop",
    "not every node could be told to stop: node etl-2 is not known to be alive; ask again in a moment; node etl-3 is not known here; ask again",
    "its node leaves the cluster; the task runs again elsewhere",
    "no master was reachable for as long as this node may run tasks by itself (worker.lease); the task runs again once one is",
    "waits for node etl-2, which cannot be reached",
    "refused by etl-2: the grant it belongs to is over",
    "refused by etl-2: its definition cannot be read from the store: the store does not answer in time",
    "its node stops; the task runs again elsewhere",
    "refused by etl-2: its definition is refused by this node's version of peerflow: 3:4: no step is called x (did you mean y?)",
    "refused by etl-2: its definition has no step load, as this node reads it",
    "cannot make the working directory /var/lib/peerflow/data/work/01k.1: No space left on device",
    "the store at mysql://peerflow@db:3306/wf does not answer: error communicating with database: Connection refused (os error 111)",
    "nothing of what was asked was done: the lease of epoch 3 is not ours any more: node etl-2 took the lease with epoch 4; the store has epoch 4, commit 9, expected 7",
    "the lease of epoch 3 is not ours any more: the store went back to epoch 2: it was restored, or a lagging replica took its place; the store has epoch 2, commit 9, expected 7",
    // The store went back.
    "the store went back (found out at 2026-11-20T01:00:00Z, epoch 7): 3 steps and 2 waiting instances may have run since and wait for an operator: release or kill each, or release all",
    "the store went back: this may have run since; held for an operator: release it or let it fail",
    "the store went back: this may have run since; held for an operator: release it or kill it",
    "node etl-2 is lost, and the store went back; held for an operator: release it or let it fail",
    "given up by an operator after the store went back",
    "instance 01k is not held",
    "instance 01k is queued again",
    "3 held steps and 2 waiting instances run again; 1 held steps may still run on nodes that are away: make sure that they do not, then release each",
    "3 held steps and 2 waiting instances are given up",
    // Settings of the cluster.
    r#"there is no cluster-wide setting "worker.leese"; did you mean "worker.lease"?"#,
    r#"there is no cluster-wide setting "x"; there are node.timezone, election.ttl"#,
    "worker.lease is 2m now",
    "cron_runner.reset is never now",
    "worker.lease: 0s is out of range; give 1s to 1d",
    r#"worker.lease: "60" has no unit after 60; write it like "500ms", "5s", "10m", "2h" or "30d""#,
    r#"email.node_retry_fail_times: "-1" is no number from 0 (never) to 1000"#,
    "election.ttl: 2s is less than twice election.renew_every, which is 1s 500ms: one slow renewal would cost the mastership",
    r#"node.timezone: "Asia/Shanghia" is no IANA time zone; write one like "Asia/Shanghai" or "UTC""#,
    "日报 was registered or deleted by somebody else meanwhile; look at it and try again",
    // Connections between nodes.
    "10.0.0.2:8092 is no peer of this cluster: the secret or the cluster's name differs (bad certificate); give both nodes the same cluster.name and cluster.secret_file",
    "10.0.0.2:8092 is node etl-3 and not etl-2; check the addresses that the nodes advertise",
    r#"etl-2 at 10.0.0.2:8092 refused the connection: etl-1 is in cluster "night" and etl-2 in "day"; give both the same cluster.name"#,
    "etl-2 at 10.0.0.2:8092 was refused: two nodes bear the id etl-2; give each a node.id of its own",
    "etl-2 at 10.0.0.2:8092 refused the connection: etl-1 (release 0.1.0) speaks versions 1 to 1 of the protocol and etl-2 (release 0.3.0) 2 to 3; upgrade the older node, one release after the other",
    "etl-2 at 10.0.0.2:8092 was refused: its certificate is of another node",
    "the peer ended the stream: it did not understand what came; the two nodes' releases may be too far apart",
    "the peer has as many streams open as it may; try again when some of them ended",
    "an order of 9000000 bytes is larger than the limit of 8388608",
    "a worker's report came as version 3 of the protocol and only 1 to 2 are understood here; upgrade the older of the two nodes",
    "what came is not an answer",
    // A node that cannot take its place.
    "config/node.toml:9: cluster.seeds: a cluster of several nodes needs the cluster's secret: `peerflow cluster secret > FILE`, keep FILE readable by peerflow's user only, and name it in cluster.secret_file (--secret-file) on every node",
    "http.listen (flag --http): an address that others reach needs the cluster's secret: `peerflow cluster secret > FILE`, keep FILE readable by peerflow's user only, and name it in cluster.secret_file (--secret-file) on every node; or listen on 127.0.0.1",
    "config/node.toml:7: cluster.secret_file: /etc/peerflow/secret: the cluster secret has 5 characters and must have at least 20; `peerflow cluster secret` prints a good one",
    "cluster.secret_file (flag --secret-file): cannot read secret: it is larger than 64KiB, which no secret is",
    "config/node.toml:5: rpc.listen: gossip listens on UDP port 8091 too; choose another",
    "config/node.toml:5: gossip.advertise: 0.0.0.0:8091 stands for every address of this machine, and it has none that peers can reach; name the one to tell them",
    r#"cluster.seeds (flag --seed): "etl-1" names no port; write it like "etl-1:8091""#,
    "config/node.toml:12: http.tls_cert: http.tls_key belongs to it; give both",
    r#"cluster.seeds (flag --seed): "etl 1" is no address; write it like "etl-1:8091""#,
    r#"cluster.seeds (flag --seed): "etl-1:0" names port 0; name the one that is reached"#,
    r#"cluster.seeds (flag --seed): "0.0.0.0" is no address that can be reached; name the machine's own"#,
    "cannot take a place in the cluster: gossip cannot listen on 127.0.0.1:8091/udp; stop what uses it, or set another address: Address already in use (os error 98)",
    "cannot take a place in the cluster: cannot listen for peers on 10.0.0.9:8092; choose another rpc.listen: Cannot assign requested address (os error 99)",
    "cannot take a place in the cluster: the address nowhere.example:8091 that peers are told cannot be looked up: there is no such host; set gossip.advertise to one that can",
    "cannot take a place in the cluster: a label is too long for the gossip: 300, at most 253; make it shorter",
    "cannot take a place in the cluster: the gossip interval must be 20 ms to 10 s, it is 10 ms",
    "0.0.0.0:8090 can be reached from elsewhere, so callers must bear the cluster's token, and there is no secret that it follows from: name one in cluster.secret_file",
    "the token is not this cluster's; `peerflow cluster token` prints it on any of its nodes",
    "send the cluster's token as Authorization: Bearer TOKEN; `peerflow cluster token` prints it on any of its nodes",
    "this port speaks HTTPS; write https:// before the peer's address",
    "cannot serve HTTPS: /etc/peerflow/cert.pem is no PEM file: a section has no end; is the file cut?",
    "cannot serve HTTPS: the key in key.pem is encrypted; decrypt it: openssl pkey -in key.pem -out FILE",
    "cannot serve HTTPS: the key in key.pem is not that of the first certificate in cert.pem",
    "cannot serve HTTPS: key.pem holds no private key; http.tls_key wants one as PEM: PKCS#8, RSA or EC",
    // Simulations and plans.
    r#"there is no scenario "nope"; there are clock-jumps, lost-disk"#,
    "cannot read the scenario a.toml: No such file or directory (os error 2)",
    r#"the scenario "mix" has 0 nodes; it needs 1 to 60,000"#,
    r#"flows/w.xml: workflow "日报", step "load" (line 2): the hint "simulate: takes ages" cannot be read: "ages" is no duration; write it like "500ms", "5s", "10m", "2h" or "30d""#,
    r#"flows/w.xml: the file of durations names step "lod" of "日报", which has no such action; correct its name"#,
    "the file of past instances cannot be read: it holds no instances with their steps; write it with `peerflow -o json instance search --steps`",
    "the cluster did not come up in 60 virtual seconds: the store does not answer in time",
    r#"a workflow was not taken: there is no instance "01k""#,
    "the run was stopped",
    "there is no *.xml file in flows; name the folder of your workflows",
    "workflow 日报 is in a.xml and in b.xml; keep one of them",
    "the plan would end at 2026-11-20T00:00:00, not after it begins at 2026-11-21T00:00:00; give a later end",
    "the plan holds more than 1000000 instances by 2026-11-21T00:00:00Z; plan a shorter time or fewer workflows",
];

#[test]
fn what_nodes_write_is_told_in_chinese_to_the_last_part() {
    for text in WRITTEN {
        assert_told(text, &Language::Chinese.told(text), "a node");
        assert!(Language::Chinese.knows(text), "{text}");
        assert_eq!(Language::English.told(text), *text);
    }
}

#[test]
fn messages_within_messages_are_told_too() {
    for (text, expected) in [
        (
            r#"step "a" failed: try 2 failed: timed out after 3 s"#,
            r#"步骤 "a" 失败：第 2 次尝试失败：运行超过 3 秒，已超时"#,
        ),
        (
            "workflow 日报 depends on workflow a; delete or change that first",
            "工作流 日报 依赖工作流 a；请先删除或更改它们",
        ),
        (
            "12 is below the minimum 20; 13 is above the maximum 5",
            "12 低于最小值 20；13 高于最大值 5",
        ),
        (
            "line 3, column 4: name of <fork>: the name is empty",
            "第 3 行第 4 列：<fork> 的 name：名称为空",
        ),
    ] {
        assert_eq!(Language::Chinese.told(text), expected);
    }
}

#[test]
fn a_users_own_words_stay_as_they_are() {
    let told = |text| Language::Chinese.told(text);
    // A program's last line, an unknown text, what a document says of steps.
    assert_eq!(told("exit code 3: remove it"), "退出码 3：remove it");
    assert_eq!(
        told("1 is below the minimum 2; the stock is low"),
        "1 低于最小值 2；the stock is low"
    );
    for text in [
        "the source is empty",
        "x is not a time",
        "",
        "订单 has no rows",
        "a; b",
    ] {
        assert_eq!(told(text), text);
        assert!(!Language::Chinese.knows(text), "{text}");
    }
    assert_eq!(
        Language::Chinese.told_of_document("no step is called the schedule is empty"),
        "没有名为 the schedule is empty 的步骤"
    );
}

#[test]
fn what_is_found_in_a_document_is_drawn_in_chinese_and_its_source_as_it_is() {
    let xml = "<work-flow name='w'>\n<start name='s' to='ned'/>\n<end name='end'/><!--   help: here -->\n</work-flow>";
    let wrong = Document::parse(xml).expect_err("a broken document");
    for colour in [false, true] {
        let drawn = Language::Chinese.rendered(&wrong, "a.xml", xml, colour);
        assert!(drawn.contains("没有名为 ned 的步骤"), "{drawn}");
        assert!(
            drawn.contains("这里") && drawn.contains("说明："),
            "{drawn}"
        );
        assert!(drawn.contains("是不是想写 end？"), "{drawn}");
        assert!(drawn.contains("help: here"), "{drawn}");
        assert!(!drawn.contains("  help: 是"), "{drawn}");
    }
    assert!(
        Language::English
            .rendered(&wrong, "a.xml", xml, false)
            .contains("  help: did you")
    );
}
