//! What stands before a message: times, hosts, names, levels, in the many orders in which programs put them.

use memchr::memmem;

use crate::speaker::Speaker;

/// How bad a line is by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    #[default]
    Unknown,
    Info,
    Warning,
    Error,
    Fatal,
}

/// A line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    pub speaker: Speaker,
    pub level: Level,
    /// It begins a record of its own: something stood before the message.
    pub own: bool,
    /// Where the message begins.
    pub at: usize,
}

/// One prefix within another (a container's within the journal's) is as deep as it gets.
const LAYERS_MAX: usize = 6;
/// Levels stand near the start; loggers that write JSON put a time before.
const LEVEL_BYTES: usize = 320;

/// Takes a line apart.
pub fn head(line: &[u8]) -> Head {
    let mut head = Head::default();
    for _ in 0..LAYERS_MAX {
        let rest = &line[head.at..];
        let Some(layer) = LAYERS.iter().find_map(|layer| layer(rest, &head)) else { break };
        head.at = line.len().min(head.at + layer.length);
        head.own = true;
        head.level = head.level.max(layer.level);
        if layer.speaker != Speaker::Unknown {
            head.speaker = layer.speaker;
        }
    }
    let message = line[head.at..].trim_ascii_start();
    let indented = line.first().is_some_and(u8::is_ascii_whitespace) && !head.own;
    if head.level == Level::Unknown && !indented {
        head.level = level_in(message);
    }
    let said = by_words(message);
    if said != Speaker::Unknown && (head.speaker == Speaker::Unknown || said == Speaker::Etcd) {
        head.speaker = said;
    }
    head.own |= !indented && (said != Speaker::Unknown || starts_field(message));
    head
}

/// A part of a prefix.
struct Layer {
    length: usize,
    speaker: Speaker,
    level: Level,
}

impl Layer {
    const fn of(length: usize) -> Self {
        Self { length, speaker: Speaker::Unknown, level: Level::Unknown }
    }
}

type Read = fn(&[u8], &Head) -> Option<Layer>;

const LAYERS: [Read; 9] = [klog, nats, redis, date, bracketed, cri, compose, journal, logrus];

/// `E1202 09:14:07.551200    4121 kubelet.go:1703] `: the file stays, for it tells who speaks.
fn klog(text: &[u8], _: &Head) -> Option<Layer> {
    let level = match text.first()? {
        b'I' => Level::Info,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        _ => return None,
    };
    if !text.get(1..5)?.iter().all(u8::is_ascii_digit) || text.get(5) != Some(&b' ') {
        return None;
    }
    let end = text.iter().take(120).position(|byte| *byte == b']')?;
    let from = text[..end].iter().rposition(|byte| *byte == b' ')? + 1;
    let file = text[from..end].split(|byte| *byte == b':').next()?;
    Some(Layer { length: from, speaker: Speaker::of_source(file), level })
}

/// `[7] 2023/06/21 03:46:51.246427 [INF] `
fn nats(text: &[u8], _: &Head) -> Option<Layer> {
    let rest = text.strip_prefix(b"[")?;
    let pid = digits(rest);
    let rest = rest.get(pid..)?.strip_prefix(b"] ")?;
    let time = date_length(rest)?;
    let word = rest.get(time..)?.strip_prefix(b"[")?.get(..3)?;
    let level = match word {
        b"INF" | b"DBG" | b"TRC" => Level::Info,
        b"WRN" => Level::Warning,
        b"ERR" => Level::Error,
        b"FTL" => Level::Fatal,
        _ => return None,
    };
    (pid > 0).then(|| Layer { length: text.len() - rest.len() + time + 6, speaker: Speaker::Nats, level })
}

/// `1:M 01 Jan 2024 00:00:00.000 # `
fn redis(text: &[u8], _: &Head) -> Option<Layer> {
    let pid = digits(text);
    let role = text.get(pid..pid + 3)?;
    if pid == 0 || role[0] != b':' || !b"MSCX".contains(&role[1]) || role[2] != b' ' {
        return None;
    }
    let mark = text.iter().take(60).position(|byte| b"#*-.".contains(byte) && pid < 10)?;
    let mark = if text[mark] == b'.' { mark + 4 } else { mark };
    let level = if text.get(mark + 1) == Some(&b'#') { Level::Warning } else { Level::Info };
    Some(Layer { length: (mark + 2).min(text.len()), speaker: Speaker::Redis, level })
}

/// A time in one of many forms, with its zone.
fn date(text: &[u8], _: &Head) -> Option<Layer> {
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    let length = date_length(&text[blanks..])?;
    Some(Layer::of(blanks + length))
}

/// `[ 7063.247380] ` of the kernel, `[pod/room-0/room] ` of kubectl, `[1] ` and `[2026-01-01 …] ` of others, `<6>`.
fn bracketed(text: &[u8], head: &Head) -> Option<Layer> {
    if let Some(rest) = text.strip_prefix(b"<") {
        let count = digits(rest);
        return (count > 0 && rest.get(count) == Some(&b'>')).then(|| Layer::of(count + 2));
    }
    let rest = text.strip_prefix(b"[")?;
    let end = rest.iter().take(100).position(|byte| *byte == b']')?;
    let inner = rest[..end].trim_ascii();
    let length = end + 2 + usize::from(rest.get(end + 1) == Some(&b' '));
    if let Some(pod) = inner.strip_prefix(b"pod/") {
        let container = pod.rsplit(|byte| *byte == b'/').next()?;
        return Some(Layer { length, speaker: Speaker::of_name(container), level: Level::Unknown });
    }
    let level = level_word(inner);
    if level != Level::Unknown {
        return Some(Layer { length, speaker: Speaker::Unknown, level });
    }
    let seconds = !inner.is_empty() && inner.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let kernel = seconds && inner.contains(&b'.') && !head.own;
    let dated = date_length(inner).is_some_and(|length| length + 8 >= inner.len());
    let speaker = if kernel { Speaker::Kernel } else { Speaker::Unknown };
    (seconds || dated).then_some(Layer { length, speaker, level: Level::Unknown })
}

/// `stdout F `
fn cri(text: &[u8], _: &Head) -> Option<Layer> {
    let is = |form: &&[u8]| text.starts_with(form);
    let forms: [&[u8]; 4] = [b"stdout F ", b"stderr F ", b"stdout P ", b"stderr P "];
    forms.iter().find(|form| is(form)).map(|form| Layer::of(form.len()))
}

/// `postgres-1  | `
fn compose(text: &[u8], _: &Head) -> Option<Layer> {
    let name = name_length(text);
    let blanks = text.get(name..)?.iter().take_while(|byte| **byte == b' ').count();
    let fits = name > 1 && blanks > 0 && text.get(name + blanks..name + blanks + 2) == Some(b"| ");
    fits.then(|| Layer {
        length: name + blanks + 2,
        speaker: Speaker::of_name(&text[..name]),
        level: Level::Unknown,
    })
}

/// `node1 k3s[1618]: ` after a time; `k3s[1618]: ` anywhere.
fn journal(text: &[u8], head: &Head) -> Option<Layer> {
    let first = name_length(text);
    let direct = identifier(text, first);
    if let Some(length) = direct {
        return Some(Layer { length, speaker: Speaker::of_name(&text[..first]), level: Level::Unknown });
    }
    if !head.own || first == 0 || text.get(first) != Some(&b' ') {
        return None;
    }
    let rest = &text[first + 1..];
    let second = name_length(rest);
    let length =
        identifier(rest, second).or_else(|| rest.get(second..)?.starts_with(b": ").then_some(second + 2))?;
    (second > 1).then(|| Layer {
        length: first + 1 + length,
        speaker: Speaker::of_name(&rest[..second]),
        level: Level::Unknown,
    })
}

/// The length of `[1618]: ` behind a name, with the name.
fn identifier(text: &[u8], name: usize) -> Option<usize> {
    let rest = text.get(name..)?.strip_prefix(b"[")?;
    let pid = digits(rest);
    (name > 1 && pid > 0 && rest.get(pid..)?.starts_with(b"]: ")).then(|| name + pid + 4)
}

/// `ERRO[0060] `, as logrus writes to a terminal.
fn logrus(text: &[u8], _: &Head) -> Option<Layer> {
    let word = text.get(..4)?;
    let level = match word {
        b"DEBU" | b"TRAC" | b"INFO" => Level::Info,
        b"WARN" => Level::Warning,
        b"ERRO" => Level::Error,
        b"FATA" | b"PANI" => Level::Fatal,
        _ => return None,
    };
    let rest = text[4..].strip_prefix(b"[")?;
    let end = rest.iter().take(30).position(|byte| *byte == b']')?;
    (digits(rest) > 0).then(|| Layer { length: 4 + 1 + end + 1, speaker: Speaker::Unknown, level })
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn name_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.@/()".contains(byte)).take(64).count()
}

/// The length of a time at the start, with the blank behind it and a zone.
fn date_length(text: &[u8]) -> Option<usize> {
    let mut at = day_length(text)?;
    at += digits_and(&text[at..], b":.,")?;
    at += match text.get(at) {
        Some(b'Z') => 1,
        Some(b'+' | b'-') => 1 + digits_and(&text[at + 1..], b":").unwrap_or(0),
        _ => 0,
    };
    for zone in [&b" UTC"[..], b" GMT", b" CET", b" CEST", b" MSK", b" EST", b" PST"] {
        if text[at..].starts_with(zone) {
            at += zone.len();
            break;
        }
    }
    match text.get(at) {
        Some(b' ' | b'\t') => Some(at + 1),
        None => Some(at),
        _ => None,
    }
}

/// `2026-03-01T`, `2026/03/01 `, `Mar 01 `, `01 Jan 2024 `, `nov. 01 `, or nothing before a time of day.
fn day_length(text: &[u8]) -> Option<usize> {
    let year = digits(text);
    if year == 4 && matches!(text.get(4), Some(b'-' | b'/')) {
        let day = 4 + digits_and(&text[4..], b"-/")?;
        return matches!(text.get(day), Some(b'T' | b' ')).then_some(day + 1);
    }
    if year == 2 && text.get(2) == Some(&b':') && text.get(5) == Some(&b':') {
        return Some(0);
    }
    let word =
        text.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'.' || **byte >= 0x80).count();
    if !(3..=6).contains(&word) || text.get(word) != Some(&b' ') {
        return None;
    }
    let blanks = text[word..].iter().take_while(|byte| **byte == b' ').count();
    let day = digits(&text[word + blanks..]);
    let end = word + blanks + day;
    let time = text.get(end + 1..end + 9)?;
    (matches!(day, 1 | 2) && text[end] == b' ' && time[2] == b':' && time[5] == b':').then_some(end + 1)
}

fn digits_and(text: &[u8], others: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit() || others.contains(byte)).count();
    (length > 1).then_some(length)
}

fn level_word(word: &[u8]) -> Level {
    let is = |known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    if is(&["info", "inf", "debug", "dbg", "trace", "notice", "note", "log"]) {
        Level::Info
    } else if is(&["warn", "warning", "wrn"]) {
        Level::Warning
    } else if is(&["error", "err", "eror"]) {
        Level::Error
    } else if is(&["fatal", "ftl", "emerg", "crit", "critical", "alert", "panic"]) {
        Level::Fatal
    } else {
        Level::Unknown
    }
}

/// `level=error`, `"level":"error"`, or a word at the start.
fn level_in(message: &[u8]) -> Level {
    let start = &message[..message.len().min(LEVEL_BYTES)];
    for key in [&b"level="[..], b"\"level\":\"", b"\"severity\":\"", b"\"level\": \"", b"lvl="] {
        if let Some(at) = memmem::find(start, key) {
            let value = start[at + key.len()..].trim_ascii_start();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            return level_word(&value[..value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()]);
        }
    }
    let upper = |word: &[u8]| word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let mut rest = start;
    for _ in 0..3 {
        let length = upper(rest);
        let word = &rest[..length];
        let marked = matches!(rest.get(length), Some(b':' | b' ' | b']' | b'\t') | None);
        if word.eq_ignore_ascii_case(b"panic") && rest.get(length) == Some(&b':') {
            return Level::Fatal;
        }
        let loud = word.iter().all(u8::is_ascii_uppercase) || rest.get(length) == Some(&b':');
        if length > 2 && marked && loud && level_word(word) != Level::Unknown {
            return level_word(word);
        }
        let Some(next) = rest.iter().position(|byte| *byte == b' ') else { break };
        rest = rest[next..].trim_ascii_start();
        rest = rest.strip_prefix(b"[").unwrap_or(rest);
    }
    Level::Unknown
}

/// Messages that begin like this are one program's.
const OPENINGS: [(&[u8], Speaker); 44] = [
    (b"The connection to the server", Speaker::Kubectl),
    (b"Unable to connect to the server", Speaker::Kubectl),
    (b"Error from server", Speaker::Kubectl),
    (b"error: error validating", Speaker::Kubectl),
    (b"error: unable to recognize", Speaker::Kubectl),
    (b"error: You must be logged in", Speaker::Kubectl),
    (b"Error: INSTALLATION FAILED", Speaker::Helm),
    (b"Error: UPGRADE FAILED", Speaker::Helm),
    (b"Error: Kubernetes cluster unreachable", Speaker::Helm),
    (b"Error response from daemon", Speaker::DockerCli),
    (b"docker: ", Speaker::DockerCli),
    (b"error during connect", Speaker::DockerCli),
    (b"Cannot connect to the Docker daemon", Speaker::DockerCli),
    (b"permission denied while trying to connect to the", Speaker::DockerCli),
    (b"failed to connect to the docker API", Speaker::DockerCli),
    (b"plugin/", Speaker::CoreDns),
    (b"nginx: ", Speaker::Nginx),
    (b"nats: ", Speaker::Nats),
    (b"psql: ", Speaker::Postgres),
    (b"pg_ctl: ", Speaker::Postgres),
    (b"initdb: ", Speaker::Postgres),
    (b"LOG:  ", Speaker::Postgres),
    (b"FATAL:  ", Speaker::Postgres),
    (b"PANIC:  ", Speaker::Postgres),
    (b"HINT:  ", Speaker::Postgres),
    (b"DETAIL:  ", Speaker::Postgres),
    (b"STATEMENT:  ", Speaker::Postgres),
    (b"goroutine ", Speaker::Go),
    (b"thread '", Speaker::Rust),
    (b"Traceback (most recent", Speaker::Python),
    (b"Exception in thread", Speaker::Java),
    (b"Caused by: java", Speaker::Java),
    (b"Unhandled exception. System", Speaker::Dotnet),
    (b"node:internal", Speaker::Node),
    (b"node:events", Speaker::Node),
    (b"npm ", Speaker::Node),
    (b"Error: listen E", Speaker::Node),
    (b"Error: connect E", Speaker::Node),
    (b"Error: getaddrinfo", Speaker::Node),
    (b"##[", Speaker::Runner),
    (b"panic: runtime error", Speaker::Go),
    (b"Failed to create listener", Speaker::Kubelet),
    (b"Wsl/", Speaker::Wsl),
    (b"\xe2\x97\x8f ", Speaker::Systemd),
];

fn by_words(message: &[u8]) -> Speaker {
    if let Some((_, speaker)) = OPENINGS.iter().find(|(opening, _)| message.starts_with(opening)) {
        return *speaker;
    }
    let start = &message[..message.len().min(LEVEL_BYTES)];
    if message.starts_with(b"{") {
        let etcd = memmem::find(start, b"\"caller\":\"").is_some_and(|at| {
            [&b"etcd"[..], b"raft", b"embed/", b"membership/", b"mvcc/", b"rafthttp/", b"backend/"]
                .iter()
                .any(|part| memmem::find(&start[at..], part).is_some())
        });
        return if etcd { Speaker::Etcd } else { Speaker::Unknown };
    }
    if start.starts_with(b"Warning") || start.starts_with(b"Normal") {
        return if memmem::find(message, b"kubelet").is_some() { Speaker::Kubelet } else { Speaker::Unknown };
    }
    Speaker::Unknown
}

/// `time="…"`, `level=…`, `ts=…` and `{"…` begin a record.
fn starts_field(message: &[u8]) -> bool {
    [&b"time="[..], b"level=", b"ts=", b"t=", b"{\""].iter().any(|field| message.starts_with(field))
}
