//! The web client, embedded in the binary, or read from a folder while somebody works on it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Gateway;

/// File name and content.
type Asset = (&'static str, &'static [u8]);

macro_rules! asset {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $name)))
    };
}

/// Every file of the client; a file that is not here is not served.
const ASSETS: &[Asset] = &[
    asset!("arena.js"),
    asset!("assist.js"),
    asset!("backdrop.js"),
    asset!("camera.js"),
    asset!("chat.js"),
    asset!("clock.js"),
    asset!("connection.js"),
    asset!("delta.js"),
    asset!("diagnosis.js"),
    asset!("dom.js"),
    asset!("effects.js"),
    asset!("events.js"),
    asset!("favicon.svg"),
    asset!("hud.js"),
    asset!("identity.js"),
    asset!("index.html"),
    asset!("input.js"),
    asset!("intent.js"),
    asset!("interpolation.js"),
    asset!("leaderboard.js"),
    asset!("main.js"),
    asset!("manifest.webmanifest"),
    asset!("matchmaking.js"),
    asset!("network.js"),
    asset!("network_panel.js"),
    asset!("palette.js"),
    asset!("play.js"),
    asset!("players.js"),
    asset!("prediction.js"),
    asset!("protocol.js"),
    asset!("render.js"),
    asset!("results.js"),
    asset!("shots.js"),
    asset!("simulation.js"),
    asset!("smoothing.js"),
    asset!("sockets.js"),
    asset!("sound.js"),
    asset!("style.css"),
    asset!("touch.js"),
    asset!("upgrade.js"),
];

/// Any other path of the public port.
pub async fn get(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(gateway.options.web_dir.as_deref(), &uri, &headers)
}

fn answer(folder: Option<&Path>, uri: &Uri, headers: &HeaderMap) -> Response {
    let name = match uri.path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let Some(content) = content(folder, name) else {
        return (StatusCode::NOT_FOUND, "there is no such page\n").into_response();
    };
    let tag = folder.and_then(folder_tag).map_or(Cow::Borrowed(build_tag()), Cow::Owned);
    // The browser asks each time and gets 304 until the server is a newer one, so a page never mixes versions.
    let shared = [(header::ETAG, tag.as_ref()), (header::CACHE_CONTROL, "no-cache")];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(tag.as_ref())) {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    (shared, [(header::CONTENT_TYPE, content_type(name))], content).into_response()
}

/// The file of the folder, else the embedded one. Only plain names: nothing outside the folder can be asked for.
fn content(folder: Option<&Path>, name: &str) -> Option<Cow<'static, [u8]>> {
    let is_plain = !name.starts_with('.') && !name.contains(['/', '\\']);
    let read = folder.filter(|_| is_plain).and_then(|folder| std::fs::read(folder.join(name)).ok());
    let embedded =
        || ASSETS.iter().find(|(file, _)| *file == name).map(|(_, content)| Cow::Borrowed(*content));
    read.map(Cow::Owned).or_else(embedded)
}

/// The tag of a folder's files as they are now; nothing when there is no such folder (yet).
fn folder_tag(folder: &Path) -> Option<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(std::fs::read(file).unwrap_or_default());
    }
    Some(tag(hash))
}

/// One tag for all files: a page that compares the tag of `/` notices a change in any of them.
fn build_tag() -> &'static str {
    static TAG: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        ASSETS.iter().for_each(|(_, content)| hash.update(content));
        tag(hash)
    });
    &TAG
}

fn tag(hash: Sha256) -> String {
    let head: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{head}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
