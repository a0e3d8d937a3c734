//! One address is bounded, others are not affected.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use crate::roles::gateway::limits::{ADDRESSES_KEPT, LINES_PER_ADDRESS};
use crate::roles::gateway::talkers::Talkers;

fn address(number: usize) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from_bits(0xcb00_7100 + number as u32)))
}

#[test]
fn an_address_says_so_much_and_one_that_stands_for_many_is_free() {
    let (talkers, now) = (Talkers::default(), Instant::now());
    let passed = (0..1_000).filter(|_| talkers.take(address(1), now)).count();
    assert_eq!(passed, LINES_PER_ADDRESS.burst as usize);
    assert!(talkers.take(address(2), now));
    assert!(talkers.take(address(1), now + Duration::from_secs(1)));
    assert!((0..1_000).all(|_| talkers.take(None, now)));
}

#[test]
fn addresses_are_forgotten_once_they_are_quiet() {
    let (talkers, now) = (Talkers::default(), Instant::now());
    assert!((0..ADDRESSES_KEPT).all(|number| talkers.take(address(number), now)));
    assert!(!talkers.take(address(ADDRESSES_KEPT), now), "no more than can be connected");
    assert!(talkers.take(address(ADDRESSES_KEPT), now + Duration::from_secs(60)));
    assert_eq!(talkers.buckets.lock().unwrap().len(), 1);
}
