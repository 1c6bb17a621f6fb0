//! What is wrong with places with files: `node/links/files`.

use super::catalogue::{Texts, texts};

texts! { FILE_SYSTEMS
    // This node's own.
    "cannot read {path} on this node: it is a directory; name a file in it" =>
        "无法读取此节点上的 {path}：它是目录；请写其中的文件";
    "cannot read {path} on this node: it is a pipe; name a file, and have what comes through the pipe written into it" =>
        "无法读取此节点上的 {path}：它是管道；请写文件，并让管道里的内容先写入文件";
    "cannot read {path} on this node: it is a socket; name a file" => "无法读取此节点上的 {path}：它是套接字；请写文件";
    "cannot read {path} on this node: it is a device; name a file" => "无法读取此节点上的 {path}：它是设备；请写文件";
    "cannot write {path} on this node: it is a directory; name a file in it" =>
        "无法写入此节点上的 {path}：它是目录；请写其中的文件";
    "cannot write {path} on this node: it is a device or a pipe; name a file" =>
        "无法写入此节点上的 {path}：它是设备或管道；请写文件";
    "cannot read the file {path} on this node: {error:message}" => "无法读取此节点上的文件 {path}：{error}";
    "cannot write the file {path} on this node: {error:message}" => "无法写入此节点上的文件 {path}：{error}";
    "{error:message}; free some room, or write elsewhere" => "{error}；请腾出空间，或写到别处";
    "{error:message}; have the user's quota raised, free some room, or write elsewhere" =>
        "{error}；请提高用户的配额、腾出空间，或写到别处";
    "{error:message}; raise the limit on the size of files, or write several" =>
        "{error}；请提高文件大小的限制，或写成几个文件";
    // Servers.
    "cannot read {path} on {server:message}: it is a directory; name a file in it" =>
        "无法读取{server}上的 {path}：它是目录；请写其中的文件";
    "cannot read {path} on {server:message}: it is a pipe, a socket or a device; name a file" =>
        "无法读取{server}上的 {path}：它是管道、套接字或设备；请写文件";
    "cannot write {path} on {server:message}: it is no file; name one" => "无法写入{server}上的 {path}：它不是文件；请写文件";
    "cannot read the file {path} on {server:message}: {error:message}" => "无法读取{server}上的文件 {path}：{error}";
    "cannot write the file {path} on {server:message}: {error:message}" => "无法写入{server}上的文件 {path}：{error}";
    "cannot write the file {path} on {server:message}: no room is left on the disk of {directory}; free some, or write elsewhere" =>
        "无法写入{server}上的文件 {path}：{directory} 所在的磁盘没有空间了；请腾出空间，或写到别处";
    "the SFTP server {place:name}" => "SFTP 服务器 {place}";
    "the FTP server {place:name}" => "FTP 服务器 {place}";
    "cannot reach {server:message}: {error:message}; check host and port, and that it runs" =>
        "连不上{server}：{error}；请检查主机和端口，以及它是否运行";
    "it does not answer within {time:number} s" => "它在 {time} 秒内没有应答";
    "it does not answer" => "它没有应答";
    "{server:message} does not answer: {what:message} took longer than {time:number} s" =>
        "{server}没有应答：{what}超过了 {time} 秒";
    "connecting" => "连接";
    "agreeing on keys" => "协商密钥";
    "{server:message} does not let the user `{user}` in: tried {tried}; check the user, and that the server knows the key or the password" =>
        "{server}不让用户 `{user}` 登录：试过 {tried}；请检查用户，以及服务器是否认识这个密钥或密码";
    "{server:message} does not let the user `{user}` in: tried {tried}; the server takes {methods}; check the user, and that the server knows the key or the password" =>
        "{server}不让用户 `{user}` 登录：试过 {tried}；服务器接受 {methods}；请检查用户，以及服务器是否认识这个密钥或密码";
    "{server:message} does not let the user `{user}` in: the link has no password, key file or agent to try; check the user, and that the server knows the key or the password" =>
        "{server}不让用户 `{user}` 登录：连接没有可试的密码、密钥文件或代理；请检查用户，以及服务器是否认识这个密钥或密码";
    "{server:message} does not let the user `{user}` in: the link has no password, key file or agent to try; the server takes {methods}; check the user, and that the server knows the key or the password" =>
        "{server}不让用户 `{user}` 登录：连接没有可试的密码、密钥文件或代理；服务器接受 {methods}；请检查用户，以及服务器是否认识这个密钥或密码";
    "{server:message} does not let the user `{user}` in: {said}; check the user and the password" =>
        "{server}不让用户 `{user}` 登录：{said}；请检查用户和密码";
    "{server:message} lets the user `{user}` in, but not use SFTP; ask who runs it to allow the subsystem `sftp`" =>
        "{server}让用户 `{user}` 登录，但不让他使用 SFTP；请管理者允许子系统 `sftp`";
    "cannot use the private key {path}: it is encrypted; give the link its passphrase" =>
        "无法使用私钥 {path}：它是加密的；请给连接写上口令";
    "cannot use the private key {path}: {error:message}; it has to be a private key that OpenSSH can use" =>
        "无法使用私钥 {path}：{error}；它必须是 OpenSSH 能用的私钥";
    "cannot use the private key {path}: {error:message}; check its passphrase" => "无法使用私钥 {path}：{error}；请检查口令";
    "cannot use the private key {path}: {error:message}" => "无法使用私钥 {path}：{error}";
    // Whom to trust.
    "nothing is known of the server {host}, which shows the host key {kind:name} {key:name}; compare that with what `ssh-keygen -l` says on the server, then set it as the link's host key, or add the key with `{command}`, or allow the link to accept the first use" =>
        "不认识服务器 {host}，它出示的主机密钥是 {kind} {key}；请与服务器上 `ssh-keygen -l` 的输出核对，然后设为连接的 host-key，或用 `{command}` 加入，或允许连接接受首次使用";
    "the host key of {host} is not the one that is trusted: it shows {kind:name} {key:name}, but {expected}; either the server was set up anew, or somebody stands between; ask who runs it, and only then {then}" =>
        "{host} 的主机密钥不是所信任的：它出示 {kind} {key}，而 {expected}；要么服务器是重新安装的，要么中间有人；请先问管理者，然后才 {then}";
    "the host key of {host}, {key:name}, is marked as revoked in {file}: somebody else may have it; ask who runs the server for a new one" =>
        "{host} 的主机密钥 {key} 在 {file} 里标为已吊销：可能已落入他人之手；请向管理者要新的";
    "`{key}` is no fingerprint of a host key; it is `SHA256:` and 43 characters, as `{command}` says on the server" =>
        "`{key}` 不是主机密钥的指纹；指纹是 `SHA256:` 加 43 个字符，服务器上 `{command}` 会显示";
    "this build does not know such links; take one that is built with the cargo feature `{feature}`" =>
        "此程序没有这种连接；请用带 cargo 特性 `{feature}` 编译的";
}
