//! What the checks say of workflows and coordinators: `node/workflow/src/check`.

use super::catalogue::{Texts, texts};

texts! { DOCUMENTS
    // Any element and attribute.
    "{name:name} of <{element:name}> is empty" => "<{element}> 的 {name} 为空";
    r#"write {name:name}="{example:document}""# => r#"请写 {name}="{example}""#;
    r#"write {name:name}="{example:document}", unique in the workflow"# => r#"请写 {name}="{example}"，在工作流内唯一"#;
    "<{element:name}> has no {name:name}" => "<{element}> 缺少 {name} 属性";
    "<{element:name}> has no <{wanted:name}>" => "<{element}> 里没有 <{wanted}>";
    "{name:name} of <{element:name}>: {wrong:document}" => "<{element}> 的 {name}：{wrong}";
    "{name:name} of <{element:name}> cannot hold a parameter or a time" => "<{element}> 的 {name} 不能含有参数或时间宏";
    "it is read before any instance exists; write it out" => "它在产生任何实例之前就要读取；请直接写出值";
    "<{name:name}> is empty" => "<{name}> 为空";
    "write {what:document} between <{name:name}> and </{end:name}>" => "请在 <{name}> 与 </{end}> 之间写上{what}";
    "<{element:name}> can have one <{child:name}>, this is a further one" =>
        "<{element}> 里只能有一个 <{child}>，这是多出来的";
    "remove one of them" => "请删去其中一个";
    "remove it" => "请删去它";
    "write {example} in it" => "请在其中写 {example}";
    "<{child:name}> means nothing in <{element:name}>; it is ignored" => "<{child}> 在 <{element}> 里没有意义，已忽略";
    "text in <{element:name}> means nothing; it is ignored" => "<{element}> 里的文字没有意义，已忽略";
    "remove it, or put it into the element it belongs to" => "请删去它，或放到它所属的元素里";
    "<{element:name}> knows no attribute {name:name}; it is ignored" => "<{element}> 没有 {name} 这个属性，已忽略";
    "did you mean {name}?" => "是不是想写 {name}？";
    "known here: {names}" => "这里可以写：{names}";
    "{count:number} more {what:word} are not shown" => "另有 {count} 个{what}没有显示";
    "mend those above and check again" => "请先改正以上各处，再检查一次";
    // What examples and texts are called.
    "a command" => "命令";
    "a path" => "路径";
    "the program" => "程序";
    "what to read" => "要读取的内容";
    "a table's name or a query" => "表名或查询";
    "a link's name" => "链接名称";
    "name of a step" => "步骤名称";
    // The document as a whole.
    "this file is UTF-16, not UTF-8" => "此文件是 UTF-16，不是 UTF-8";
    "byte {byte:name} is not UTF-8" => "字节 {byte} 不是 UTF-8";
    "save the file as UTF-8" => "请把文件存为 UTF-8";
    "<{name:name}> is no document of this language" => "<{name}> 不是本语言的文档";
    "the document has {length:number} bytes, more than {most:number}" => "文档有 {length} 字节，超过 {most}";
    "split it into several workflows, or keep data and programs in files" =>
        "请拆成几个工作流，或把数据和程序放到文件里";
    // Names, owners, folders.
    "the name is empty" => "名称为空";
    "the name is longer than {most:number} bytes" => "名称超过 {most} 字节";
    "creator of <{element:name}> is longer than {most:number} bytes" => "<{element}> 的 creator 超过 {most} 字节";
    "write a shorter one" => "请写短一些";
    "the folder {text} holds the part {part}" => "目录 {text} 里有 {part} 这一段";
    "write it from the root, such as /example/daily" => "请从根目录写起，例如 /example/daily";
    "the folder is longer than {most:number} bytes" => "目录超过 {most} 字节";
    "{address} is no mail address" => "{address} 不是邮件地址";
    "write a comma list such as ann@example.com,bob@example.com" =>
        "请用逗号分隔，例如 ann@example.com,bob@example.com";
    // Values.
    "{text} is neither true nor false" => "{text} 既不是 true 也不是 false";
    "write true or false" => "请写 true 或 false";
    "{text} is not a whole number of at least {least:number}" => "{text} 不是不小于 {least} 的整数";
    "write a number such as 3" => "请写一个数，例如 3";
    "{text} is not a whole number" => "{text} 不是整数";
    "write a number such as 0, 10 or -5" => "请写一个数，例如 0、10 或 -5";
    "{text} is not a number of seconds" => "{text} 不是秒数";
    "write seconds as a number such as 30" => "请用数字写秒数，例如 30";
    "{text} is not a size" => "{text} 不是大小";
    "write a number and B, KB, MB, GB or TB, such as 2MB or 1.1kb" =>
        "请写数字加 B、KB、MB、GB 或 TB，例如 2MB 或 1.1kb";
    "{text} is not a time" => "{text} 不是时间";
    "write it like 2026-01-31 06:30:00" => "请写成 2026-01-31 06:30:00 这样";
    "{text} is no known time zone" => "{text} 不是已知的时区";
    "write an IANA name such as Europe/Berlin, Asia/Shanghai or UTC" =>
        "请写 IANA 名称，例如 Europe/Berlin、Asia/Shanghai 或 UTC";
    "{word} is no outcome" => "{word} 不是结果";
    "write a comma list of succeeded, failed, killed (also 成功, 失败, 杀死)" =>
        "请用逗号分隔 succeeded、failed、killed（也可写 成功、失败、杀死）";
    "{text} is not a number" => "{text} 不是数字";
    "write a number such as 100 or 0.5" => "请写一个数，例如 100 或 0.5";
    // Steps and where they lead.
    "a second step is called {name}" => "有两个步骤都叫 {name}";
    "the first is in line {line:number}; give this one another name" => "第一个在第 {line} 行；请给这一个换个名称";
    "the workflow has no end" => "工作流没有 end";
    r#"write <end name="end"/> in it and lead to it"# => r#"请在其中写 <end name="end"/>，并让步骤通向它"#;
    "the workflow has no start" => "工作流没有 start";
    "a second <start>; a workflow has one" => "出现了第二个 <start>；一个工作流只有一个";
    "remove it; a <fork> goes on to several steps at once" => "请删去它；要同时走向几个步骤，请用 <fork>";
    "this fork goes to the same step twice, which runs it twice" => "这个 fork 两次走向同一个步骤，该步骤会运行两遍";
    "remove one of the paths" => "请删去其中一条 path";
    "this fork has no <path>" => "这个 fork 没有 <path>";
    r#"write <path to="…"/> for each branch"# => r#"请为每个分支写 <path to="…"/>"#;
    "this fork has only one path" => "这个 fork 只有一条 path";
    "lead to that step directly" => "请直接通向那个步骤";
    "where this leads is known only when an instance starts" => "要到实例启动时才知道这里通向哪里";
    "name the step, unless that is what you want" => "请写出步骤名称，除非本意如此";
    "no step is called {name}" => "没有名为 {name} 的步骤";
    "write the name of a step of this workflow, or add that step" => "请写本工作流中某个步骤的名称，或添加这个步骤";
    "steps that go round without any action: {names}" => "这些步骤绕成一圈，其中没有任何 action：{names}";
    "put an action into the loop, or lead out of it" => "请在循环里放一个 action，或让它通向循环之外";
    "steps that go round with ignored actions only: {names}" => "这些步骤绕成一圈，其中只有被忽略的 action：{names}";
    "they never do anything; lead out of the loop" => "它们什么也不做；请让它通向循环之外";
    "nothing leads to {name}, so it never runs" => "没有步骤通向 {name}，它永远不会运行";
    r#"lead to it with to="…", or remove it"# => r#"请用 to="…" 通向它，或删去它"#;
    "no end can be reached from the start" => "从 start 走不到任何 end";
    "lead to an <end> somewhere" => "请在某处通向一个 <end>";
    "{name} leads back to the start" => "{name} 又通回 start";
    "lead to the step behind the start instead" => "请改为通向 start 之后的那个步骤";
    "only one way leads to the join {name}" => "只有一条路通向汇合 {name}";
    "lead all branches to it, or leave it out" => "请让所有分支都通向它，或去掉它";
    // Coordinators.
    "{name} depends on itself, so its first time waits until somebody triggers it" =>
        "{name} 依赖它自己，第一次要等有人触发它";
    "{name} depends on itself, so once it succeeds it starts again and again" =>
        "{name} 依赖它自己，一旦成功就会没完没了地启动";
    "remove it from <depend-list>" => "请把它从 <depend-list> 里删去";
    "this coordinator starts no workflow" => "这个调度器不启动任何工作流";
    "this coordinator never fires by itself" => "这个调度器自己永远不会触发";
    r#"write <depend-list cron="0 1 * * *"/>, or workflows to wait for in it"# =>
        r#"请写 <depend-list cron="0 1 * * *"/>，或在其中写要等待的工作流"#;
    "the schedule stands here twice, in <depend-list> and in <trigger>" =>
        "时间安排写了两遍：<depend-list> 里和 <trigger> 里";
    "it ends at {end}, before it starts at {start}" => "它在 {end} 结束，早于起始时间 {start}";
    "write an end-time after the start-time" => "请让 end-time 晚于 start-time";
    "{text} is no misfire policy" => "{text} 不是错过时刻的处理方式";
    "write once, skip or all" => "请写 once、skip 或 all";
    "{name} stands in this list twice" => "{name} 在这个列表里出现了两次";
    // Parameters and macros.
    r#"write value="…"; it may be empty"# => r#"请写 value="…"；可以为空"#;
    "{name:quoted} is no parameter's name" => "{name} 不能作参数名";
    "write a name such as stadate" => "请写一个名称，例如 stadate";
    "a parameter without a name" => "参数没有名称";
    "write ${{param:NAME}}" => "请写 ${{param:名称}}";
    "no parameter above is called {name}; {raw} stays as it is unless one is given" =>
        "前面没有名为 {name} 的参数；除非启动时给出，{raw} 会原样保留";
    "write {raw} if it must be given, or define it above" => "如果必须给出，请写 {raw}；否则请在前面定义";
    "a macro without its closing brace stays as it is" => "宏没有右花括号，会原样保留";
    "write }} after it" => "请在它后面写 }}";
    "the parameters' values make the document longer than {most:number} bytes" => "代入参数值之后文档超过 {most} 字节";
    "give shorter values" => "请给短一些的值";
    "parameter {name}: {wrong:document}" => "参数 {name}：{wrong}";
    "the value grows over {most:number} bytes" => "值增长到超过 {most} 字节";
    "mention other parameters less often" => "请少引用别的参数";
    // Several of them in one text, as `line:column: message (help)`.
    "{line:number}:{column:number}: {message:document}" => "{line}:{column}: {message}";
    "{line:number}:{column:number}: {message:document} ({help:document})" => "{line}:{column}: {message}（{help}）";
}
