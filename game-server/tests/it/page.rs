//! The page as it goes over the wire: headers, compression, caching, and two builds behind one name.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::harness::balancer::Balancer;
use crate::harness::http::{Answer, request};
use crate::harness::servers::All;
use crate::harness::tell;

const LONG_MATCH_S: u32 = 300;
/// In each direction: the document is of the one build, what follows is of any.
const LOADS: usize = 1000;
/// Of two modules each may come of either build: about half of the loads are a mixture, and one at least of so many.
const LOADS_BY_MODULE: usize = 20;
/// What the page exports in the one build, and what the same is called in the other.
const NAME: &str = "InputClock";
const OTHER_NAME: &str = "SteeringClock";
/// Of what a first visitor gets; there is more to come in the page, and phones are slow.
const PAGE_BYTES_MAX: usize = 60_000;

async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, &[]).await
}

/// A page of another build: a name that its modules share is another one, and so is a colour of its icon.
pub fn other_build(folder: &Path) -> PathBuf {
    let web = folder.join("web");
    std::fs::create_dir(&web).expect("a folder");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut folders = vec![sources.clone()];
    while let Some(from) = folders.pop() {
        for entry in std::fs::read_dir(from).expect("the page").map(|entry| entry.expect("a file").path()) {
            let to = web.join(entry.strip_prefix(&sources).expect("it is below"));
            if entry.is_dir() {
                std::fs::create_dir(to).expect("a folder");
                folders.push(entry);
            } else {
                let text = std::fs::read_to_string(&entry).expect("text");
                std::fs::write(to, text.replace(NAME, OTHER_NAME).replace("#0a0d13", "#0a0d14"))
                    .expect("a file");
            }
        }
    }
    web
}

/// What is between two texts; panics when either is not there.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

fn is_of_one_build(text: &str) -> bool {
    text.contains(NAME) != text.contains(OTHER_NAME)
}

/// Why a browser could not run this page as it is; nothing when it can.
fn broken(document: &Answer) -> Option<String> {
    let html = document.text();
    let (policy, script) =
        (document.header("content-security-policy"), between(&html, "<script type=\"module\">", "</script>"));
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let outside = ["src=\"main.js", "rel=\"stylesheet\"", "import {", "from \"./"];
    let checks = [
        ("status", document.status == 200),
        ("script", policy.contains(&hash(script))),
        ("style", policy.contains(&hash(between(&html, "<style>", "</style>")))),
        ("another request for code", !outside.iter().any(|part| html.contains(part))),
        ("two builds", is_of_one_build(script)),
        ("version", document.header("etag").contains(between(&html, "name=\"version\" content=\"", "\""))),
    ];
    checks.iter().find(|(_, holds)| !holds).map(|(what, _)| (*what).to_owned())
}

/// The paths that the document links by their content.
fn links(html: &str) -> Vec<String> {
    let found = html.split('"').filter(|part| part.contains(".svg?v=") || part.contains(".webmanifest?v="));
    found.map(|name| format!("/{name}")).collect::<HashSet<_>>().into_iter().collect()
}

/// Loads the page from `first` and what it links from wherever the balancer leads.
async fn load(first: SocketAddr, then: SocketAddr, encoding: &str) -> Option<String> {
    let document = request(first, "GET", "/", &[("Accept-Encoding", encoding)]).await;
    if let Some(why) = broken(&document) {
        return Some(why);
    }
    let links = links(&document.text());
    if links.is_empty() {
        return Some("no links".to_owned());
    }
    for path in links {
        let linked = get(then, &path).await;
        let is_there = linked.status == 200 && !linked.body.is_empty();
        if !is_there || linked.header("content-type").is_empty() {
            return Some(path);
        }
    }
    None
}

/// Loads the sources one by one, as pages once did; whether a browser could run what came.
async fn loads_by_module(balancer: SocketAddr) -> bool {
    let mut waiting = vec!["main.js".to_owned()];
    let (mut loaded, mut all) = (HashSet::new(), String::new());
    while let Some(name) = waiting.pop() {
        let source = get(balancer, &format!("/{name}")).await.text();
        for line in source.lines().filter(|line| line.starts_with("import ")) {
            let imported = between(line, "from \"./", "\"").to_owned();
            if loaded.insert(imported.clone()) {
                waiting.push(imported);
            }
        }
        all.push_str(&source);
    }
    is_of_one_build(&all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_breaks_while_two_builds_are_behind_one_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = format!("--web-dir={}", other_build(folder.path()).display());
    let (one, two) =
        tokio::join!(All::start(LONG_MATCH_S), async { All::start_with(LONG_MATCH_S, &[other]).await });
    let balancer = Balancer::start([one.gateway, two.gateway], 1).await;
    for first in [one.gateway, two.gateway, balancer.address] {
        let mut failures = Vec::new();
        for number in 0..LOADS {
            let encoding = if number % 2 == 0 { "gzip, br" } else { "identity" };
            failures.extend(load(first, balancer.address, encoding).await);
        }
        assert_eq!(failures, Vec::<String>::new(), "of {LOADS} loads");
    }
    let connections = balancer.connections();
    assert!(connections.iter().all(|count| *count > LOADS as u64), "{connections:?}");
    let mut mixed = 0;
    for _ in 0..LOADS_BY_MODULE {
        mixed += usize::from(!loads_by_module(balancer.address).await);
    }
    assert!(mixed > 0, "modules one by one would be mixed: the two builds differ");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let server = All::start(LONG_MATCH_S).await;
    for path in ["/", "/index.html", "/main.js", "/favicon.svg", "/nothing-here", "/ranking?limit=5", "/room"]
    {
        let answer = get(server.gateway, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
    let listed = "--allowed-origins=https://portal.example/".to_owned();
    let framed = All::start_with(LONG_MATCH_S, &[listed]).await;
    let policy = get(framed.gateway, "/").await.header("content-security-policy").to_owned();
    assert!(policy.ends_with("frame-ancestors 'self' https://portal.example"), "{policy}");
}

#[tokio::test]
async fn the_page_goes_out_compressed_and_only_once() {
    let server = All::start(LONG_MATCH_S).await;
    let plain = get(server.gateway, "/").await;
    let zipped = request(server.gateway, "GET", "/", &[("Accept-Encoding", "gzip, deflate, br")]).await;
    assert_eq!((plain.header("content-encoding"), zipped.header("content-encoding")), ("", "gzip"));
    assert_eq!(zipped.text(), plain.text());
    tell(&format!("the page has {} bytes, {} compressed", plain.body.len(), zipped.body.len()));
    assert!(zipped.body.len() * 2 < plain.body.len());
    assert!(zipped.body.len() <= PAGE_BYTES_MAX, "{}", zipped.body.len());
    for answer in [&plain, &zipped] {
        assert_eq!((answer.header("vary"), answer.header("cache-control")), ("accept-encoding", "no-cache"));
        let again = request(server.gateway, "GET", "/", &[("If-None-Match", answer.header("etag"))]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let head = request(server.gateway, "HEAD", "/", &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), plain.header("etag"));
    let links = links(&plain.text());
    assert!(links.len() >= 2, "{links:?}");
    for path in &links {
        let caching = get(server.gateway, path).await.header("cache-control").to_owned();
        assert!(caching.contains("immutable") && caching.contains("max-age=31536000"), "{path}: {caching}");
        let (name, _) = path.split_once('?').expect("a query");
        for unknown in [name.to_owned(), format!("{name}?v=0000000000000000"), format!("{name}?v=")] {
            assert_eq!(get(server.gateway, &unknown).await.header("cache-control"), "no-cache", "{unknown}");
        }
    }
}

#[tokio::test]
async fn an_edit_shows_on_reload_and_a_mistake_in_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = folder.path().join("web");
    let server = All::start_with(LONG_MATCH_S, &[format!("--web-dir={}", web.display())]).await;
    let before = get(server.gateway, "/").await;
    std::fs::create_dir(&web).expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/sound.js");
    let sound = std::fs::read_to_string(source).expect("a module");
    std::fs::write(web.join("sound.js"), format!("{sound}\nconsole.log(\"edited\");\n")).expect("a file");
    let known = [("If-None-Match", before.header("etag"))];
    let edited = request(server.gateway, "GET", "/", &known).await;
    assert_eq!((edited.status, broken(&edited)), (200, None));
    assert!(edited.text().contains("console.log(\"edited\");"));
    std::fs::write(web.join("sound.js"), "import { nothing } from \"./dom.js\";\n").expect("a file");
    let mistaken = get(server.gateway, "/").await;
    assert_eq!(mistaken.status, 500);
    assert!(
        mistaken.text().contains("sound.js, line 1: dom.js does not export nothing"),
        "{}",
        mistaken.text()
    );
    std::fs::write(web.join("sound.js"), sound).expect("a file");
    assert_eq!(get(server.gateway, "/").await.header("etag"), before.header("etag"));
}
