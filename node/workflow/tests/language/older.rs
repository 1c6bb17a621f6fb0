//! What akkaflow users have in their files from earlier versions.

use std::collections::BTreeMap;

use peerflow_workflow::{
    DatabaseLink, Document, FileLocation, InlineDatabase, Reading, TextFormat, Transfer,
    TransferSource, TransferTarget, Work,
};

use crate::work;

fn inline(kind: &str, url: &str) -> DatabaseLink {
    DatabaseLink::Inline(InlineDatabase {
        kind: kind.to_owned(),
        jdbc_url: url.to_owned(),
        username: "u".to_owned(),
        password: "p".to_owned(),
    })
}

#[test]
fn file_watcher_is_a_file_monitor() {
    let Work::FileMonitor(monitor) = work(
        "<file-watcher><file dir='/data/in/'>*.txt</file>
         <size-warn-message enable='true' size-threshold='2MB'>too small</size-warn-message></file-watcher>",
    ) else {
        panic!("a file monitor")
    };
    assert_eq!(
        (monitor.pattern.as_str(), monitor.min_each_size),
        ("/data/in/*.txt", 2 << 20)
    );
    assert_eq!(monitor.warn_message, "too small");
    let Work::FileMonitor(disabled) = work(
        "<file-watcher><file dir='/d'>x</file><size-warn-message enable='false' size-threshold='2MB'/></file-watcher>",
    ) else {
        panic!("a file monitor")
    };
    assert_eq!(disabled.min_each_size, 0);
}

#[test]
fn transfers_name_their_system_and_write_the_connection_inline() {
    let Work::Transfer(transfer) = work(
        "<transfer><source type='LFS' path='/a/b.txt' delimited='\\|'/>
         <target type='MYSQL' jdbc-url='jdbc:mysql://h:3306/d' username='u' password='p' table='t'>
         <pre-sql>a</pre-sql><after-sql>b</after-sql></target></transfer>",
    ) else {
        panic!("a transfer")
    };
    let Transfer::Rows {
        source: TransferSource::File(source),
        target: TransferTarget::Table(target),
    } = *transfer
    else {
        panic!("file to table")
    };
    assert_eq!(
        source.location,
        FileLocation {
            link: "local".to_owned(),
            path: "/a/b.txt".to_owned()
        }
    );
    assert_eq!(source.format, TextFormat::Delimited("\\|".to_owned()));
    assert_eq!(target.link, inline("MYSQL", "jdbc:mysql://h:3306/d"));
    assert_eq!((target.pre.as_str(), target.after.as_str()), ("a", "b"));
    let Work::Transfer(transfer) = work(
        "<transfer><source type='HIVE' jdbc-url='jdbc:hive2://h:1/d' username='u' password='p'>t</source>
         <target type='HDFS' path='/x'/></transfer>",
    ) else {
        panic!("a transfer")
    };
    let Transfer::Rows {
        source: TransferSource::Table(source),
        target: TransferTarget::File(target),
    } = *transfer
    else {
        panic!("table to file")
    };
    assert_eq!(source.link, inline("HIVE", "jdbc:hive2://h:1/d"));
    assert_eq!(
        target.location,
        FileLocation {
            link: "hdfs".to_owned(),
            path: "/x".to_owned()
        }
    );
}

#[test]
fn sql_may_write_its_connection_inline() {
    let Work::Sql(sql) = work(
        "<sql type='ORACLE' jdbc-url='jdbc:oracle:thin:@//h:1/s' username='u' password='p'>x</sql>",
    ) else {
        panic!("sql")
    };
    assert_eq!(sql.link, inline("ORACLE", "jdbc:oracle:thin:@//h:1/s"));
    let Work::Sql(sql) =
        work("<sql jdbc-url='jdbc:postgresql://h/d' username='u' password='p'>x</sql>")
    else {
        panic!("sql")
    };
    assert_eq!(sql.link, inline("POSTGRES", "jdbc:postgresql://h/d"));
    assert!(
        !format!("{:?}", sql.link).contains("\"p\""),
        "a password must not be printed"
    );
}

#[test]
fn data_monitors_keep_their_older_attributes_and_children() {
    let Work::DataMonitor(monitor) = work(
        "<data-monitor category='c' source-name='s' time-mark='2026' is-saved='false' is-exceed-error='false'>
         <source type='MYSQL' jdbc-url='jdbc:mysql://h/d' username='u' password='p'><code>select 1</code></source>
         <min-threshold type='NUM'><code>1</code></min-threshold><max-threshold type='COMMAND'>echo 2</max-threshold>
         </data-monitor>",
    ) else {
        panic!("a data monitor")
    };
    let marks = [
        ("category", "c"),
        ("source-name", "s"),
        ("time-mark", "2026"),
    ];
    assert_eq!(
        monitor.marks,
        BTreeMap::from(marks.map(|(name, value)| (name.to_owned(), value.to_owned())))
    );
    assert_eq!((monitor.saved, monitor.exceed_is_error), (false, false));
    let query = "select 1".to_owned();
    assert_eq!(
        monitor.source,
        Reading::Sql {
            link: inline("MYSQL", "jdbc:mysql://h/d"),
            query
        }
    );
    assert_eq!(monitor.min, Some(Reading::Number(1.0)));
    assert!(matches!(monitor.max, Some(Reading::Command(_))));
}

#[test]
fn a_single_attached_file_is_a_list_of_one() {
    let Work::FileExecutor(executor) = work(
        "<file-executor><command>sh ./a.sh</command><attach-file>b.txt</attach-file></file-executor>",
    ) else {
        panic!("a file executor")
    };
    assert_eq!(executor.attachments, ["b.txt"]);
}

fn coordinator(xml: &str) -> peerflow_workflow::CoordinatorDocument {
    match Document::parse(xml) {
        Ok((Document::Coordinator(document), warnings)) => {
            assert!(warnings.0.is_empty(), "{warnings}");
            document
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_standalone_coordinator_starts_what_it_lists() {
    let document = coordinator(
        "<coordinator name='c' dir='/x/' desc='d' creator='ann' start-time='2026-01-01 00:00:00' end='2027-01-01 00:00:00'
           is-enabled='false'><depend-list cron='0 1 * * *'><workflow name='up'/></depend-list>
           <param-list><param name='a' value='1'/></param-list>
           <trigger-list><workflow name='w1'/><workflow name='w2'/></trigger-list></coordinator>",
    );
    assert_eq!(
        (
            document.dir.as_str(),
            document.description.as_str(),
            document.creator.as_str()
        ),
        ("/x", "d", "ann")
    );
    let coordinator = document.coordinator;
    assert_eq!(coordinator.name.as_str(), "c");
    assert!(!coordinator.enabled);
    assert_eq!(
        coordinator
            .triggers
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>(),
        ["w1", "w2"]
    );
    assert_eq!(coordinator.dependencies.len(), 1);
    assert!(coordinator.start_time < coordinator.end_time);
    assert_eq!(coordinator.parameters, [("a".to_owned(), "1".to_owned())]);
}

#[test]
fn the_still_older_coordinator_has_trigger_and_workflow_list() {
    let document = coordinator(
        "<coordinator name='c' start='2026-01-01 00:00:00' end='2027-01-01 00:00:00'>
           <trigger><cron config='0 * * * * *'/></trigger>
           <workflow-list><workflow path='wf_1'/><workflow path='/dir/wf_2'/></workflow-list></coordinator>",
    );
    let coordinator = document.coordinator;
    assert_eq!(
        coordinator
            .schedule
            .as_ref()
            .map(|schedule| schedule.as_str()),
        Some("0 * * * * *")
    );
    assert_eq!(
        coordinator
            .triggers
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>(),
        ["wf_1", "wf_2"]
    );
    assert!(coordinator.start_time.is_some() && coordinator.end_time.is_some());
}
