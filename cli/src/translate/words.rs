//! Single words that stand inside of messages.

/// The Chinese word for one of peerflow's own.
pub(super) fn chinese(word: &str) -> Option<&'static str> {
    WORDS
        .iter()
        .find(|(english, _)| *english == word)
        .map(|(_, chinese)| *chinese)
}

/// Names of files as a monitor lists them: what became of each, and how many more there are.
pub(super) fn files(text: &str) -> String {
    let (named, more) = match text.rsplit_once(" and ") {
        Some((named, rest)) => match rest.strip_suffix(" more") {
            Some(count) if count.bytes().all(|byte| byte.is_ascii_digit()) => (named, Some(count)),
            Some(_) | None => (text, None),
        },
        None => (text, None),
    };
    let each = named.split(", ").map(|file| {
        if let Some(file) = file.strip_suffix(" (gone)") {
            format!("{file}（不见了）")
        } else if let Some(file) = file.strip_suffix(" (new)") {
            format!("{file}（新出现）")
        } else {
            file.to_owned()
        }
    });
    let named = each.collect::<Vec<_>>().join("、");
    match more {
        Some(count) => format!("{named}，另有 {count} 个"),
        None => named,
    }
}

/// Each in English and Chinese.
pub(super) const WORDS: &[(&str, &str)] = &[
    ("workflow", "工作流"),
    ("coordinator", "调度器"),
    ("instance", "实例"),
    ("folder", "目录"),
    ("step", "步骤"),
    ("node", "节点"),
    ("run", "运行"),
    ("link", "链接"),
    ("errors", "错误"),
    ("warnings", "警告"),
    ("enabled", "启用"),
    ("disabled", "停用"),
    ("source", "来源"),
    ("target", "目标"),
    ("value", "数值"),
    ("min", "最小值"),
    ("max", "最大值"),
    ("second", "秒"),
    ("seconds", "秒"),
    ("Waiting", "等待"),
    ("Pending", "待运行"),
    ("Running", "运行中"),
    ("Succeeded", "成功"),
    ("Failed", "失败"),
    ("Killed", "杀死"),
    ("Skipped", "跳过"),
    ("Lost", "失联"),
    // What nodes send each other.
    ("a greeting", "问候"),
    ("an answer to the greeting", "对问候的应答"),
    ("an opening", "流的开头"),
    ("an event", "事件"),
    ("a sign of a log", "日志的动静"),
    ("a sign of life", "在线的信号"),
    ("an order", "指令"),
    ("a worker's report", "执行方的报告"),
    ("an answer", "应答"),
    // What a node says of itself.
    ("the URL of the HTTP interface", "HTTP 接口的地址"),
    ("the version", "版本"),
    ("a label", "标签"),
    ("a host name", "主机名"),
    ("the list of labels and host names", "标签和主机名的列表"),
];
