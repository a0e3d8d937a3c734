//! Requests that answer a challenge by themselves.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::challenge::Challenge;
use super::credentials::{self, Credentials};
use crate::report::Report;

/// A layer of 20 MB over a slow line; everything else is answered at once.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);
/// A registry that is there accepts within this.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Answers that are read are errors and tokens.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub url: String,
    accept: Option<&'static str>,
    body: Option<(&'static str, Bytes)>,
}

impl Call {
    pub fn new(method: Method, url: String) -> Self {
        Self { method, url, accept: None, body: None }
    }

    pub fn accept(self, media_type: &'static str) -> Self {
        Self { accept: Some(media_type), ..self }
    }

    pub fn body(self, media_type: &'static str, bytes: Bytes) -> Self {
        Self { body: Some((media_type, bytes)), ..self }
    }
}

/// How a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// One registry, and how it wants to be spoken to.
pub struct Session {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    report: Report,
    /// The config of Docker, if there is a place for one.
    pub logins: Option<PathBuf>,
    /// As the config of Docker names it.
    registry: String,
    /// Where it answers: credentials go nowhere else.
    address: String,
    /// It speaks plain HTTP, and so may those that give tokens for it.
    is_plain: bool,
    /// The header that was accepted last.
    authorization: Mutex<Option<String>>,
}

impl Session {
    pub fn new(report: &Report, registry: &str, address: &str, is_plain: bool) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_LIMIT));
        let tls =
            HttpsConnectorBuilder::new().with_native_roots().context("reading the certificates to trust")?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            report: report.clone(),
            logins: credentials::config_file(),
            registry: registry.to_owned(),
            address: address.to_owned(),
            is_plain,
            authorization: Mutex::new(None),
        })
    }

    /// Sends it; where the registry first wants to know who asks, it is told and asked again.
    pub async fn send(&self, call: &Call) -> Result<Answer> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = self.exchange(call, known.filter(|_| self.is_ours(&call.url))).await?;
        let wanted = answer.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = wanted.filter_map(Challenge::parse).next();
        let Some(challenge) = challenge.filter(|_| answer.status == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        let Some(authorization) = self.authorize(&challenge).await? else {
            return Ok(answer);
        };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization.clone());
        self.exchange(call, Some(authorization)).await
    }

    /// The header that answers a challenge; none where nobody is logged in and it takes a name.
    async fn authorize(&self, challenge: &Challenge) -> Result<Option<String>> {
        let credentials = credentials::of(&self.report, self.logins.as_deref(), &self.registry).await?;
        if let Credentials::Token(token) = &credentials {
            return Ok(Some(format!("Bearer {token}")));
        }
        match challenge {
            Challenge::Basic => Ok(credentials.basic()),
            Challenge::Bearer { realm, query } => {
                ensure!(
                    realm.starts_with("https://") || self.is_plain,
                    "it sends for a token to {realm}, which is not encrypted"
                );
                let url = resolve(realm, &format!("{realm}?{query}"))?;
                let answer = self.exchange(&Call::new(Method::GET, url), credentials.basic()).await?;
                if answer.status != StatusCode::OK {
                    return Ok(None);
                }
                let value: Value = serde_json::from_slice(&answer.body).context("reading a token")?;
                let token = value["token"].as_str().or(value["access_token"].as_str());
                Ok(token.map(|token| format!("Bearer {token}")))
            }
        }
    }

    async fn exchange(&self, call: &Call, authorization: Option<String>) -> Result<Answer> {
        let mut request = Request::builder().method(&call.method).uri(&call.url);
        if let Some(accept) = call.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let body = match &call.body {
            Some((media_type, bytes)) => {
                request = request.header(CONTENT_TYPE, *media_type);
                bytes.clone()
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(body)).with_context(|| format!("asking {}", call.url))?;
        let exchange = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body =
                Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(anyhow::Error::from_boxed)?;
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        let answer = tokio::time::timeout(REQUEST_LIMIT, exchange).await;
        answer.context("no answer in time").flatten().with_context(|| format!("{} {}", call.method, call.url))
    }

    fn is_ours(&self, url: &str) -> bool {
        let uri = url.parse::<Uri>().ok();
        uri.as_ref().and_then(Uri::authority).is_some_and(|authority| authority.as_str() == self.address)
    }
}

/// An address as it is meant on a page at `base`: a registry may leave scheme and host away.
pub fn resolve(base: &str, place: &str) -> Result<String> {
    if !place.starts_with('/') {
        place.parse::<Uri>().with_context(|| format!("`{place}` is no address"))?;
        return Ok(place.to_owned());
    }
    let base: Uri = base.parse().with_context(|| format!("`{base}` is no address"))?;
    let authority = base.authority().context("an address without a host")?;
    Ok(format!("{}://{authority}{place}", base.scheme_str().unwrap_or("https")))
}
