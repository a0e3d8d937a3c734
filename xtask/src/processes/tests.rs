//! Programs are found, timed out and told apart.

use std::path::Path;
use std::time::Duration;

use super::daemon::{Identity, parse_stat};
use super::job::Job;
use super::ports::{any_free, listening_inodes};
use crate::report::Report;

fn report() -> Report {
    Report::quiet()
}

#[tokio::test]
async fn both_outputs_are_kept_and_stdout_alone_is_parsed() {
    let script = "cat; echo shown; echo hidden >&2; exit 3";
    let job = Job::new("sh", Path::new("/")).args(["-c", script]).stdin("typed\n");
    let finished = job.run(&report()).await.unwrap();
    assert_eq!(finished.code, Some(3));
    assert_eq!(finished.stdout, "typed\nshown\n");
    assert!(finished.tail.contains("hidden"));
}

#[tokio::test]
async fn a_run_over_its_limit_is_ended_with_its_children() {
    let job =
        Job::new("sh", Path::new("/")).args(["-c", "sleep 30 & wait"]).limit(Duration::from_millis(200));
    let finished = job.run(&report()).await.unwrap();
    assert!(finished.timed_out);
    assert!(finished.elapsed < Duration::from_secs(5), "{:?}", finished.elapsed);
}

#[tokio::test]
async fn a_failed_check_carries_the_end_of_the_output() {
    let job = Job::new("sh", Path::new("/")).args(["-c", "echo no such thing; exit 1"]);
    let error = job.check(&report(), crate::report::Exit::Build, "trying", "").await.unwrap_err();
    assert!(error.to_string().contains("no such thing"), "{error}");
}

#[test]
fn a_recycled_pid_is_another_process() {
    let ours = Identity::of(std::process::id()).unwrap();
    assert!(ours.is_alive());
    let earlier = Identity { started: "1".to_owned(), ..ours };
    assert!(!earlier.is_alive());
}

#[test]
fn the_start_time_is_found_behind_any_name() {
    let line = |state: &str| {
        format!("42 (a) b (c)) {state} 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3")
    };
    assert_eq!(parse_stat(&line("S")).as_deref(), Some("987654"));
    assert_eq!(parse_stat(&line("Z")), None);
    assert_eq!(parse_stat("nonsense"), None);
}

#[test]
fn listeners_are_told_from_connections() {
    let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 55102 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1000        0 55103 1 0 20 4 30 10 -1";
    assert_eq!(listening_inodes(table, 8080), [55102]);
    assert!(listening_inodes(table, 8081).is_empty());
}

#[test]
fn a_port_is_given_to_one_caller_only() {
    let drawn: Vec<u16> = (0..20).map(|_| any_free().unwrap()).collect();
    let mut distinct = drawn.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), drawn.len(), "{drawn:?}");
    assert!(drawn.iter().all(|port| (20_000..30_000).contains(port)), "{drawn:?}");
}
