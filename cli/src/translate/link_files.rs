//! What is said of `config/db_links.xml` and `config/file_links.xml`: `node/links/src/link_file`.

use super::catalogue::{Texts, texts};

texts! { LINK_FILES
    "database link `{link}`: {error:message}" => "数据库连接 `{link}`：{error}";
    "file link `{link}`: {error:message}" => "文件连接 `{link}`：{error}";
    "database link ``: {error:message}" => "数据库连接：{error}";
    "file link ``: {error:message}" => "文件连接：{error}";
    "database link `{name}` stands here twice, first at {line:number}:{column:number}, which is the one that counts" =>
        "数据库连接 `{name}` 写了两遍，以 {line}:{column} 处的第一个为准";
    "file link `{name}` stands here twice, first at {line:number}:{column:number}, which is the one that counts" =>
        "文件连接 `{name}` 写了两遍，以 {line}:{column} 处的第一个为准";
    "remove or rename one of them" => "请删去其中一个，或给它改名";
    "the file has {length:number} bytes, and {most:number} are the most" => "文件有 {length} 字节，最多 {most} 字节";
    "add further links with `{command}`" => "更多的连接请用 `{command}` 添加";
    "the file is not UTF-8" => "文件不是 UTF-8";
    "save it as UTF-8" => "请存为 UTF-8";
    "the outermost element is not <{name:name}>" => "最外层的元素不是 <{name}>";
    "write <{name:name}> … </{again:name}>" => "请写 <{name}> … </{again}>";
    "only <link> stands here" => "这里只能写 <link>";
    "only <properties> stands in a link" => "连接里只能写 <properties>";
    "the port is no number from 1 to 65535" => "端口不是 1 到 65535 的数字";
    "no attribute of this name is known here" => "这里没有叫这个名称的属性";
    "only properties with a name stand here" => "这里只能写有名称的属性";
    "a property of this name stands above already" => "上面已有同名的属性";
    "the XML is broken here" => "这里的 XML 有错";
    "write &quot; for a quote, &lt; for < and &amp; for & within values, and close what was opened" =>
        "值里的引号请写成 &quot;，< 写成 &lt;，& 写成 &amp;，并结束已经开始的部分";
}
