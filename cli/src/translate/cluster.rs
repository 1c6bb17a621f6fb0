//! What nodes say of each other, and why one of them cannot be asked or go: `node/src/cluster`, `node/src/scheduler`,
//! `node/wire`, and the cluster's settings.

use super::catalogue::{Texts, texts};

texts! { CLUSTER
    // Another node is asked.
    "{why:message}; ask again in a moment" => "{why}；请稍后再问";
    "node {node:name} is not known to be alive" => "不知道节点 {node} 是否在线";
    "node {node:name} tells no address for other nodes" => "节点 {node} 没有给出供其他节点使用的地址";
    "node {node:name} cannot be reached at {address:name}: {why:message}" => "在 {address} 连不上节点 {node}：{why}";
    "node {node:name} is not known here; ask again" => "这里不认识节点 {node}；请再问一次";
    "node {node:name} was asked, and then {why:message}: what was asked may or may not have happened; look before asking again, or repeat with the same Idempotency-Key" =>
        "已向节点 {node} 提出请求，随后{why}：所求之事也许发生了，也许没有；请先查看再重试，或用同一个 Idempotency-Key 重发";
    "it did not answer in time" => "它没有及时应答";
    "this cannot be asked through another node" => "此事不能由其他节点转交";
    "this node does not know what was asked; upgrade it" => "此节点不懂所求之事；请升级它";
    "node {node:name} speaks for node {master:name}" => "节点 {node} 替节点 {master} 说话";
    "{master:name} is master now; ask again" => "现在的主节点是 {master}；请再问一次";
    "another node is becoming master" => "另一个节点正在成为主节点";
    "this node is leaving and becomes no master any more" => "此节点正在离开，不再成为主节点";
    // Nodes that go.
    "node {node:name} is not alive, so it cannot be asked to go" => "节点 {node} 不在线，无法让它离开";
    "off and move exclude each other; give one of them" => "off 与 move 不能同时用；请只给其中一个";
    "node {node:name} leaves once its tasks have ended" => "节点 {node} 会在它的任务结束后离开";
    "node {node:name} leaves, and its tasks run again elsewhere" => "节点 {node} 正在离开，它的任务会在别处重跑";
    "node {node:name} stays" => "节点 {node} 留下";
    "all {count:number} nodes stop" => "全部 {count} 个节点都在停止";
    "not every node could be told to stop: {why:message}" => "没能通知所有节点停止：{why}";
    "its node leaves the cluster; the task runs again elsewhere" => "它的节点离开集群；任务会在别处重跑";
    "no master was reachable for as long as this node may run tasks by itself (worker.lease); the task runs again once one is" =>
        "此节点可以自行运行任务的时间（worker.lease）之内一直连不上主节点；有了主节点后会重跑任务";
    "waits for node {node:name}, which cannot be reached" => "等待节点 {node}，现在连不上它";
    "the grant it belongs to is over" => "它所属的许可已到期";
    "its epoch is over: this node has seen epoch {epoch:number}" => "它的任期已过：此节点见过任期 {epoch}";
    "its node stops; the task runs again elsewhere" => "它的节点停止；任务会在别处重跑";
    "its definition is not in the store any more" => "存储里已没有它的定义";
    "its definition is a coordinator, not a workflow" => "它的定义是调度器，不是工作流";
    "its definition is refused by this node's version of peerflow: {wrong:document}" =>
        "此节点的 peerflow 版本不接受它的定义：{wrong}";
    "its definition has no step {step}, as this node reads it" => "按此节点的理解，它的定义里没有步骤 {step}";
    "it does not answer in time" => "它没有及时应答";
    "this master gave it up" => "这个主节点放弃了它";
    "this peer has too many connections" => "这个节点的连接太多";
    "its definition cannot be read from the store: {why:message}" => "无法从存储读取它的定义：{why}";
    "visit {visit:name} waited for a slot and cannot be assigned" => "访问 {visit} 在等待槽位，无法分派";
    // The store went back.
    "the store went back (found out at {time:name}, epoch {epoch:number}): {steps:number} steps and {instances:number} waiting instances may have run since and wait for an operator: release or kill each, or release all" =>
        "存储回到了从前（发现于 {time}，任期 {epoch}）：有 {steps} 个步骤和 {instances} 个等待中的实例其间可能已经运行过，正等待操作员：请逐个放行或杀死，或全部放行";
    "the store went back (found out at {time:name}, epoch {epoch:number}): what may have run since is held until an operator releases or kills it; see the instances that are running or waiting" =>
        "存储回到了从前（发现于 {time}，任期 {epoch}）：其间可能已经运行过的都在等待操作员放行或杀死；请查看运行中和等待中的实例";
    "another node lives under the id {node:name} at {address:name}: give each its own node.id and data directory" =>
        "另一个节点在 {address} 用着同一个标识 {node}：请给每个节点各自的 node.id 和数据目录";
    "the store went back: this may have run since" => "存储回到了从前：其间它可能已经运行过";
    "the store went back: this may have run since; held for an operator: release it or kill it" =>
        "存储回到了从前：其间它可能已经运行过；等待操作员处理：放行，或杀死它";
    "{why:message}, and the store went back" => "{why}，并且存储回到了从前";
    "given up by an operator after the store went back" => "存储回到了从前，由操作员放弃";
    "given up by an operator" => "由操作员放弃";
    "instance {id:name} is not held" => "实例 {id} 并不在等待操作员";
    "no instance {id:name} waits" => "没有等待中的实例 {id}";
    "instance {id:name} is queued again" => "实例 {id} 已重新排队";
    "{steps:number} held steps and {instances:number} waiting instances run again" =>
        "{steps} 个等待操作员的步骤和 {instances} 个等待中的实例将再次运行";
    "{steps:number} held steps and {instances:number} waiting instances are given up" =>
        "已放弃 {steps} 个等待操作员的步骤和 {instances} 个等待中的实例";
    "{steps:number} held steps of instance {id:name} run again" => "实例 {id} 有 {steps} 个等待操作员的步骤将再次运行";
    "{steps:number} held steps of instance {id:name} are given up" => "已放弃实例 {id} 的 {steps} 个等待操作员的步骤";
    "{steps:number} held steps may still run on nodes that are away: make sure that they do not, then release each" =>
        "有 {steps} 个等待操作员的步骤可能还在连不上的节点上运行：请先确认它们没有运行，再逐个放行";
    // Settings of the cluster, and documents that somebody else changed.
    "there is no cluster-wide setting {key:quoted}; did you mean {like:quoted}?" =>
        "集群没有 {key} 这个设置；是不是想写 {like}？";
    "there is no cluster-wide setting {key:quoted}; there are {names}" => "集群没有 {key} 这个设置；可以写：{names}";
    "no setting {key}" => "没有 {key} 这个设置";
    "{key:key} is {value} now" => "{key} 现为 {value}";
    "{key:key} is never now" => "{key} 现为从不";
    "node.timezone: {why:message}" => "设置 node.timezone：{why}";
    "election.ttl: {why:message}" => "设置 election.ttl：{why}";
    "election.renew_every: {why:message}" => "设置 election.renew_every：{why}";
    "worker.lease: {why:message}" => "设置 worker.lease：{why}";
    "cron_runner.reset: {why:message}" => "设置 cron_runner.reset：{why}";
    "cron_runner.plan: {why:message}" => "设置 cron_runner.plan：{why}";
    "email.node_retry_fail_times: {why:message}" => "设置 email.node_retry_fail_times：{why}";
    "retention.instances: {why:message}" => "设置 retention.instances：{why}";
    "retention.logs: {why:message}" => "设置 retention.logs：{why}";
    "{value} is out of range; give {least} to {most}" => "{value} 超出范围；请给 {least} 到 {most}";
    "{value:quoted} is no number from 0 (never) to {most:number}" => "{value} 不是 0（从不）到 {most} 的数";
    "{ttl} is less than twice election.renew_every, which is {renew}: one slow renewal would cost the mastership" =>
        "{ttl} 小于 election.renew_every（{renew}）的两倍：一次慢的续租就会丢掉主节点身份";
    "{why:document}; leave it empty for never" => "{why}；留空表示从不";
    "{why:message}; leave it empty for never" => "{why}；留空表示从不";
    "{name} was registered or deleted by somebody else meanwhile; look at it and try again" =>
        "其间别人登记或删除了 {name}；请查看后重试";
    // Connections between nodes.
    "cannot reach {node:name} at {address:name}: {why:message}" => "在 {address} 连不上节点 {node}：{why}";
    "no answer within {time:number} s; is it up, and does UDP pass?" => "{time} 秒内没有应答；它在运行吗？UDP 通吗？";
    "{address:name} is no peer of this cluster: the secret or the cluster's name differs ({detail}); give both nodes the same cluster.name and cluster.secret_file" =>
        "{address} 不属于此集群：密钥或集群名称不同（{detail}）；请让两个节点的 cluster.name 和 cluster.secret_file 一致";
    "{address:name} is node {found:name} and not {expected:name}; check the addresses that the nodes advertise" =>
        "{address} 是节点 {found}，不是 {expected}；请检查各节点对外公布的地址";
    "{node:name} at {address:name} refused the connection: {why:message}" => "{address} 的节点 {node} 拒绝连接：{why}";
    "{node:name} at {address:name} was refused: {why:message}" => "已拒绝 {address} 的节点 {node}：{why}";
    "its certificate is of another node" => "它的证书属于另一个节点";
    "who calls itself {node:name} has the certificate of another node" => "自称 {node} 者用的是另一个节点的证书";
    "what it said is no greeting: {why:message}" => "它说的不是问候：{why}";
    "{one:name} is in cluster {name:quoted} and {other:name} in {its:quoted}; give both the same cluster.name" =>
        "{one} 在集群 {name}，{other} 在 {its}；请让两者的 cluster.name 一致";
    "two nodes bear the id {node:name}; give each a node.id of its own" => "有两个节点都叫 {node}；请给它们不同的 node.id";
    "{one:name} (release {release:name}) speaks versions {least:number} to {most:number} of the protocol and {other:name} (release {its:name}) {from:number} to {to:number}; upgrade the older node, one release after the other" =>
        "{one}（版本 {release}）使用协议版本 {least} 到 {most}，{other}（版本 {its}）使用 {from} 到 {to}；请逐个版本升级较旧的节点";
    "the connection is lost: {why:message}" => "连接断了：{why}";
    "the peer no longer answers" => "对方不再应答";
    "the peer closed it" => "对方关闭了它";
    "the peer closed it: {why:message}" => "对方关闭了它：{why}";
    "the node stops" => "节点停止";
    "this node closed it" => "此节点关闭了它";
    "the peer was started anew" => "对方重新启动了";
    "the peer has as many streams open as it may; try again when some of them ended" =>
        "与对方之间的流已达上限；请等其中一些结束后再试";
    "the peer took nothing for {time:number} s" => "对方已有 {time} 秒没有接收";
    "the peer ended the stream: {why:message}" => "对方结束了流：{why}";
    "the peer ended the stream without an answer" => "对方没有应答就结束了流";
    "it no longer reads or writes it" => "它不再读写";
    "it broke off within a message" => "它在消息中途断开";
    "it did not understand what came; the two nodes' releases may be too far apart" =>
        "它不懂收到的内容；两个节点的版本可能相差太远";
    "it waited too long for the first message" => "它等第一条消息等得太久";
    "code {code:number}, which this release does not know" => "代码 {code}，此版本不认识";
    "it was ended here" => "已在这里结束";
    "it was finished here" => "已在这里完成";
    "this node no longer talks to peers; it is stopping" => "此节点不再与其他节点通信；它正在停止";
    // Messages between nodes.
    "{what:word} of {bytes:number} bytes is larger than the limit of {limit:number}" =>
        "{what}有 {bytes} 字节，超过上限 {limit}";
    "{what:word} grew over the limit of {limit:number} bytes; split it or make it smaller" =>
        "{what}超过上限 {limit} 字节；请拆开或缩小它";
    "{what:word} came as version {version:number} of the protocol and only {least:number} to {most:number} are understood here; upgrade the older of the two nodes" =>
        "{what}用的是协议版本 {version}，这里只懂 {least} 到 {most}；请升级两个节点中较旧的那个";
    "a frame without content came instead of {what:word}" => "收到的不是{what}，而是没有内容的帧";
    "what came is not {what:word}" => "收到的不是{what}";
    "{what:word} is followed by {bytes:number} bytes that do not belong to it" => "{what}后面有 {bytes} 个不属于它的字节";
    "{what:word} broke off after {bytes:number} bytes" => "{what}在 {bytes} 字节后断开";
    "cannot write {what:word}" => "无法写出{what}";
}
