//! Who counts as one, who does not count, and what comes free again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Addresses, Block};
use crate::roles::gateway::limits::{ADDRESSES_KEPT, CONNECTIONS_PER_ADDRESS, SOCKETS_PER_ADDRESS};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn addresses(trusted: &[&str]) -> Arc<Addresses> {
    let trusted = trusted.iter().map(|block| block.parse().unwrap()).collect();
    Arc::new(Addresses::new(trusted, SOCKETS_PER_ADDRESS))
}

#[test]
fn an_address_has_so_many_places_and_gets_them_back() {
    let (all, now) = (addresses(&[]), Instant::now());
    let client = address("203.0.113.7");
    let places: Vec<_> = (0..SOCKETS_PER_ADDRESS).map(|_| all.take(client, now).unwrap()).collect();
    assert!(all.take(client, now).is_none());
    assert!(all.take(address("203.0.113.8"), now).is_some());
    drop(places);
    assert!(all.take(client, now).is_some());
}

#[test]
fn an_address_may_not_open_connections_without_end() {
    let (all, now) = (addresses(&[]), Instant::now());
    let opened = (0..10_000).take_while(|_| all.take(address("203.0.113.7"), now).is_some()).count();
    assert_eq!(opened, CONNECTIONS_PER_ADDRESS.burst as usize);
    assert!(all.take(address("203.0.113.7"), now + Duration::from_secs(1)).is_some());
}

#[test]
fn a_flag_says_how_many_places_an_address_has() {
    for open_max in [1, SOCKETS_PER_ADDRESS, 4 * SOCKETS_PER_ADDRESS] {
        let (all, now) = (Arc::new(Addresses::new(Vec::new(), open_max)), Instant::now());
        let client = address("203.0.113.7");
        let places: Vec<_> = (0..10 * SOCKETS_PER_ADDRESS).map_while(|_| all.take(client, now)).collect();
        assert_eq!(places.len(), open_max as usize);
    }
}

#[test]
fn private_and_trusted_addresses_do_not_count() {
    let (all, now) = (addresses(&["198.51.100.0/24", "2001:db8:7::1"]), Instant::now());
    let exempt = [
        "127.0.0.1",
        "10.42.0.9",
        "192.168.1.4",
        "172.18.0.1",
        "100.64.3.1",
        "169.254.1.1",
        "::1",
        "fd00::5",
        "fe80::1",
        "::ffff:10.0.0.1",
        "198.51.100.200",
        "2001:db8:7::1",
    ];
    for text in exempt {
        assert!(all.is_exempt(address(text)), "{text}");
        let places: Vec<_> = (0..1_000).map(|_| all.take(address(text), now)).collect();
        assert!(places.iter().all(Option::is_some), "{text}");
    }
    for text in ["198.51.101.1", "8.8.8.8", "172.32.0.1", "2001:db8:7::2", "::ffff:8.8.8.8"] {
        assert!(!all.is_exempt(address(text)), "{text}");
    }
}

#[test]
fn a_household_of_ipv6_counts_as_one() {
    let (all, now) = (addresses(&[]), Instant::now());
    let _places: Vec<_> = (0..SOCKETS_PER_ADDRESS)
        .map(|host| all.take(address(&format!("2001:db8:1:2::{host:x}")), now).unwrap())
        .collect();
    assert!(all.take(address("2001:db8:1:2:ffff::1"), now).is_none());
    assert!(all.take(address("2001:db8:1:3::1"), now).is_some());
}

#[test]
fn addresses_that_are_gone_are_forgotten() {
    let (all, now) = (addresses(&[]), Instant::now());
    let public = |number: u32| IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0800_0000 + number));
    (0..ADDRESSES_KEPT as u32).for_each(|number| drop(all.take(public(number), now)));
    let later = now + Duration::from_secs(3_600);
    drop(all.take(public(9_999_999), later));
    assert_eq!(all.accounts().len(), 1);
}

#[test]
fn blocks_are_read_or_refused() {
    for wrong in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/x", "::/129"] {
        assert!(wrong.parse::<Block>().is_err(), "{wrong}");
    }
    let everything: Block = "0.0.0.0/0".parse().unwrap();
    assert!(everything.holds(address("8.8.8.8")));
}
