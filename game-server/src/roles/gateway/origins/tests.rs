//! Which origins may connect, however a proxy writes the host.

use axum::http::{HeaderMap, HeaderValue, header};

use super::{FORWARDED_HOST, Origins};

fn headers(origin: &str, host: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
    headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
    headers
}

fn may(origin: &str, host: &str) -> bool {
    Origins::new(&[]).judge(&headers(origin, host), true).is_ok()
}

#[test]
fn programs_and_own_pages_may() {
    let mut without = headers("x", "game.example:8080");
    without.remove(header::ORIGIN);
    assert!(Origins::new(&[]).judge(&without, false).is_ok());
    for (origin, host) in [
        ("http://game.example:8080", "game.example:8080"),
        ("https://Game.example", "game.example"),
        ("https://game.example", "GAME.example:443"),
        ("https://game.example:443", "game.example"),
        ("http://game.example:80", "game.example"),
        ("http://game.example", "game.example:80"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
    ] {
        assert!(may(origin, host), "{origin} at {host}");
    }
}

#[test]
fn other_sites_may_not() {
    for (origin, host) in [
        ("https://evil.example", "game.example"),
        ("null", "game.example"),
        ("", "game.example"),
        ("http://game.example:81", "game.example"),
        ("http://game.example:443", "game.example"),
        ("https://game.example:80", "game.example"),
        ("http://game.example:8080", "game.example"),
        ("https://game.example.evil.example", "game.example"),
        ("https://game.example@evil.example", "evil.example"),
        ("https://game.example:99999", "game.example:99999"),
        ("https://game.example:", "game.example:"),
        ("chrome-extension://abc", "game.example"),
    ] {
        assert!(!may(origin, host), "{origin} at {host}");
    }
}

#[test]
fn listed_origins_may_wherever_they_come_from() {
    let origins = Origins::new(&["https://play.example/".to_owned(), "http://dev.example:8080".to_owned()]);
    for origin in ["https://play.example", "https://PLAY.example:443", "http://dev.example:8080"] {
        assert!(origins.judge(&headers(origin, "gateway:8080"), false).is_ok(), "{origin}");
    }
    for origin in ["http://play.example", "https://dev.example:8080", "http://dev.example"] {
        assert!(origins.judge(&headers(origin, "gateway:8080"), false).is_err(), "{origin}");
    }
}

#[test]
fn what_a_proxy_says_of_the_host_counts_only_from_a_proxy_of_ours() {
    let mut headers = headers("https://play.example", "gateway:8080");
    headers.insert(FORWARDED_HOST, HeaderValue::from_static("play.example, inner.example"));
    assert!(Origins::new(&[]).judge(&headers, true).is_ok());
    assert!(Origins::new(&[]).judge(&headers, false).is_err());
}

#[test]
fn both_are_told_what_came_and_which_flag_helps() {
    let origins = Origins::new(&[]);
    let foreign = origins.judge(&headers("https://play.example", "gateway:8080"), true).unwrap_err();
    for text in [foreign.to_operator(), foreign.to_player()] {
        for part in ["https://play.example", "gateway:8080", "--allowed-origins"] {
            assert!(text.contains(part), "{text}");
        }
    }
    let long =
        origins.judge(&headers(&format!("https://{}", "x".repeat(5_000)), "gateway"), true).unwrap_err();
    assert!(long.to_player().len() < 1_000);
}
