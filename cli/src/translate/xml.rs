//! What the reader of XML says: `node/workflow/src/xml`.

use super::catalogue::{Texts, texts};

texts! { XML
    "an attribute's name should stand here" => "这里应当是属性名";
    "a blank is missing between two attributes" => "两个属性之间缺少空格";
    "write one before this name" => "请在这个名称前写一个空格";
    "attribute {name:name} stands here twice" => "属性 {name} 写了两遍";
    "more than {most:number} attributes" => "属性超过 {most} 个";
    "remove some" => "请删去一些";
    "attribute {name:name} has no value" => "属性 {name} 没有值";
    "the value of attribute {name:name} is not in quotes" => "属性 {name} 的值没有加引号";
    "the value of attribute {name:name} is not closed" => "属性 {name} 的值没有结束";
    "write {quote:name} at its end" => "请在末尾写 {quote}";
    "write &amp; for an ampersand, or put the text into <![CDATA[ … ]]>" =>
        "& 请写成 &amp;，或把文字放进 <![CDATA[ … ]]>";
    "write {number:name}; XML knows only &lt; &gt; &amp; &quot; &apos; and numbers" =>
        "请写 {number}；XML 只认识 &lt; &gt; &amp; &quot; &apos; 和字符编号";
    "unknown entity &{name:name};" => "未知的实体 &{name};";
    "&{name:name}; is no character" => "&{name}; 不是字符";
    "write a character's number, such as &#160; or &#xA0;" => "请写字符编号，例如 &#160; 或 &#xA0;";
    "the control character {character:name} cannot stand in XML" => "XML 里不能有控制字符 {character}";
    "remove it, or save the file as UTF-8 if it is in another encoding" => "请删去它；文件若是别的编码，请存为 UTF-8";
    "< cannot stand in an attribute value" => "属性值里不能有 <";
    "write &lt; for it, or close the value with a quote before" => "请写成 &lt;，或在前面用引号结束属性值";
    "& cannot stand alone in an attribute value" => "属性值里不能单独出现 &";
    "& cannot stand alone in text" => "文字里不能单独出现 &";
    "a document type definition (DTD) is refused" => "不接受文档类型定义（DTD）";
    "remove <!DOCTYPE …>; write entities as numbers, such as &#160;" =>
        "请删去 <!DOCTYPE …>；实体请写成编号，例如 &#160;";
    "remove <!DOCTYPE …>" => "请删去 <!DOCTYPE …>";
    r#"a document begins with <work-flow name="…">"# => r#"文档以 <work-flow name="…"> 开头"#;
    r#"a document begins with <work-flow name="…"> or <coordinator name="…">"# =>
        r#"文档以 <work-flow name="…"> 或 <coordinator name="…"> 开头"#;
    "text outside the outermost element" => "最外层元素之外有文字";
    "a second outermost element <{name:name}>" => "出现了第二个最外层元素 <{name}>";
    "a document has one; put each into a file of its own" => "一个文档只有一个；请各放进一个文件";
    "<{name} is no element" => "<{name} 不是元素";
    "write &lt; for a less-than sign" => "小于号请写成 &lt;";
    "elements nest deeper than {deepest:number}" => "元素嵌套超过 {deepest} 层";
    "close elements before opening others" => "请先结束元素，再开始别的元素";
    "</{name:name}> closes nothing" => "</{name}> 没有对应的开始";
    "remove it, or open the element before" => "请删去它，或在前面写元素的开始";
    "</{name:name}> where </{expected:name}> was expected, which opened at {line:number}:{column:number}" =>
        "此处应为 </{expected}>（开始于 {line}:{column}），却是 </{name}>";
    "write </{name:name}> before it" => "请在它前面写 </{name}>";
    "the encoding {encoding} is not read" => "不支持编码 {encoding}";
    r#"save the file as UTF-8 and write encoding="UTF-8""# => r#"请把文件存为 UTF-8，并写 encoding="UTF-8""#;
    "write </{name:name}> where it ends" => "请在它结束的地方写 </{name}>";
    "<{name:name}> is never closed" => "<{name}> 没有结束";
    "the document is empty" => "文档是空的";
    "<! begins neither a comment nor CDATA" => "<! 开头的既不是注释也不是 CDATA";
    "write <!-- … --> or <![CDATA[ … ]]>" => "请写 <!-- … --> 或 <![CDATA[ … ]]>";
    "a processing instruction is never closed" => "处理指令没有结束";
    "the XML declaration is never closed" => "XML 声明没有结束";
    "a comment is never closed" => "注释没有结束";
    "a CDATA section is never closed" => "CDATA 段没有结束";
    "a tag is never closed" => "标签没有结束";
    "an attribute value is never closed" => "属性值没有结束";
    "write {mark:name} where it ends" => "请在它结束的地方写 {mark}";
    "write > where it ends, or &lt; for a less-than sign" => "请在它结束的地方写 >；小于号请写成 &lt;";
}
