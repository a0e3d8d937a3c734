//! A loss of power: what the disk was made to keep before anybody heard that a result is stored.

use std::path::Path;

use tempfile::TempDir;

use super::{Bus, Link, args, result, skip, sqlite};
use crate::harness::TURN;
use crate::harness::process::{Process, command, free_address};

const RESULTS: usize = 60;

/// Whether processes may be traced here at all.
fn can_trace() -> bool {
    match command("strace").args(["-f", "-o", "/dev/null", "true"]).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            skip("strace may not trace here", &String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            skip("strace does not run", &error.to_string());
            false
        }
    }
}

/// What a line of the trace does that matters here.
#[derive(Debug, PartialEq)]
enum Step {
    WriteLog,
    Sync,
    Acknowledge(usize),
}

/// `123 pwrite64(9</x/ranking.sqlite-wal>, …) = 24`; a call that another thread interrupts begins on one line and ends
/// on another, and counts when it ends, an acknowledgement when it begins.
fn steps(trace: &str) -> Vec<Step> {
    let mut open: std::collections::HashMap<&str, &str> = std::collections::HashMap::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else { continue };
        let call = call.trim_start();
        let acknowledged = call.matches("PUB reply.").count();
        if acknowledged > 0 && !call.starts_with("<...") {
            steps.push(Step::Acknowledge(acknowledged));
            continue;
        }
        if call.ends_with("<unfinished ...>") {
            open.insert(thread, call);
            continue;
        }
        let whole = if call.starts_with("<...") { open.remove(thread).unwrap_or_default() } else { call };
        if !whole.contains("ranking.sqlite-wal>") {
            continue;
        }
        if whole.starts_with("pwrite64") {
            steps.push(Step::WriteLog);
        } else if (whole.starts_with("fdatasync") || whole.starts_with("fsync")) && call.ends_with("= 0") {
            steps.push(Step::Sync);
        }
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_has_a_result_before_its_acknowledgement_leaves() {
    let _turn = TURN.lock().await;
    if !can_trace() {
        return;
    }
    let (bus, folder) = (Bus::open().await, TempDir::new().expect("a folder"));
    let trace = folder.path().join("trace");
    let calls = "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg";
    let mut words: Vec<String> = ["-f", "-y", "-s", "100000", "-e", calls, "-o"].map(str::to_owned).to_vec();
    words.extend([trace.display().to_string(), env!("CARGO_BIN_EXE_game-server").to_owned()]);
    words.extend(args(&bus, &sqlite(folder.path()), free_address()));
    let _traced = Process::start("strace", "strace", &words, folder.path());
    let mut link: Link = bus.link().await;
    for room in 0..RESULTS {
        assert!(link.hand_in(room as u64, &result(room as u64)).await);
        // One by one, so that no write of a next commit begins before the acknowledgement of this one has left.
        link.until_acknowledged(room + 1).await;
    }
    judge(&trace);
}

/// Between what a commit writes and its acknowledgement lies a sync that went well.
fn judge(trace: &Path) {
    let text = std::fs::read(trace).expect("a trace");
    let (mut unsynced, mut syncs, mut acknowledged) = (0, 0, 0);
    for step in steps(&String::from_utf8_lossy(&text)) {
        match step {
            Step::WriteLog => unsynced += 1,
            Step::Sync => {
                syncs += usize::from(unsynced > 0);
                unsynced = 0;
            }
            Step::Acknowledge(count) => {
                acknowledged += count;
                assert_eq!(unsynced, 0, "acknowledgement {acknowledged} left before its sync");
            }
        }
    }
    assert_eq!(acknowledged, RESULTS, "every acknowledgement is in the trace");
    assert!(syncs >= RESULTS, "{syncs} syncs");
}

/// The judge itself can fail.
#[test]
fn an_acknowledgement_before_its_sync_is_found() {
    let log = "</x/ranking.sqlite-wal>";
    let write = format!("7 pwrite64(9{log}, \"\", 24, 0) = 24");
    let sync = format!(
        "7 fdatasync(9{log} <unfinished ...>\n8 sendto(3, \"PUB reply.1 2\\r\\n\") = 9\n7 <... fdatasync resumed>) = 0"
    );
    assert_eq!(steps(&format!("{write}\n{sync}")), [Step::WriteLog, Step::Acknowledge(1), Step::Sync]);
    let failed = format!("7 fdatasync(9{log}) = -1 EIO (Input/output error)");
    assert_eq!(steps(&failed), []);
}
