//! Which origins may connect.

use axum::http::{HeaderMap, HeaderValue, header};

use super::origin_allowed;

fn headers(origin: Option<&'static str>, host: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static(host));
    if let Some(origin) = origin {
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
    }
    headers
}

#[test]
fn own_pages_and_programs_may() {
    assert!(origin_allowed(&headers(None, "game.example:8080"), &[]));
    assert!(origin_allowed(&headers(Some("http://game.example:8080"), "game.example:8080"), &[]));
    assert!(origin_allowed(&headers(Some("https://Game.example"), "game.example"), &[]));
}

#[test]
fn other_sites_may_not_unless_listed() {
    let evil = headers(Some("https://evil.example"), "game.example");
    assert!(!origin_allowed(&evil, &[]));
    assert!(!origin_allowed(&headers(Some("null"), "game.example"), &[]));
    assert!(!origin_allowed(&headers(Some("http://game.example:81"), "game.example"), &[]));
    assert!(origin_allowed(&evil, &["https://evil.example/".to_string()]));
}
