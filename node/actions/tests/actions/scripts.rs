//! `<script>`: interpreters, arguments, profiles.

use peerflow_actions::TaskResult;

use crate::stage::{Setting, Stage, script};

#[tokio::test]
async fn python_and_perl_run_by_their_first_line() {
    let stage = Stage::new().await;
    let python =
        "#!/usr/bin/env python3 -u\nimport sys\ndef f():\n    print('蟒', sys.argv[1:])\nf()\n";
    let end = stage
        .run(script(python, "a 'b c' \"d\\\"e\" 数据 ''"))
        .await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    let perl = "#!/usr/bin/perl -w\r\nuse strict;\nprint \"perl @ARGV\\n\";\n";
    let end = stage.run(script(perl, "1 2")).await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert_eq!(
        stage.output(),
        ["蟒 ['a', 'b c', 'd\"e', '数据', '']", "perl 1 2"]
    );
}

#[tokio::test]
async fn without_a_first_line_it_is_bash_with_its_arguments() {
    let stage = Stage::new().await;
    let end = stage
        .run(script(
            "a=(1 2); echo ${#a[@]} \"$1\" $#\ncat <<X\nhere\nX\nfalse\n",
            "'x  y' z",
        ))
        .await;
    assert_eq!((end.result, end.exit_code), (TaskResult::Failed, Some(1)));
    assert_eq!(stage.output(), ["2 x  y 2", "here"]);
}

#[tokio::test]
async fn an_open_quote_in_the_arguments_is_a_clear_error() {
    let stage = Stage::new().await;
    let end = stage.run(script("echo", "a 'b")).await;
    assert_eq!((end.result, end.started_at), (TaskResult::Failed, None));
    assert!(
        end.message.contains("`param-line`") && end.message.contains("not closed"),
        "{}",
        end.message
    );
}

#[tokio::test]
async fn a_missing_interpreter_is_a_clear_error() {
    let stage = Stage::new().await;
    let end = stage.run(script("#!/opt/none/ruby\nputs 1\n", "")).await;
    assert_eq!((end.result, end.exit_code), (TaskResult::Failed, None));
    assert!(
        end.message
            .contains("interpreter /opt/none/ruby is not on this node"),
        "{}",
        end.message
    );
    let end = stage
        .run(script("#!/usr/bin/env no_such_interpreter\n", ""))
        .await;
    assert_eq!(end.exit_code, Some(127));
    assert!(
        end.message.contains("no_such_interpreter"),
        "{}",
        end.message
    );
}

#[tokio::test]
async fn the_profile_is_sourced_first_for_every_interpreter() {
    let profile = "export FROM_PROFILE=已设置\ngreet() { echo \"hello $1\"; }\n";
    let stage = Stage::with(Setting {
        profile: Some(profile),
        ..Setting::default()
    })
    .await;
    let bash = "greet \"$FROM_PROFILE\"\necho \"${BASH_ENV-unset} $LINENO $#\"\n";
    let python =
        "#!/usr/bin/env python3\nimport os, sys\nprint(os.environ['FROM_PROFILE'], sys.argv[1])\n";
    for (code, arguments) in [(bash, "x"), (python, "'y z'")] {
        let end = stage.run(script(code, arguments)).await;
        assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    }
    assert_eq!(
        stage.shell("greet shell").await.result,
        TaskResult::Succeeded
    );
    assert_eq!(
        stage.output(),
        ["hello 已设置", "unset 2 1", "已设置 y z", "hello shell"]
    );
    assert_eq!(stage.left_behind(), [""; 0]);
}
