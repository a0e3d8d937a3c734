//! The table against the folder, and what a browser gets.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::{ASSETS, answer, content_type};

#[test]
fn every_file_of_the_client_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let embedded = ASSETS.iter().map(|(name, _)| (*name).to_string());
    assert_eq!(files.collect::<BTreeSet<_>>(), embedded.collect::<BTreeSet<_>>());
    assert!(ASSETS.iter().all(|(name, _)| content_type(name) != "application/octet-stream"));
}

#[test]
fn the_page_comes_once_and_then_by_its_tag() {
    let first = answer(None, &Uri::from_static("/"), &HeaderMap::new());
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let mut known = HeaderMap::new();
    known.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    assert_eq!(answer(None, &Uri::from_static("/index.html"), &known).status(), StatusCode::NOT_MODIFIED);
}

#[test]
fn nothing_else_is_served() {
    for path in ["/Cargo.toml", "/../Cargo.toml", "/nope.js"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        for folder in [None, Some(folder.as_path())] {
            let answer = answer(folder, &Uri::from_static(path), &HeaderMap::new());
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test]
async fn a_folder_is_read_anew_each_time_and_may_be_missing() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("web");
    let page = |path: &'static str| answer(Some(&folder), &Uri::from_static(path), &HeaderMap::new());
    let tag = |path: &'static str| page(path).headers()[header::ETAG].clone();
    let embedded = tag("/");
    assert_eq!(page("/").status(), StatusCode::OK);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "first").unwrap();
    let first = tag("/");
    assert_ne!(embedded, first);
    std::fs::write(folder.join("index.html"), "second").unwrap();
    assert_ne!(first, tag("/"));
    let body = axum::body::to_bytes(page("/").into_body(), 100).await.unwrap();
    assert_eq!(body, "second");
    assert_eq!(page("/style.css").status(), StatusCode::OK, "embedded still");
}
