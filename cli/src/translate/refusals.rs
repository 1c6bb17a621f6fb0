//! What the scheduler and the API refuse, and what they say was done: `node/engine` and `node/src/http`.

use super::catalogue::{Texts, texts};

texts! { REFUSALS
    // Nothing of that name.
    "there is no {what:word} {name:quoted}" => "没有名为 {name} 的{what}";
    "there is no run {run:number}; the latest is {latest:number}" => "没有第 {run} 次运行；最近的是第 {latest} 次";
    "there is no instance {id}" => "没有实例 {id}";
    "no workflow {name} is registered; add it with `peerflow workflow add`" =>
        "没有登记工作流 {name}；请用 `peerflow workflow add` 添加";
    "no workflow {name} is registered" => "没有登记工作流 {name}";
    "no coordinator {name} is registered" => "没有登记调度器 {name}";
    "no instance {id:name} is waiting or running" => "没有正在等待或运行的实例 {id}";
    "no run {id:name} is under way" => "没有正在进行的运行 {id}";
    "visit {visit:name} is not held" => "访问 {visit} 并不在等待操作员";
    "there is no page {path:quoted}; /api/v1/openapi.json lists all, and a name with a / is written with %2F" =>
        "没有页面 {path}；全部页面见 /api/v1/openapi.json，名称里的 / 要写成 %2F";
    "{path:quoted} does not take {method:name}; /api/v1/openapi.json tells what it takes" =>
        "{path} 不接受 {method}；它接受什么见 /api/v1/openapi.json";
    // The state does not allow it.
    "{others} depends on workflow {name}; delete or change that first" =>
        "{others} 依赖工作流 {name}；请先删除或更改它们";
    "workflow {others} depends on workflow {name}; delete or change that first" =>
        "工作流 {others} 依赖工作流 {name}；请先删除或更改它们";
    "coordinator {others} depends on workflow {name}; delete or change that first" =>
        "调度器 {others} 依赖工作流 {name}；请先删除或更改它们";
    "{running:number} running and {waiting:number} waiting instances of workflow {name} are not over; kill them or wait" =>
        "工作流 {name} 还有 {running} 个运行中、{waiting} 个等待中的实例；请杀死它们，或等它们结束";
    "instance {id:name} is ending already" => "实例 {id} 已在结束";
    "instance {id:name} is waiting; kill it first" => "实例 {id} 正在等待；请先杀死它";
    "instance {id:name} is running; kill it first" => "实例 {id} 正在运行；请先杀死它";
    "instance {id:name} is not over, or was run again meanwhile; look at it with `peerflow instance info {again:name}`" =>
        "实例 {id} 还没有结束，或其间又运行过；请看 `peerflow instance info {again}`";
    "the document is of workflow {document}, the instance of {instance}" =>
        "文档属于工作流 {document}，实例属于 {instance}";
    "the definition that instance {id:name} ran by is not kept any more; rerun it by the current one" =>
        "实例 {id} 当时所用的定义已不再保留；请按当前定义重跑";
    "run {run:number} left nothing to go on with; rerun it from the start" =>
        "第 {run} 次运行没有留下可以继续的步骤；请从头重跑";
    "step {name:quoted}, where run {run:number} stopped, is not in the workflow any more; rerun it from the start" =>
        "第 {run} 次运行停在步骤 {name}，工作流里已没有它；请从头重跑";
    "the folder {path:quoted} is not empty: move or delete what is in it first" =>
        "目录 {path} 不是空的：请先移走或删除其中的内容";
    "the document of {id:name} is not kept any more" => "{id} 的文档已不再保留";
    // It makes no sense.
    "workflow {name} has no action {steps} to skip; `peerflow workflow info` lists its steps" =>
        "工作流 {name} 没有可跳过的动作 {steps}；`peerflow workflow info` 列出它的步骤";
    "workflow {name} has no <coordinator>; it runs only when asked" =>
        "工作流 {name} 没有 <coordinator>；只在要求时运行";
    "coordinator {name} has no <coordinator>; it runs only when asked" =>
        "调度器 {name} 没有 <coordinator>；只在要求时运行";
    "the workflows downstream of {root} depend on each other in a circle: {names}; disable one of their coordinators" =>
        "{root} 的下游工作流互相依赖成环：{names}；请停用其中一个的调度器";
    "workflow {name}: {why:message}" => "工作流 {name}：{why}";
    "the workflow's document is refused: {wrong:document}" => "工作流的文档不被接受：{wrong}";
    "a parameter's value does not fit: {wrong:document}" => "参数的值不合适：{wrong}";
    "missing parameters: {names}; give them with -p NAME=VALUE or in the coordinator's <param-list>" =>
        "缺少参数：{names}；请用 -p 名称=值 给出，或写在调度器的 <param-list> 里";
    "time zone {name:quoted} is unknown; write an IANA name such as Asia/Shanghai" =>
        "未知的时区 {name}；请写 IANA 名称，例如 Asia/Shanghai";
    "the document has errors" => "文档有错误";
    "the document is refused" => "文档不被接受";
    "line {line:number}, column {column:number}: {wrong:document}" => "第 {line} 行第 {column} 列：{wrong}";
    "line {line:number}, column {column:number}: {wrong:document}; and {more:number} more" =>
        "第 {line} 行第 {column} 列：{wrong}；另有 {more} 处";
    "the registered document cannot be read by this version, register it again: {why:document}" =>
        "此版本读不了已登记的文档，请重新登记：{why}";
    "the document could not be read: a fault of this program" => "无法读取文档：这是程序的缺陷";
    "it is a coordinator's" => "它是调度器的文档";
    "it is a workflow's" => "它是工作流的文档";
    "the path names {path:quoted} and the document {document:quoted}; put it under its own name" =>
        "路径里的名称是 {path}，文档里的是 {document}；请用文档自己的名称";
    "the document is a standalone coordinator's; put it to {path}" => "这是独立调度器的文档；请提交到 {path}";
    "the document is a workflow's; put it to {path}" => "这是工作流的文档；请提交到 {path}";
    "the document is not UTF-8" => "文档不是 UTF-8";
    "the workflow's document attaches no file {path:quoted}; {help:message}" => "工作流的文档没有附件 {path}；{help}";
    "it attaches none; register the document first" => "它没有任何附件；请先登记文档";
    "it has {names}" => "它有 {names}";
    "{path:quoted} has more than {most:number} bytes, the limit of a file" => "{path} 超过文件上限 {most} 字节";
    "the content of {path:quoted} is not here; upload it with stage=true first" =>
        "这里没有 {path} 的内容；请先用 stage=true 上传";
    "{path:quoted} is no folder of the workflow tree: it has . or .." => "{path} 不是工作流树里的目录：含有 . 或 ..";
    "{what:message}, beginning with {start:quoted}, has {bytes:number} bytes: at most {limit:number} can be stored" =>
        "{what}（开头是 {start}）有 {bytes} 字节：最多只能存 {limit}";
    "the workflow's name" => "工作流的名称";
    "the workflow's creator" => "工作流的创建者";
    "the coordinator's name" => "调度器的名称";
    "the coordinator's creator" => "调度器的创建者";
    "the idempotency key" => "幂等键";
    "the step's name" => "步骤的名称";
    "the instance's id" => "实例的编号";
    "the mail's id" => "邮件的编号";
    "the node's id" => "节点的编号";
    "the setting's name" => "设置的名称";
    "the folder" => "目录";
    // What was done.
    "workflow {name} is deleted" => "已删除工作流 {name}";
    "coordinator {name} is deleted" => "已删除调度器 {name}";
    "workflow {name} is reset" => "已重置工作流 {name}";
    "coordinator {name} is reset" => "已重置调度器 {name}";
    "workflow {name} is {switch:word}" => "工作流 {name} 已{switch}";
    "coordinator {name} is {switch:word}" => "调度器 {name} 已{switch}";
    "readiness of {count:number} coordinators is cleared" => "已清除 {count} 个调度器的就绪情况";
    "instance {id:name} is killed" => "已杀死实例 {id}";
    "instance {id:name} is being killed" => "正在杀死实例 {id}";
    "instance {id:name} is deleted" => "已删除实例 {id}";
    "visit {visit:name} runs again" => "访问 {visit} 将再次运行";
    "visit {visit:name} is given up" => "已放弃访问 {visit}";
    "deleted the folder {path}" => "已删除目录 {path}";
    // Notes on registered documents.
    "it depends on {name:quoted}, which is not registered" => "它依赖 {name}，而后者没有登记";
    "it starts {name:quoted}, which is not registered" => "它启动 {name}，而后者没有登记";
    "a workflow {name:quoted} is registered already; registering this one replaces it" =>
        "已经登记了工作流 {name}；登记这一个会取代它";
    "depends on workflow {name}, which is not registered yet" => "依赖工作流 {name}，而后者还没有登记";
    "starts workflow {name}, which is not registered yet" => "启动工作流 {name}，而后者还没有登记";
    "depends on what it starts: {names}; once one succeeds they start each other without end; give one a cron" =>
        "依赖它自己启动的工作流：{names}；一旦有一个成功，它们就会没完没了地互相启动；请给其中一个写上 cron";
    "workflow {name} is registered with other content, which stays: a node's first offer of a file only adds; change the file or add it with `peerflow workflow add`" =>
        "工作流 {name} 已登记为别的内容，保持不变：节点第一次提供文件时只添加；请更改文件，或用 `peerflow workflow add` 添加";
    "coordinator {name} is registered with other content, which stays: a node's first offer of a file only adds; change the file or add it with `peerflow coordinator add`" =>
        "调度器 {name} 已登记为别的内容，保持不变：节点第一次提供文件时只添加；请更改文件，或用 `peerflow coordinator add` 添加";
}
