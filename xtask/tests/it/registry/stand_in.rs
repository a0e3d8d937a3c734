//! A registry of the test: the verbs of a push and a pull, strict about digests, lengths and order, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use xtask::manifests::hex;

/// Name and password that it knows, and the token that it gives for them.
pub const USER: &str = "robot";
pub const SECRET: &str = "pass:word";
const TOKEN: &str = "token-for-pull-and-push";

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    Basic,
    /// By a token, that is given for name and password.
    Token,
}

/// What it holds and what it was asked.
#[derive(Debug, Default)]
pub struct Held {
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// Manifests by digest.
    pub manifests: BTreeMap<String, Vec<u8>>,
    pub tags: BTreeMap<String, String>,
    uploads: u64,
    /// `PUT /v2/…`, in the order of the requests, without those that only ask for a login.
    pub asked: Vec<String>,
}

impl Held {
    /// Requests that bring something.
    pub fn writes(&self) -> usize {
        self.asked.iter().filter(|one| one.starts_with("POST") || one.starts_with("PUT")).count()
    }
}

/// It ends with the runtime of the test.
#[derive(Debug, Clone)]
pub struct StandIn {
    pub port: u16,
    access: Access,
    held: Arc<Mutex<Held>>,
}

struct Request {
    method: String,
    /// Path without its query.
    path: String,
    query: String,
    authorization: String,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn error(status: &'static str, code: &str) -> Self {
        Self::new(status)
            .body(format!(r#"{{"errors":[{{"code":"{code}","message":"as the test wants it"}}]}}"#))
    }
}

impl StandIn {
    /// Answers on every address of this machine: nodes in containers pull from it.
    pub async fn start(access: Access) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let registry = Self { port, access, held: Arc::default() };
        let shared = registry.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = shared.clone();
                tokio::spawn(async move { one.serve(stream).await });
            }
        });
        registry
    }

    /// As an image names it.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap())
    }

    /// Requests one after the other, until the other side goes.
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufStream::new(stream);
        loop {
            let request = read(&mut stream).await?;
            let answer = self.answer(&request);
            let mut head = format!("HTTP/1.1 {}\r\n", answer.status);
            let is_head = request.method == "HEAD";
            for (name, value) in &answer.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            let has_length = answer.headers.iter().any(|(name, _)| *name == "Content-Length");
            if !has_length {
                head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await.ok()?;
            if !is_head {
                stream.write_all(&answer.body).await.ok()?;
            }
            stream.flush().await.ok()?;
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        if request.path == "/token" {
            return self.give_token(request);
        }
        let is_read = ["GET", "HEAD"].contains(&request.method.as_str());
        let challenge = match self.access {
            Access::Open => None,
            Access::Basic => {
                (request.authorization != basic()).then(|| r#"Basic realm="the test""#.to_owned())
            }
            Access::Token => (request.authorization != format!("Bearer {TOKEN}")).then(|| {
                let scope = if is_read { "pull" } else { "pull,push" };
                format!(
                    r#"Bearer realm="http://{}/token",service="the test",scope="repository:team/game-server:{scope}""#,
                    self.host()
                )
            }),
        };
        if let Some(challenge) = challenge {
            return Answer::error("401 Unauthorized", "UNAUTHORIZED").header("WWW-Authenticate", challenge);
        }
        self.with(|held| {
            held.asked.push(format!("{} {}", request.method, request.path));
            route(held, request)
        })
    }

    fn give_token(&self, request: &Request) -> Answer {
        let is_known = request.authorization == basic();
        // As a form spells it: the blank and the comma are escaped or not, the scope is whole.
        let is_asked = request.query.contains("service=the%20test")
            && request.query.contains("scope=repository:team/game-server:pull");
        match is_known && is_asked {
            true => Answer::new("200 OK").body(format!(r#"{{"token":"{TOKEN}"}}"#)),
            false => Answer::error("401 Unauthorized", "UNAUTHORIZED"),
        }
    }
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{SECRET}")))
}

async fn read(stream: &mut BufStream<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok().filter(|bytes| *bytes > 0)?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), authorization, body })
}

fn route(held: &mut Held, request: &Request) -> Answer {
    let Some(rest) = request.path.strip_prefix("/v2/") else {
        return Answer::error("404 Not Found", "UNSUPPORTED");
    };
    if rest.is_empty() {
        return Answer::new("200 OK");
    }
    let Some((name, rest)) = ["/blobs/", "/manifests/"]
        .iter()
        .find_map(|part| rest.split_once(part).map(|(name, last)| (name, format!("{}{last}", &part[1..]))))
    else {
        return Answer::error("404 Not Found", "NAME_UNKNOWN");
    };
    match (request.method.as_str(), rest.as_str()) {
        ("POST", "blobs/uploads/") => {
            held.uploads += 1;
            // With a query of its own, and without a host: both are allowed.
            let place = format!("/v2/{name}/blobs/uploads/{}?state=open", held.uploads);
            Answer::new("202 Accepted").header("Location", place)
        }
        ("PUT", upload) if upload.starts_with("blobs/uploads/") => finish_upload(held, request),
        ("PUT", manifest) => put_manifest(held, request, manifest.trim_start_matches("manifests/")),
        ("GET" | "HEAD", place) => give(held, place),
        _ => Answer::error("405 Method Not Allowed", "UNSUPPORTED"),
    }
}

fn finish_upload(held: &mut Held, request: &Request) -> Answer {
    let is_open = request.query.starts_with("state=open&");
    let digest = request.query.split('&').find_map(|part| part.strip_prefix("digest="));
    let Some(digest) = digest.filter(|digest| is_open && **digest == digest_of(&request.body)) else {
        return Answer::error("400 Bad Request", "DIGEST_INVALID");
    };
    held.blobs.insert(digest.to_owned(), request.body.clone());
    Answer::new("201 Created").header("Docker-Content-Digest", digest)
}

/// A manifest is only taken when everything that it names is there.
fn put_manifest(held: &mut Held, request: &Request, tag: &str) -> Answer {
    let manifest: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter();
    let named = layers.chain([&manifest["config"]]);
    let is_there = |part: &serde_json::Value| {
        let blob = held.blobs.get(part["digest"].as_str().unwrap());
        blob.is_some_and(|blob| Some(blob.len() as u64) == part["size"].as_u64())
    };
    if !named.into_iter().all(is_there) {
        return Answer::error("400 Bad Request", "MANIFEST_BLOB_UNKNOWN");
    }
    let digest = digest_of(&request.body);
    held.manifests.insert(digest.clone(), request.body.clone());
    held.tags.insert(tag.to_owned(), digest.clone());
    Answer::new("201 Created").header("Docker-Content-Digest", digest)
}

fn give(held: &Held, place: &str) -> Answer {
    let (kind, name) = place.split_once('/').unwrap();
    let digest = held.tags.get(name).map_or(name, String::as_str);
    let (content, media_type) = match kind {
        "manifests" => (held.manifests.get(digest), "application/vnd.oci.image.manifest.v1+json"),
        _ => (held.blobs.get(digest), "application/octet-stream"),
    };
    let Some(content) = content else {
        return Answer::error("404 Not Found", "NOT_FOUND");
    };
    Answer::new("200 OK")
        .header("Content-Type", media_type)
        .header("Docker-Content-Digest", digest)
        .header("Content-Length", content.len().to_string())
        .body(content.clone())
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}
