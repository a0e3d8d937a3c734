//! The table against the folder, and what a browser gets.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::Assets;
use super::files::EMBEDDED;
use super::site::content_type;

fn web() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

fn assets(folder: Option<&Path>) -> Assets {
    Assets::new(folder.map(Path::to_path_buf), &[]).unwrap()
}

fn ask(assets: &Assets, path: &str) -> axum::response::Response {
    assets.answer(&path.parse::<Uri>().unwrap(), &HeaderMap::new())
}

fn files_in(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path(), &format!("{name}/")));
        } else {
            files.insert(name);
        }
    }
    files
}

#[test]
fn every_file_of_the_client_is_embedded() {
    let embedded: BTreeSet<String> = EMBEDDED.iter().map(|(name, _)| (*name).to_string()).collect();
    assert_eq!(files_in(&web(), ""), embedded);
    assert!(embedded.iter().all(|name| content_type(name) != "application/octet-stream"));
}

#[test]
fn the_page_comes_once_and_then_by_its_tag() {
    let assets = assets(None);
    let first = ask(&assets, "/");
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let mut known = HeaderMap::new();
    known.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    let again = assets.answer(&Uri::from_static("/index.html"), &known);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let policy = header::CONTENT_SECURITY_POLICY;
    assert_eq!(again.headers()[&policy], first.headers()[&policy], "the kept page goes by the same policy");
}

#[test]
fn what_is_named_by_its_content_is_kept_for_good_and_nothing_else() {
    let assets = assets(None);
    let caching =
        |path: &str| ask(&assets, path).headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned();
    let icon = assets.embedded.get("favicon.svg").unwrap().hash.clone();
    assert!(caching(&format!("/favicon.svg?v={icon}")).contains("immutable"));
    for path in ["/", "/favicon.svg", "/favicon.svg?v=0123456789abcdef", "/main.js"] {
        assert_eq!(caching(path), "no-cache", "{path}");
    }
}

#[test]
fn nothing_else_is_served() {
    let folder = web();
    for folder in [None, Some(folder.as_path())] {
        let assets = assets(folder);
        for path in ["/Cargo.toml", "/../Cargo.toml", "/nope.js", "/..%2FCargo.toml", "//etc/passwd"] {
            assert_eq!(ask(&assets, path).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test]
async fn a_folder_is_read_anew_each_time_and_may_be_missing_or_wrong() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("web");
    let assets = assets(Some(&folder));
    let tag = || ask(&assets, "/").headers()[header::ETAG].clone();
    let body = async || {
        let body = axum::body::to_bytes(ask(&assets, "/").into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).unwrap();
    let embedded = tag();
    std::fs::create_dir(&folder).unwrap();
    assert_eq!(tag(), embedded, "nothing there yet");
    write("dom.js", &std::fs::read_to_string(web().join("dom.js")).unwrap().replace("//", "// edited:"));
    let first = tag();
    assert_ne!(embedded, first);
    assert!(body().await.contains("// edited:"));
    write("dom.js", "export const nothing = 1;\n");
    assert_eq!(ask(&assets, "/").status(), StatusCode::INTERNAL_SERVER_ERROR);
    let why = body().await;
    assert!(why.contains("dom.js does not export"), "{why}");
    std::fs::remove_file(folder.join("dom.js")).unwrap();
    assert_eq!(tag(), embedded);
}
