//! What clients offer, and what comes out of the compressed form.

use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::GzDecoder;

use super::{gzip, takes_gzip};

#[test]
fn what_a_client_offers_is_read_as_the_standard_says() {
    for (offer, taken) in [
        ("gzip, deflate, br, zstd", true),
        ("GZIP", true),
        ("x-gzip", true),
        ("br;q=1.0, gzip; q=0.5", true),
        ("gzip;q=0", false),
        ("gzip;q=0.000, *", false),
        ("*", true),
        ("*;q=0", false),
        ("br", false),
        ("identity", false),
        ("gzip;q=nonsense", false),
        ("", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, offer.parse().unwrap());
        assert_eq!(takes_gzip(&headers), taken, "{offer:?}");
    }
    assert!(!takes_gzip(&HeaderMap::new()));
}

#[test]
fn the_compressed_form_is_the_same_and_only_used_when_smaller() {
    let text = "a page repeats itself ".repeat(200);
    let zipped = gzip(text.as_bytes()).unwrap();
    assert!(zipped.len() * 10 < text.len());
    let mut back = String::new();
    GzDecoder::new(&zipped[..]).read_to_string(&mut back).unwrap();
    assert_eq!(back, text);
    assert_eq!(gzip(b"x"), None);
}
