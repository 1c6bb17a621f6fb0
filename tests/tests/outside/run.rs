//! `peerflow run FILE`: a person with a workflow file and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use peerflow_tests::{Outcome, children, eventually, is_alive, peak_kib, run_in};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes a workflow with these steps; start goes to `first`, the end is called `end`.
fn workflow(folder: &TempDir, first: &str, steps: &str) -> PathBuf {
    let xml = format!(
        r#"<work-flow name="w"><start name="start" to="{first}"/>{steps}<end name="end"/></work-flow>"#
    );
    write(folder, "w.xml", &xml)
}

fn write(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("the folder can be written");
    path
}

fn shell(name: &str, command: &str, onward: &str) -> String {
    format!(
        r#"<action name="{name}"><shell><command><![CDATA[{command}]]></command></shell>{onward}</action>"#
    )
}

fn run_file(folder: &TempDir, path: &Path, more: &[&str]) -> Outcome {
    let mut arguments = vec!["run".to_owned(), path.display().to_string()];
    arguments.extend(more.iter().map(|each| (*each).to_owned()));
    run_in(folder.path(), &arguments)
}

/// Process ids that a workflow's tasks wrote to `pids`, one a line.
fn pids(folder: &TempDir) -> Vec<i32> {
    std::fs::read_to_string(folder.path().join("pids"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.trim().parse().ok())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a person waits, in real time"
)]
fn started() -> std::time::Instant {
    std::time::Instant::now()
}

fn assert_none_left(folder: &TempDir, at_least: usize) {
    let pids = pids(folder);
    assert!(
        pids.len() >= at_least,
        "only {} processes said who they are",
        pids.len()
    );
    eventually(
        "no process of the task is left",
        Duration::from_secs(15),
        || pids.iter().all(|pid| !is_alive(*pid)).then_some(()),
    );
}

#[test]
fn a_failing_branch_that_goes_round_a_join_does_not_hold_the_join_up() {
    let folder = folder();
    let marks = folder.path().join("marks").display().to_string();
    let steps = [
        r#"<fork name="split"><path to="good"/><path to="bad"/></fork>"#.to_owned(),
        shell("good", "true", r#"<ok to="merge"/>"#),
        shell("bad", "exit 9", r#"<ok to="merge"/><error to="round"/>"#),
        shell(
            "round",
            &format!("echo round >> {marks}"),
            r#"<ok to="last"/>"#,
        ),
        r#"<join name="merge" to="after"/>"#.to_owned(),
        shell(
            "after",
            &format!("echo after >> {marks}"),
            r#"<ok to="last"/>"#,
        ),
        r#"<join name="last" to="end"/>"#.to_owned(),
    ];
    let path = workflow(&folder, "split", &steps.concat());
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let marks = std::fs::read_to_string(marks).expect("both steps ran");
    let mut marks: Vec<&str> = marks.lines().collect();
    marks.sort_unstable();
    assert_eq!(marks, ["after", "round"]);
}

#[test]
fn a_loop_succeeds_at_its_third_visit() {
    let folder = folder();
    let count = folder.path().join("count").display().to_string();
    let poll = format!("echo visit >> {count}; [ $(wc -l < {count}) -ge 3 ]");
    let steps = [
        shell("poll", &poll, r#"<ok to="end"/><error to="pause"/>"#),
        shell("pause", "true", r#"<ok to="poll"/>"#),
    ];
    let path = workflow(&folder, "poll", &steps.concat());
    let outcome = run_file(&folder, &path, &["-o", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let instance: serde_json::Value =
        serde_json::from_str(&outcome.stdout).expect("one instance as JSON");
    let visits: Vec<(u64, &str)> = instance["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter(|step| step["name"] == "poll")
        .filter_map(|step| Some((step["visit"].as_u64()?, step["status"].as_str()?)))
        .collect();
    assert_eq!(visits, [(1, "failed"), (2, "failed"), (3, "succeeded")]);
}

#[test]
fn a_kill_step_ends_the_run_as_killed_with_its_message() {
    let folder = folder();
    let steps = [
        shell("check", "exit 1", r#"<ok to="end"/><error to="stop"/>"#),
        r#"<kill name="stop"><message>the source is empty</message></kill>"#.to_owned(),
    ];
    let path = workflow(&folder, "check", &steps.concat());
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(
        outcome.text().contains("the source is empty"),
        "{}",
        outcome.text()
    );
}

#[test]
fn a_failure_without_error_kills_what_sleeps_beside_it() {
    let folder = folder();
    let steps = [
        r#"<fork name="split"><path to="sleeper"/><path to="failing"/></fork>"#.to_owned(),
        shell(
            "sleeper",
            &format!("echo $$ >> {}/pids; sleep 3600", folder.path().display()),
            r#"<ok to="merge"/>"#,
        ),
        shell(
            "failing",
            &format!(
                "until [ -s {}/pids ]; do sleep 0.05; done; echo broken >&2; exit 4",
                folder.path().display()
            ),
            r#"<ok to="merge"/>"#,
        ),
        r#"<join name="merge" to="end"/>"#.to_owned(),
    ];
    let path = workflow(&folder, "split", &steps.concat());
    let began = started();
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 1, "{}", outcome.text());
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "in seconds, not after {:?}",
        began.elapsed()
    );
    assert!(
        outcome.text().contains("broken"),
        "the lines that say why: {}",
        outcome.text()
    );
    assert_none_left(&folder, 1);
}

#[test]
fn a_timeout_kills_the_whole_tree_with_its_setsid_children() {
    let folder = folder();
    let here = folder.path().display();
    let tree = format!(
        "echo $$ >> {here}/pids
         setsid bash -c 'trap \"\" TERM; echo $$ >> {here}/pids; while :; do sleep 1; done' &
         (setsid setsid bash -c 'echo $$ >> {here}/pids; sleep 3600' &)
         sleep 3600"
    );
    let steps = format!(
        r#"<action name="tree" timeout="2"><shell><command><![CDATA[{tree}]]></command></shell><ok to="end"/></action>"#
    );
    let path = workflow(&folder, "tree", &steps);
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.text());
    assert!(
        outcome.text().contains("tree"),
        "the message names the step: {}",
        outcome.text()
    );
    assert_none_left(&folder, 3);
}

#[test]
fn five_hundred_steps_side_by_side_and_five_hundred_in_a_row() {
    let folder = folder();
    let mut parallel = r#"<fork name="split">"#.to_owned();
    for at in 0..500 {
        write!(parallel, r#"<path to="s{at}"/>"#).expect("a string takes it");
    }
    parallel.push_str(r#"</fork><join name="merge" to="end"/>"#);
    for at in 0..500 {
        parallel.push_str(&shell(&format!("s{at}"), "true", r#"<ok to="merge"/>"#));
    }
    let outcome = run_file(
        &folder,
        &workflow(&folder, "split", &parallel),
        &["-o", "json"],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(succeeded_actions(&outcome), 500);

    let mut chain = String::new();
    for at in 0..500 {
        let onward = if at == 499 {
            "end".to_owned()
        } else {
            format!("s{}", at + 1)
        };
        chain.push_str(&shell(
            &format!("s{at}"),
            "true",
            &format!(r#"<ok to="{onward}"/>"#),
        ));
    }
    let outcome = run_file(&folder, &workflow(&folder, "s0", &chain), &["-o", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(succeeded_actions(&outcome), 500);
}

fn succeeded_actions(outcome: &Outcome) -> usize {
    let instance: serde_json::Value =
        serde_json::from_str(&outcome.stdout).expect("one instance as JSON");
    let steps = instance["steps"].as_array().expect("steps");
    steps
        .iter()
        .filter(|step| step["type"] == "shell" && step["status"] == "succeeded")
        .count()
}

#[test]
fn python_and_perl_run_by_their_first_line_under_indentation() {
    let folder = folder();
    let here = folder.path().display();
    let path = write(
        &folder,
        "w.xml",
        &format!(
            r##"<work-flow name="w">
  <start name="start" to="python"/>
  <action name="python">
    <script><code><![CDATA[

      #!/usr/bin/env python3
      import sys
      if True:
          with open("{here}/python", "w") as out:
              out.write(" ".join(sys.argv[1:]))
    ]]></code><param-line>one 'two three'</param-line></script>
    <ok to="perl"/>
  </action>
  <action name="perl">
    <script><code><![CDATA[
        #!/usr/bin/perl -w
        use strict;
        open(my $out, ">", "{here}/perl") or die;
        print $out join("-", map {{ $_ * 2 }} 1..3);
    ]]></code></script>
    <ok to="end"/>
  </action>
  <end name="end"/>
</work-flow>"##
        ),
    );
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("python")).expect("written"),
        "one two three"
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("perl")).expect("written"),
        "2-4-6"
    );
}

#[test]
fn names_and_parameters_hold_any_characters() {
    let folder = folder();
    let here = folder.path().display();
    let path = write(
        &folder,
        "工作流.xml",
        &format!(
            r#"<work-flow name="夜间 &lt;装载&gt; &amp; &quot;检查&quot;">
  <start name="开始" to="监控文件大小"/>
  <action name="监控文件大小">
    <shell><command>printf '%s' "$PEERFLOW_PARAM_value" > {here}/value; printf '%s' "$PEERFLOW_WORKFLOW" > {here}/name;
      printf '%s' "${{param:城市}}" > {here}/city</command></shell>
    <ok to="结束"/>
  </action>
  <end name="结束"/>
</work-flow>"#
        ),
    );
    let value = "<a href=\"x\"> & 'quoted' ]]> ${HOME}\nsecond line\n北京";
    let outcome = run_file(
        &folder,
        &path,
        &["-p", &format!("value={value}"), "-p", "城市=上海 <&>"],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("value")).expect("written"),
        value
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("name")).expect("written"),
        "夜间 <装载> & \"检查\""
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("city")).expect("written"),
        "上海 <&>"
    );
}

#[test]
fn files_with_windows_line_ends_run() {
    let folder = folder();
    let here = folder.path().display();
    let steps = format!(
        "<action name=\"s\">\r\n<script><code>\r\n  #!/bin/bash\r\n  echo first > {here}/out\r\n  echo second >> {here}/out\r\n\
         </code></script>\r\n<ok to=\"end\"/></action>\r\n"
    );
    let path = workflow(&folder, "s", &steps);
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("out")).expect("written"),
        "first\nsecond\n"
    );
}

#[test]
fn missing_parameters_are_named_and_nothing_runs() {
    let folder = folder();
    let here = folder.path().display();
    let steps = shell(
        "s",
        &format!("touch {here}/ran; echo ${{param:day}} ${{param:city}}"),
        r#"<ok to="end"/>"#,
    );
    let path = workflow(&folder, "s", &steps);
    let outcome = run_file(&folder, &path, &["-p", "other=1"]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("day") && outcome.stderr.contains("city"),
        "{}",
        outcome.text()
    );
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn two_million_lines_leave_the_memory_flat() {
    let folder = folder();
    // Four hundred megabytes of text: several times what is allowed below.
    let line = "a line of a task that says a great deal ".repeat(5);
    let steps = shell(
        "s",
        &format!("yes '{line}' | head -n 2000000"),
        r#"<ok to="end"/>"#,
    );
    let path = workflow(&folder, "s", &steps);
    let mut child = std::process::Command::new(peerflow_tests::peerflow())
        .arg("run")
        .arg(&path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program under test starts");
    // The node, and the spawner beside it, through which all output goes.
    let mut peaks = BTreeMap::new();
    let exit = eventually("the run ends", Duration::from_secs(110), || {
        let own = i32::try_from(child.id()).expect("a process id fits");
        for pid in std::iter::once(own).chain(children(own)) {
            // A process that has just ended has no such line any more.
            peaks.extend(peak_kib(pid).map(|peak| (pid, peak)));
        }
        child.try_wait().expect("the run can be waited for")
    });
    assert!(exit.success());
    let peak: u64 = peaks.values().sum();
    assert!(peaks.len() >= 2, "the node and its spawner: {peaks:?}");
    assert!(peak < 150 * 1024, "the peak was {peak} KiB: {peaks:?}");
}

#[test]
fn what_is_no_workflow_is_refused_with_its_place() {
    let folder = folder();
    let path = write(
        &folder,
        "w.xml",
        "<work-flow name=\"w\">\n  <start name=\"s\" to=\"nowhere\"/>\n  <end name=\"e\"/>\n</work-flow>\n",
    );
    let outcome = run_file(&folder, &path, &[]);
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    assert!(
        outcome.stderr.contains("nowhere") && outcome.stderr.contains("2:"),
        "{}",
        outcome.text()
    );

    let missing = run_file(&folder, Path::new("not-there.xml"), &[]);
    assert_eq!(missing.code, 2, "{}", missing.text());
    assert!(
        missing.stderr.contains("not-there.xml"),
        "{}",
        missing.text()
    );
}

#[test]
fn a_path_with_a_parameter_is_looked_up_beside_the_file_that_is_run() {
    let folder = folder();
    let nightly = folder.path().join("nightly");
    std::fs::create_dir(&nightly).expect("a folder");
    let told = folder.path().join("told");
    let script = |place: &Path, name: &str, word: &str| {
        let text = format!("echo {word} $1 >'{}'", told.display());
        std::fs::write(place.join(name), text).expect("the folder can be written");
    };
    script(&nightly, "berlin.sh", "beside");
    // What is in the working directory is only used where nothing is beside the document.
    script(folder.path(), "berlin.sh", "astray");
    script(folder.path(), "paris.sh", "working");
    let path = nightly.join("w.xml");
    let xml = r#"<work-flow name="w"><start name="start" to="s"/>
        <action name="s"><file-executor><command>bash ./${param:city}.sh now</command></file-executor><ok to="end"/></action>
        <end name="end"/></work-flow>"#;
    std::fs::write(&path, xml).expect("a document");
    for (city, expected) in [("berlin", "beside now"), ("paris", "working now")] {
        let done = run_file(&folder, &path, &["-p", &format!("city={city}")]);
        assert_eq!(done.code, 0, "{city}: {}", done.text());
        let told = std::fs::read_to_string(&told).expect("the script ran");
        assert_eq!(told.trim(), expected, "{city}");
    }
    let none = run_file(&folder, &path, &["-p", "city=rome"]);
    assert_eq!(none.code, 1, "{}", none.text());
    assert!(none.text().contains("rome.sh"), "{}", none.text());
}
