//! The table against the folder, and what a browser gets.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::{ASSETS, content_type, get};

#[test]
fn every_file_of_the_client_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let embedded = ASSETS.iter().map(|(name, _)| (*name).to_string());
    assert_eq!(files.collect::<BTreeSet<_>>(), embedded.collect::<BTreeSet<_>>());
    assert!(ASSETS.iter().all(|(name, _)| content_type(name) != "application/octet-stream"));
}

#[tokio::test]
async fn the_page_comes_once_and_then_by_its_tag() {
    let first = get(Uri::from_static("/"), HeaderMap::new()).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let mut known = HeaderMap::new();
    known.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    assert_eq!(get(Uri::from_static("/index.html"), known).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn nothing_else_is_served() {
    for path in ["/Cargo.toml", "/../Cargo.toml", "/nope.js"] {
        assert_eq!(get(Uri::from_static(path), HeaderMap::new()).await.status(), StatusCode::NOT_FOUND);
    }
}
