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
    "there is no database link `{name}`: its entry was passed over: {file}:{why:document}" =>
        "没有数据库连接 `{name}`：它的条目被略过：{file}:{why}";
    "there is no file link `{name}`: its entry was passed over: {file}:{why:document}" =>
        "没有文件连接 `{name}`：它的条目被略过：{file}:{why}";
    "there is no database link `{name}`; links may be missing, since their file is broken: {file}:{why:document}" =>
        "没有数据库连接 `{name}`；文件有错，可能缺少连接：{file}:{why}";
    "there is no file link `{name}`; links may be missing, since their file is broken: {file}:{why:document}" =>
        "没有文件连接 `{name}`；文件有错，可能缺少连接：{file}:{why}";
    "there is no database link `{name}`; links may be missing, since their file is broken: {file}: it cannot be read: {why:message}" =>
        "没有数据库连接 `{name}`；文件有错，可能缺少连接：无法读取 {file}：{why}";
    "there is no file link `{name}`; links may be missing, since their file is broken: {file}: it cannot be read: {why:message}" =>
        "没有文件连接 `{name}`；文件有错，可能缺少连接：无法读取 {file}：{why}";
    "it is a directory, a pipe or a device" => "它是目录、管道或设备";
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
    // Of one link.
    "file link `{link}`" => "文件连接 `{link}`";
    "database link `{link}`: {error:message}" => "数据库连接 `{link}`：{error}";
    "file link `{link}`: {error:message}" => "文件连接 `{link}`：{error}";
    "database link ``: {error:message}" => "数据库连接：{error}";
    "file link ``: {error:message}" => "文件连接：{error}";
    "the {kind:name} database of the step itself: {error:message}" => "步骤自带的 {kind} 数据库：{error}";
    "database link `{name}` cannot be read now: {why:message}" => "现在读不到数据库连接 `{name}`：{why}";
    "file link `{name}` cannot be read now: {why:message}" => "现在读不到文件连接 `{name}`：{why}";
    // Its secrets.
    "the secrets of {link:message} were sealed with another key ({why:message}), so {names:message} cannot be read any more; give it anew with `{command}`, or give one up with --remove-property NAME" =>
        "{link}的机密是用另一个密钥加密的（{why}），再也读不出 {names}；请用 `{command}` 重新给出，或用 --remove-property 名称 放弃";
    "the secrets of {link:message} were changed in the store or belong to another link, so {names:message} cannot be read any more; give it anew with `{command}`, or give one up with --remove-property NAME" =>
        "{link}的机密在存储里被改动，或属于另一个连接，再也读不出 {names}；请用 `{command}` 重新给出，或用 --remove-property 名称 放弃";
    "the password and every secret property" => "密码和所有机密属性";
    "the cluster's secret or name changed, or the node had no secret at that time" =>
        "集群的密钥或名称变了，或节点当时没有密钥";
    "the key file of links is a new one, or the node had a secret at that time" =>
        "连接的密钥文件是新的，或节点当时有集群密钥";
    "if {link:message} had secrets beside its password, they could not be read any more and are gone; give each anew with --secret NAME=FILE" =>
        "{link}除密码外若还有机密，它们再也读不出，已经丢失；请用 --secret 名称=文件 逐个重新给出";
    "the secrets of {link:message} were sealed by a newer version of this program; upgrade this node" =>
        "{link}的机密由更新版本的程序加密；请升级此节点";
    "the secrets of {link:message} have more than {most:number} KiB together; put keys and certificates into files" =>
        "{link}的机密合计超过 {most} KiB；密钥和证书请放进文件";
    "cannot seal the secrets of {link:message}: the operating system gives no random numbers" =>
        "无法加密{link}的机密：操作系统不给随机数";
    "cannot read the key file of links {path}: {error:message}" => "无法读取连接的密钥文件 {path}：{error}";
    "cannot make the key file of links {path}: {error:message}" => "无法建立连接的密钥文件 {path}：{error}";
    "the key file of links {path} is not one: it has {length:number} bytes, not 32; bring it back from a copy, or remove it and enter the secrets of all links again" =>
        "连接的密钥文件 {path} 不对：它有 {length} 字节，而不是 32；请从副本恢复，或删去它并重新输入所有连接的机密";
    // Trials.
    "connected: no files lie in / itself" => "已连接：/ 里没有文件";
    "connected: 1 file lies in / itself" => "已连接：/ 里有 1 个文件";
    "connected: {count:number} files lie in / itself" => "已连接：/ 里有 {count} 个文件";
    "connected: {server}" => "已连接：{server}";
    "no answer within {time:number} s; check host and port, and whether a firewall stands between" =>
        "{time} 秒内没有应答；请检查主机和端口，以及中间是否有防火墙";
    "database link `{link}`: {error:message}; check host and port of the jdbc-url, and whether the server is up and lets this node in" =>
        "数据库连接 `{link}`：{error}；请检查 jdbc-url 里的主机和端口，以及服务器是否运行并允许此节点连接";
    "database link `{link}`: {error:message}; check username and password of the link" =>
        "数据库连接 `{link}`：{error}；请检查连接的用户名和密码";
    "database link `{link}`: {error:message}; check the jdbc-url and properties of the link" =>
        "数据库连接 `{link}`：{error}；请检查连接的 jdbc-url 和属性";
    "database link `{link}`: {error:message}; the server was reached; check the database in the jdbc-url and the user's rights" =>
        "数据库连接 `{link}`：{error}；服务器可达；请检查 jdbc-url 里的数据库和用户的权限";
    "database link `{link}`: {error:message}; the server ended it; try again" =>
        "数据库连接 `{link}`：{error}；是服务器结束的；请重试";
    "file link `{link}`: {error:message}; check host and port of the link, and whether the server is up and lets this node in" =>
        "文件连接 `{link}`：{error}；请检查连接的主机和端口，以及服务器是否运行并允许此节点连接";
    "file link `{link}`: {error:message}; check username, password and keys of the link" =>
        "文件连接 `{link}`：{error}；请检查连接的用户名、密码和密钥";
    "file link `{link}`: {error:message}; compare its host key with the server's before you trust it" =>
        "文件连接 `{link}`：{error}；信任之前请与服务器的主机密钥核对";
    "file link `{link}`: {error:message}; check type and properties of the link" =>
        "文件连接 `{link}`：{error}；请检查连接的类型和属性";
    "file link `{link}`: {error:message}; the server was reached; check the user's rights on /" =>
        "文件连接 `{link}`：{error}；服务器可达；请检查用户对 / 的权限";
    "file link `{link}`: {error:message}; the server was reached; see its own log" =>
        "文件连接 `{link}`：{error}；服务器可达；请看服务器自己的日志";
    // Databases, where they say more than their servers.
    "{said}: user name and password are right, but this user may not use that database, or there is none of the name" =>
        "{said}：用户名和密码没错，但这个用户不能用那个数据库，或没有这个名称的数据库";
    "cannot reach {place:name}: {error:message}" => "连不上 {place}：{error}";
    "cannot keep the passwords of links: {why:message}" => "无法保存连接的密码：{why}";
}
