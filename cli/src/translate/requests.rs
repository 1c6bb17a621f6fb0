//! What the API says of requests, and why nobody can decide: `node/src/http` and `node/src/scheduler`.

use super::catalogue::{Texts, texts};

texts! { REQUESTS
    // Titles, where there is no detail.
    "the request makes no sense" => "请求没有意义";
    "a valid token is needed" => "需要有效的令牌";
    "the request is refused" => "请求被拒绝";
    "there is nothing of that name" => "没有这个名称";
    "there is no such page" => "没有这个页面";
    "the page does not take this method" => "此页面不接受这个方法";
    "the request came too slowly" => "请求来得太慢";
    "its state does not allow that now" => "当前状态不允许";
    "the request is too large" => "请求过大";
    "the body has the wrong type" => "请求体的类型不对";
    "that cannot be done" => "无法执行";
    "parameters are missing" => "缺少参数";
    "the key belongs to another request" => "此幂等键属于另一个请求";
    "a limit is reached" => "已达上限";
    "this is a fault of peerflow" => "这是 peerflow 的缺陷";
    "too much is asked at once" => "同时请求太多";
    "nobody can decide that now" => "目前没有谁能决定";
    "the store does not answer" => "存储没有应答";
    // Access.
    "the request has no Host header; send HTTP/1.1 with the peer's address in Host" =>
        "请求没有 Host 头；请用 HTTP/1.1，并在 Host 里写节点地址";
    "a web page of another origin may not use this API; open the page from this peer itself" =>
        "其他来源的网页不能使用此接口；请从这个节点本身打开页面";
    "the Host header must name this machine's loopback: localhost, 127.0.0.1 or [::1]" =>
        "Host 头必须是本机回环地址：localhost、127.0.0.1 或 [::1]";
    // Requests that cannot be read.
    "a name in the path is not percent-encoded UTF-8" => "路径里的名称不是百分号编码的 UTF-8";
    "a name in the path has a zero byte" => "路径里的名称含有零字节";
    "the query does not fit: {reason:message}" => "查询参数不合适：{reason}";
    "there is no query parameter {name:quoted}; {help:message}" => "没有查询参数 {name}；{help}";
    "did you mean {name}?" => "是不是想写 {name}？";
    "this page takes none" => "此页面没有查询参数";
    "known here: {names}" => "这里可以写：{names}";
    "an Idempotency-Key is one text of 1 to {most:number} ASCII characters" =>
        "Idempotency-Key 应是一段 1 到 {most} 个 ASCII 字符的文字";
    "send JSON as Content-Type: application/json" => "请以 Content-Type: application/json 发送 JSON";
    "the body has no Content-Type; send JSON as application/json" =>
        "请求体没有 Content-Type；请以 application/json 发送 JSON";
    "the body must be a JSON object" => "请求体必须是 JSON 对象";
    "the body does not fit: {error:message}" => "请求体不合适：{error}";
    "send the document as Content-Type: application/xml" => "请以 Content-Type: application/xml 发送文档";
    "the body has more than {limit:number} bytes, the limit of this page" => "请求体超过此页面的上限 {limit} 字节";
    "the body stopped coming; send it again" => "请求体中途停了；请重新发送";
    "the body broke off: {error:message}" => "请求体中断：{error}";
    "attachments is no list of files: {error:message}" => "attachments 不是文件列表：{error}";
    "tail and follow do not go together; follow with a cursor" => "tail 与 follow 不能同时用；请用游标接着读";
    "visit and attempt go together, and with step" => "visit 与 attempt 要同时给出，并与 step 一起用";
    "{text:quoted} is no cursor of a log; use the next of the page before" =>
        "{text} 不是日志的游标；请用上一页的 next";
    "{text:quoted} is no place to go on from: use the cursor of the page before" =>
        "{text} 不是可以接着读的位置：请用上一页的游标";
    "the cursor is none of this list; use the next of the page before" => "游标不属于这个列表；请用上一页的 next";
    "level is {text:quoted}; known are DEBUG, INFO, WARN and ERROR" =>
        "level 是 {text}；可以写 DEBUG、INFO、WARN、ERROR";
    "format is {text:quoted}; known are text, jsonl and json" => "format 是 {text}；可以写 text、jsonl、json";
    "tail is {lines:number}; give a number from 1 to {most:number}" => "tail 是 {lines}；请给 1 到 {most} 的数";
    "limit is {count:number}; give a number from 1 to {most:number}" => "limit 是 {count}；请给 1 到 {most} 的数";
    "{name:name} is {text:quoted}; write a day (2026-11-20), a local time (2026-11-20T01:00:00) or RFC 3339" =>
        "{name} 是 {text}；请写日期（2026-11-20）、本地时间（2026-11-20T01:00:00）或 RFC 3339";
    "{name:name} is {text:quoted}; write a day as 2026-11-20" => "{name} 是 {text}；日期请写成 2026-11-20";
    "status has {text:quoted}; known are waiting, running, succeeded, failed and killed" =>
        "status 里有 {text}；可以写 waiting、running、succeeded、failed、killed";
    "the clock is out of range: {error:message}" => "时钟超出范围：{error}";
    // Too much, or a fault.
    "too many requests are under way; try again in a second" => "正在处理的请求太多；请一秒后再试";
    "too many requests wait for the scheduler; try again in a second" => "等待调度的请求太多；请一秒后再试";
    "too many streams are followed; close one or ask another peer" => "同时跟随的流太多；请关掉一个，或换一个节点";
    "the request hit a fault of this program; its log tells more" => "请求碰到程序的缺陷；详见节点的日志";
    "the scheduler's answer does not fit the request; this is a fault of this program" =>
        "调度的应答与请求不符；这是程序的缺陷";
    "this Idempotency-Key was used for another request; use a new one" =>
        "这个 Idempotency-Key 已用于另一个请求；请换一个";
    "the answer kept for this Idempotency-Key cannot be read: {error:message}" =>
        "读不了为这个 Idempotency-Key 保留的应答：{error}";
    "the scheduler did not answer in time; what was asked may still happen: look before asking again, or repeat with the same Idempotency-Key" =>
        "调度没有及时应答；所求之事仍可能发生：请先查看再重试，或用同一个 Idempotency-Key 重发";
    "the scheduler did not answer in time: {why:message}; what was asked may still happen: look before asking again, or repeat with the same Idempotency-Key" =>
        "调度没有及时应答：{why}；所求之事仍可能发生：请先查看再重试，或用同一个 Idempotency-Key 重发";
    "mastership changed meanwhile, so what was asked may or may not have happened: look before asking again, or repeat with the same Idempotency-Key" =>
        "其间更换了主节点，所求之事也许发生了，也许没有：请先查看再重试，或用同一个 Idempotency-Key 重发";
    "nothing of what was asked was done: {reason:message}" => "所求之事都没有做：{reason}";
    // Nobody can decide.
    "no master is known yet; try again in a moment" => "还没有主节点；请稍后再试";
    "there is no master" => "没有主节点";
    "this node is starting" => "此节点正在启动";
    "this node is stopping" => "此节点正在停止";
    "this node has stopped" => "此节点已停止";
    "this node is stopping; ask another peer" => "此节点正在停止；请换一个节点";
    "the lease is lost" => "租约已丢失";
    "the lease could not be renewed in time" => "没能及时续租";
    "cannot renew the lease: the store does not answer in time" => "无法续租：存储没有及时应答";
    "the new epoch cannot be remembered: {why:message}" => "无法记住新的任期：{why}";
    "cannot read the state to go on from: {why:message}" => "无法读取要接续的状态：{why}";
    "ready; {master} is master" => "已就绪；主节点是 {master}";
    // The store.
    "the store did not answer in time; try again in a moment" => "存储没有及时应答；请稍后再试";
    "the store did not take it in time; try again in a moment" => "存储没有及时写入；请稍后再试";
    "the store does not answer in time" => "存储没有及时应答";
    "the store has not answered a commit for 2 s" => "存储已有 2 秒没有应答提交";
    "the store is in trouble: {why:message}" => "存储有故障：{why}";
    "the store at {store:name} does not answer: {reason:message}" => "存储 {store} 没有应答：{reason}";
    "the store refuses a commit: {why:message}" => "存储拒绝提交：{why}";
    "the outcome of a commit is unknown: {why:message}" => "不知道提交的结果：{why}";
    "the lease of epoch {epoch:number} is not ours any more: {loss:message}; the store has epoch {stored:number}, commit {found:number}, expected {expected:number}" =>
        "任期 {epoch} 的租约已不属于此节点：{loss}；存储里是任期 {stored}、提交 {found}，应为 {expected}";
    "node {node:name} took the lease with epoch {epoch:number}" => "节点 {node} 以任期 {epoch} 取得了租约";
    "the lease of epoch {epoch:number} was released" => "任期 {epoch} 的租约已被放弃";
    "the store went back to epoch {epoch:number}: it was restored, or a lagging replica took its place" =>
        "存储回到了任期 {epoch}：它被恢复过，或由落后的副本顶替";
    "the lease ran out before it was renewed" => "租约在续租之前到期";
    "the store's {table} holds a row that cannot be read: {reason:message}" =>
        "存储的 {table} 表里有一行读不了：{reason}";
    "cannot bring the store's schema from version {from:number} to {to:number}: {reason:message}" =>
        "无法把存储的表结构从版本 {from} 升到 {to}：{reason}";
    "another node has been at it for a minute: look at that one, then start again" =>
        "另一个节点已经做了一分钟：请查看那个节点，然后再启动";
    "its {name:name} schema was made by a newer peerflow: start that version or a later one" =>
        "它的 {name} 表结构由更新的 peerflow 建立：请启动那个版本或更新的版本";
    "no connection within {time:number} s" => "{time} 秒内没有连上";
    "no answer within {time:number} s" => "{time} 秒内没有应答";
    "all connections to it are busy" => "所有连接都在忙";
    "it was closed" => "它已关闭";
    "the connection is gone" => "连接断了";
    "the row is gone" => "那一行不见了";
}
