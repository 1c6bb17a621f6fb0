//! The catalogue of labels and messages: each in English and in Chinese, side by side, so that none can be missing in
//! one language.

use std::fmt::Display;

use crate::language::Language;

/// Each line makes a method of [`Language`]: its arguments, the English text, the Chinese text. Both texts may use
/// every argument; one that names another does not compile.
macro_rules! catalogue {
    ($($name:ident($($argument:ident),*) => $english:literal, $chinese:literal;)*) => {
        impl Language {
            $(
                pub(crate) fn $name(self $(, $argument: impl Display)*) -> String {
                    match self {
                        Self::English => format!($english),
                        Self::Chinese => format!($chinese),
                    }
                }
            )*
        }

        /// Name, English and Chinese text of every entry, for the tests.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $chinese)),*];
    };
}

// How things stand.
catalogue! {
    waiting() => "waiting", "等待";
    running() => "running", "运行中";
    succeeded() => "succeeded", "成功";
    failed() => "failed", "失败";
    killed() => "killed", "杀死";
    pending() => "pending", "待运行";
    skipped() => "skipped", "跳过";
    lost() => "lost", "失联";
    rows_so_far(rows, rate) => "{rows} rows, {rate} rows/s", "{rows} 行，每秒 {rate} 行";
    attempt(number) => "try {number}", "第 {number} 次尝试";
    alive() => "alive", "正常";
    draining() => "draining", "排空中";
    dead() => "dead", "离线";
    reachable() => "reachable", "可达";
    unreachable() => "unreachable", "不可达";
    ready() => "ready", "就绪";
    not_ready() => "not ready", "未就绪";
    not_registered() => "not registered", "未登记";
    yes() => "yes", "是";
    no() => "no", "否";
    none() => "none", "无";
    done() => "done", "完成";
    trigger_cron() => "cron", "定时";
    trigger_dependency() => "dependency", "依赖";
    trigger_trigger() => "trigger", "触发";
    trigger_blood() => "blood", "血缘触发";
    trigger_run() => "run", "单独运行";

    // Labels.
    label_address() => "Address", "地址";
    label_alarm() => "Alarm", "警报";
    label_answered_by() => "Answered by", "应答节点";
    label_coordinator() => "Coordinator", "调度器";
    label_created() => "Created", "创建时间";
    label_creator() => "Creator", "创建者";
    label_day() => "Day", "日期";
    label_description() => "Description", "描述";
    label_downstream() => "Downstream", "下游";
    label_enabled() => "Enabled", "启用";
    label_end_time() => "Not after", "截止时间";
    label_ended() => "Ended", "结束时间";
    label_epoch() => "Epoch", "任期";
    label_files() => "Files", "附件";
    label_fired_at() => "Last fired", "上次触发";
    label_folder() => "Folder", "目录";
    label_gossip() => "Gossip", "Gossip 地址";
    label_held_time() => "Held time", "暂缓的时刻";
    label_http() => "HTTP", "HTTP 地址";
    label_id() => "Id", "编号";
    label_incarnation() => "Life", "启动序号";
    label_instance() => "Instance", "实例";
    label_instance_limit() => "Instance limit", "实例上限";
    label_labels() => "Labels", "标签";
    label_load() => "Load", "负载";
    label_logical_time() => "Logical time", "逻辑时间";
    label_mail() => "Mail", "邮件";
    label_logs() => "Logs", "日志目录";
    label_master() => "Master", "主节点";
    label_message() => "Message", "信息";
    label_name() => "Name", "名称";
    label_next_time() => "Next time", "下次时间";
    label_next_times() => "Next times", "接下来的时间";
    label_node() => "Node", "节点";
    label_parameters_needed() => "Parameters needed", "需要的参数";
    label_priority() => "Priority", "优先级";
    label_readiness() => "Readiness", "就绪情况";
    label_rpc() => "RPC", "RPC 地址";
    label_run() => "Run", "第几次运行";
    label_running() => "Running / slots", "运行 / 槽位";
    label_schedule() => "Schedule", "时间安排";
    label_secrets() => "Secrets", "密文";
    label_since() => "Since", "自";
    label_skip() => "Skipped steps", "跳过的步骤";
    label_start_time() => "Not before", "起始时间";
    label_started() => "Started", "开始时间";
    label_starts() => "Starts", "启动的工作流";
    label_state() => "State", "状态";
    label_status() => "Status", "状态";
    label_step() => "Step", "步骤";
    label_timezone() => "Time zone", "时区";
    label_store() => "Store", "存储";
    label_took() => "Took", "用时";
    label_trigger() => "Trigger", "触发方式";
    label_setting() => "Setting", "设置";
    label_trouble() => "Trouble", "故障";
    label_type() => "Type", "类型";
    label_updated() => "Updated", "更新时间";
    label_username() => "User", "用户名";
    label_value() => "Value", "值";
    label_version() => "Version", "版本";
    label_waits_for() => "Waits for", "在等待";
    label_workflow() => "Workflow", "工作流";
    title_coordinator() => "COORDINATOR", "【调度器】";
    title_dependencies() => "DEPENDENCIES", "【依赖】";
    title_last_ended() => "LAST ENDED", "【最近结束】";
    title_latest_instances() => "LATEST INSTANCES", "【最近的实例】";
    title_log() => "LOG", "【日志】";
    title_parameters() => "PARAMETERS", "【参数】";
    title_steps() => "STEPS", "【步骤】";

    // Answers.
    added(name) => "added {name}", "已添加 {name}";
    updated(name) => "updated {name}", "已更新 {name}";
    unchanged(name) => "unchanged {name}", "{name} 没有变化";
    kept(name) => "kept {name} as it was registered", "{name} 保持原来登记的内容";
    instance_made(id) => "instance {id}", "实例 {id}";
    killing(id) => "killing instance {id}; once more Ctrl-C leaves at once", "正在杀死实例 {id}；再按一次 Ctrl-C 立即退出";
    log_of_step(step, message) => "step {step} failed: {message}", "步骤 {step} 失败：{message}";
    no_log_lines() => "it wrote no log", "没有写日志";
    more_failed_steps(count, id) =>
        "and {count} more steps; `peerflow instance log {id}` has all lines",
        "还有 {count} 个步骤；全部日志见 `peerflow instance log {id}`";
    steps_not_shown(count) => "… and {count} more steps", "……另有 {count} 个步骤";
    content_missing() => "content missing", "缺少内容";
    no_coordinator() => "no coordinator: it runs only when asked", "没有调度器：只在要求时运行";
    no_next_time() => "no further time", "没有下一次时间";
    no_workflows() => "no workflows", "没有工作流";
    no_coordinators() => "no coordinators", "没有独立的调度器";
    no_links() => "no links", "没有连接";
    password_question(name) => "password of {name}: ", "{name} 的密码：";
    no_instances() => "no instances", "没有实例";
    more_instances() => "there are more; --limit shows more of them", "还有更多；用 --limit 显示更多";
    workflows_below(count) => "{count} workflows", "{count} 个工作流";
    waiting_and_running(waiting, running) => "{waiting} waiting, {running} running", "{waiting} 个等待，{running} 个运行中";
    workflow_fine(file, name, warnings) =>
        "{file}: workflow {name} is valid, {warnings} warnings", "{file}：工作流 {name} 有效，{warnings} 个警告";
    coordinator_fine(file, name, warnings) =>
        "{file}: coordinator {name} is valid, {warnings} warnings", "{file}：调度器 {name} 有效，{warnings} 个警告";
    check_failed(file, errors, warnings) =>
        "{file}: errors: {errors}, warnings: {warnings}", "{file}：{errors} 个错误，{warnings} 个警告";
    checked_alone() =>
        "no peer reachable: whether the workflows that these depend on exist is not known",
        "连不上任何节点：无法得知所依赖的工作流是否存在";
    node_ready(address) => "ready at {address}", "已就绪：{address}";
    node_ready_without_http() => "ready, without HTTP", "已就绪（不提供 HTTP）";
    node_stopping() => "stopping; a second signal stops at once", "正在停止；再发一次信号立即停止";
    node_broken() =>
        "a part of the node has ended by itself, which is a fault of this program; its log tells more",
        "节点的某个部分自行终止，这是程序的缺陷；详见其日志";
    node_stopped_at_once() => "stopped at once", "已立即停止";
    node_asked_to_go() => "this node was asked to leave", "已要求此节点离开";
    up_next(urls) =>
        "try in another terminal:\n  export PEERFLOW_PEER={urls}\n  peerflow cluster info\n  peerflow workflow list\n  \
         peerflow workflow run quickstart --wait\nkill a node with `kill -9` and ask again: the others go on, and it is \
         started again; Ctrl-C stops them all, and the next `peerflow up` goes on where they were",
        "请在另一个终端试试：\n  export PEERFLOW_PEER={urls}\n  peerflow cluster info\n  peerflow workflow list\n  \
         peerflow workflow run quickstart --wait\n用 `kill -9` 杀死一个节点再问：其余的继续工作，被杀的会重新启动；\
         Ctrl-C 停止全部，下次 `peerflow up` 从原处继续";
    up_more_nodes(names) =>
        "the directory also holds {names}; they are not started, give a larger --nodes to start them",
        "目录里还有 {names}；不会启动它们，要启动请给更大的 --nodes";
    up_waits_for_former() =>
        "nodes of an earlier `peerflow up` are still ending; waiting for them", "先前的 `peerflow up` 的节点还在结束；正在等待";
    up_not_agreed() =>
        "the nodes have not found a master yet; `peerflow cluster info` tells how they stand, the logs why",
        "节点还没有选出主节点；状况见 `peerflow cluster info`，原因见日志";
    up_by_signal(signal) => "killed by signal {signal}", "被信号 {signal} 杀死";
    up_with_code(code) => "exit code {code}", "退出码 {code}";
    up_child_died(name, pid, how, seconds) =>
        "{name} (process {pid}) has ended: {how}; starting it again in {seconds} s", "{name}（进程 {pid}）已结束：{how}；{seconds} 秒后重新启动";
    up_child_again(name, pid) => "{name} is started again as process {pid}", "{name} 已重新启动，进程 {pid}";
    up_child_left(name) =>
        "{name} was stopped; the next `peerflow up` starts it again", "{name} 已被停止；下次 `peerflow up` 会再启动它";
    up_child_failed(name, how) => "{name} ended before it was ready: {how}", "{name} 还没就绪就结束了：{how}";
    up_all_left() => "all nodes were stopped", "所有节点都已停止";

    here() => "here", "这里";
    help() => "help: ", "说明：";

    // What goes wrong.
    error(text) => "error: {text}", "错误：{text}";
    note(text) => "note: {text}", "提示：{text}";
    warning(text) => "warning: {text}", "警告：{text}";
    no_peer(reasons) =>
        "no peer reachable ({reasons}); start one with `peerflow node`, or name one with --peer",
        "连不上任何节点（{reasons}）；请用 `peerflow node` 启动一个，或用 --peer 指定";
    outcome_unknown(seconds, reasons) =>
        "the connection broke after the request was sent, and no peer answered within {seconds} s ({reasons}); it may have been done: look before asking again",
        "请求发出后连接断开，{seconds} 秒内没有节点应答（{reasons}）；它也许已经执行：请先查看再重试";
    no_master(seconds, detail) =>
        "no master within {seconds} s: {detail}; try again later, or wait longer with --timeout",
        "{seconds} 秒内没有主节点：{detail}；请稍后再试，或用 --timeout 等待更久";
    no_peer_named() => "no peer is named; give one with --peer or PEERFLOW_PEER", "没有指定节点；请用 --peer 或 PEERFLOW_PEER 指定";
    no_address(text) => "{text} is no address of a peer; write http://HOST:PORT", "{text} 不是节点地址；请写成 http://主机:端口";
    peer_speaks_plain_http() =>
        "the peer speaks plain HTTP there, not TLS; write http:// before its address",
        "该节点在此端口使用明文 HTTP，而不是 TLS；请在地址前写 http://";
    certificate_of_another_name(reason) =>
        "the peer's certificate is for another name ({reason}); use a name that stands in it",
        "节点的证书属于另一个名称（{reason}）；请使用证书中的名称";
    certificate_expired(reason) =>
        "the peer's certificate has expired ({reason}); renew it, or set this machine's clock",
        "节点的证书已过期（{reason}）；请更新证书，或校准本机时钟";
    certificate_not_trusted(reason) =>
        "the peer's certificate is not trusted ({reason}); name your authority's certificate, or the peer's own, with --ca-file or PEERFLOW_CA",
        "节点的证书不受信任（{reason}）；请用 --ca-file 或 PEERFLOW_CA 指定你的 CA 证书或节点自己的证书";
    no_certificates(path, reason) =>
        "{path} holds no certificate that can be used ({reason}); it must be PEM", "{path} 中没有可用的证书（{reason}）；必须是 PEM 格式";
    refused_token(detail) =>
        "{detail}; give it in PEERFLOW_TOKEN, or in a file with --token-file",
        "令牌缺失或不正确：{detail}；请用 PEERFLOW_TOKEN 给出，或用 --token-file 指定文件";
    password_in_arguments(option) =>
        "a password in {option} shows in the process list; give it with --password-file or --password-stdin, or be asked for it",
        "{option} 里的密码会出现在进程列表中；请用 --password-file 或 --password-stdin 给出，或等程序询问";
    secret_in_arguments(option, name) =>
        "a secret in {option} shows in the process list; put it into a file and write --secret {name}=FILE",
        "{option} 里的机密会出现在进程列表中；请放到文件里，并写 --secret {name}=文件";
    no_secret_by_its_name(name) =>
        "by its name the property {name} is no secret, so it would be kept and shown in clear; give it with --property {name}=VALUE",
        "从名称看，属性 {name} 不是机密，会以明文保存和显示；请用 --property {name}=值 给出";
    no_password_given(name) =>
        "no password is given for {name}, and there is no terminal to ask for it; give it with --password-file or --password-stdin, or say --no-password where there is none",
        "没有给出 {name} 的密码，也没有可以询问的终端；请用 --password-file 或 --password-stdin 给出，没有密码时请写 --no-password";
    no_terminal_for_password(reason) =>
        "there is no terminal to ask for the password ({reason}); give it with --password-file or --password-stdin",
        "没有可以询问密码的终端（{reason}）；请用 --password-file 或 --password-stdin 给出";
    no_cluster_secret() =>
        "no secret is configured, so there is no token: name the cluster's secret with --secret-file FILE, or in cluster.secret_file of the configuration",
        "没有配置密钥，因此没有令牌：请用 --secret-file 文件 指定集群密钥，或在配置中设置 cluster.secret_file";
    held(id) =>
        "it is held for an operator, since it may have run or may still run: `peerflow instance release {id}` runs it again, with `--fail` lets it fail; `peerflow instance kill {id}` ends it",
        "它正等待操作员，因为它可能已经运行过，或仍在运行：`peerflow instance release {id}` 让它再次运行，加 `--fail` 则让它失败；`peerflow instance kill {id}` 结束它";
    shutdown_question(name) =>
        "stop every node of cluster {name}? what runs is killed, and runs again when the cluster is started again [y/N] ",
        "停止集群 {name} 的所有节点？正在运行的任务会被杀死，集群再次启动后重新运行 [y/N] ";
    no_setting(key, known) =>
        "there is no setting {key}; known: {known}", "没有名为 {key} 的设置；已知的有：{known}";
    shutdown_not_confirmed() =>
        "nothing was stopped; --yes stops without asking", "没有停止任何节点；加 --yes 可不经确认直接停止";
    bad_token() => "the token holds characters that no token has; check the file", "令牌中有不合法的字符；请检查文件";
    answer_cut(reason) => "the answer broke off: {reason}; try again", "应答中断：{reason}；请重试";
    answer_not_understood(reason) =>
        "the peer's answer is not understood ({reason}); it may be of another version, or no peer",
        "无法理解节点的应答（{reason}）；它可能是另一个版本，或者不是节点";
    missing_parameters(names) =>
        "missing parameters: {names}; give each with -p NAME=VALUE", "缺少参数：{names}；请用 -p 名称=值 逐个给出";
    file_not_found(path) => "{path} does not exist; check the path", "{path} 不存在；请检查路径";
    // Problems whose words are not known: those are English; in Chinese the kind goes before them.
    refused_not_found(detail) => "{detail}", "没有这个名称或编号：{detail}";
    refused_conflict(detail) => "{detail}", "当前状态不允许：{detail}";
    refused_invalid(detail) => "{detail}", "无法执行：{detail}";
    refused_document(detail) => "{detail}", "文档有错误：{detail}";
    refused_request(detail) => "{detail}", "请求无效：{detail}";
    refused_too_large(detail) => "{detail}", "请求过大：{detail}";
    refused_unavailable(detail) => "{detail}", "目前无法处理，请稍后再试：{detail}";
    refused_forbidden(detail) => "{detail}", "请求被拒绝：{detail}";
    refused_internal(detail) => "{detail}", "peerflow 内部错误：{detail}";
    step_not_reached(id, step) =>
        "instance {id} has not reached a step called {step}; see `peerflow instance info {id}`",
        "实例 {id} 没有到达名为 {step} 的步骤；请看 `peerflow instance info {id}`";
    is_a_folder(path) => "{path} is a folder; name a document in it", "{path} 是目录；请指定其中的文件";
    cannot_read(path, reason) => "cannot read {path}: {reason}", "无法读取 {path}：{reason}";
    cannot_write(path, reason) => "cannot write {path}: {reason}", "无法写入 {path}：{reason}";
    cannot_remove(path, reason) => "cannot remove {path}: {reason}", "无法删除 {path}：{reason}";
    cannot_print(reason) => "cannot print: {reason}", "无法输出：{reason}";
    attached_not_found(path) =>
        "attached file {path} is not found here; the node that runs it must have it",
        "这里找不到附件 {path}；运行它的节点上必须有此文件";
    attached_too_large(path) => "attached file {path} is larger than 64 MiB", "附件 {path} 超过 64 MiB";
    document_refused(file) => "{file} has errors; correct them first", "{file} 有错误；请先改正";
    coordinator_cannot_run(file) =>
        "{file} is a standalone coordinator, which has no steps to run; run a workflow that it starts, or register it with `peerflow coordinator add`",
        "{file} 是独立的调度器，没有可运行的步骤；请运行它所启动的工作流，或用 `peerflow coordinator add` 登记";
    is_a_coordinator(file) =>
        "{file} is a standalone coordinator; use `peerflow coordinator add`", "{file} 是独立的调度器；请用 `peerflow coordinator add`";
    is_a_workflow(file) => "{file} is a workflow; use `peerflow workflow add`", "{file} 是工作流；请用 `peerflow workflow add`";
    no_date(text) =>
        "{text} is no date; write 2026-11-20, or with a time 2026-11-20T08:30", "{text} 不是日期；请写 2026-11-20，或带时间 2026-11-20T08:30";
    no_zone(name) =>
        "{name} is no IANA time zone; write one like Asia/Shanghai or UTC", "{name} 不是 IANA 时区；请写成 Asia/Shanghai 或 UTC 这样";
    workflow_twice(name, first, second) =>
        "workflow {name} is in {first} and in {second}; keep one of them", "{first} 和 {second} 里都有工作流 {name}；请只留一个";
    no_workflow_in(path) =>
        "there is no workflow in {path}; name the folder of your workflows", "{path} 里没有工作流；请指定工作流所在的目录";
    coordinator_left_out(file) =>
        "{file} is a standalone coordinator, which a virtual cluster leaves out; a plan (--from) takes it along",
        "{file} 是独立的调度器，虚拟集群不包含它；用 --from 做计划时会包含";
    simulate_latency(most) =>
        "--latency must be 1ms to {most}ms, so that masters can renew in time", "--latency 应在 1ms 到 {most}ms 之间，主节点才来得及续租";
    simulate_no_workflow(name) =>
        "--trigger names {name}, which is no workflow of this run; correct its name", "--trigger 所写的 {name} 不是本次运行的工作流；请改正名称";
    simulate_reached(reached, lasts) => "{reached} of {lasts}", "虚拟时间 {reached}，共 {lasts}";
    simulate_held(seed) => "seed {seed}: every invariant held", "种子 {seed}：所有不变式都成立";
    simulate_broken(seed, invariant, at) =>
        "seed {seed}: {invariant} is broken at {at}; the report tells what was seen and how to see it again",
        "种子 {seed}：不变式 {invariant} 在 {at} 被破坏；报告说明看到了什么、如何重现";
    simulate_seed_failed(seed, why) => "seed {seed}: {why}", "种子 {seed}：{why}";
    simulate_seeds(done, of, failed) => "{done} of {of} seeds, {failed} failed", "已运行 {done}/{of} 个种子，{failed} 个失败";
    simulate_all(done, failed, per_hour) =>
        "{done} seeds, {failed} failed; {per_hour} seeds per hour", "共 {done} 个种子，{failed} 个失败；每小时 {per_hour} 个种子";
    stopped_watching(id) =>
        "stopped watching; instance {id} goes on: `peerflow instance wait {id}`",
        "不再等待；实例 {id} 继续运行：`peerflow instance wait {id}`";
    peer_away(seconds) =>
        "the peer does not answer; trying again for {seconds} s", "节点没有应答；将在 {seconds} 秒内继续尝试";
    bad_log_level(level, reason) =>
        "log.level {level} is no filter ({reason}); write info or peerflow_node=debug,info",
        "log.level {level} 不是过滤规则（{reason}）；请写 info 或 peerflow_node=debug,info";
    no_embedded_node(reason) => "the throw-away node does not start: {reason}", "无法启动临时节点：{reason}";
    node_not_started(reason) => "the node does not start: {reason}", "无法启动节点：{reason}";
    up_node_count(count, most) =>
        "{count} nodes cannot be started; give --nodes a number from 1 to {most}", "无法启动 {count} 个节点；--nodes 请给 1 到 {most}";
    up_no_text(path) =>
        "{path} is not UTF-8, which the store's address must be; choose another --data-dir", "{path} 不是 UTF-8，而存储地址必须是；请换一个 --data-dir";
    up_in_use(path) =>
        "another `peerflow up` uses {path}; stop that one, or choose another --data-dir", "另一个 `peerflow up` 正在使用 {path}；请停止它，或换一个 --data-dir";
    up_former_stays(name) =>
        "{name} is in use by a process that does not end; stop it, or choose another --data-dir", "{name} 正被一个不结束的进程使用；请停止它，或换一个 --data-dir";
    up_no_ports() =>
        "there are not enough free ports on 127.0.0.1 from 8090 on; stop what listens there, or start fewer nodes",
        "127.0.0.1 上从 8090 起没有足够的空闲端口；请停止占用它们的程序，或少启动几个节点";
    up_not_started() => "the cluster does not start; see above", "集群无法启动；原因见上";
    up_killed(seconds) => "nodes did not end within {seconds} s and are killed", "节点在 {seconds} 秒内没有结束，已被杀死";
    no_stdin_to_wait_for(reason) =>
        "standard input is no pipe that could end: {reason}", "标准输入不是会结束的管道：{reason}";
    no_runtime(reason) => "the program does not start: {reason}", "程序无法启动：{reason}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn every_message_tells_the_same_in_both_languages() {
        for (name, english, chinese) in ALL {
            assert_eq!(placeholders(english), placeholders(chinese), "{name}");
        }
    }

    #[test]
    fn chinese_messages_are_chinese_and_english_ones_english() {
        let is_chinese = |each: char| ('\u{4e00}'..='\u{9fff}').contains(&each);
        for (name, english, chinese) in ALL {
            assert!(chinese.chars().any(is_chinese), "{name}: {chinese}");
            assert!(!english.chars().any(is_chinese), "{name}: {english}");
        }
    }

    #[test]
    fn messages_are_lower_case_without_a_full_stop() {
        for (name, english, _) in ALL
            .iter()
            .filter(|(name, _, _)| !name.starts_with("label_") && !name.starts_with("title_"))
        {
            assert!(!english.ends_with('.'), "{name}: {english}");
            assert!(
                !english.starts_with(|first: char| first.is_ascii_uppercase()),
                "{name}: {english}"
            );
        }
    }
}
