//! `<file-executor>`: a command whose one token with a `/` is a file, run with the copy on this node.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use peerflow_workflow::FileExecutor;

use super::attachments;
use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::command::{Place, blocking, cannot_prepare};
use crate::words;
use crate::work_dir::WorkDir;

/// Brings the file and its attachments, and runs the command.
pub(crate) async fn run(attempt: &mut Attempt<'_>, executor: &FileExecutor) -> Outcome {
    let dir = attempt
        .runner
        .work_dirs
        .reserve(attempt.task.attempt.visit.run.instance.as_str());
    let (dir, made) = attempt.prepare(dir, None).await?;
    let outcome = match made {
        Err(error) => Err(cannot_prepare(&dir, &error)),
        Ok(()) => prepared(attempt, &dir, executor).await,
    };
    attempt.clean(dir).await;
    outcome
}

async fn prepared(attempt: &mut Attempt<'_>, dir: &WorkDir, executor: &FileExecutor) -> Outcome {
    let file = &executor.file;
    let local = attachments::bring(attempt, dir.path(), file).await?;
    attachments::bring_all(attempt, dir.path(), &executor.attachments).await?;
    let command = with_local_copy(&executor.command, file, &local).ok_or_else(|| {
        let command = &executor.command;
        Unsuccessful::failed(format!(
            "the command `{command}` does not hold the file `{file}`"
        ))
    })?;
    if executor.command.trim_start().starts_with(file.as_str()) {
        // It is the program itself; a file that came over the API may have lost its bit.
        blocking(move || fs::set_permissions(&local, Permissions::from_mode(0o700)))
            .await?
            .map_err(|error| {
                Unsuccessful::failed(format!("file {file} cannot be made executable: {error}"))
            })?;
    }
    let invocation = attempt.bash(dir, vec!["-c".into(), command.into()])?;
    attempt
        .run_process(dir.path(), Place::Ready, invocation, 0)
        .await?
        .outcome()
}

/// The command with its token `file` replaced by the path of the copy. A token in quotes loses them: the path brings its
/// own where it needs them.
fn with_local_copy(command: &str, file: &str, local: &Path) -> Option<String> {
    let is_edge = |character: Option<char>| {
        character.is_none_or(|it| it.is_whitespace() || "'\"<>|&;()=".contains(it))
    };
    let at = command.match_indices(file).map(|(at, _)| at).find(|&at| {
        is_edge(command[..at].chars().next_back())
            && is_edge(command[at + file.len()..].chars().next())
    })?;
    let (mut before, mut after) = (&command[..at], &command[at + file.len()..]);
    for quote in ['\'', '"'] {
        if before.ends_with(quote) && after.starts_with(quote) {
            before = &before[..before.len() - 1];
            after = &after[1..];
        }
    }
    Some(format!(
        "{before}{}{after}",
        words::quote(&local.to_string_lossy())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_replaced_and_nothing_else() {
        let local = Path::new("/w/1/a b.py");
        let cases = [
            ("python3 /x/a.py 1", "/x/a.py", "python3 '/w/1/a b.py' 1"),
            ("./x/a.py", "./x/a.py", "'/w/1/a b.py'"),
            (
                "echo /x/a.pyc; sh /x/a.py",
                "/x/a.py",
                "echo /x/a.pyc; sh '/w/1/a b.py'",
            ),
            ("sh \"/x/数 据.sh\" y", "/x/数 据.sh", "sh '/w/1/a b.py' y"),
        ];
        for (command, file, expected) in cases {
            assert_eq!(
                with_local_copy(command, file, local).as_deref(),
                Some(expected)
            );
        }
        assert_eq!(with_local_copy("sh b.sh", "/x/a.py", local), None);
    }
}
