//! `<script>`: a program in any language.

use std::ffi::OsString;
use std::path::Path;

use peerflow_workflow::Script;

use super::attachments;
use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::command::{Invocation, Place, cannot_prepare};
use crate::words;
use crate::work_dir::WorkDir;

/// Runs the program with its arguments, its attachments in its directory.
pub(crate) async fn run(attempt: &mut Attempt<'_>, script: &Script) -> Outcome {
    let arguments = words::split(&script.arguments)
        .map_err(|error| Unsuccessful::failed(format!("in `param-line` {error}")))?;
    let arguments = arguments.into_iter().map(OsString::from).collect();
    let dir = attempt
        .runner
        .work_dirs
        .reserve(attempt.task.attempt.visit.run.instance.as_str());
    let invocation = invocation(attempt, &dir, &script.code, arguments)?;
    let code = script.code.as_bytes().to_vec();
    if script.attachments.is_empty() {
        return attempt
            .in_directory(dir, Some(code), invocation, 0)
            .await?
            .outcome();
    }
    let (dir, made) = attempt.prepare(dir, Some(code)).await?;
    let outcome = match made {
        Err(error) => Err(cannot_prepare(&dir, &error)),
        Ok(()) => prepared(attempt, &dir, script, invocation).await,
    };
    attempt.clean(dir).await;
    outcome
}

async fn prepared(
    attempt: &mut Attempt<'_>,
    dir: &WorkDir,
    script: &Script,
    invocation: Invocation,
) -> Outcome {
    attachments::bring_all(attempt, dir.path(), &script.attachments).await?;
    attempt
        .run_process(dir.path(), Place::Ready, invocation, 0)
        .await?
        .outcome()
}

fn invocation(
    attempt: &Attempt<'_>,
    dir: &WorkDir,
    code: &str,
    arguments: Vec<OsString>,
) -> Result<Invocation, Unsuccessful> {
    let file = dir.program().into_os_string();
    let Some(interpreter) = interpreter(code)? else {
        let arguments = [file].into_iter().chain(arguments).collect();
        return attempt.bash(dir, arguments);
    };
    let program = Path::new(&interpreter[0]);
    let options = interpreter[1..].iter().map(OsString::from);
    let arguments: Vec<OsString> = options.chain([file]).chain(arguments).collect();
    if program.file_name().is_some_and(|name| name == "bash") {
        let of_bash = attempt.bash(dir, arguments)?;
        return Ok(Invocation {
            program: program.to_owned(),
            ..of_bash
        });
    }
    if attempt.runner.parts.limits.profile.is_none() {
        let program = program.to_owned();
        return Ok(Invocation {
            program,
            arguments,
            environment: Vec::new(),
        });
    }
    // What the profile exports is for every interpreter: bash sources it, then becomes the interpreter.
    let become_it = [
        "-c".into(),
        "exec \"$@\"".into(),
        "bash".into(),
        interpreter[0].clone().into(),
    ];
    attempt.bash(dir, become_it.into_iter().chain(arguments).collect())
}

/// The words of a first line `#!…`. Unlike the kernel's, several options are several words, so `#!/usr/bin/env python3
/// -u` works everywhere.
fn interpreter(code: &str) -> Result<Option<Vec<String>>, Unsuccessful> {
    let Some(line) = code.lines().next().and_then(|line| line.strip_prefix("#!")) else {
        return Ok(None);
    };
    let words: Vec<String> = line.split_whitespace().map(ToOwned::to_owned).collect();
    match words.first() {
        Some(program) if program.starts_with('/') => Ok(Some(words)),
        Some(program) => Err(Unsuccessful::failed(format!(
            "the script's first line names the interpreter `{program}`; write its whole path, or `#!/usr/bin/env {program}`"
        ))),
        None => Err(Unsuccessful::failed(
            "the script's first line is `#!` without an interpreter; name one or remove the line",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_chooses_the_interpreter() {
        assert_eq!(interpreter("echo #!/bin/sh").unwrap(), None);
        let words = interpreter("#! /usr/bin/env python3 -u\r\nprint()")
            .unwrap()
            .unwrap();
        assert_eq!(words, ["/usr/bin/env", "python3", "-u"]);
        assert!(
            interpreter("#!python3\n")
                .unwrap_err()
                .message
                .contains("/usr/bin/env python3")
        );
        assert!(
            interpreter("#!\n")
                .unwrap_err()
                .message
                .contains("without an interpreter")
        );
    }
}
