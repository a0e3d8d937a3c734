//! The table of pods, and what a pod says through the API server.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::kubernetes::readiness::has_condition;
use crate::settings::{ADMIN_PORT, ADMIN_TOKEN_KEY, GENERATED_SECRET, NAMESPACE};

/// Label that names the role of a pod.
pub const ROLE_LABEL: &str = "app.kubernetes.io/name";
/// Metric that tells one process of a pod from the next.
const PROCESS_START: &str = "process_start_time_seconds";
/// What a write on an admin port needs, where `Authorization` does not get through.
const TOKEN_HEADER: &str = "x-admin-token";
/// Means nothing by itself: that it changes is what wakes a kubelet.
const ATTEMPT_ANNOTATION: &str = "game-server.dev/attempt";
/// A pod answers its admin port at once; a hung one must not hang the table.
const ADMIN_LIMIT: Duration = Duration::from_secs(2);

/// One line of the table of pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pod {
    pub role: String,
    pub name: String,
    /// Another pod under the same name has another one.
    #[serde(skip)]
    pub uid: String,
    pub node: String,
    pub ready: bool,
    /// Asked to end, and still running its matches.
    pub draining: bool,
    /// `Running`, `Pending`, or the reason for which a container waits.
    pub state: String,
    pub restarts: u64,
    /// RFC 3339, as the API server gives it.
    pub created: String,
    pub image: String,
}

impl Pod {
    /// Reads what the API server says about a pod.
    pub fn read(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let containers = value["status"]["containerStatuses"].as_array();
        let waiting =
            containers.into_iter().flatten().find_map(|one| one["state"]["waiting"]["reason"].as_str());
        let draining = !value["metadata"]["deletionTimestamp"].is_null();
        let phase = if draining { "Draining" } else { value["status"]["phase"].as_str().unwrap_or_default() };
        Self {
            role: text(&value["metadata"]["labels"][ROLE_LABEL]),
            name: text(&value["metadata"]["name"]),
            uid: text(&value["metadata"]["uid"]),
            node: text(&value["spec"]["nodeName"]),
            ready: has_condition(value, "Ready", "True"),
            draining,
            state: waiting.unwrap_or(phase).to_owned(),
            restarts: containers.into_iter().flatten().filter_map(|one| one["restartCount"].as_u64()).sum(),
            created: text(&value["metadata"]["creationTimestamp"]),
            image: text(&value["spec"]["containers"][0]["image"]),
        }
    }
}

impl Kubernetes {
    /// The pods of the game, by role and name.
    pub async fn pods(&self) -> Result<Vec<Pod>> {
        let found = self.list("v1", "Pod", Some(NAMESPACE), "").await?;
        let mut pods: Vec<Pod> = found.iter().map(Pod::read).collect();
        pods.sort_by(|a, b| (&a.role, &a.name).cmp(&(&b.role, &b.name)));
        Ok(pods)
    }

    /// By node, the start of the oldest container that runs there as far as the cluster knows (RFC 3339, to the second).
    pub async fn running_since(&self) -> Result<BTreeMap<String, String>> {
        let mut oldest: BTreeMap<String, String> = BTreeMap::new();
        for pod in self.list("v1", "Pod", None, "").await? {
            let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
            let containers = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
            for started in containers.filter_map(|one| one["state"]["running"]["startedAt"].as_str()) {
                let known = oldest.entry(node.to_owned()).or_insert_with(|| started.to_owned());
                if started < known.as_str() {
                    *known = started.to_owned();
                }
            }
        }
        Ok(oldest)
    }

    /// Prometheus text of a pod.
    pub async fn pod_metrics(&self, pod: &str) -> Result<String> {
        self.read(pod, "metrics").await
    }

    /// When the process in a pod started, in seconds since 1970; nothing as long as it is not ready.
    pub async fn started(&self, pod: &str) -> Option<f64> {
        self.read(pod, "readyz").await.ok()?;
        metric(&self.pod_metrics(pod).await.ok()?, PROCESS_START)
    }

    /// Ends the matches of a pod that drains, with a result.
    pub async fn drain_now(&self, pod: &str) -> Result<()> {
        let id = pod_id(pod);
        if !self.call("ask", &id, " to end its matches (POST /drain?now=true)") {
            return Ok(());
        }
        let secret = self.get(&Id::new("v1", "Secret", Some(NAMESPACE), GENERATED_SECRET)).await?;
        let token = secret.and_then(|secret| Self::secret_text(&secret["data"], ADMIN_TOKEN_KEY));
        let request = admin_request(http::Method::POST, pod, "drain?now=true");
        // The API server keeps `Authorization` to itself and passes on by which name it was called.
        let request =
            request.header(TOKEN_HEADER, token.unwrap_or_default()).header(http::header::HOST, "localhost");
        self.ask(pod, request).await.map(|_| ())
    }

    /// Changes a pod for the `count`th time so that its kubelet looks at it now and not when its pause is over.
    pub async fn wake_kubelet(&self, pod: &str, count: usize) -> Result<()> {
        let id = pod_id(pod);
        if !self.call("annotate", &id, &format!(": {ATTEMPT_ANNOTATION}={count}")) {
            return Ok(());
        }
        self.merge(&id, &json!({"metadata": {"annotations": {ATTEMPT_ANNOTATION: count.to_string()}}})).await
    }

    async fn read(&self, pod: &str, path: &str) -> Result<String> {
        self.ask(pod, admin_request(http::Method::GET, pod, path)).await
    }

    async fn ask(&self, pod: &str, request: http::request::Builder) -> Result<String> {
        let request = request.body(Vec::new())?;
        let answer = tokio::time::timeout(ADMIN_LIMIT, self.client.request_text(request)).await;
        answer.with_context(|| format!("{pod} did not answer"))?.with_context(|| format!("asking {pod}"))
    }
}

fn admin_request(method: http::Method, pod: &str, path: &str) -> http::request::Builder {
    let uri = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}:{ADMIN_PORT}/proxy/{path}");
    http::Request::builder().method(method).uri(uri)
}

fn pod_id(pod: &str) -> Id {
    Id::new("v1", "Pod", Some(NAMESPACE), pod)
}

/// Sum of a metric over its labels, from Prometheus text.
pub fn metric(text: &str, name: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with(['{', ' ']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[cfg(test)]
mod tests;
