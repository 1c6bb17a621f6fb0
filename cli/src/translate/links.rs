//! What is said of links: `node/src/links`, `node/src/http/routes/links.rs`, `node/engine/src/links.rs`.

use super::catalogue::{Texts, texts};

texts! { LINKS
    "database link {name} is deleted" => "数据库连接 {name} 已删除";
    "file link {name} is deleted" => "文件连接 {name} 已删除";
    "there is no database link {name}" => "没有数据库连接 {name}";
    "there is no file link {name}" => "没有文件连接 {name}";
    "there is no database link `{name}`; add it with `peerflow link db add`, or see `peerflow link db list`" =>
        "没有数据库连接 `{name}`；请用 `peerflow link db add` 添加，或查看 `peerflow link db list`";
    "there is no file link `{name}`; add it with `peerflow link file add`, or see `peerflow link file list`" =>
        "没有文件连接 `{name}`；请用 `peerflow link file add` 添加，或查看 `peerflow link file list`";
    "there is no database link `{name}` (did you mean {names}?); add it with `peerflow link db add`, or see `peerflow link db list`" =>
        "没有数据库连接 `{name}`（是不是想写 {names}？）；请用 `peerflow link db add` 添加，或查看 `peerflow link db list`";
    "there is no file link `{name}` (did you mean {names}?); add it with `peerflow link file add`, or see `peerflow link file list`" =>
        "没有文件连接 `{name}`（是不是想写 {names}？）；请用 `peerflow link file add` 添加，或查看 `peerflow link file list`";
    "there is a database link {name} already; update it, or choose another name" =>
        "已有数据库连接 {name}；请更新它，或换一个名称";
    "there is a file link {name} already; update it, or choose another name" =>
        "已有文件连接 {name}；请更新它，或换一个名称";
    "database link {name} was changed or deleted by somebody else meanwhile; try again" =>
        "数据库连接 {name} 其间被他人修改或删除；请重试";
    "file link {name} was changed or deleted by somebody else meanwhile; try again" =>
        "文件连接 {name} 其间被他人修改或删除；请重试";
    "database link {name} is named by workflow {names}; change them first, or delete it all the same by force" =>
        "工作流 {names} 在用数据库连接 {name}；请先修改它们，或用 --force 强制删除";
    "file link {name} is named by workflow {names}; change them first, or delete it all the same by force" =>
        "工作流 {names} 在用文件连接 {name}；请先修改它们，或用 --force 强制删除";
    "names database link {name}, which is not there yet; add it with `peerflow link db add`" =>
        "用到数据库连接 {name}，但它还不存在；请用 `peerflow link db add` 添加";
    "names file link {name}, which is not there yet; add it with `peerflow link file add`" =>
        "用到文件连接 {name}，但它还不存在；请用 `peerflow link file add` 添加";
    "it names database link {name}, which is not there; add it with `peerflow link db add`" =>
        "它用到数据库连接 {name}，但它不存在；请用 `peerflow link db add` 添加";
    "it names file link {name}, which is not there; add it with `peerflow link file add`" =>
        "它用到文件连接 {name}，但它不存在；请用 `peerflow link file add` 添加";
    "there are {most:number} links, the most a cluster may have; delete some that nobody uses" =>
        "已有 {most} 个连接，达到集群上限；请删除不用的";
    "the file link local always exists: the disks of the node that runs the action; choose another name" =>
        "文件连接 local 始终存在：即执行动作的节点的磁盘；请换一个名称";
    "give the new link a name" => "请给新连接一个名称";
    "the path and the body name two links; a link is renamed by adding another one and deleting the old one" =>
        "路径和请求体写的是两个连接；要改名，请添加新的并删除旧的";
    "too many links are tried at once; try again in a moment" => "同时测试的连接太多；请稍后再试";
    "there are links of the kinds db and file, not {kind:quoted}" => "连接只有 db 和 file 两类，没有 {kind}";
    "cannot keep the passwords of links: {why:message}" => "无法保存连接的密码：{why}";
}
