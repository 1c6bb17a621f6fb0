//! What can be wrong with the URL of a database: `node/links/src/jdbc`.

use super::catalogue::{Texts, texts};

texts! { LINK_URLS
    "jdbc-url: {what:message}: write it like {form}" => "jdbc-url 有误：{what}：请写成 {form} 的样子";
    "jdbc-url: {why:message}" => "jdbc-url 有误：{why}";
    "the URL is empty" => "URL 是空的";
    "the URL has {length:number} bytes, and {most:number} are the most" => "URL 有 {length} 字节，最多 {most} 字节";
    "a control character or line break stands in the URL: remove it" => "URL 里有控制字符或换行：请删去";
    "the URL does not say what kind of database it leads to" => "URL 没有说明是哪种数据库";
    "databases of the kind are not known: {help:message}" => "没有这种数据库：{help}";
    "databases of the kind `{kind}` are not known: {help:message}" => "没有 `{kind}` 这种数据库：{help}";
    // Hosts and ports.
    "// is missing before the host" => "主机前缺少 //";
    "@ is missing before the host" => "主机前缺少 @";
    "the host is missing" => "缺少主机";
    "host and service must both be named" => "主机和服务都要写";
    "thin: is missing behind oracle:" => "oracle: 后缺少 thin:";
    "neither a service (host:port/service) nor a SID (host:port:SID) stands behind the host" =>
        "主机后既没有服务（host:port/service），也没有 SID（host:port:SID）";
    "descriptions in the form (DESCRIPTION=…) are not understood" => "不认识 (DESCRIPTION=…) 形式的描述";
    "hosts in the form address=(host=…)(port=…) are not understood" => "不认识 address=(host=…)(port=…) 形式的主机";
    "jdbc:hive: is that of the first HiveServer, which is gone" => "jdbc:hive: 属于第一代 HiveServer，它已不存在";
    "the URL names servers of ZooKeeper, which are not asked; name a HiveServer2 itself (`beeline` shows where it connected)" =>
        "URL 写的是 ZooKeeper 服务器，不会去问它们；请写 HiveServer2 本身（`beeline` 会显示连到了哪里）";
    "a ] is missing behind the address of the host" => "主机地址后缺少 ]";
    "behind the ] of the host only :port may stand" => "主机的 ] 后只能写 :端口";
    "what stands between [ and ] is no address of IPv6" => "[ 与 ] 之间不是 IPv6 地址";
    "what stands between [ and ], `{host}`, is no address of IPv6" => "[ 与 ] 之间的 `{host}` 不是 IPv6 地址";
    "the host has several colons; an address of IPv6 stands in brackets, such as [::1]:3306, and @ : / in a password are written %40 %3A %2F" =>
        "主机里有几个冒号；IPv6 地址要写在方括号里，例如 [::1]:3306，密码里的 @ : / 要写成 %40 %3A %2F";
    "what stands as the host is no name of a host" => "主机处写的不是主机名";
    "what stands as the host, `{host}`, is no name of a host" => "主机处写的 `{host}` 不是主机名";
    "what stands as the port is no port from 1 to 65535" => "端口处写的不是 1 到 65535 的端口";
    "what stands as the port, `{port}`, is no port from 1 to 65535" => "端口处写的 `{port}` 不是 1 到 65535 的端口";
    "the name of the database has a / in it" => "数据库名里有 /";
    "the name of the database `{name}` has a / in it" => "数据库名 `{name}` 里有 /";
    "an @ stands behind the host: in a user's name or password write %2F for /, %3F for ?, %23 for # and %40 for @" =>
        "主机后面有 @：用户名或密码里的 / 请写成 %2F，? 写成 %3F，# 写成 %23，@ 写成 %40";
    "a # stands in the URL, which means nothing there: write %23 for it" => "URL 里有 #，在那里没有意义：请写成 %23";
    // Properties.
    "a property has no proper name" => "有一个属性的名称不对";
    "a property `{name}` has no proper name" => "属性 `{name}` 的名称不对";
    "an attribute has no proper name" => "有一个属性的名称不对";
    "an attribute `{name}` has no proper name" => "属性 `{name}` 的名称不对";
    "an attribute without a value stands at the end: write NAME=value, and {{…}} around a value that holds ;" =>
        "末尾的属性没有值：请写 NAME=值，含 ; 的值要用 {{…}} 括起";
    "a value that begins with {{ does not end with }}: write }}}} for a }} within it" =>
        "以 {{ 开头的值没有以 }} 结束：值里的 }} 请写成 }}}}";
    "the name of the data source (DSN) is missing" => "缺少数据源名（DSN）";
    "neither a data source (DSN) nor a DRIVER is named" => "既没有写数据源（DSN），也没有写 DRIVER";
    "a % in the URL is not followed by two hexadecimal digits: write %25 for a percent sign" =>
        "URL 里的 % 后面不是两个十六进制数字：百分号请写成 %25";
    "what stands behind % in the URL is not UTF-8: write each byte of the character, such as %C3%A9 for é" =>
        "URL 里 % 表示的不是 UTF-8：请逐字节写出字符，例如 é 写成 %C3%A9";
    "what stands behind % in the URL is a control character: remove it" => "URL 里 % 表示的是控制字符：请删去";
    // Files of SQLite.
    "a database of SQLite in memory is gone with each connection; name a file" =>
        "SQLite 的内存数据库会随每个连接消失；请写文件";
    "a database within a Java archive cannot be opened; name a file" => "无法打开 Java 归档里的数据库；请写文件";
    "the path is that of a directory; name a file" => "这个路径是目录；请写文件";
    "the path has a ? in it; rename the file" => "路径里有 ?；请给文件改名";
}
