//! What a link must be like, and what of it does nothing: `node/links/src`.

use super::catalogue::{Texts, texts};

texts! { LINK_SETTINGS
    // Its parts.
    r#"the name is missing: write name="warehouse" or the like"# => r#"缺少名称：请写 name="warehouse" 之类"#;
    "the name has {length:number} bytes, and {most:number} are the most" => "名称有 {length} 字节，最多 {most} 字节";
    "a name has no blanks around it, and no line break or control character in it" =>
        "名称前后不能有空格，其中不能有换行和控制字符";
    r"a name holds none of / \ ? # %: write _ or - instead" => r"名称里不能有 / \ ? # %：请改用 _ 或 -";
    "a line break or control character stands in it: remove it" => "其中有换行或控制字符：请删去";
    "more than {most:number} properties" => "属性超过 {most} 个";
    "one of its texts has {length:number} bytes, and {most:number} are the most" =>
        "其中一项文字有 {length} 字节，最多 {most} 字节";
    "host and port of a database are written into its jdbc-url" => "数据库的主机和端口要写在 jdbc-url 里";
    "a file link has no jdbc-url: write host and port" => "文件连接没有 jdbc-url：请写 host 和 port";
    "the name local is that of each node's own files: choose another" => "名称 local 指各节点自己的文件：请换一个";
    "the name `{name}` is none for a property: letters, digits and _ . - $ : make one" =>
        "`{name}` 不能作属性名：属性名由字母、数字和 _ . - $ : 组成";
    "the name `` is none for a property: letters, digits and _ . - $ : make one" =>
        "属性名不能是空的：属性名由字母、数字和 _ . - $ : 组成";
    "the type is missing: {help:message}" => "缺少类型：{help}";
    "the type {word} is not known: {help:message}" => "没有 {word} 这种类型：{help}";
    "the property {name} means nothing to a link of {system:name}: {help:message}" =>
        "属性 {name} 对 {system} 连接没有意义：{help}";
    "known are {names}" => "可以写 {names}";
    "known are {names}; others are reached as odbc:DSN=…" => "可以写 {names}；其他的用 odbc:DSN=… 连接";
    "remove it, there are none" => "请删去，它没有属性";
    "the bucket is missing: write <property name=\"bucket\">its name</property>" =>
        "缺少存储桶：请写 <property name=\"bucket\">名称</property>";
    "the secret access key is missing: give it as the password" => "缺少 secret access key：请作为密码给出";
    "the host is missing: write host=\"name or address\"" => "缺少主机：请写 host=\"名称或地址\"";
    "the host is not understood: write hdfs://name-node:8020, the name of a name service, or http://name-node:9870 for WebHDFS; a path belongs into the step" =>
        "看不懂主机：请写 hdfs://name-node:8020、名称服务的名称，或 WebHDFS 的 http://name-node:9870；路径要写在步骤里";
    "what stands as the host is none: user and password are given apart, as username and password" =>
        "host 里写的不是主机：用户和密码要分开写，即 username 和 password";
    "the username is missing: write the user who logs in" => "缺少用户名：请写登录的用户";
    "the username is missing: write the user who logs in, or anonymous" => "缺少用户名：请写登录的用户，或 anonymous";
    "the username is missing: write the access key's id" => "缺少用户名：请写 access key 的 id";
    "the value of property {name:name} is not understood: write {expected:message}" =>
        "看不懂属性 {name} 的值：请写 {expected}";
    "true or false" => "true 或 false";
    "none or explicit" => "none 或 explicit";
    "an absolute path, or one that begins with ~/" => "绝对路径，或以 ~/ 开头的路径";
    "an absolute path: this node's user has no home" => "绝对路径：此节点的用户没有主目录";
    "the jdbc-url is missing: write jdbc-url=\"jdbc:mysql://host:3306/database\" or the like" =>
        "缺少 jdbc-url：请写 jdbc-url=\"jdbc:mysql://host:3306/database\" 之类";
    "the type is {word:name}, but the jdbc-url is one of {other:name}: write type=\"{again:name}\", or a URL of {system:name}" =>
        "类型是 {word}，jdbc-url 却是 {other} 的：请写 type=\"{again}\"，或 {system} 的 URL";
    "the jdbc-url names no place of that kind" => "jdbc-url 没有指明这种地方";
    // What this program cannot reach.
    "databases of the type {word:name} are reached through ODBC, and this program was built without it: install unixODBC and the database's driver on the nodes, and build it with `{command}`" =>
        "{word} 类型的数据库通过 ODBC 连接，而此程序编译时没有包含它：请在各节点安装 unixODBC 和数据库的驱动，并用 `{command}` 编译";
    "the name of the ODBC driver is missing: write the property Driver as `{command}` lists it on the nodes" =>
        "缺少 ODBC 驱动名：请写属性 Driver，名称以各节点上 `{command}` 列出的为准";
    "a newer version of this program keeps it, of the type {word}: upgrade this node" =>
        "它由更新版本的程序保存，类型是 {word}：请升级此节点";
    "it is a database, and files are asked for" => "它是数据库，而这里要的是文件";
    "it leads to files, and a database is asked for" => "它通向文件，而这里要的是数据库";
    // What works, but hardly as it was meant.
    "host and username do nothing: the files are those of the node that runs the action" =>
        "host 和 username 不起作用：用的是执行动作的节点上的文件";
    "password and files go over the network in the clear; property encryption=explicit seals them where the server can" =>
        "密码和文件以明文经过网络；服务器支持时，属性 encryption=explicit 可以加密";
    "of several hosts only the first is used: there is no failover and no load balancing" =>
        "多个主机中只用第一个：没有故障转移，也没有负载均衡";
    "the one host is used as it is: there is no failover and no load balancing" =>
        "只用这一个主机：没有故障转移，也没有负载均衡";
    "SQL Server is reached through ODBC: its driver must be installed on the nodes under the name `{driver}`" =>
        "SQL Server 通过 ODBC 连接：各节点必须装有名为 `{driver}` 的驱动";
    "the path is relative to the directory in which each node was started; an absolute one is surer" =>
        "路径相对于各节点启动时所在的目录；绝对路径更可靠";
    "property {name} is not understood for MySQL and left aside" => "MySQL 连接不认识属性 {name}，已忽略";
    "property {name} is not understood for HiveServer2 and left aside" => "HiveServer2 连接不认识属性 {name}，已忽略";
    "the property {name:quoted} does nothing with PostgreSQL links" => "属性 {name} 对 PostgreSQL 连接不起作用";
}
