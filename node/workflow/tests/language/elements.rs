//! Every element and attribute of the language as it is written today.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_workflow::{
    Backoff, Command, DataMonitor, DatabaseLink, Email, FileExecutor, FileLocation, FileMonitor,
    FileSource, FileTarget, Host, MailLevel, Metadata, OnPartition, Outcome, Reading, Script, Sql,
    StepIndex, StepKind, TableSource, TableTarget, TextFormat, Transfer, TransferSource,
    TransferTarget, Work,
};

use crate::{action, work, workflow};

fn named(name: &str) -> DatabaseLink {
    DatabaseLink::Named(name.to_owned())
}

#[test]
fn the_root_has_its_attributes_and_defaults() {
    let plain = workflow("<work-flow name='w'><start name='s' to='e'/><end name='e'/></work-flow>");
    assert_eq!(plain.name.as_str(), "w");
    assert_eq!(plain.creator, "Unknown");
    assert_eq!(plain.dir, "/tmp");
    assert_eq!(plain.mail_level, MailLevel::from([Outcome::Failed]));
    assert_eq!((plain.instance_limit, plain.priority), (1, 0));
    assert_eq!(
        (plain.create_time, plain.timezone, plain.coordinator),
        (None, None, None)
    );
    let full = workflow(
        "<workflow name='监控' creator='ann' dir='/example/daily/' desc='d' mail-level='成功,W_FAILED,killed'
            mail-receivers='a@x.org, b@x.org,a@x.org' instance-limit='3' create-time='2026-01-02 03:04:05'
            timezone='Asia/Shanghai' priority='-5'><start name='s' to='e'/><end name='e'/></workflow>",
    );
    assert_eq!(full.name.as_str(), "监控");
    assert_eq!(
        (
            full.creator.as_str(),
            full.dir.as_str(),
            full.description.as_str()
        ),
        ("ann", "/example/daily", "d")
    );
    assert_eq!(full.mail_level.len(), 3);
    assert_eq!(full.mail_receivers, ["a@x.org", "b@x.org"]);
    assert_eq!((full.instance_limit, full.priority), (3, -5));
    assert_eq!(
        full.create_time,
        Some(jiff::civil::date(2026, 1, 2).at(3, 4, 5, 0))
    );
    assert_eq!(full.timezone.as_deref(), Some("Asia/Shanghai"));
}

#[test]
fn an_empty_mail_level_sends_nothing() {
    let workflow = workflow(
        "<work-flow name='w' mail-level=''><start name='s' to='e'/><end name='e'/></work-flow>",
    );
    assert!(workflow.mail_level.is_empty());
}

#[test]
fn control_steps_lead_to_each_other_in_any_order() {
    let workflow = workflow(
        "<work-flow name='w'><end name='e'/><join name='j' to='e'/><kill name='k'><message> stop </message></kill>
         <fork name='f' desc='both'><path to='监控 1'/><path to='b'/></fork><start name='s' to='f'/>
         <action name='监控 1'><shell><command>true</command></shell><ok to='j'/><error to='k'/></action>
         <action name='b'><shell><command>true</command></shell><ok to='j'/><error to='b'/></action></work-flow>",
    );
    let index = |name: &str| workflow.find(name).expect(name);
    assert_eq!(workflow.start, index("s"));
    assert_eq!(
        workflow.step(index("s")).kind,
        StepKind::Start { to: index("f") }
    );
    assert_eq!(
        workflow.step(index("f")).kind,
        StepKind::Fork {
            paths: vec![index("监控 1"), index("b")]
        }
    );
    assert_eq!(workflow.step(index("f")).description, "both");
    assert_eq!(
        workflow.step(index("j")).kind,
        StepKind::Join { to: index("e") }
    );
    assert_eq!(
        workflow.step(index("k")).kind,
        StepKind::Kill {
            message: "stop".to_owned()
        }
    );
    assert_eq!(workflow.step(index("e")).kind, StepKind::End);
    assert_eq!(index("e"), StepIndex(0));
    assert_eq!(
        (
            workflow.step(index("j")).place.line,
            workflow.step(index("j")).place.column
        ),
        (1, 36)
    );
}

#[test]
fn an_action_has_its_attributes_and_defaults() {
    let plain = workflow(&crate::with_action(
        "<shell><command>true</command></shell>",
    ));
    let plain = action(&plain);
    assert_eq!(
        (plain.retry_times, plain.interval, plain.timeout),
        (0, Duration::ZERO, None)
    );
    assert_eq!(
        (&plain.host, plain.ignore, plain.backoff),
        (&Host::Any, false, Backoff::Fixed)
    );
    assert_eq!((plain.on_partition, plain.error), (OnPartition::Wait, None));
    let full = workflow(
        "<work-flow name='w'><start name='s' to='a'/><action name='a' host='node-1' retry-times='3' interval='1.5'
          timeout='60' is-ignore='TRUE' labels='gpu, fast' on-partition='hold' backoff='exponential' desc='d'>
          <shell><command>true</command></shell><ok to='e'/></action><end name='e'/></work-flow>",
    );
    let full = action(&full);
    assert_eq!(full.host, Host::Named("node-1".to_owned()));
    assert_eq!(
        (full.retry_times, full.interval),
        (3, Duration::from_millis(1_500))
    );
    assert_eq!(
        (full.timeout, full.ignore),
        (Some(Duration::from_secs(60)), true)
    );
    assert_eq!(
        full.labels,
        BTreeSet::from(["gpu".to_owned(), "fast".to_owned()])
    );
    assert_eq!(
        (full.on_partition, full.backoff),
        (OnPartition::Hold, Backoff::Exponential)
    );
}

#[test]
fn scripts_lose_their_common_indentation_and_keep_the_rest() {
    let script = work(
        "<script><code><![CDATA[

            #!/usr/bin/env python3
            if 1 < 2:
                print('a')
        ]]></code><param-line> 1 \"two words\" </param-line>
        <attach-list><file>a.txt</file><file>./b/c.txt</file></attach-list></script>",
    );
    assert_eq!(
        script,
        Work::Script(Script {
            code: "#!/usr/bin/env python3\nif 1 < 2:\n    print('a')".to_owned(),
            arguments: "1 \"two words\"".to_owned(),
            attachments: vec!["a.txt".to_owned(), "./b/c.txt".to_owned()],
        })
    );
}

#[test]
fn commands_are_taken_as_they_stand() {
    assert_eq!(
        work("<shell><command>\n  a &amp;&amp; b &lt; c\n  echo ${HOME} $1\n</command></shell>"),
        Work::Shell(Command("a && b < c\n  echo ${HOME} $1".to_owned()))
    );
    assert_eq!(
        work(
            "<file-executor><command>python 'dir one/job.py' -v</command><attach-list><file>x</file></attach-list></file-executor>"
        ),
        Work::FileExecutor(FileExecutor {
            command: "python 'dir one/job.py' -v".to_owned(),
            file: "dir one/job.py".to_owned(),
            attachments: vec!["x".to_owned()],
        })
    );
}

#[test]
fn sql_and_metadata_name_their_link() {
    let Work::Sql(sql) = work("<sql db-link='dw'> select 1; select ';' </sql>") else {
        panic!("an <sql> is no sql");
    };
    assert_eq!(
        sql,
        Sql {
            link: named("dw"),
            statements: "select 1; select ';'".to_owned(),
            line: sql.line,
        }
    );
    for text in [
        "\n\n  select 1",
        "\n<![CDATA[\n select 1]]>",
        "\n\n  select &#39;1&#39; <!-- one -->\n",
    ] {
        let Work::Sql(later) = work(&format!("<sql db-link='dw'>{text}</sql>")) else {
            panic!("an <sql> is no sql");
        };
        assert_eq!(later.line, sql.line + 2, "{text}");
    }
    assert_eq!(
        work(
            "<metadata table='t' db-link='dw' from='a, b'><column-comment name='c'>one</column-comment>
             <column-comment name='d'>two</column-comment><table-comment>all</table-comment></metadata>"
        ),
        Work::Metadata(Metadata {
            link: named("dw"),
            table: "t".to_owned(),
            from: vec!["a".to_owned(), "b".to_owned()],
            column_comments: vec![("c".to_owned(), "one".to_owned()), ("d".to_owned(), "two".to_owned())],
            table_comment: Some("all".to_owned()),
        })
    );
}

#[test]
fn transfers_have_sources_and_targets_of_both_kinds() {
    let rows = work(
        "<transfer><source type='DB' db-link='a'>select 1</source>
         <target type='DB' db-link='b' table='t' is-pre-truncate='true' task-num='2'><pre>p;</pre><after>q;</after></target></transfer>",
    );
    let source = TransferSource::Table(TableSource {
        link: named("a"),
        table_or_query: "select 1".to_owned(),
    });
    let target = TransferTarget::Table(TableTarget {
        link: named("b"),
        table: "t".to_owned(),
        truncate: true,
        writers: 2,
        pre: "p;".to_owned(),
        after: "q;".to_owned(),
    });
    assert_eq!(
        rows,
        Work::Transfer(Box::new(Transfer::Rows { source, target }))
    );
    let files = work(
        "<transfer><source type='FILE' file-link='local' delimited='\\t'>/a/b.txt</source>
         <target type='FILE' path='/c/d.csv' format='csv' is-pre-del='true'><pre>x</pre><after>y</after></target></transfer>",
    );
    let source = TransferSource::File(FileSource {
        location: FileLocation {
            link: "local".to_owned(),
            path: "/a/b.txt".to_owned(),
        },
        format: TextFormat::Delimited("\t".to_owned()),
    });
    let target = TransferTarget::File(FileTarget {
        location: FileLocation {
            link: "local".to_owned(),
            path: "/c/d.csv".to_owned(),
        },
        format: TextFormat::Csv,
        delete_first: true,
        pre: "x".to_owned(),
        after: "y".to_owned(),
    });
    assert_eq!(
        files,
        Work::Transfer(Box::new(Transfer::Rows { source, target }))
    );
    assert_eq!(
        work("<transfer><script>sqoop import</script></transfer>"),
        Work::Transfer(Box::new(Transfer::Script(Command(
            "sqoop import".to_owned()
        ))))
    );
}

#[test]
fn monitors_have_their_defaults_and_limits() {
    assert_eq!(
        work("<file-monitor><file>/data/*.csv</file></file-monitor>"),
        Work::FileMonitor(FileMonitor {
            link: "local".to_owned(),
            pattern: "/data/*.csv".to_owned(),
            min_number: 1,
            min_each_size: 0,
            check_interval: Duration::from_secs(10),
            warn_message: String::new(),
        })
    );
    let Work::FileMonitor(full) = work(
        "<file-monitor check-interval='0.5'><file file-link='ftp' min-num='2' min-each-size='1.1kb'>/d/x?</file>
         <warn-msg>late</warn-msg></file-monitor>",
    ) else {
        panic!("a file monitor")
    };
    assert_eq!(
        (
            full.min_number,
            full.min_each_size,
            full.warn_message.as_str()
        ),
        (2, 1_127, "late")
    );
    assert_eq!(full.check_interval, Duration::from_millis(500));
    assert_eq!(
        work(
            "<data-monitor><source type='SQL' db-link='dw'>select 1</source><min type='NUM'>0.5</min>
             <max type='COMMAND'>echo 3</max><warn-msg>odd</warn-msg></data-monitor>"
        ),
        Work::DataMonitor(Box::new(DataMonitor {
            source: Reading::Sql { link: named("dw"), query: "select 1".to_owned() },
            min: Some(Reading::Number(0.5)),
            max: Some(Reading::Command(Command("echo 3".to_owned()))),
            check_interval: Duration::from_secs(10),
            warn_message: "odd".to_owned(),
            marks: BTreeMap::new(),
            saved: true,
            exceed_is_error: true,
        }))
    );
}

#[test]
fn mail_is_markup_or_text() {
    let html = |inside: &str| match work(inside) {
        Work::Email(Email { html }) => html,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        html("<email><html><![CDATA[<p>a & b</p>]]></html></email>"),
        "<p>a & b</p>"
    );
    assert_eq!(
        html("<email><html>&lt;p&gt;a&lt;/p&gt;</html></email>"),
        "<p>a</p>"
    );
    assert_eq!(
        html("<email><h1 class='x'>a &amp; b</h1><br/><p/></email>"),
        "<h1 class=\"x\">a &amp; b</h1><br><p></p>"
    );
    assert_eq!(html("<email><html><b>x</b></html></email>"), "<b>x</b>");
}
