//! Why a node cannot take its place in a cluster, or serve its API to others: `node/src/config`, `node/src/cluster/bind.rs`,
//! `node/src/http`, `gossip`.

use super::catalogue::{Texts, texts};

texts! { JOINING
    // The secret.
    "a cluster of several nodes needs the cluster's secret: `peerflow cluster secret > FILE`, keep FILE readable by peerflow's user only, and name it in cluster.secret_file (--secret-file) on every node" =>
        "多个节点的集群需要集群密钥：运行 `peerflow cluster secret > 文件`，只让 peerflow 的用户能读这个文件，并在每个节点的 cluster.secret_file（--secret-file）里写上它";
    "an address that others reach needs the cluster's secret: `peerflow cluster secret > FILE`, keep FILE readable by peerflow's user only, and name it in cluster.secret_file (--secret-file) on every node; or listen on 127.0.0.1" =>
        "别人能访问的地址需要集群密钥：运行 `peerflow cluster secret > 文件`，只让 peerflow 的用户能读这个文件，并在每个节点的 cluster.secret_file（--secret-file）里写上它；或者监听 127.0.0.1";
    "{path}: the cluster secret has {count:number} characters and must have at least {least:number}; `peerflow cluster secret` prints a good one" =>
        "{path}：集群密钥有 {count} 个字符，至少应有 {least} 个；`peerflow cluster secret` 会给出一个好的";
    "cannot make a secret: the operating system gives no random numbers" => "无法生成密钥：操作系统没有给出随机数";
    "it is larger than 64KiB, which no secret is" => "它超过 64KiB，不会是密钥";
    "the secret file {path} can be read or changed by other users of this machine (mode {mode:number}); run `chmod 600` on it" =>
        "本机其他用户能读取或更改密钥文件 {path}（权限 {mode}）；请对它运行 `chmod 600`";
    // Addresses in the configuration.
    "a name of 1 to {most:number} bytes is wanted" => "名称应有 1 到 {most} 字节";
    "gossip.listen and rpc.listen are off, so no peer can be met; give them addresses" =>
        "gossip.listen 和 rpc.listen 都关闭了，遇不到其他节点；请给它们地址";
    "rpc.listen is on, and a peer needs both; give it an address" => "rpc.listen 已打开，而节点两者都需要；请给它地址";
    "gossip.listen is on, and a peer needs both; give it an address" => "gossip.listen 已打开，而节点两者都需要；请给它地址";
    "gossip listens on UDP port {port:number} too; choose another" => "gossip 也监听 UDP 端口 {port}；请换一个";
    "{address:name} stands for every address of this machine, and it has none that peers can reach; name the one to tell them" =>
        "{address} 代表本机的所有地址，而其中没有其他节点能访问的；请写明要告诉它们的那一个";
    r#"{text:quoted} is no address; write it like "etl-1:8091""# => r#"{text} 不是地址；请写成 "etl-1:8091" 这样"#;
    r#"{text:quoted} names no port; write it like "etl-1:8091""# => r#"{text} 没有写端口；请写成 "etl-1:8091" 这样"#;
    "{text:quoted} names port 0; name the one that is reached" => "{text} 写了端口 0；请写能访问的端口";
    "{text:quoted} is no address that can be reached; name the machine's own" => "{text} 不是能访问的地址；请写本机自己的地址";
    "peers on other machines, such as the seed {seed:name}, cannot be reached from a socket on loopback; set gossip.listen and rpc.listen (--gossip, --rpc) to an address of this machine, or to 0.0.0.0" =>
        "从回环地址上连不到其他机器上的节点，例如种子 {seed}；请把 gossip.listen 和 rpc.listen（--gossip、--rpc）设为本机的地址，或 0.0.0.0";
    // Sockets for peers.
    "cannot take a place in the cluster: {why:message}" => "无法加入集群：{why}";
    "the address {address:name} that peers are told cannot be looked up: {why:message}; set {key:key} to one that can" =>
        "告诉其他节点的地址 {address} 无法解析：{why}；请把 {key} 设为能解析的地址";
    "there is no such host" => "没有这个主机";
    "cannot listen for peers on {address:name}; choose another rpc.listen" =>
        "无法在 {address} 上等待其他节点；请换一个 rpc.listen";
    "cannot listen for peers on {address:name}; choose another rpc.listen: {error:message}" =>
        "无法在 {address} 上等待其他节点；请换一个 rpc.listen：{error}";
    "cannot make this node's certificate: {error:message}" => "无法生成此节点的证书：{error}";
    "cannot set up TLS: {error:message}" => "无法准备 TLS：{error}";
    "a node id has 1 to {most:number} bytes and {node:quoted} has {length:number}; shorten node.id" =>
        "节点编号应有 1 到 {most} 字节，{node} 有 {length} 字节；请缩短 node.id";
    "gossip cannot listen on {address:name}/udp; stop what uses it, or set another address" =>
        "gossip 无法在 {address}/udp 上监听；请停止占用它的程序，或换一个地址";
    "gossip cannot listen on {address:name}/udp; stop what uses it, or set another address: {error:message}" =>
        "gossip 无法在 {address}/udp 上监听；请停止占用它的程序，或换一个地址：{error}";
    "gossip listens on {address:name}, which peers cannot send to, and no address of this machine was found; set the address that peers use (advertise)" =>
        "gossip 监听 {address}，其他节点无法发到这里，也没有找到本机的地址；请设置供其他节点使用的地址（advertise）";
    "peers cannot send to {address:name}; advertise an address of this machine" =>
        "其他节点无法发到 {address}；请用 advertise 公布本机的地址";
    "the node id {node:quoted} must have 1 to 20 bytes and no control characters" =>
        "节点编号 {node} 应有 1 到 20 字节，不含控制字符";
    "the cluster's name must have 1 to {most:number} bytes, it has {length:number}" =>
        "集群名称应有 1 到 {most} 字节，现有 {length} 字节";
    "the gossip interval must be 20 ms to 10 s, it is {length:number} ms" => "gossip 的间隔应为 20 毫秒到 10 秒，现为 {length} 毫秒";
    "the seed {seed:quoted} must be HOST:PORT, such as node1.example:7501 or [fd00::1]:7501" =>
        "种子 {seed} 应写成 主机:端口，例如 node1.example:7501 或 [fd00::1]:7501";
    "there are {count:number} seeds, at most {most:number} are allowed; a few that are mostly up are enough" =>
        "有 {count} 个种子，最多允许 {most} 个；写几个通常在线的就够了";
    "{what:word} is too long for the gossip: {length:number}, at most {most:number}; make it shorter" =>
        "{what}对 gossip 来说太长：{length}，最多 {most}；请缩短它";
    "another node lives under this node's id; give each node an id of its own and start them again" =>
        "另一个节点用着此节点的编号；请给每个节点自己的编号，然后重新启动它们";
    // The API for others.
    "{address:name} can be reached from elsewhere, so callers must bear the cluster's token, and there is no secret that it follows from: name one in cluster.secret_file" =>
        "{address} 可以从别处访问，因此调用者必须带上集群的令牌，却没有可以得出令牌的密钥：请在 cluster.secret_file 里写上密钥文件";
    "the token is not this cluster's; `peerflow cluster token` prints it on any of its nodes" =>
        "令牌不属于此集群；在集群的任一节点上运行 `peerflow cluster token` 可以得到它";
    "send the cluster's token as Authorization: Bearer TOKEN; `peerflow cluster token` prints it on any of its nodes" =>
        "请把集群的令牌放在 Authorization: Bearer TOKEN 里；在集群的任一节点上运行 `peerflow cluster token` 可以得到它";
    "this port speaks HTTPS; write https:// before the peer's address" => "此端口使用 HTTPS；请在节点地址前写 https://";
    "cannot serve HTTPS: {why:message}" => "无法提供 HTTPS：{why}";
    "{path} is larger than 1MiB; name a file with nothing but the certificates or the key" =>
        "{path} 超过 1MiB；请写只含证书或密钥的文件";
    "{path} is no PEM file: {why:message}" => "{path} 不是 PEM 文件：{why}";
    "a section has no end; is the file cut?" => "有一段没有结尾；文件是不是被截断了？";
    "a line that begins a section is broken" => "某一段开头的行是坏的";
    "a section is no base64" => "有一段不是 base64";
    "it is not understood" => "无法读懂";
    "{path} holds no certificate; http.tls_cert wants the node's certificate and those between it and its authority, as PEM" =>
        "{path} 里没有证书；http.tls_cert 应是此节点的证书及其与颁发机构之间的证书，PEM 格式";
    "{path} holds no private key; http.tls_key wants one as PEM: PKCS#8, RSA or EC" =>
        "{path} 里没有私钥；http.tls_key 应是 PEM 格式的私钥：PKCS#8、RSA 或 EC";
    "the key in {path} is encrypted; decrypt it: openssl pkey -in {again} -out FILE" =>
        "{path} 里的密钥是加密的；请解密：openssl pkey -in {again} -out 文件";
    "the key in {key} is not that of the first certificate in {cert}" => "{key} 里的密钥与 {cert} 里的第一个证书不配";
    "{cert} and {key} cannot be used: {why:message}" => "{cert} 与 {key} 无法使用：{why}";
}
