//! What refusals of Hadoop's servers mean, over whichever protocol they come.

use crate::Trouble;

/// What kind of trouble an exception of theirs is, and what a person does about it, to be put behind the words. Nothing when
/// it can be anything.
pub(crate) fn trouble(exception: &str, words: &str) -> Option<(Trouble, &'static str)> {
    let name = exception.rsplit(['.', '$']).next().unwrap_or_default();
    let found = match name {
        // Before others, as a name node that hopes to leave it soon wraps it in another.
        _ if name == "SafeModeException" || words.contains("ame node is in safe mode") => {
            (Trouble::Unreachable, "; try again when it has left it")
        }
        "StandbyException" => (Trouble::Unreachable, "; name the one that is active"),
        "RetriableException" => (Trouble::Unreachable, "; try again"),
        "FileNotFoundException" if words.contains("not a file") => (Trouble::Settings, ""),
        "FileNotFoundException" => (Trouble::NotFound, ""),
        "AccessControlException" if words.contains("not a directory") => (Trouble::Settings, ""),
        "AccessControlException" if words.contains("authentication is not enabled") => (
            Trouble::AccessDenied,
            "; it lets in only whom Kerberos vouches for, which is not supported",
        ),
        "AccessControlException" | "AuthorizationException" => (Trouble::Forbidden, ""),
        "ParentNotDirectoryException"
        | "PathIsNotDirectoryException"
        | "InvalidPathException"
        | "IllegalArgumentException" => (Trouble::Settings, ""),
        _ if name.contains("QuotaExceeded") => (
            Trouble::Full,
            "; have the quota raised, free some room, or write elsewhere",
        ),
        _ if no_data_node_takes_it(words) => (
            Trouble::Full,
            "; no data node is there that has room: free some, or see to the data nodes",
        ),
        _ => return None,
    };
    Some(found)
}

/// What a server says, without where in its program it says so, and so that more can follow.
pub(crate) fn first_sentences(words: &str) -> &str {
    let first = words.lines().next().unwrap_or_default();
    first.trim_end().trim_end_matches('.')
}

fn no_data_node_takes_it(words: &str) -> bool {
    ["written to 0 of", "to 0 nodes", "Failed to find datanode"]
        .iter()
        .any(|known| words.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_of_release_3_3_6_says_is_understood() {
        let said = [
            (
                "org.apache.hadoop.hdfs.server.namenode.SafeModeException",
                "Cannot create file /a. Name node is in safe mode.",
                Trouble::Unreachable,
            ),
            (
                "RetriableException",
                "org.apache.hadoop.hdfs.server.namenode.SafeModeException: Cannot create file /a. Name node is in safe mode.",
                Trouble::Unreachable,
            ),
            (
                "org.apache.hadoop.security.AccessControlException",
                "Permission denied: user=loader, access=WRITE, inode=\"/\":root:supergroup:drwxr-xr-x",
                Trouble::Forbidden,
            ),
            (
                "AccessControlException",
                "/user/loader/f (is not a directory)",
                Trouble::Settings,
            ),
            (
                "org.apache.hadoop.security.AccessControlException",
                "SIMPLE authentication is not enabled.  Available:[TOKEN, KERBEROS]",
                Trouble::AccessDenied,
            ),
            (
                "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException",
                "The DiskSpace quota of /user/small is exceeded: quota = 1000 B = 1000 B but diskspace consumed = 4194304 B = 4 MB",
                Trouble::Full,
            ),
            (
                "java.io.IOException",
                "File /a could only be written to 0 of the 1 minReplication nodes. There are 1 datanode(s) running and 1 node(s) are excluded in this operation.",
                Trouble::Full,
            ),
            (
                "IOException",
                "Failed to find datanode, suggest to check cluster health. excludeDatanodes=null",
                Trouble::Full,
            ),
            (
                "java.io.FileNotFoundException",
                "File does not exist: /a",
                Trouble::NotFound,
            ),
            (
                "java.io.FileNotFoundException",
                "Path is not a file: /user",
                Trouble::Settings,
            ),
        ];
        for (exception, words, expected) in said {
            let found = trouble(exception, words).map(|(trouble, _)| trouble);
            assert_eq!(found, Some(expected), "{exception}: {words}");
        }
        assert_eq!(trouble("java.io.IOException", "something else"), None);
    }
}
