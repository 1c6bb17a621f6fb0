//! Why a transfer did not succeed, as the node that ran it says: `node/actions/src/work/transfer`, `node/links/text`.

use super::catalogue::{Texts, texts};

texts! { TRANSFERS
    // The database's words, while something was done, and what to do.
    "{link:message}: {doing:message}: {error:message}; look whether the server runs and can be reached, then run the step again" =>
        "{link}：{doing}：{error}；请查看服务器是否运行、能否连上，然后再次运行步骤";
    "{link:message}: {doing:message}: {error:message}; correct the link, or give its user that right" =>
        "{link}：{doing}：{error}；请改正连接，或给它的用户授权";
    "{link:message}: {doing:message}: {error:message}; correct the statement, or the table" =>
        "{link}：{doing}：{error}；请改正语句或表";
    "{link:message}: {doing:message}: {error:message}; correct the value, or the type of the column" =>
        "{link}：{doing}：{error}；请改正数值，或列的类型";
    "{link:message}: {doing:message}: {error:message}; a time limit or a person stopped it on the server" =>
        "{link}：{doing}：{error}；它在服务器上因时限或被人停止";
    "{link:message}: {doing:message}: {error:message}; correct the link or the step" =>
        "{link}：{doing}：{error}；请改正连接或步骤";
    "the source's query" => "来源的查询";
    "making table `{table}`" => "建立表 `{table}`";
    "emptying table `{table}`" => "清空表 `{table}`";
    "looking for table `{table}`" => "查找表 `{table}`";
    "asking for the engine of table `{table}`" => "询问表 `{table}` 的引擎";
    "beginning the transaction" => "开始事务";
    "committing" => "提交";
    "making a staging table" => "建立暂存表";
    "dropping a staging table" => "删除暂存表";
    "looking for staging tables that were left" => "查找遗留的暂存表";
    "moving the rows from the staging table" => "从暂存表移动行";
    "statement {number:number} of <{name:name}> (line {line:number})" => "<{name}> 的第 {number} 条语句（第 {line} 行）";
    "the statements of <{name:name}> cannot be told apart: {error:message}" => "无法分出 <{name}> 的各条语句：{error}";
    "the source's query cannot be read: {error:message}" => "无法读懂来源的查询：{error}";
    "the source must be one table or one query, but has {number:number} statements; what is to be done before goes into a `sql` step" =>
        "来源应当是一个表或一条查询，却有 {number} 条语句；事先要做的请写成 `sql` 步骤";
    "{link:message}: the source's statement gives no rows; write a query or a table's name" =>
        "{link}：来源的语句不给出行；请写查询或表名";
    // Rows and columns.
    "{link:message}: the source has {source:number} column(s) ({names}), table `{table}` has {target:number} ({own}); give as many columns as the table has, in its order" =>
        "{link}：来源有 {source} 列（{names}），表 `{table}` 有 {target} 列（{own}）；请按表的列数和顺序给出";
    "{link:message}: table `{table}` does not exist, and the source has no line that would tell its columns; make the table in <pre>, with CREATE TABLE IF NOT EXISTS" =>
        "{link}：没有表 `{table}`，来源也没有可以看出列的行；请在 <pre> 里用 CREATE TABLE IF NOT EXISTS 建表";
    "row {row:number}: {error:message}" => "第 {row} 行：{error}";
    "row {row:number}, column {column}: {error:message}" => "第 {row} 行 {column} 列：{error}";
    "column {column}: {error:message}" => "{column} 列：{error}";
    "the source gave {read:number} rows, {passed:number} were handed on and the target took {taken:number}; run the step again" =>
        "来源给出 {read} 行，传递了 {passed} 行，目标收到 {taken} 行；请再次运行步骤";
    "a part of the transfer broke off: {error:message}" => "传输的一部分中断：{error}";
    // How it ended.
    "{link:message}: nobody knows whether the rows are in table `{table}`: {why:message}; run the step again, which empties the table first" =>
        "{link}：不知道行是否已在表 `{table}` 里：{why}；请再次运行步骤，它会先清空表";
    "{link:message}: nobody knows whether the rows are in table `{table}`: {why:message}; look there before you run the step again, or they may be there twice" =>
        "{link}：不知道行是否已在表 `{table}` 里：{why}；再次运行步骤前请先查看，否则可能重复";
    "{link:message}: committing: {why:message}; the server has undone it, table `{table}` is as it was; look whether the server runs and can be reached, then run the step again" =>
        "{link}：提交：{why}；服务器已撤销，表 `{table}` 和原来一样；请查看服务器是否运行、能否连上，然后再次运行步骤";
    "{link:message}: {doing:message}: {said:message}; what is written into table `{table}` cannot be undone, so it may hold a part of the rows, all of them or none: look there, and put it in order before you run the step again" =>
        "{link}：{doing}：{said}；写入表 `{table}` 的内容无法撤销，表里可能有一部分行、全部行或没有：请查看并整理，然后再次运行步骤";
    "{link:message}: moving the rows from the staging table: there were {rows:number}, and {moved:number} arrived in table `{table}`; look for triggers or rules of the table that leave out rows or add some" =>
        "{link}：从暂存表移动行：共 {rows} 行，到达表 `{table}` 的有 {moved} 行；请看表的触发器或规则是否丢弃或增加了行";
    "{why:message} during commit" => "提交时{why}";
    "{why:message}; its rows were in place already, <after> was not run" => "{why}；行已经到位，没有运行 <after>";
    "the rows are in place; {why:message}" => "行已经到位；{why}";
    "the file is in place; {why:message}" => "文件已经到位；{why}";
    "{link:message}: the connection cannot be used any more; run the step again" => "{link}：连接已不能用；请再次运行步骤";
    "the command of <{name:name}> failed: {why:message}" => "<{name}> 的命令失败：{why}";
    // Files.
    "file link `{link}`: no file fits `{path}`; correct the path, or wait for the files with a `file-monitor` step" =>
        "文件连接 `{link}`：没有文件匹配 `{path}`；请改正路径，或用 `file-monitor` 步骤等待文件";
    "file link `{link}`: /{path}: {error:message}" => "文件连接 `{link}`：/{path}：{error}";
    "file link `{link}`: {path}: reading broke off: {error:message}" => "文件连接 `{link}`：{path}：读取中断：{error}";
    "file link `{link}`: {path}: cannot write: {error:message}" => "文件连接 `{link}`：{path}：无法写入：{error}";
    "file link `{link}`: {path}: cannot be put in its place: {error:message}" => "文件连接 `{link}`：{path}：无法放到位：{error}";
    "{why:message}; file link `{link}`: {path}: nobody knows whether the new file is in its place already" =>
        "{why}；文件连接 `{link}`：{path}：不知道新文件是否已经到位";
    "file link `{link}`: {path}, line {line:number}: {error:message}" => "文件连接 `{link}`：{path} 第 {line} 行：{error}";
    "file link `{link}`: {path}, line {line:number}, column {column:name}: {error:message}" =>
        "文件连接 `{link}`：{path} 第 {line} 行 {column} 列：{error}";
    "file link `{link}`: {path}, line {line:number}, column {column:name}: value `{value}`: {error:message}" =>
        "文件连接 `{link}`：{path} 第 {line} 行 {column} 列，值 `{value}`：{error}";
    "file link `{link}`: {path}, line {line:number}, column {column:name}: value NULL: {error:message}" =>
        "文件连接 `{link}`：{path} 第 {line} 行 {column} 列，值为 NULL：{error}";
    "the line has {found:number} columns, {expected:number} are expected; correct the line, or the delimiter" =>
        "这一行有 {found} 列，应有 {expected} 列；请改正这一行或分隔符";
    "a quote is opened here and not closed; double the quotes within a value" =>
        "这里的引号没有结束；值里的引号请写两遍";
    "something follows a closing quote; double the quotes within a value" => "引号结束后还有内容；值里的引号请写两遍";
    "{error:message}; a quote or a line end may be missing" => "{error}；可能缺少引号或换行";
}
