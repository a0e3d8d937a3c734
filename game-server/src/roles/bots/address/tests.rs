//! Good and bad URLs.

use crate::roles::bots::address::Address;

#[test]
fn addresses_of_pages_are_taken() {
    let known = [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://play.example.com", "play.example.com:80"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[::1]", "[::1]:80"),
    ];
    for (url, host) in known {
        assert_eq!(Address::parse(url).expect(url).host, host);
    }
}

#[test]
fn anything_else_is_refused_in_words() {
    for url in
        ["", "localhost:8080", "https://x", "http://", "http://x:y", "http://x/play", "http://a@b", "ws://x"]
    {
        assert!(Address::parse(url).is_err(), "{url}");
    }
}
