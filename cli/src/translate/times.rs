//! What is said of schedules and times: `node/workflow/src/schedule` and `node/workflow/src/time`.

use super::catalogue::{Texts, texts};

texts! { TIMES
    "the schedule is empty" => "时间安排为空";
    "write five fields (minute hour day month weekday), six with seconds first, or English such as every day at 6:30, every 10 minutes, midnight on monday, on the last day of the month at 23:00" =>
        "请写五个字段（分 时 日 月 周），秒在最前时写六个，或写英语，例如 every day at 6:30、every 10 minutes、midnight on monday、on the last day of the month at 23:00";
    "{text} names a day that never comes" => "{text} 指的日子永远不会出现";
    "write a day that the month has" => "请写当月有的日子";
    "the schedule {text} is not understood at {word}" => "无法理解时间安排 {text}，问题在 {word}";
    "the schedule {text} is not understood" => "无法理解时间安排 {text}";
    "{text} has {count:number} fields" => "{text} 有 {count} 个字段";
    "{text}: nothing stands before or after a sign in {field}" => "{text}：{field} 里的符号前面或后面缺少内容";
    // What the reader of cron expressions says; its texts are lower-cased at the first letter only.
    "{text}: component error: {wrong:document}" => "{text}：{wrong}";
    "{text}: invalid pattern: {wrong:document}" => "{text}：{wrong}";
    "{text}: pattern contains illegal characters: {wrong:document}" => "{text}：{wrong}";
    "CronPattern contains illegal character {character} in part {part}" => "{part} 里有不允许的字符 {character}";
    "Position {position:number} is less than the input offset {offset:number}" =>
        "{position} 小于允许的最小值 {offset}";
    "Position {position:number} is out of bounds for the current range ({least:number}-{most:number})" =>
        "{position} 超出范围 {least}–{most}";
    "Position {position:number} is out of the bitfields vector's bounds" => "{position} 超出范围";
    "Input value {value:number} is out of bounds for the component (max: {most:number})" =>
        "{value} 超出范围，最大为 {most}";
    "Nth specifier # not allowed in the current field" => "这个字段里不能写 #";
    "L not allowed in the current field" => "这个字段里不能写 L";
    "Invalid nth specifier" => "# 后面的数字不对";
    "Nth specifier out of bounds" => "# 后面的数字超出范围";
    "Invalid day for closest weekday" => "W 前面的日子不对";
    "Day for closest weekday out of bounds" => "W 前面的日子超出范围";
    "Invalid range syntax" => "范围的写法不对";
    "Invalid start of range" => "范围的开头不对";
    "Invalid end of range" => "范围的末尾不对";
    "Range out of bounds" => "范围超出界限";
    "Invalid number" => "不是数字";
    "Number out of bounds" => "数字超出范围";
    "Invalid stepped range syntax" => "带步长的范围写法不对";
    "Invalid step" => "步长不对";
    "Step cannot be zero" => "步长不能为零";
    "Invalid range syntax in stepping" => "带步长的范围写法不对";
    "Invalid range start" => "范围的开头不对";
    "Invalid range end" => "范围的末尾不对";
    "Invalid start" => "开头不对";
    "Range is out of bounds in stepping" => "带步长的范围超出界限";
    "Value exceeded max after stepping" => "按步长走到的值超出范围";
    "Invalid step syntax: {wrong}" => "步长的写法不对：{wrong}";
    // Formats and macros of time.
    "the letter {letter:name} means nothing in the time format {text}" => "字母 {letter} 在时间格式 {text} 里没有意义";
    "quote it: {quoted:name}; the letters are {letters}" => "请加引号：{quoted}；可用的字母是 {letters}";
    "{count:number} times {letter:name} in a row in a time format" => "时间格式里连续出现 {count} 个 {letter}";
    "write a format such as yyyy-MM-dd" => "请写一个格式，例如 yyyy-MM-dd";
    "a quote is never closed in the time format {text}" => "时间格式 {text} 里的引号没有结束";
    "unknown time macro ${{time.{name}}}" => "未知的时间宏 ${{time.{name}}}";
    "unknown time macro ${{time.}}" => "时间宏 ${{time.}} 缺少名称";
    "write today, yestoday, yesterday, cur_month or last_month" =>
        "请写 today、yestoday、yesterday、cur_month 或 last_month";
    "too many parts in ${{time.{body}}}" => "${{time.{body}}} 的段数太多";
    "write ${{time.NAME|FORMAT|OFFSET}}" => "请写 ${{time.名称|格式|偏移}}";
    "{span} from {start:name} cannot be computed: {reason}" => "无法计算从 {start} 起 {span} 的时间：{reason}";
    "dates end with the year 9999" => "日期最晚到 9999 年";
    "the offset {text} is not understood" => "无法理解偏移 {text}";
    "the offset {text} is longer than {most:number} years" => "偏移 {text} 超过 {most} 年";
    "write a number and minute, hour, day, week, month or year, such as -1 day; several separated by commas" =>
        "请写数字加 minute、hour、day、week、month 或 year，例如 -1 day；多个用逗号分隔";
}
