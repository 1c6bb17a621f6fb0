//! Why a task did not succeed, as the node that ran it says: `node/actions`.

use super::catalogue::{Texts, texts};

texts! { TASKS
    // Processes. What follows an exit code is the task's own last line.
    "exit code {code:number}" => "退出码 {code}";
    "exit code {code:number}: {line}" => "退出码 {code}：{line}";
    "exit code 126 (found, but cannot be executed)" => "退出码 126（找到了，但无法执行）";
    "exit code 126 (found, but cannot be executed): {line}" => "退出码 126（找到了，但无法执行）：{line}";
    "exit code 127 (command not found)" => "退出码 127（找不到命令）";
    "exit code 127 (command not found): {line}" => "退出码 127（找不到命令）：{line}";
    "killed by signal 9 (SIGKILL), perhaps because the system ran out of memory" =>
        "被信号 9（SIGKILL）杀死，可能是系统内存耗尽";
    "killed by signal 9 (SIGKILL), perhaps because the system ran out of memory: {line}" =>
        "被信号 9（SIGKILL）杀死，可能是系统内存耗尽：{line}";
    "killed by signal {number:number}" => "被信号 {number} 杀死";
    "killed by signal {number:number}: {line}" => "被信号 {number} 杀死：{line}";
    "killed by signal {number:number} ({name:name})" => "被信号 {number}（{name}）杀死";
    "killed by signal {number:number} ({name:name}): {line}" => "被信号 {number}（{name}）杀死：{line}";
    "it did not end even when killed: stuck in the kernel" => "杀死之后仍未结束：卡在内核里";
    "it did not end even when killed: stuck in the kernel: {line}" => "杀死之后仍未结束：卡在内核里：{line}";
    "its time limit is over" => "时限已到";
    "its time limit is over: {left:name} were left when it started" => "时限已到：启动时还剩 {left}";
    "the spawner process died and its tasks were killed; the task may be run again" =>
        "派生进程死了，它的任务已被杀死；任务可以重跑";
    "the spawner process died before it could start the task" => "派生进程还没启动任务就死了";
    "this node's grant was over, so the task was killed; it is run again where the master says" =>
        "此节点的许可已到期，任务被杀死；由主节点决定在哪里重跑";
    "this node's grant is over, so the task was not started" => "此节点的许可已到期，没有启动任务";
    "killing tasks that still run; they run again at the next start" => "正在杀死还在运行的任务；下次启动后重跑";
    "the node stops; the task runs again at its next start" => "节点停止；下次启动后重跑任务";
    "there is no bash in this node's PATH; install it, or correct PATH" =>
        "此节点的 PATH 里没有 bash；请安装，或改正 PATH";
    "cannot make pipes for the process: {error:message}" => "无法为进程建立管道：{error}";
    "cannot make the working directory {path}: {error:message}" => "无法建立工作目录 {path}：{error}";
    "the working directory {path} is gone" => "工作目录 {path} 不见了";
    "a file operation broke off: {error:message}" => "文件操作中断：{error}";
    "an argument holds a NUL character, which no process can be given" => "参数里有 NUL 字符，无法交给进程";
    "parameter `{name}` holds a NUL character, which no process can be given; remove it" =>
        "参数 `{name}` 里有 NUL 字符，无法交给进程；请删去它";
    "arguments and variables are larger than the system takes ({bytes:number} bytes in all, {name} alone has {size:number}, and one may have 131071): pass large values in a file" =>
        "命令参数与环境变量超过系统上限（共 {bytes} 字节，仅 {name} 就有 {size} 字节，单个不能超过 131071 字节）：大的值请放在文件里传递";
    "the interpreter {program} is not on this node; install it, or correct the script's first line" =>
        "此节点上没有解释器 {program}；请安装，或改正脚本第一行";
    "{program} cannot be executed: permission denied" => "无法执行 {program}：没有权限";
    "{program} cannot be executed: it is no program" => "无法执行 {program}：它不是程序";
    "{program} cannot be started: {reason:message}" => "无法启动 {program}：{reason}";
    "step `{step}` is no action of the definition that came with the task" => "随任务送来的定义里没有动作步骤 `{step}`";
    // Scripts and their files.
    "the script's first line names the interpreter `{program}`; write its whole path, or `#!/usr/bin/env {again}`" =>
        "脚本第一行写了解释器 `{program}`；请写完整路径，或写 `#!/usr/bin/env {again}`";
    "the script's first line is `#!` without an interpreter; name one or remove the line" =>
        "脚本第一行是 `#!` 却没有解释器；请写上解释器，或删去这一行";
    "in `param-line` {wrong:message}" => "`param-line` 里{wrong}";
    "a {quote:name} is opened and not closed; close it, or write {escaped:name} for the character itself" =>
        "有一个 {quote} 没有结束；请结束它，若要这个字符本身请写 {escaped}";
    "the command `{command}` does not hold the file `{file}`" => "命令 `{command}` 里没有文件 `{file}`";
    "file {file} cannot be made executable: {error:message}" => "无法使文件 {file} 可执行：{error}";
    "`{path}` names no file" => "`{path}` 不是文件名";
    "two attached files are called `{name}`; rename one, since both go into one directory" =>
        "有两个附件都叫 `{name}`；它们放在同一个目录里，请改名";
    "file {path} cannot be brought here: {why:message}" => "无法取得文件 {path}：{why}";
    "file {path} cannot be looked for: {why:message}" => "无法查找文件 {path}：{why}";
    "file {path} cannot be prepared: {error:message}" => "无法准备文件 {path}：{error}";
    "file {path} was not found; it is looked for beside the workflow file, in the folders above it, and in this node's working directory" =>
        "找不到文件 {path}；查找的位置是工作流文件旁边、其上各级目录、以及此节点的工作目录";
    "file {path} cannot be copied: {error:message}" => "无法复制文件 {path}：{error}";
    "it is no regular file" => "不是普通文件";
    "file {path} has {size}, and an attached file may have {limit}; put it on shared storage and read it from there" =>
        "文件 {path} 有 {size}，附件最大 {limit}；请放到共享存储上，从那里读取";
    "cannot write {path}: {error:message}" => "无法写入 {path}：{error}";
    "cannot read a file of the workflow: {error:message}" => "无法读取工作流的文件：{error}";
    "the store does not hold the whole file {hash:name}; register the workflow again with its files" =>
        "存储里没有完整的文件 {hash}；请连同文件重新登记工作流";
    // Monitors.
    "{value:number} is below the minimum {min:number}" => "{value} 低于最小值 {min}";
    "{value:number} is above the maximum {max:number}" => "{value} 高于最大值 {max}";
    "{name:word} changed from {first:number} to {second:number}" => "{name}从 {first} 变为 {second}";
    "the command of `{name:word}` failed: {why:message}" => "{name}的命令失败：{why}";
    "the command of `{name:word}` must print one number, but printed nothing" =>
        "{name}的命令应当输出一个数字，却什么也没有输出";
    "the command of `{name:word}` must print one number, but printed {printed}" =>
        "{name}的命令应当输出一个数字，却输出了 {printed}";
    "`{path}`: `*` and `?` are understood in the last part only; name the directory" =>
        "`{path}`：`*` 和 `?` 只能用在最后一段；请写明目录";
    "`{path}` names a directory; add a pattern such as `*`" => "`{path}` 是目录；请加上匹配模式，例如 `*`";
    "cannot list the directory {directory} on this node: {error:message}" =>
        "无法列出此节点上的目录 {directory}：{error}";
    "cannot list the directory {directory} on file link `{link}`: {error:message}" =>
        "无法列出文件连接 `{link}` 上的目录 {directory}：{error}";
    "changed within {seconds:number} s: {names:files}" => "{seconds} 秒内有变化：{names}";
    "{found:number} file(s) fit `{pattern}`, at least {least:number} are expected" =>
        "有 {found} 个文件匹配 `{pattern}`，至少应有 {least} 个";
    "smaller than {least}: {names:files}" => "小于 {least}：{names}";
    // Mail.
    "the workflow has no `mail-receivers`; name them in its root element" =>
        "工作流没有 `mail-receivers`；请在根元素里写上收件人";
    "mail to {addresses} was not sent: {why:message}" => "发给 {addresses} 的邮件没有发出：{why}";
    "mail is switched off (email.is_enabled = false)" => "邮件已关闭（email.is_enabled = false）";
    "the mail names no receiver with a proper address: {addresses}" => "邮件没有地址正确的收件人：{addresses}";
    "the mail cannot be written: {reason:message}" => "无法写成邮件：{reason}";
    "the mail server {server:name} refuses: {reason:message}" => "邮件服务器 {server} 拒绝：{reason}";
    "the mail server {server:name} cannot be used: {reason:message}" => "邮件服务器 {server} 无法使用：{reason}";
    "the mail server {server:name} does not answer within {time:number} s" =>
        "邮件服务器 {server} 在 {time} 秒内没有应答";
    "the mail server {server:name} has not taken the mail within {time:number} s" =>
        "邮件服务器 {server} 在 {time} 秒内没有收下邮件";
}
