//! Everything that the page consists of, ready to be sent: the document with its script and style, and what it links.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::encoding::gzip;
use super::files::Files;
use super::modules::bundle;

const DOCUMENT: &str = "index.html";
const ENTRY: &str = "main.js";
const STYLE: &str = "style.css";
/// What `index.html` says where the one answer has the thing itself.
const SCRIPT_TAG: &str = r#"<script type="module" src="main.js"></script>"#;
const STYLE_TAG: &str = r#"<link rel="stylesheet" href="style.css">"#;
const VERSION_TAG: &str = r#"<meta name="version" content="">"#;
/// Bytes of a hash that make a name: two files of a page never share 64 bits.
const NAME_BYTES: usize = 8;

/// One thing that can be asked for.
pub struct Entry {
    pub content_type: &'static str,
    /// Of the document only: anything else may do nothing at all.
    pub policy: Option<HeaderValue>,
    /// Names the content.
    pub hash: String,
    pub plain: Bytes,
    pub zipped: Option<Bytes>,
}

/// The page of one build.
pub struct Site {
    entries: HashMap<String, Entry>,
}

impl Site {
    /// Puts the files together. `ancestors` are origins whose pages may frame this one.
    pub fn assemble(files: &Files, ancestors: &[String]) -> anyhow::Result<Site> {
        let mut entries = HashMap::new();
        let mut links = Vec::new();
        // The document and the manifest link to the others by their content.
        let named = |name: &&String| !is_code(name) && !name.ends_with(".webmanifest");
        for name in files.keys().filter(named) {
            let entry = Entry::new(name, Bytes::from(files[name].to_vec()));
            links.push((format!("\"{name}\""), format!("\"{name}?v={}\"", entry.hash)));
            entries.insert(name.clone(), entry);
        }
        for name in files.keys().filter(|name| name.ends_with(".webmanifest")) {
            let entry = Entry::new(name, Bytes::from(linked(text(files, name)?, &links)));
            links.push((format!("\"{name}\""), format!("\"{name}?v={}\"", entry.hash)));
            entries.insert(name.clone(), entry);
        }
        for name in files.keys().filter(|name| name.ends_with(".js") || name.ends_with(".css")) {
            entries.insert(name.clone(), Entry::new(name, Bytes::from(files[name].to_vec())));
        }
        entries.insert(DOCUMENT.to_owned(), document(files, &links, ancestors)?);
        Ok(Site { entries })
    }

    /// What is at a path; `/` is the document.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let name = path.trim_start_matches('/');
        self.entries.get(if name.is_empty() { DOCUMENT } else { name })
    }
}

impl Entry {
    fn new(name: &str, plain: Bytes) -> Entry {
        let zipped = is_text(name).then(|| gzip(&plain)).flatten();
        Entry { content_type: content_type(name), policy: None, hash: hash_name(&[&plain]), plain, zipped }
    }
}

/// One answer with all of the page in it: there is no second request that a gateway of another build could answer.
fn document(files: &Files, links: &[(String, String)], ancestors: &[String]) -> anyhow::Result<Entry> {
    let script = bundle(files, ENTRY)?;
    let style = text(files, STYLE)?;
    for (end, content) in [("</script", script.as_str()), ("<!--", script.as_str()), ("</style", style)] {
        ensure!(
            !content.contains(end),
            "{end:?} in the page's code would end it in the middle of the document"
        );
    }
    let policy = policy(&script, style, ancestors);
    let mut html = linked(text(files, DOCUMENT)?, links);
    html = put(&html, STYLE_TAG, &format!("<style>{style}</style>"))?;
    html = put(&html, SCRIPT_TAG, &format!("<script type=\"module\">{script}</script>"))?;
    // The policy goes into the name: what a browser has kept is never used with another one.
    let hash = hash_name(&[html.as_bytes(), policy.as_bytes()]);
    html = put(&html, VERSION_TAG, &VERSION_TAG.replace("\"\"", &format!("\"{hash}\"")))?;
    let policy = HeaderValue::from_str(&policy).context("an allowed origin cannot be part of a header")?;
    let plain = Bytes::from(html);
    let zipped = gzip(&plain);
    Ok(Entry { content_type: content_type(DOCUMENT), policy: Some(policy), hash, plain, zipped })
}

/// Script and style are those of the document, by their hash, everything else is this server's own. Its scripts are its
/// sources, which tests and whoever looks into the page import one at a time.
fn policy(script: &str, style: &str, ancestors: &[String]) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let ancestors: String =
        ancestors.iter().map(|origin| format!(" {}", origin.trim_end_matches('/'))).collect();
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'sha256-{}'; img-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'{ancestors}",
        hash(script),
        hash(style)
    )
}

/// Replaces what must be there exactly once.
fn put(html: &str, tag: &str, content: &str) -> anyhow::Result<String> {
    ensure!(html.matches(tag).count() == 1, "{DOCUMENT} must contain {tag} once");
    Ok(html.replacen(tag, content, 1))
}

fn linked(text: &str, links: &[(String, String)]) -> String {
    links.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn text<'a>(files: &'a Files, name: &str) -> anyhow::Result<&'a str> {
    let content = files.get(name).with_context(|| format!("there is no file {name}"))?;
    std::str::from_utf8(content).with_context(|| format!("{name} is not UTF-8"))
}

fn hash_name(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn is_code(name: &str) -> bool {
    name == DOCUMENT || name.ends_with(".js") || name.ends_with(".css")
}

fn is_text(name: &str) -> bool {
    is_code(name) || name.ends_with(".svg") || name.ends_with(".webmanifest")
}

/// What a file is, by its name.
pub fn content_type(name: &str) -> &'static str {
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
