//! Where new rooms go.

use crate::roles::lobby::allocation::{HostLoad, WAKE_LATE_MAX_US, place};
use crate::roles::lobby::waiting::WaitReason;

fn host(name: &str, rooms: usize) -> HostLoad {
    HostLoad {
        host: name.to_owned(),
        rooms,
        rooms_max: 10,
        draining: false,
        headroom: 0.9,
        wake_late_p99_us: 0,
        avoided: false,
    }
}

fn placed(hosts: &[HostLoad]) -> Result<&str, WaitReason> {
    place(hosts).map(|load| load.host.as_str())
}

#[test]
fn rooms_are_packed_on_hosts_in_use_and_low_ordinals() {
    assert_eq!(placed(&[host("room-10", 0), host("room-2", 0), host("room-1", 0)]), Ok("room-1"));
    assert_eq!(placed(&[host("room-0", 0), host("room-2", 3), host("room-3", 9)]), Ok("room-2"));
}

#[test]
fn a_full_or_busy_host_gets_no_more() {
    let busy = HostLoad { headroom: 0.1, ..host("room-1", 3) };
    assert_eq!(placed(&[host("room-0", 10), busy.clone(), host("room-2", 0)]), Ok("room-2"));
    assert_eq!(placed(&[host("room-0", 10), busy]), Err(WaitReason::Full));
}

#[test]
fn a_draining_host_gets_no_more() {
    let draining = HostLoad { draining: true, ..host("room-0", 1) };
    assert_eq!(placed(&[draining.clone(), host("room-1", 0)]), Ok("room-1"));
    assert_eq!(placed(&[draining]), Err(WaitReason::Draining));
}

#[test]
fn a_host_on_a_late_node_is_the_last_resort() {
    let late = HostLoad { wake_late_p99_us: WAKE_LATE_MAX_US + 1, ..host("room-0", 5) };
    assert_eq!(placed(&[late.clone(), host("room-1", 0)]), Ok("room-1"));
    assert_eq!(placed(&[late]), Ok("room-0"));
}

#[test]
fn a_host_that_just_failed_is_left_alone() {
    let failed = HostLoad { avoided: true, ..host("room-0", 0) };
    assert_eq!(placed(&[failed.clone(), host("room-1", 0)]), Ok("room-1"));
    assert_eq!(placed(&[failed]), Err(WaitReason::Refused));
}

#[test]
fn without_hosts_the_reason_says_so() {
    assert_eq!(placed(&[]), Err(WaitReason::NoHost));
}
