//! Texts as checks and nodes write them, in Chinese.

use std::path::Path;

use peerflow_workflow::Document;

use super::*;

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
    "`sql` actions run from the data release on; until then call the database's own program (mysql, psql, beeline) in a `shell` or `script` action",
    "in `param-line` a ' is opened and not closed; close it, or write \\' for the character itself",
    "mail to a@example.com was not sent: the mail server localhost:25 does not answer within 30 s",
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
