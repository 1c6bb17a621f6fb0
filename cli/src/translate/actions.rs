//! What the checks say of actions.

use super::catalogue::{Texts, texts};

texts! { ACTIONS
    "this action has no <ok>" => "这个 action 没有 <ok>";
    "{text} is no way to wait between tries" => "{text} 不是重试间隔的方式";
    "write fixed or exponential" => "请写 fixed 或 exponential";
    "{text} is no policy for a lost node" => "{text} 不是节点失联时的处理方式";
    "write wait, rerun or hold" => "请写 wait、rerun 或 hold";
    "a timeout of 0 means no limit" => "timeout 为 0 表示没有限制";
    "write -1 for no limit, or a number of seconds" => "不限时请写 -1，否则请写秒数";
    "this action has no type" => "这个 action 没有类型";
    "this action is a <{kind:name}> already" => "这个 action 已经是 <{kind}> 了";
    "put each into an action of its own" => "请各放进一个 action";
    "no token of this command names a file" => "这条命令里没有指明文件的部分";
    "several tokens of this command name a file: {names}" => "这条命令里有几处指明了文件：{names}";
    "write one token with a / in it, such as bash ./job.sh; bring further files by <attach-list>" =>
        "请只写一处带 / 的，例如 bash ./job.sh；其他文件请用 <attach-list> 带上";
    "the end mark {word} of a here-document is indented, so the shell does not see it" =>
        "here-document 的结束标记 {word} 有缩进，shell 认不出来";
    "put {word} at the left edge of the code, or write {mark} and indent with tabs" =>
        "请让 {word} 顶格，或写 {mark} 并用制表符缩进";
    "this mail is empty" => "这封邮件是空的";
    "{kind} is no kind of database" => "{kind} 不是数据库类型";
    "what kind of database this is cannot be told from its jdbc-url" => "从 jdbc-url 看不出是哪种数据库";
    "the least value {min:number} is above the greatest {max:number}, so this always fails" =>
        "最小值 {min} 大于最大值 {max}，因此总会失败";
    "write a greatest value above the least" => "请让最大值大于最小值";
    r#"write type="SQL", type="COMMAND" or type="NUM""# => r#"请写 type="SQL"、type="COMMAND" 或 type="NUM""#;
    "{kind} is no type of a reading" => "{kind} 不是读数的类型";
    "this transfer has a <script>, so its <{element:name}> means nothing" =>
        "这个 transfer 有 <script>，它的 <{element}> 没有意义";
    r#"write type="DB" and a db-link, or type="FILE"; known: {names}"# =>
        r#"请写 type="DB" 和 db-link，或 type="FILE"；可以写：{names}"#;
    "{kind} is no type of a <{element:name}>" => "{kind} 不是 <{element}> 的类型";
    "{text} is no format" => "{text} 不是格式";
    "write csv, or leave it out" => "请写 csv，或不写";
    r#"delimited means nothing beside format="csv", where commas separate"# =>
        r#"有 format="csv" 时 delimited 没有意义：用逗号分隔"#;
}
