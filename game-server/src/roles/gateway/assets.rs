//! The web client: one answer put together at start, and the few files that it links.
//!
//! In a rollout the next request may reach a gateway of another build, so the document carries its script and style in
//! itself. What it links is named by its content: whoever has that very content answers for good, another build
//! answers with its own and says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Gateway;
use files::Files;
use site::{Entry, Site};

mod encoding;
mod files;
mod modules;
mod site;

/// The browser asks each time and gets 304 until there is another page.
const ASK_AGAIN: &str = "no-cache";
/// The name is the content's hash.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// What anything but the document may do when a browser opens it.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The page that this gateway serves.
pub struct Assets {
    ancestors: Vec<String>,
    embedded: Arc<Site>,
    /// Somebody works on the page here; kept until a file changes.
    folder: Option<(PathBuf, Mutex<Option<Kept>>)>,
}

/// The page of a folder, and what it was made of.
struct Kept {
    digest: [u8; 32],
    site: Arc<Site>,
}

impl Assets {
    /// Puts the embedded page together. `ancestors` are origins whose pages may frame it.
    pub fn new(folder: Option<PathBuf>, ancestors: &[String]) -> anyhow::Result<Assets> {
        Ok(Assets {
            embedded: Arc::new(Site::assemble(&files::embedded(), ancestors)?),
            ancestors: ancestors.to_vec(),
            folder: folder.map(|folder| (folder, Mutex::default())),
        })
    }

    /// The page as it is now.
    fn site(&self) -> anyhow::Result<Arc<Site>> {
        match &self.folder {
            None => Ok(self.embedded.clone()),
            Some((folder, kept)) => self.of_folder(folder, kept),
        }
    }

    fn of_folder(&self, folder: &Path, kept: &Mutex<Option<Kept>>) -> anyhow::Result<Arc<Site>> {
        let files = files::with_folder(folder);
        let digest = digest(&files);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.digest == digest) {
            return Ok(kept.site.clone());
        }
        let site = Arc::new(Site::assemble(&files, &self.ancestors)?);
        *kept = Some(Kept { digest, site: site.clone() });
        Ok(site)
    }

    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        match self.site() {
            Ok(site) => match site.get(uri.path()) {
                Some(entry) => entry.answer(uri, headers),
                None => (StatusCode::NOT_FOUND, "there is no such page\n").into_response(),
            },
            Err(error) => {
                let message = format!("the page cannot be put together: {error:#}\n");
                (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
            }
        }
    }
}

impl Entry {
    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let asked_for = uri.query().and_then(|query| query.strip_prefix("v="));
        let caching = if asked_for == Some(self.hash.as_str()) { FOR_GOOD } else { ASK_AGAIN };
        // Weak, since the compressed form is not the same byte by byte.
        let shared = [
            (header::ETAG, format!("W/\"{}\"", self.hash)),
            (header::CACHE_CONTROL, caching.to_owned()),
            (header::VARY, "accept-encoding".to_owned()),
        ];
        let policy = [(header::CONTENT_SECURITY_POLICY, self.policy.clone().unwrap_or(NOTHING))];
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if known.is_some_and(|known| known.contains(&format!("\"{}\"", self.hash))) {
            return (StatusCode::NOT_MODIFIED, shared, policy).into_response();
        }
        let content_type = [(header::CONTENT_TYPE, self.content_type)];
        match self.zipped.as_ref().filter(|_| encoding::takes_gzip(headers)) {
            Some(zipped) => {
                let encoded = [(header::CONTENT_ENCODING, "gzip")];
                (shared, policy, content_type, encoded, zipped.clone()).into_response()
            }
            None => (shared, policy, content_type, self.plain.clone()).into_response(),
        }
    }
}

/// Any other path of the public port.
pub async fn get(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    gateway.assets.answer(&uri, &headers)
}

/// Headers of every answer of the public port.
pub async fn guarded(mut response: Response) -> Response {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    response.headers_mut().extend(fixed);
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    response
}

fn digest(files: &Files) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (name, content) in files {
        hash.update(name);
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
