//! Why a node does not start: its configuration, its data directory, its store. `node/src/config`, `node/src/start.rs`.

use super::catalogue::{Texts, texts};

texts! { STARTUP
    // Where a value came from, then what is wrong with it.
    "{path}:{line:number}: {key:key}: {why:message}" => "{path} 第 {line} 行：{key}：{why}";
    "{key:key} (environment {name:name}): {why:message}" => "{key}（环境变量 {name}）：{why}";
    "{key:key} (flag {name:name}): {why:message}" => "{key}（选项 {name}）：{why}";
    "{key:key} (default): {why:message}" => "{key}（默认值）：{why}";
    "{path}:{line:number}: there is no key {name:name}" => "{path} 第 {line} 行：没有 {name} 这个键";
    "{path}:{line:number}: there is no key {name:name}; did you mean {like:name}" =>
        "{path} 第 {line} 行：没有 {name} 这个键；是不是想写 {like}";
    "{path}:{line:number}: there is no section [{name:name}]" => "{path} 第 {line} 行：没有 [{name}] 这一节";
    "{path}:{line:number}: there is no section [{name:name}]; did you mean [{like:name}]" =>
        "{path} 第 {line} 行：没有 [{name}] 这一节；是不是想写 [{like}]";
    "{path}:{line:number}: {name:key} takes a text, a number, true, false or a list of texts" =>
        "{path} 第 {line} 行：{name} 的值应是文字、数字、true、false 或文字列表";
    "environment variable {variable:name}: there is no key {name:name}" => "环境变量 {variable}：没有 {name} 这个键";
    "environment variable {variable:name}: there is no key {name:name}; did you mean {like:name}" =>
        "环境变量 {variable}：没有 {name} 这个键；是不是想写 {like}";
    "environment variable {variable:name} is not UTF-8" => "环境变量 {variable} 不是 UTF-8";
    "cannot read the configuration {path}: {error:message}" => "无法读取配置 {path}：{error}";
    // Values.
    "{text:quoted} is no whole number in its range" => "{text} 不是范围内的整数";
    "{text:quoted} is none of {choices}" => "{text} 不在可选值之内：{choices}";
    r#"{text:quoted} is no address; write it like "127.0.0.1:8090" or "[::]:8090""# =>
        r#"{text} 不是地址；请写成 "127.0.0.1:8090" 或 "[::]:8090" 这样"#;
    r#"a duration is wanted; write it like "500ms", "5s", "10m", "2h" or "30d""# =>
        r#"应写时长；请写成 "500ms"、"5s"、"10m"、"2h" 或 "30d" 这样"#;
    r#"{text:quoted} is no duration; write it like "500ms", "5s", "10m", "2h" or "30d""# =>
        r#"{text} 不是时长；请写成 "500ms"、"5s"、"10m"、"2h" 或 "30d" 这样"#;
    r#"{text:quoted} has no unit after {number:number}; write it like "500ms", "5s", "10m", "2h" or "30d""# =>
        r#"{text} 的 {number} 后面没有单位；请写成 "500ms"、"5s"、"10m"、"2h" 或 "30d" 这样"#;
    "{text:quoted} is longer than a hundred years" => "{text} 超过一百年";
    r#"{text:quoted} is no size; write it like "512B", "64KiB", "64MiB" or "1GiB""# =>
        r#"{text} 不是大小；请写成 "512B"、"64KiB"、"64MiB" 或 "1GiB" 这样"#;
    "{id:quoted} has more than {most:number} bytes; choose a shorter one" => "{id} 超过 {most} 字节；请换一个短些的";
    "{id:quoted} holds a blank, a control character or a slash; choose another" =>
        "{id} 里有空格、控制字符或斜杠；请换一个";
    "a node without slots runs nothing; give at least 1" => "没有槽位的节点什么也不运行；至少给 1";
    r#"{name:quoted} is no IANA time zone; write one like "Asia/Shanghai" or "UTC""# =>
        r#"{name} 不是 IANA 时区；请写成 "Asia/Shanghai" 或 "UTC" 这样"#;
    "at least {least:name} is wanted" => "至少应为 {least}";
    "must be at least twice election.renew_every, or one slow renewal costs the mastership" =>
        "至少应为 election.renew_every 的两倍，否则一次慢的续租就会丢掉主节点身份";
    "at least 2MiB is wanted: the head, and the last 1MiB" => "至少应为 2MiB：开头部分，加上最后 1MiB";
    "{key:key} belongs to it; give both" => "还需要 {key}；请两者都给出";
    "mail is enabled, so the mail server must be named" => "邮件已启用，必须写邮件服务器";
    "mail is enabled, so the sender's address must be given" => "邮件已启用，必须写发件人地址";
    "email.auth is on, so a password must be given" => "email.auth 已打开，必须给出密码";
    "cannot read {path}: {error:message}" => "无法读取 {path}：{error}";
    "--store: a password in a flag shows in the process list; put it into the file that store.password_file names, or the whole URL into the configuration file or PEERFLOW__STORE__URL" =>
        "--store：命令行里的密码会出现在进程列表中；请放到 store.password_file 所指的文件里，或把整个 URL 写进配置文件或 PEERFLOW__STORE__URL";
    "store.url holds a password too; keep one of them" => "store.url 里也有密码；请只留一处";
    "{wrong:document}; write five fields (minute hour day month weekday), six with seconds first, or English such as every day at 6:30, every 10 minutes, midnight on monday, on the last day of the month at 23:00" =>
        "{wrong}；请写五个字段（分 时 日 月 周），秒在最前时写六个，或写英语，例如 every day at 6:30、every 10 minutes、midnight on monday、on the last day of the month at 23:00";
    "{wrong:document}; write a day that the month has" => "{wrong}；请写当月有的日子";
    // The data directory and what is in it.
    "the data directory {path} is in use by another node; stop that one, or give this one another --data-dir" =>
        "数据目录 {path} 正被另一个节点使用；请停止那个节点，或给这个节点另一个 --data-dir";
    "cannot use {what:message} in the data directory: {error:message}" => "无法使用数据目录里的 {what}：{error}";
    "the outcomes that wait" => "等待送出的结果";
    "the task logs that wait" => "等待送出的任务日志";
    "the program itself" => "程序本身";
    "this process as the reaper of orphaned tasks" => "孤儿任务的回收";
    "the tasks' working directories" => "任务的工作目录";
    "{path} holds {content:quoted}, which is no number; restore the file, or delete it when this node is new to its cluster" =>
        "{path} 里是 {content}，不是数字；请恢复这个文件，若此节点是新加入集群的，请删除它";
    "cannot prepare the data directory {path}" => "无法准备数据目录 {path}";
    "cannot prepare the data directory {path}: {error:message}" => "无法准备数据目录 {path}：{error}";
    "another node uses {path}: its spawner (process {pid:number}) still holds {file} after {time:number} s; stop that node or choose another data directory" =>
        "另一个节点在用 {path}：{time} 秒后它的派生进程（进程 {pid}）仍占着 {file}；请停止那个节点，或换一个数据目录";
    // Addresses, spawner, store.
    "cannot listen on {address:name} for HTTP: {error:message}; choose another http.listen (--http) or stop what is there" =>
        "无法在 {address} 上监听 HTTP：{error}；请换一个 http.listen（--http），或停止占用它的程序";
    "cannot start the process that runs tasks: {why:message}" => "无法启动运行任务的进程：{why}";
    "cannot start the spawner {program}" => "无法启动派生进程 {program}";
    "cannot start the spawner {program}: {error:message}" => "无法启动派生进程 {program}：{error}";
    "cannot lock {path}: {error:message}" => "无法锁定 {path}：{error}";
    "email.account: {account:quoted} is no mail address: {error:message}" =>
        "email.account：{account} 不是邮件地址：{error}";
    "email.hostname: cannot prepare TLS to {host}: {error:message}" =>
        "email.hostname：无法准备到 {host} 的 TLS：{error}";
    "cannot talk to the spawner" => "无法与派生进程通信";
    "cannot talk to the spawner: {error:message}" => "无法与派生进程通信：{error}";
    "the spawner {program} ended before it was ready; run it by hand to see why" =>
        "派生进程 {program} 还没就绪就结束了；请手工运行它，看看原因";
    "the spawner was not ready after {time:number} s" => "派生进程在 {time} 秒后仍未就绪";
    "{why:message} (does its folder exist, and may this user write there?)" => "{why}（它的目录在吗？此用户能写吗？）";
    "cannot open the store {url:name}: {error:message}" => "无法打开存储 {url}：{error}";
    "no store is known by {scheme:quoted}: write sqlite:PATH, mysql://USER@HOST:PORT/DATABASE or memory:" =>
        "没有 {scheme} 这种存储：请写 sqlite:路径、mysql://用户@主机:端口/数据库 或 memory:";
    "a sqlite store needs a file: write sqlite:PATH" => "sqlite 存储需要文件：请写 sqlite:路径";
    "a sqlite store has no option {option:quoted}: the only one is throwaway=true" =>
        "sqlite 存储没有 {option} 这个选项：只有 throwaway=true";
    "the store's address {what:message}: write mysql://USER@HOST:PORT/DATABASE" =>
        "存储地址{what}：请写 mysql://用户@主机:端口/数据库";
    "names no user" => "没有写用户";
    "names no database" => "没有写数据库";
    "must end with the name of a database, without options" => "必须以数据库名结尾，不带选项";
    "has a port that is no number below 65536" => "的端口不是小于 65536 的数";
    "lacks a host or a user" => "缺少主机或用户";
    "has a broken %-escape" => "里有不完整的 % 转义";
    "{path} is not a SQLite database ({reason:message}): move it away, or choose another store.url" =>
        "{path} 不是 SQLite 数据库（{reason}）：请移走它，或换一个 store.url";
    "max_allowed_packet of {server} is {bytes:number} bytes: set it to at least 16 MiB" =>
        "{server} 的 max_allowed_packet 是 {bytes} 字节：请至少设为 16 MiB";
}
