//! What the operating system and the network say, as far as it stands in messages of nodes and of this program.

use super::catalogue::{Texts, texts};

texts! { SYSTEM
    "Connection refused (os error {number:number})" => "连接被拒绝（os error {number}）";
    "Connection reset by peer (os error {number:number})" => "连接被对方重置（os error {number}）";
    "Connection timed out (os error {number:number})" => "连接超时（os error {number}）";
    "No route to host (os error {number:number})" => "没有到主机的路由（os error {number}）";
    "Network is unreachable (os error {number:number})" => "网络不可达（os error {number}）";
    "Broken pipe (os error {number:number})" => "管道已断（os error {number}）";
    "Address already in use (os error {number:number})" => "地址已被占用（os error {number}）";
    "Cannot assign requested address (os error {number:number})" => "本机没有这个地址（os error {number}）";
    "No such file or directory (os error {number:number})" => "没有这个文件或目录（os error {number}）";
    "Permission denied (os error {number:number})" => "没有权限（os error {number}）";
    "Not a directory (os error {number:number})" => "不是目录（os error {number}）";
    "Is a directory (os error {number:number})" => "是目录（os error {number}）";
    "File exists (os error {number:number})" => "文件已存在（os error {number}）";
    "Read-only file system (os error {number:number})" => "文件系统只读（os error {number}）";
    "No space left on device (os error {number:number})" => "设备上没有空间了（os error {number}）";
    "Too many open files (os error {number:number})" => "打开的文件太多（os error {number}）";
    "No space left on device" => "设备上没有空间了";
    "error communicating with database: {why:message}" => "与数据库通信出错：{why}";
    "No such file or directory" => "没有这个文件或目录";
    "Permission denied" => "没有权限";
    "nothing was heard for {time:number} s" => "已有 {time} 秒没有动静";
    "the peer stopped" => "节点已停止";
    "deadline has elapsed" => "超过时限";
    "operation timed out" => "操作超时";
    "connection closed before message completed" => "应答还没完整，连接就断了";
    "failed to lookup address information: {why}" => "无法解析主机名：{why}";
    "end of file before message length reached" => "数据没有收完连接就断了";
    "error reading a body from connection" => "读取应答时连接断了";
    "unexpected EOF during chunk size line" => "应答中途连接断了";
}
