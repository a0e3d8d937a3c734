//! Logs as they are pasted: encodings, prefixes, wrapped lines, sizes.

use super::{Scan, scan};
use crate::{Level, Phrase, Phrases, Speaker, head};

const PHRASE: &str = r"Following Cgroup subsystem not mounted: \[(?P<what>[^\]]+)\]";

fn phrases() -> Phrases {
    let phrase = |pattern, by| Phrase { pattern, except: "", by };
    Phrases::new([phrase(PHRASE, &[][..]), phrase("frobnicator is out", &[Speaker::Postgres])]).unwrap()
}

fn read(bytes: &[u8]) -> Scan {
    scan(bytes, &phrases()).unwrap()
}

const LINE: &str = "E1202 09:14:07.551200    4121 kubelet.go:1703] \"Failed to start ContainerManager\" \
err=\"system validation failed - Following Cgroup subsystem not mounted: [memory]\"";

#[track_caller]
fn found(bytes: &[u8], line: u64) {
    let scan = read(bytes);
    let hit = scan.hits.first().unwrap_or_else(|| panic!("nothing in {}", String::from_utf8_lossy(bytes)));
    assert_eq!((hit.first, hit.count), (line, 1));
    assert_eq!(hit.values, [("what".to_owned(), "memory".to_owned())]);
    assert_eq!(&hit.text[hit.span.0..hit.span.1], "Following Cgroup subsystem not mounted: [memory]");
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2], mark: &[u8]) -> Vec<u8> {
    mark.iter().copied().chain(text.encode_utf16().flat_map(order)).collect()
}

#[test]
fn every_encoding_is_read() {
    let text = format!("first – with a dash\r\n{LINE}\r\nlast 🎮\r\n");
    found(text.as_bytes(), 2);
    found(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), 2);
    found(&utf16(&text, u16::to_le_bytes, b"\xff\xfe"), 2);
    found(&utf16(&text, u16::to_be_bytes, b"\xfe\xff"), 2);
    found(&utf16(&text, u16::to_le_bytes, b""), 2);
    found(&utf16(&text, u16::to_be_bytes, b""), 2);
    found(&[b"\x80\xff broken\n", text.as_bytes()].concat(), 3);
}

#[test]
fn bytes_that_come_one_at_a_time_make_the_same_lines() {
    struct Drops<'a>(&'a [u8]);
    impl std::io::Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }
    let bytes = utf16(&format!("🎮\n{LINE}\n"), u16::to_le_bytes, b"\xff\xfe");
    assert_eq!(scan(Drops(&bytes), &phrases()).unwrap(), read(&bytes));
}

#[test]
fn what_stands_before_a_message_is_taken_off() {
    let cases: [(&str, Speaker, Level, &str); 16] = [
        (
            "Dec 02 09:14:02 box k3s[4121]: time=\"x\" level=fatal msg=\"no\"",
            Speaker::K3s,
            Level::Fatal,
            "time=",
        ),
        (
            "nov. 01 09:31:59 PC systemd[1]: k3s.service: Failed",
            Speaker::Systemd,
            Level::Unknown,
            "k3s.service",
        ),
        (
            "2025-02-21T06:25:26.571705-08:00 box1 dockerd[15]: failed to start",
            Speaker::Docker,
            Level::Unknown,
            "failed",
        ),
        (
            "2025-04-21T15:41:32.571333333Z stderr F E0421 15:41:32.571222 1 main.go:278] Failed",
            Speaker::Unknown,
            Level::Error,
            "main.go",
        ),
        (
            "postgres-1  | 2025-06-06 08:41:21.323 GMT [120] ERROR:  no",
            Speaker::Postgres,
            Level::Error,
            "ERROR:",
        ),
        ("[7] 2023/06/21 03:46:51.246427 [ERR] no", Speaker::Nats, Level::Error, "no"),
        ("1:M 08 Dec 2025 15:08:43.050 # Can't handle", Speaker::Redis, Level::Warning, " Can't"),
        ("[ 7063.247407] Memory cgroup out of memory", Speaker::Kernel, Level::Unknown, "Memory"),
        (
            "E0205 10:23:18.252079     957 memcache.go:265] \"Unhandled\"",
            Speaker::Kubectl,
            Level::Error,
            "memcache",
        ),
        ("FATA[0002] error starting vm", Speaker::Unknown, Level::Fatal, " error"),
        (
            "{\"level\":\"warn\",\"ts\":\"x\",\"caller\":\"etcdserver/util.go:1\"}",
            Speaker::Etcd,
            Level::Warning,
            "{",
        ),
        ("[FATAL] plugin/loop: Loop", Speaker::CoreDns, Level::Fatal, "plugin"),
        ("2026/03/01 10:00:00 [emerg] 16#16: no", Speaker::Unknown, Level::Fatal, "16#16"),
        ("[pod/room-0/room] hello", Speaker::Game, Level::Unknown, "hello"),
        ("panic: runtime error: no", Speaker::Go, Level::Fatal, "panic"),
        ("    at Server.listen (node:net:2101:7)", Speaker::Unknown, Level::Unknown, "    at"),
    ];
    for (line, speaker, level, message) in cases {
        let head = head(line.as_bytes());
        assert_eq!((head.speaker, head.level), (speaker, level), "{line}");
        assert!(line[head.at..].starts_with(message), "{line}: {}", &line[head.at..]);
    }
}

#[test]
fn prefixes_never_reach_beyond_the_line() {
    for line in [
        "[7] 2023/06/21 03:46:51.246427 [INF]",
        "[",
        "[]",
        "<",
        "1:M",
        "E1202 ]",
        "2026-03-01T",
        "a  |",
        "> > ",
    ] {
        for end in 0..=line.len() {
            assert!(head(&line.as_bytes()[..end]).at <= end);
        }
    }
}

#[test]
fn lines_that_a_terminal_or_a_mail_program_broke_are_joined() {
    let (start, end) = LINE.split_at(116);
    found(format!("{start}\n{end}\n").as_bytes(), 1);
    let (start, end) = LINE.split_at(LINE.find("subsystem").unwrap());
    found(format!("> {}\n> {end}\n", start.trim_end()).as_bytes(), 1);
    let apart = format!("{}\nW1202 09:14:08.551200 4121 x.go:1] {end}\n", start.trim_end());
    assert_eq!(read(apart.as_bytes()).hits, []);
}

#[test]
fn colours_and_nested_quotes_do_not_hide_anything() {
    found(format!("\u{1b}[31m{}\u{1b}[0m\n", LINE.replace('"', "\\\\\\\"")).as_bytes(), 1);
    found(format!("{}\n", LINE.replace("Cgroup", "\u{1b}[1;31mCgroup\u{1b}[0m")).as_bytes(), 1);
}

#[test]
fn repetitions_are_counted_by_lines_and_others_are_not_believed() {
    let many: String = (0..1000).map(|at| format!("{LINE} {LINE} at={at:08x}f\n")).collect();
    let scan = read(many.as_bytes());
    assert_eq!((scan.lines, scan.hits[0].count, scan.hits[0].last), (1000, 1000, 1000));
    assert_eq!(read(b"redis-1  | the frobnicator is out of phase\n").hits, []);
    assert_eq!(read(b"postgres-1  | the frobnicator is out of phase\n").hits.len(), 1);
}

#[test]
fn a_log_without_an_end_of_line_and_a_line_without_an_end_take_bounded_memory() {
    let huge = vec![b'x'; 3 << 20];
    let scan = read(&[&huge[..], b"\n", LINE.as_bytes()].concat());
    assert_eq!((scan.lines, scan.hits[0].first), (2, 2));
    assert!(scan.suspects.iter().all(|words| words.text.len() <= 8 << 10));
}

#[test]
fn numbers_that_mean_something_keep_lines_apart() {
    let one = |code: u32| crate::template::key(format!("    Exit Code:    {code}").as_bytes());
    assert_ne!(one(0), one(137));
    let at = |second: u32, port: u32| {
        let line =
            format!("2026-11-28T19:20:{second:02}.123Z dial tcp 127.0.0.1:{port}: refused id=3f2a{second}b");
        crate::template::key(line.as_bytes())
    };
    assert_eq!(at(1, 8080), at(59, 8080));
}
