//! Why an action on a database did not succeed, as the node that ran it says: `node/actions`.

use super::catalogue::{Texts, texts};

texts! { DATABASES
    // Links.
    "database link `{link}`" => "数据库连接 `{link}`";
    "the {kind:name} database of the step itself" => "步骤自带的 {kind} 数据库";
    "database link `{link}`: {error:message}; check its address, then try `{command}`" =>
        "数据库连接 `{link}`：{error}；请检查它的地址，然后用 `{command}` 试一试";
    "database link `{link}`: {error:message}; check its user name and password, then try `{command}`" =>
        "数据库连接 `{link}`：{error}；请检查它的用户名和密码，然后用 `{command}` 试一试";
    "database link `{link}`: {error:message}; check its jdbc-url and properties, then try `{command}`" =>
        "数据库连接 `{link}`：{error}；请检查它的 jdbc-url 和属性，然后用 `{command}` 试一试";
    "the {kind:name} database of the step itself: {error:message}; check the step's address" =>
        "步骤自带的 {kind} 数据库：{error}；请检查步骤里写的地址";
    "the {kind:name} database of the step itself: {error:message}; check the step's user name and password" =>
        "步骤自带的 {kind} 数据库：{error}；请检查步骤里写的用户名和密码";
    "the {kind:name} database of the step itself: {error:message}; check the step's jdbc-url and properties" =>
        "步骤自带的 {kind} 数据库：{error}；请检查步骤里写的 jdbc-url 和属性";
    // Statements.
    "the statements cannot be told apart: {error:message}" => "无法分出各条语句：{error}";
    "there is no statement, only comments; write one or remove the step" =>
        "只有注释，没有语句；请写上语句，或删去这个步骤";
    "statement {number:number} (line {line:number}) on {link:message}: {error:message}; correct the statement" =>
        "{link}上的第 {number} 条语句（第 {line} 行）：{error}；请改正语句";
    "statement {number:number} (line {line:number}) on {link:message}: {error:message}; give its user that right" =>
        "{link}上的第 {number} 条语句（第 {line} 行）：{error}；请给它的用户授权";
    "statement {number:number} (line {line:number}) on {link:message}: {error:message}; look whether the statement was done before you run the step again" =>
        "{link}上的第 {number} 条语句（第 {line} 行）：{error}；再次运行步骤前，请先看语句是否已经完成";
    "statement {number:number} (line {line:number}) on {link:message}: {error:message}; a time limit or a person stopped it on the server" =>
        "{link}上的第 {number} 条语句（第 {line} 行）：{error}；它在服务器上因时限或被人停止";
    // Data monitors.
    "the query of `{name:word}` on {link:message} cannot be read: {error:message}" =>
        "{link}上{name}的查询无法读懂：{error}";
    "the query of `{name:word}` on {link:message} must be one statement, but there are {number:number}" =>
        "{link}上{name}的查询应当是一条语句，却有 {number} 条";
    "the query of `{name:word}` on {link:message} failed: {error:message}; give its user that right" =>
        "{link}上{name}的查询失败：{error}；请给它的用户授权";
    "the query of `{name:word}` on {link:message} failed: {error:message}; correct it, or see to the database" =>
        "{link}上{name}的查询失败：{error}；请改正查询，或查看数据库";
    "the query of `{name:word}` on {link:message} must give one number, but gave no result at all" =>
        "{link}上{name}的查询应当给出一个数字，却没有任何结果";
    "the query of `{name:word}` on {link:message} must give one number, but gave no row" =>
        "{link}上{name}的查询应当给出一个数字，却没有一行";
    "the query of `{name:word}` on {link:message} must give one number, but gave several rows" =>
        "{link}上{name}的查询应当给出一个数字，却给出了多行";
    "the query of `{name:word}` on {link:message} must give one number, but gave {rows:number} rows" =>
        "{link}上{name}的查询应当给出一个数字，却给出了 {rows} 行";
    "the query of `{name:word}` on {link:message} must give one number, but gave {columns:number} columns" =>
        "{link}上{name}的查询应当给出一个数字，却给出了 {columns} 列";
    "the query of `{name:word}` on {link:message} must give one number, but gave nothing" =>
        "{link}上{name}的查询应当给出一个数字，却给出了空值";
    "the query of `{name:word}` on {link:message} must give one number, but gave {value}" =>
        "{link}上{name}的查询应当给出一个数字，却给出了 {value}";
    // Comments.
    "table `{table}` on {link:message} does not exist; correct its name or make it before this step" =>
        "{link}上没有表 `{table}`；请改正表名，或在此步骤之前建表";
    "table `{table}` on {link:message}: {problems:message}" => "{link}上的表 `{table}`：{problems}";
    "there is no column {names}; correct <column-comment>" => "没有列 {names}；请改正 <column-comment>";
    "no comment for column {names}; write <column-comment>, or name a table in `from` that has one" =>
        "列 {names} 没有注释；请写 <column-comment>，或在 `from` 里写上有注释的表";
    "there is no column {unknown}; correct <column-comment>; no comment for column {bare}; write <column-comment>, or name a table in `from` that has one" =>
        "没有列 {unknown}；请改正 <column-comment>；列 {bare} 没有注释；请写 <column-comment>，或在 `from` 里写上有注释的表";
    "the comments of table `{table}` on {link:message} cannot be read: {error:message}; take the step out of the workflow, or name another database" =>
        "无法读取{link}上表 `{table}` 的注释：{error}；请从工作流里去掉这个步骤，或换一个数据库";
    "the comments of table `{table}` on {link:message} cannot be set: {error:message}; take the step out of the workflow, or name another database" =>
        "无法设置{link}上表 `{table}` 的注释：{error}；请从工作流里去掉这个步骤，或换一个数据库";
    "the comments of table `{table}` on {link:message} cannot be read: {error:message}; give its user that right" =>
        "无法读取{link}上表 `{table}` 的注释：{error}；请给它的用户授权";
    "the comments of table `{table}` on {link:message} cannot be set: {error:message}; give its user that right" =>
        "无法设置{link}上表 `{table}` 的注释：{error}；请给它的用户授权";
    "the comments of table `{table}` on {link:message} cannot be read: {error:message}; see to the database, then run the step again" =>
        "无法读取{link}上表 `{table}` 的注释：{error}；请查看数据库，然后再次运行步骤";
    "the comments of table `{table}` on {link:message} cannot be set: {error:message}; see to the database, then run the step again" =>
        "无法设置{link}上表 `{table}` 的注释：{error}；请查看数据库，然后再次运行步骤";
    // How statements are told apart.
    "line {line:number}: a quote {quote} is opened and not closed; add {end} where it ends" =>
        "第 {line} 行：引号 {quote} 没有结束；请在它结束的地方加上 {end}";
    "line {line:number}: a comment {begin} is opened and not closed; add {end} where it ends" =>
        "第 {line} 行：注释 {begin} 没有结束；请在它结束的地方加上 {end}";
    "line {line:number}: DELIMITER must be followed by what separates statements from there on, such as `//`, of at most {limit:number} bytes and without a backslash" =>
        "第 {line} 行：DELIMITER 后面要写此后语句的分隔符，例如 `//`，最多 {limit} 字节，不含反斜杠";
}
