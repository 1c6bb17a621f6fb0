//! Messages of instances, steps and attempts that the engine writes, and what they wait for.

use super::catalogue::{Texts, texts};

texts! { STEPS
    // How a run ends.
    "step {name:quoted} failed" => "步骤 {name} 失败";
    "step {name:quoted} failed: {why:message}" => "步骤 {name} 失败：{why}";
    "step {name:quoted} timed out after {time:number} s" => "步骤 {name} 运行超过 {time} 秒，已超时";
    "timed out after {time:number} s" => "运行超过 {time} 秒，已超时";
    "reached kill step {name:quoted}" => "到达 kill 步骤 {name}";
    "killed by a user" => "被用户杀死";
    "killed while it waited" => "在等待时被杀死";
    "killed" => "被杀死";
    "instance ended" => "实例已结束";
    "instance ended: {why:message}" => "实例已结束：{why}";
    "instance ended; {why:message}" => "实例已结束；{why}";
    "nothing runs, is queued or waits, and no end was reached" => "没有步骤在运行、排队或等待，却没有到达 end";
    "more than {most:number} tokens at once, at step {name:quoted}; put a join after its forks" =>
        "同时超过 {most} 个分支，在步骤 {name}；请在 fork 之后放一个 join";
    "step {name:quoted} is skipped and leads back to itself with nothing to run on the way" =>
        "步骤 {name} 被跳过，又通回它自己，途中没有可运行的步骤";
    "joins wait only for each other: {names}" => "这些汇合（join）只在互相等待：{names}";
    "skipped by is-ignore" => "因 is-ignore 而跳过";
    "skipped by --skip" => "因 --skip 而跳过";
    // Tries.
    "try {number:number} failed" => "第 {number} 次尝试失败";
    "try {number:number} failed: {why:message}" => "第 {number} 次尝试失败：{why}";
    "refused by {node:name}: {why:message}" => "被节点 {node} 拒绝：{why}";
    "nothing waits for it any more" => "已没有实例在等它";
    "this node takes no more attempts" => "此节点不再接受任务";
    "this node has no free slot" => "此节点没有空闲槽位";
    "its epoch {epoch:number} is over: this node has seen {seen:number}" => "它的任期 {epoch} 已过：此节点见过 {seen}";
    "it is meant for another life of this node" => "它是发给此节点上一次运行的";
    "not dispatched: the lease ran out meanwhile" => "没有派发：其间租约已到期";
    "the code that runs a task broke" => "运行任务的代码出了错";
    "the code that runs the task broke, which is a bug in peerflow: {error:message}" =>
        "运行任务的代码出了错，这是 peerflow 的缺陷：{error}";
    // Lost nodes.
    "node {node:name} is lost" => "节点 {node} 已失联";
    "node {node:name} is lost; released by an operator" => "节点 {node} 已失联；由操作员放行";
    "node {node:name} is lost; given up by an operator" => "节点 {node} 已失联；由操作员放弃";
    "run again by an operator" => "由操作员再次运行";
    "lost {times:number} times with its node; the last time: {why:message}" => "随节点失联 {times} 次；最后一次：{why}";
    "{why:message}; held for an operator: release it or let it fail" => "{why}；等待操作员处理：放行，或让它失败";
    "its node is lost; it is held until an operator releases it" => "它的节点已失联；等待操作员放行";
    // Reruns and takeovers.
    "the recovery goes on here" => "从这里恢复运行";
    "kept from run {run:number}" => "保留自第 {run} 次运行";
    "kept from run {run:number}: {why:message}" => "保留自第 {run} 次运行：{why}";
    "cannot go on after a change of master: {why:message}" => "更换主节点后无法继续：{why}";
    "run {run:name} is {status:word} and cannot go on" => "运行 {run} 的状态是{status}，无法继续";
    "step {name:quoted} is not in the workflow" => "工作流里没有步骤 {name}";
    "visit {visit:name} is {status:word}, which does not fit its step or its attempts" =>
        "访问 {visit} 的状态是{status}，与它的步骤或尝试不符";
    "its document is a coordinator" => "它的文档是调度器";
    "its document is a workflow" => "它的文档是工作流";
    "its workflow's document is not in the store" => "存储里没有它的工作流文档";
    // Waiting.
    "waits for its turn under the workflow's instance limit" => "在工作流的实例上限下排队等待";
    "waits in the queue of its workflow for its turn under instance-limit" => "在工作流的 instance-limit 下排队等待";
    "waits for a free slot" => "等待空闲槽位";
    "waits for a node" => "等待节点";
    "waits for node {node:name}, which is draining" => "等待节点 {node}，它正在排空";
    "waits for node {node:name}, which is dead" => "等待节点 {node}，它已离线";
    "waits until {time} for its next try" => "等到 {time} 再次尝试";
    "waits for further arrivals; {count:number} so far" => "等待其他分支到达；已到 {count} 个";
    "{why:message} for 60 s" => "{why}，已有 60 秒";
    "{why:message}; fails in 60 s" => "{why}；60 秒后失败";
    "no known node is called {host}" => "没有名为 {host} 的节点";
    "no known node is called {host} and carries label {label}" => "没有名为 {host} 且带标签 {label} 的节点";
    "no known node is called {host} and carries labels {labels}" => "没有名为 {host} 且带标签 {labels} 的节点";
    "no known node carries label {label}" => "没有带标签 {label} 的节点";
    "no known node carries labels {labels}" => "没有带标签 {labels} 的节点";
    // What a coordinator waits for.
    "nothing: it is disabled" => "不等待：已停用";
    "nothing: it runs only when asked" => "不等待：只在要求时运行";
    "its next time, {time}" => "下次时间 {time}";
    "no time: its schedule names none any more" => "没有时间：时间安排里已没有下一次";
    "the success of {names}" => "{names} 成功";
    "the registration of {names}" => "登记 {names}";
    // The fate of scheduled times.
    "a later time took its place" => "被后来的时刻取代";
    "the coordinator no longer starts it" => "调度器不再启动它";
    "workflow {name} is not registered" => "没有登记工作流 {name}";
    "missed: no master was up, and misfire is skip" => "已错过：当时没有主节点，misfire 为 skip";
    "missed: no master was up; the latest time fires" => "已错过：当时没有主节点；由最近的时刻触发";
    "missed: no master was up; the latest 1000 times fire" => "已错过：当时没有主节点；由最近的 1000 个时刻触发";
    "missed (store restored)" => "已错过（存储恢复到了从前）";
    "the coordinator was reset" => "调度器被重置";
    "the coordinator was disabled" => "调度器被停用";
    "the coordinator was removed" => "调度器被移除";
    "the coordinator was deleted" => "调度器被删除";
    "the workflow was deleted" => "工作流被删除";
    "its schedule was changed" => "时间安排已更改";
    // Mail.
    "what it tells of is not kept any more" => "它所说的内容已不再保留";
}
