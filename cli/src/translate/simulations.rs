//! What keeps a simulation or a plan from being made. `simulations/src`.

use super::catalogue::{Texts, texts};

texts! { SIMULATIONS
    // Scenarios.
    "cannot read the scenario {file}: {error:message}" => "无法读取场景 {file}：{error}";
    "{file} is no scenario: {error}" => "{file} 不是场景：{error}";
    "there is no scenario {name:quoted}; there are {known}" => "没有 {name} 这个场景；有 {known}";
    "the scenario {name:quoted} has {nodes:number} nodes; it needs 1 to 60,000" =>
        "场景 {name} 有 {nodes} 个节点；应为 1 到 60,000 个";
    "the scenario {name:quoted} has no workflow {workflow:quoted}; there are {known}" =>
        "场景 {name} 没有工作流 {workflow}；有 {known}";
    "the scenario {name:quoted} {what}" => "场景 {name} 不合适：{what}";
    // Hints and durations.
    "{file}: workflow {workflow:quoted}, step {step:quoted} (line {line:number}): the hint \"simulate: {hint}\" cannot be read: {problem:message}" =>
        "{file}：工作流 {workflow} 的步骤 {step}（第 {line} 行）：无法理解提示 \"simulate: {hint}\"：{problem}";
    "{file}: the file of durations names step {step:quoted} of {workflow:quoted}, which has no such action; correct its name" =>
        "{file}：时长文件写了 {workflow} 的步骤 {step}，但没有这个 action；请改正名称";
    "the file of past instances cannot be read: {problem:message}" => "无法读取往期实例文件：{problem}";
    "no try of a step in it has ended; take a longer time with --from and --limit" =>
        "其中没有任何步骤的尝试已结束；请用 --from 和 --limit 取更长的时间";
    "it holds no instances with their steps; write it with `peerflow -o json instance search --steps`" =>
        "其中没有带步骤的实例；请用 `peerflow -o json instance search --steps` 生成";
    "the file of durations cannot be read: {problem:message}" => "无法读取时长文件：{problem}";
    "in the file of durations, step {step:quoted} of {workflow:quoted}: {problem:message}" =>
        "时长文件中 {workflow} 的步骤 {step}：{problem}";
    // Runs.
    "the cluster did not come up in {seconds:number} virtual seconds: {why:message}" =>
        "集群在 {seconds} 个虚拟秒内没有启动完成：{why}";
    "a workflow was not taken: {why:message}" => "有工作流没有被接受：{why}";
    "the run was stopped" => "运行已被停止";
    "the run cannot be made repeatable: {why:message}" => "无法让运行可以重现：{why}";
    "a run can be repeated from its seed only on Linux; run it there" => "只有在 Linux 上才能用种子重现运行；请在 Linux 上运行";
    "the thread of the run broke off; this is a bug of the simulation or of a node: {what}" =>
        "运行的线程中断了；这是模拟或节点的缺陷：{what}";
    "cannot make a folder for the simulated nodes: {error:message}" => "无法为模拟的节点创建目录：{error}";
    // Plans.
    "there is no *.xml file in {path}; name the folder of your workflows" => "{path} 里没有 *.xml 文件；请指定工作流所在的目录";
    "{path} lies deeper than {deepest:number} folders; plan a folder nearer to it" =>
        "{path} 的目录层次超过 {deepest}；请指定离它更近的目录";
    "{name} is in {first} and in {second}; keep one of them" => "{first} 和 {second} 里都有 {name}；请只留一个";
    "the plan would end at {to}, not after it begins at {from}; give a later end" =>
        "计划在 {to} 结束，不晚于开始时间 {from}；请给更晚的结束时间";
    "{time} is beyond the calendar; give a time between the years 1 and 9998" => "{time} 超出日历；请给公元 1 年到 9998 年之间的时间";
    "more than {events:number} things happen at {at} and time does not go on: workflows that start each other take no time; give them durations, or one of them a cron" =>
        "在 {at} 发生了超过 {events} 件事而时间不再前进：互相启动的工作流不花时间；请给它们时长，或让其中一个按 cron 启动";
    "the plan holds more than {most:number} {what} by {at}; plan a shorter time or fewer workflows" =>
        "到 {at} 为止计划已超过 {most} 个（{what}）；请缩短时间或减少工作流";
}
