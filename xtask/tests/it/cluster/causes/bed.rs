//! One cluster, taken over or made for these tests, with an image that fails as it is told.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::binary;
use xtask::cli::Cli;
use xtask::commands::cluster;
use xtask::commands::image::{archive, nodes};
use xtask::context::Context;
use xtask::docker::Engine;
use xtask::kubernetes::Kubernetes;
use xtask::kubernetes::objects::{Apply, Id};
use xtask::manifests::Manifests;
use xtask::processes;
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;
use xtask::target::Reached;
use xtask::trust;

use super::variants::{FROZEN, VARIANTS, Variant};
use super::webhook;

/// Names a cluster that is up and may be broken; its state is where XDG_STATE_HOME says.
const GIVEN_CLUSTER: &str = "GAME_SERVER_TEST_CLUSTER";
const OWN_CLUSTER: &str = "game-server-test";
const OWN_PORT: &str = "18082";
/// Values of Secrets and of fields that look like secrets; none of them may leave the cluster.
pub const PLANTED: [&str; 3] = ["plantedTicketValue-77", "plantedPassword-88", "plantedApiToken-99"];
const WEBHOOKS: [(&str, &[&str]); 2] =
    [("game-test-pods", &["pods"]), ("game-test-objects", &["deployments"])];
/// A start of a node included.
const FIRST_POD_LIMIT: Duration = Duration::from_secs(180);
/// A small program without dependencies; slow machines included.
const COMPILE_LIMIT: Duration = Duration::from_secs(120);

pub struct Bed {
    pub context: Context,
    pub cluster: Kubernetes,
    /// The image that fails as its argument says.
    pub image: String,
    pub folder: TempDir,
    images: [archive::Archive; 2],
    pub reached: Reached,
    is_own: bool,
}

impl Bed {
    /// Takes the cluster that is given, else makes one; the error says why neither is possible.
    pub async fn new() -> Result<Self, String> {
        let programs = ["docker", "k3d", "rustc"];
        let missing: Vec<&str> =
            programs.into_iter().filter(|name| processes::find(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(format!("{} not on PATH", missing.join(" and ")));
        }
        let triple = binary::static_triple().ok_or("a program for an empty image is built on Linux only")?;
        let engine = Engine::connect(&Report::quiet()).await.map_err(|error| format!("{error:#}"))?;
        let folder = tempfile::tempdir().unwrap();
        let program = compile(folder.path(), &triple).await;
        let architecture = engine.architecture().await.unwrap();
        let pack = |program: &[u8]| archive::pack(program, &architecture).unwrap();
        let images = [pack(&program), pack(&foreign(&program))];
        let given = std::env::var(GIVEN_CLUSTER).ok();
        let context = context(given.as_deref(), folder.path());
        if given.is_none() {
            cluster::ensure(&context, None).await.unwrap();
        }
        let reached = Reached::of(&context).await.unwrap();
        let (cluster, image) = (reached.cluster.clone(), images[0].reference.clone());
        Ok(Self { context, cluster, image, folder, images, reached, is_own: given.is_none() })
    }

    /// Images, secrets, webhooks, a taint: everything that the variants find there.
    pub async fn prepare(&self) {
        for node in self.nodes("agent") {
            self.deliver(&node).await;
        }
        let objects = Manifests::load(&self.context.manifests).unwrap().objects;
        for object in objects.iter().filter(|object| ["Namespace", "ConfigMap"].contains(&object.kind())) {
            self.cluster.apply(&object.value, Apply::Real).await.unwrap();
        }
        for object in planted(&self.image) {
            self.cluster.apply(&object, Apply::Real).await.unwrap();
        }
        trust::ensure(&self.cluster).await.unwrap();
        for (name, resources) in WEBHOOKS {
            self.cluster.apply(&webhook(name, resources), Apply::Real).await.unwrap();
        }
        self.set_taints(json!([{"key": "game-server.dev/test", "effect": "NoSchedule"}])).await;
        self.first_pod_runs().await;
    }

    /// A kubelet that was short of disk may have removed the image of every sandbox; a restart of the node brings it back.
    async fn first_pod_runs(&self) {
        let node = self.nodes("agent").pop().unwrap();
        let started = Instant::now();
        let mut restarted = false;
        while started.elapsed() < FIRST_POD_LIMIT {
            let facts = self.cluster.facts().await.unwrap();
            let runs = |pod: &Value| pod["metadata"]["name"] == leak() && pod["status"]["phase"] == "Running";
            if facts.pods.iter().any(runs) {
                return self.pin(&node).await;
            }
            let lost = |event: &Value| {
                let words = event["message"].as_str().unwrap_or_default();
                event["involvedObject"]["name"] == leak() && words.contains("sandbox image")
            };
            if !restarted && facts.events.iter().any(lost) {
                restarted = true;
                let job = Job::new("docker", Path::new("/")).args(["restart", "--time", "1", &node]);
                job.run(&Report::quiet()).await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("no pod runs on {node}");
    }

    /// Leaves the cluster as it was, or takes it away.
    pub async fn end(&self) {
        self.freeze(false).await;
        if self.is_own {
            return cluster::remove(&self.context).await.unwrap();
        }
        self.set_taints(json!([])).await;
        for (name, resources) in WEBHOOKS {
            self.cluster.delete(&Id::of(&webhook(name, resources))).await.unwrap();
        }
        for variant in VARIANTS.iter().chain([&FROZEN]) {
            for object in self.objects(variant) {
                self.cluster.delete(&Id::of(&object)).await.unwrap();
            }
        }
        for object in planted(&self.image) {
            self.cluster.delete(&Id::of(&object)).await.unwrap();
        }
    }

    /// A repository with the broken manifest and what it refers to.
    pub fn repository(&self, variant: &Variant) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let manifests = folder.path().join("manifests");
        std::fs::create_dir_all(manifests.join("cluster")).unwrap();
        for file in ["namespace.yaml", "settings.yaml", "cluster/k3d.yaml"] {
            std::fs::copy(self.context.root.join("manifests").join(file), manifests.join(file)).unwrap();
        }
        std::fs::write(manifests.join(format!("{}.yaml", variant.name)), variant.text()).unwrap();
        folder
    }

    /// The objects of the broken manifest alone.
    pub fn objects(&self, variant: &Variant) -> Vec<Value> {
        let mut manifests = Manifests::load(&self.repository(variant).path().join("manifests")).unwrap();
        manifests.set_image(&self.image);
        let own = manifests.objects.into_iter().filter(|object| object.name().starts_with(variant.name));
        own.map(|object| object.value).collect()
    }

    /// Stops the kubelet of the node that runs rooms, or lets it go on.
    pub async fn freeze(&self, frozen: bool) {
        let command = if frozen { "pause" } else { "unpause" };
        let node = self.nodes("agent").remove(0);
        // One that is not frozen cannot be thawed, which is fine.
        let _ = Job::new("docker", Path::new("/")).args([command, &node]).run(&Report::quiet()).await;
    }

    /// Every value that must stay within the cluster.
    pub async fn secrets(&self) -> Vec<String> {
        let mut secrets = self.cluster.secret_values().await.unwrap();
        let kubeconfig = std::fs::read_to_string(self.reached.target.kubeconfig()).unwrap();
        let key = kubeconfig.lines().find_map(|line| line.trim().strip_prefix("client-key-data: ")).unwrap();
        secrets.push(key.to_owned());
        secrets.retain(|secret| secret.len() > 5);
        assert!(secrets.len() > 3, "there is too little to look for");
        secrets
    }

    /// `cargo xtask ARGS` on this cluster, as a user types it.
    pub async fn xtask(&self, args: &[&str]) -> Finished {
        let state = self.context.state.parent().unwrap();
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
        let job = job.args(["--target", "k3d", "--cluster", self.reached.target.name()]);
        job.env("XDG_STATE_HOME", state).env("NO_COLOR", "1").run(&Report::quiet()).await.unwrap()
    }

    fn nodes(&self, role: &str) -> Vec<String> {
        let nodes = self.reached.target.config.nodes().into_iter();
        nodes.filter(|node| node.contains(&format!("-{role}-"))).collect()
    }

    async fn deliver(&self, node: &str) {
        let images: Vec<_> = self.images.iter().collect();
        nodes::deliver(&self.reached.engine, node, nodes::Node::Known, &images).await.unwrap();
        // The manifests take no tag for our own image, so the foreign one gets a name of its own.
        let foreign = self.images[1].full_reference.as_str();
        self.ctr(node, &["tag", "--force", foreign, "docker.io/library/foreign:1"]).await;
        self.pin(node).await;
    }

    /// A kubelet that is short of disk removes what no pod uses at the moment, even what every pod needs.
    async fn pin(&self, node: &str) {
        let names = self.ctr(node, &["ls", "--quiet"]).await;
        for name in names.lines().filter(|name| !name.starts_with("sha256:")) {
            self.ctr(node, &["label", name, "io.cri-containerd.pinned=pinned"]).await;
        }
    }

    async fn ctr(&self, node: &str, args: &[&str]) -> String {
        let command = [&["ctr", "-n", "k8s.io", "images"], args].concat();
        let ended = self.reached.engine.exec(node, &command, None).await.unwrap();
        assert_eq!(ended.exit_code, 0, "{args:?}: {}", ended.stderr);
        ended.stdout
    }

    /// On the node of the control plane, which runs nothing else.
    async fn set_taints(&self, taints: Value) {
        let name = self.nodes("server").remove(0);
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"taints": taints}});
        self.cluster.apply(&node, Apply::Real).await.unwrap();
    }
}

fn context(given: Option<&str>, folder: &Path) -> Context {
    let mut args = vec!["xtask", "--quiet", "--target", "k3d", "--cluster", given.unwrap_or(OWN_CLUSTER)];
    if given.is_none() {
        args.extend(["--port", OWN_PORT]);
    }
    args.push("status");
    let mut context = Context::new(&Cli::parse_from(args).global).unwrap();
    if given.is_none() {
        context.state = folder.join("state/game-server");
    }
    context
}

/// A static program that fails as its argument says.
async fn compile(folder: &Path, triple: &str) -> Vec<u8> {
    let source = folder.join("misbehave.rs");
    std::fs::write(&source, include_str!("misbehave.rs")).unwrap();
    let flags = ["--edition", "2024", "-O", "-C", "strip=symbols", "-C", "panic=unwind"];
    let linking = ["-C", "target-feature=+crt-static", "-C", "relocation-model=static"];
    let job = Job::new("rustc", folder).args(flags).args(linking).args(["--target", triple, "misbehave.rs"]);
    let ended = job.limit(COMPILE_LIMIT).run(&Report::quiet()).await.unwrap();
    assert!(ended.success(), "{}", ended.tail);
    std::fs::read(folder.join("misbehave")).unwrap()
}

/// The same for a processor that this machine has not got: the field of the ELF header says so.
fn foreign(program: &[u8]) -> Vec<u8> {
    const MACHINE: std::ops::Range<usize> = 18..20;
    const X86_64: u16 = 0x3e;
    const AARCH64: u16 = 0xb7;
    let mut foreign = program.to_vec();
    let own = u16::from_le_bytes([program[MACHINE.start], program[MACHINE.start + 1]]);
    let other = if own == X86_64 { AARCH64 } else { X86_64 };
    foreign[MACHINE].copy_from_slice(&other.to_le_bytes());
    foreign
}

fn secret(name: &str, key: &str, value: &str) -> Value {
    let metadata = json!({"name": name, "namespace": "game-prod"});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {key: value}})
}

/// The pod of an earlier run may still be ending.
fn leak() -> String {
    format!("b-leak-{}", std::process::id())
}

/// A pod that tells its secrets in its log, its environment and its arguments.
fn planted(image: &str) -> [Value; 2] {
    let [ticket, password, token] = PLANTED;
    let from_secret = json!({"secretKeyRef": {"name": "planted", "key": "ticket-secret"}});
    let container = json!({
        "name": "leak",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["leak", format!("--api-token={token}")],
        "env": [{"name": "TICKET_SECRET", "valueFrom": from_secret}, {"name": "DB_PASSWORD", "value": password}],
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    let security =
        json!({"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": leak(), "namespace": "game-prod"},
        "spec": {"nodeSelector": {"workload": "backend"}, "securityContext": security, "containers": [container]},
    });
    [secret("planted", "ticket-secret", ticket), pod]
}
