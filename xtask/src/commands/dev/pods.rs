//! Builds and pages into the pods of a cluster: one stream a node, linked into every pod there, and a new process in each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use serde_json::Value;

use super::dress::{self, BINARY, PAGE, VOLUME};
use crate::commands::{deploy, up};
use crate::context::{Context, lock};
use crate::kubernetes::objects::Id;
use crate::kubernetes::pods::ROLE_LABEL;
use crate::manifests::Manifests;
use crate::public;
use crate::settings::{DELIVER_LIMIT, NAMESPACE};
use crate::target::{Reached, Target};

/// Between two looks at a pod whose process is being replaced.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// A role is ready within a second; a machine that compiles something else takes its time.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// Lines of the log of a pod that does not come up.
const LOG_LINES: i64 = 15;
/// Where the kubelet keeps the volumes of pods.
const PODS_FOLDER: &str = "/var/lib/kubelet/pods";
/// Takes a build from standard input, whole, and puts it into every pod named: one file, linked.
const PUT: &str = r#"set -e
size=$1; folder=$2; name=$3; first=$4; shift 3
new="$folder/$first/$VOLUME/new"
cat > "$new"
[ "$(wc -c < "$new")" -eq "$size" ]
chmod 755 "$new"
for pod in "$@"; do [ "$pod" = "$first" ] || ln -f "$new" "$folder/$pod/$VOLUME/new"; done
for pod in "$@"; do mv -f "$folder/$pod/$VOLUME/new" "$folder/$pod/$VOLUME/$name"; done"#;

/// The game on a cluster, and what its pods were before.
pub struct Pods {
    reached: Reached,
    /// Image that every pod had, and has: builds run beside it.
    image: String,
    pub url: String,
    _lock: lock::Lock,
}

/// A pod that takes builds.
struct Pod {
    name: String,
    uid: String,
    node: String,
    role: String,
}

impl Pods {
    /// The game that is up; brought up where it is not.
    pub async fn reach(context: &Context) -> Result<Self> {
        let target = Target::of(context)?;
        let lock = lock::take(target.folder(), &context.report).await?;
        let (reached, image) = match running(context).await {
            Some(running) => running,
            None => {
                up::run(context, up::Args { now: true }).await?;
                running(context).await.context("`up` ended well, and nothing of it is found")?
            }
        };
        let url = reached.target.url();
        Ok(Self { reached, image, url, _lock: lock })
    }

    /// Rolls the pods once, so that from then on they take builds as they are.
    pub async fn enter(&self, context: &Context) -> Result<()> {
        let mut manifests = Manifests::read(&context.objects)?;
        dress::dress(&mut manifests);
        let prepared = deploy::prepare_these(&self.reached.cluster, manifests, &self.image).await?;
        deploy::carry_out(context, &self.reached, prepared, &self.image, true).await.map(|_| ())
    }

    /// Puts a build into every pod and waits until another process is ready in each.
    pub async fn swap(&self, binary: &Path) -> Result<()> {
        let build = fs::read(binary).with_context(|| format!("reading {}", binary.display()))?;
        let pods = self.pods().await?;
        let before = self.started_before(&pods).await;
        self.put(&pods, build.into()).await?;
        let replaced = pods.iter().map(|pod| self.replaced(&pod.name, before.get(&pod.name).copied()));
        try_join_all(replaced).await.map(|_| ())
    }

    /// Puts the files of the page beside the builds of the gateways.
    pub async fn show_pages(&self, folder: &Path) -> Result<()> {
        let archive = pages(folder)?;
        let pods = self.pods().await?;
        let gateways = pods.iter().filter(|pod| pod.role == "gateway");
        let uploads = gateways.map(|pod| {
            let folder = format!("{PODS_FOLDER}/{}/{}", pod.uid, volume());
            let archive = archive.clone();
            async move { self.reached.engine.upload(&pod.node, &folder, archive).await }
        });
        try_join_all(uploads).await.map(|_| ())
    }

    /// The manifests as they are, with the image of before.
    pub async fn leave(&self, context: &Context) -> Result<String> {
        let prepared = deploy::prepare(context, &self.reached, &self.image).await?;
        deploy::carry_out(context, &self.reached, prepared, &self.image, true).await?;
        public::wait_for_page(&self.reached.target).await?;
        Ok(format!("every pod runs {} again, at {}", self.image, self.url))
    }

    /// Pods that run below `reload`; one that is on its way out does not count.
    async fn pods(&self) -> Result<Vec<Pod>> {
        let found = self.reached.cluster.list("v1", "Pod", Some(NAMESPACE), "").await?;
        let pods: Vec<Pod> = found.iter().filter(|pod| takes_builds(pod)).map(read).collect();
        if pods.is_empty() {
            bail!("no pod of {} takes a build", self.reached.target.name());
        }
        Ok(pods)
    }

    /// When the process of each pod started; asked each time, since a build that failed has left some of them behind.
    async fn started_before(&self, pods: &[Pod]) -> BTreeMap<String, f64> {
        let ask = pods.iter().map(async |pod| {
            let started = self.reached.cluster.started(&pod.name).await;
            started.map(|started| (pod.name.clone(), started))
        });
        join_all(ask).await.into_iter().flatten().collect()
    }

    async fn put(&self, pods: &[Pod], build: Bytes) -> Result<()> {
        let mut nodes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for pod in pods {
            nodes.entry(&pod.node).or_default().push(&pod.uid);
        }
        let size = build.len().to_string();
        let script = PUT.replace("$VOLUME", &volume());
        let streams = nodes.into_iter().map(|(node, uids)| {
            let mut command = vec!["sh", "-c", &script, "put", &size, PODS_FOLDER, BINARY];
            command.extend(uids);
            let build = build.clone();
            async move {
                let ended = self.reached.engine.exec_to_change(node, &command, Some((BINARY, build))).await?;
                if ended.exit_code != 0 {
                    bail!("{node} did not take the build: {}", ended.stderr.trim());
                }
                Ok(())
            }
        });
        let all = tokio::time::timeout(DELIVER_LIMIT, try_join_all(streams)).await;
        all.context("the nodes did not take the build in time")?.map(|_| ())
    }

    async fn replaced(&self, pod: &str, before: Option<f64>) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        while Instant::now() < deadline {
            let started = self.reached.cluster.started(pod).await;
            if started.is_some() && started != before {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let lines = self.reached.cluster.last_lines(NAMESPACE, pod, LOG_LINES).await.join("\n");
        bail!(
            "{pod} is not ready with this build after {} s. The end of its log:\n{lines}",
            READY_LIMIT.as_secs()
        )
    }
}

/// The cluster that is up with the game on it, and the image that its rooms run.
async fn running(context: &Context) -> Option<(Reached, String)> {
    let reached = Reached::of(context).await.ok()?;
    let room = Id::new("apps/v1", "StatefulSet", Some(NAMESPACE), "room");
    let room = reached.cluster.get(&room).await.ok()??;
    let image = room["spec"]["template"]["spec"]["containers"][0]["image"].as_str()?.to_owned();
    Some((reached, image))
}

fn takes_builds(pod: &Value) -> bool {
    let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    volumes.any(|volume| volume["name"] == VOLUME)
        && pod["metadata"]["deletionTimestamp"].is_null()
        && pod["status"]["phase"] == "Running"
}

fn read(pod: &Value) -> Pod {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Pod {
        name: text(&pod["metadata"]["name"]),
        uid: text(&pod["metadata"]["uid"]),
        node: text(&pod["spec"]["nodeName"]),
        role: text(&pod["metadata"]["labels"][ROLE_LABEL]),
    }
}

/// The folder of the volume below the folder of its pod.
fn volume() -> String {
    format!("volumes/kubernetes.io~empty-dir/{VOLUME}")
}

fn pages(folder: &Path) -> Result<Bytes> {
    let doing = || format!("packing {}", folder.display());
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all(PAGE, folder).with_context(doing)?;
    Ok(archive.into_inner().with_context(doing)?.into())
}
