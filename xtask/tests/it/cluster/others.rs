//! Somebody else's cluster: made by hand, pinned, checked, deployed to from a registry, and left as it was found.

use std::fs;
use std::path::Path;

use serde_json::Value;
use xtask::manifests::cluster::{ClusterConfig, Overrides};
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

use super::{assert_played, docker, run};
use crate::dry_run::{Place, of};
use crate::registry::stand_in::{Access, StandIn};

/// A name and a port that no developer uses by accident.
const NAME: &str = "tg-one";
const PORT: u16 = 18201;
const SERVER: &str = "k3d-tg-one-server-0";
const NODES: [&str; 2] = [SERVER, "k3d-tg-one-agent-0"];
/// Where containerd looks for how a registry is reached, in k3s.
const REGISTRIES: &str = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d";
/// What the manifests name beside the game server.
const NEIGHBOUR: &str = "nats:2.12-alpine";

/// A home with a kubeconfig and a targets.yaml, and the registry that the nodes pull from.
struct Bed {
    home: tempfile::TempDir,
    registry: StandIn,
}

impl Bed {
    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn image(&self) -> String {
        format!("{}/team/game-server", self.registry.host())
    }

    async fn xtask(&self, args: &[&str]) -> Finished {
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args).env("NO_COLOR", "1");
        let job = job.env("XDG_STATE_HOME", self.home.path()).env("XTASK_TARGETS", self.path("targets.yaml"));
        job.run(&Report::quiet()).await.unwrap()
    }

    async fn ends_with(&self, args: &[&str], code: i32) -> Finished {
        let ended = self.xtask(&[args, &["--target", "theirs"]].concat()).await;
        assert_eq!(ended.code, Some(code), "{args:?}: {}", ended.tail);
        ended
    }

    /// The result of a command that succeeds.
    async fn result(&self, args: &[&str]) -> Value {
        let ended = self.ends_with(&[args, &["--json"]].concat(), 0).await;
        let event: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
        event["result"].clone()
    }
}

async fn kubectl(args: &[&str]) -> String {
    docker(&[&["exec", SERVER, "kubectl"], args].concat()).await
}

/// Everything that a write would change.
async fn written() -> String {
    let kinds = "configmaps,secrets,persistentvolumeclaims,deployments,statefulsets,daemonsets,services";
    let columns =
        "custom-columns=KIND:.kind,NAME:.metadata.name,GENERATION:.metadata.generation,UID:.metadata.uid";
    kubectl(&["get", kinds, "--namespace", "game-prod", "--output", columns]).await
}

/// A cluster as somebody makes it, without labels and without a record of ours.
async fn make() -> Bed {
    let bed = Bed { home: tempfile::tempdir().unwrap(), registry: StandIn::start(Access::Open).await };
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("manifests");
    let image = xtask::target::image_given()
        .unwrap_or_else(|| ClusterConfig::load(&manifests, &Overrides::default()).unwrap().image);
    let port = format!("127.0.0.1:{PORT}:80@server:0:direct");
    let shape = ["--image", &image, "--agents", "1", "--no-lb", "--port", &port];
    let flags = ["--kubeconfig-update-default=false", "--k3s-arg", "--disable=traefik@server:*"];
    run("k3d", &[&["cluster", "create", NAME], &shape[..], &flags[..]].concat()).await;
    fs::write(bed.path("kubeconfig"), run("k3d", &["kubeconfig", "get", NAME]).await).unwrap();
    // Nodes of a real cluster reach their registry; these reach the one of the test through their gateway.
    let network = format!("k3d-{NAME}");
    let gateway =
        docker(&["network", "inspect", &network, "--format", "{{(index .IPAM.Config 0).Gateway}}"]).await;
    let address = format!("http://{}:{}", gateway.trim(), bed.registry.port);
    let hosts = format!("[host.\"{address}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
    let folder = format!("{REGISTRIES}/{}", bed.registry.host());
    let script = format!("mkdir -p '{folder}' && printf '%s' '{hosts}' > '{folder}/hosts.toml'");
    for node in NODES {
        docker(&["exec", node, "sh", "-c", &script]).await;
    }
    if !docker(&["image", "ls", "--quiet", NEIGHBOUR]).await.is_empty() {
        run("k3d", &["image", "import", "--mode", "direct", "--cluster", NAME, NEIGHBOUR]).await;
    }
    bed
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn somebody_elses_cluster_is_checked_deployed_to_and_left_as_it_was() {
    let lived = std::panic::AssertUnwindSafe(async { life(&make().await).await });
    let lived = futures_util::FutureExt::catch_unwind(lived).await;
    run("k3d", &["cluster", "delete", NAME]).await;
    if let Err(panic) = lived {
        std::panic::resume_unwind(panic);
    }
}

async fn life(bed: &Bed) {
    pinned(bed).await;
    what_is_missing_is_said_with_its_command(bed).await;
    pushed_once(bed).await;
    deployed_by_digest(bed).await;
    another_cluster_is_refused(bed).await;
    taken_away_without_what_is_theirs(bed).await;
}

async fn pinned(bed: &Bed) {
    let (kubeconfig, url) = (bed.path("kubeconfig"), format!("http://127.0.0.1:{PORT}"));
    let mine = ["--kubeconfig", &kubeconfig, "--url", &url, "--image", &bed.image()];
    let add = [&["targets", "add", "theirs", "--context", "k3d-tg-one"], &mine[..]].concat();
    let dry = bed.xtask(&[&add[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry.code, Some(0), "{}", dry.tail);
    assert!(!Path::new(&bed.path("targets.yaml")).exists());
    let added = bed.xtask(&add).await;
    assert_eq!(added.code, Some(0), "{}", added.tail);
    let uid = kubectl(&["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"]).await;
    let file = fs::read_to_string(bed.path("targets.yaml")).unwrap();
    assert!(file.contains(&format!("uid: {}", uid.trim())), "{file}");
}

async fn what_is_missing_is_said_with_its_command(bed: &Bed) {
    for command in [&["doctor"][..], &["label"], &["cluster"], &["deploy"], &["up"]] {
        let ended = bed.ends_with(command, 6).await;
        assert!(ended.tail.contains("(node-labels)"), "{command:?}: {}", ended.tail);
    }
    let ended = bed.ends_with(&["label", "--json"], 6).await;
    let event: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    let commands: Vec<&str> = event["fix"].as_str().unwrap().trim_matches('`').split(" && ").collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let (before, words) = command.split_once(" label ").unwrap();
        assert_eq!(before, format!("KUBECONFIG={} kubectl --context k3d-tg-one", bed.path("kubeconfig")));
        kubectl(&[&["label"], &words.split(' ').collect::<Vec<_>>()[..]].concat()).await;
    }
    bed.ends_with(&["label"], 0).await;
    let built = bed.ends_with(&["image"], 0).await;
    assert!(
        built.stdout.contains("not pushed: cargo xtask image --push --target theirs"),
        "{}",
        built.stdout
    );
    for command in [&["doctor"][..], &["deploy"], &["up"]] {
        let ended = bed.ends_with(command, 3).await;
        let next = "fix: `cargo xtask image --push --target theirs`";
        assert!(ended.tail.contains("(image)") && ended.tail.contains(next), "{command:?}: {}", ended.tail);
    }
    let plan = bed.result(&["plan"]).await;
    assert!(plan["lines"].as_array().unwrap().iter().any(|line| line["sign"] == "!"), "{plan}");
}

async fn pushed_once(bed: &Bed) {
    let calls = Place { state: bed.home.path(), flags: &["--target", "theirs"] }
        .same(&["image", "--push"], &[("XTASK_TARGETS", &bed.path("targets.yaml"))])
        .await;
    assert_eq!(of(&calls, "registry").len(), 3, "{calls:?}");
    let writes = bed.registry.with(|held| held.writes());
    let again = bed.result(&["image", "--push"]).await;
    assert_eq!(
        (again["pushed"]["blobs"].as_u64(), again["pushed"]["manifest"].as_bool()),
        (Some(0), Some(false))
    );
    assert_eq!(bed.registry.with(|held| held.writes()), writes, "nothing is sent twice");
}

async fn deployed_by_digest(bed: &Bed) {
    assert!(bed.ends_with(&["doctor"], 0).await.stdout.contains("can be pulled"));
    let place = Place { state: bed.home.path(), flags: &["--target", "theirs"] };
    let targets = bed.path("targets.yaml");
    let first = place.same(&["up"], &[("XTASK_TARGETS", &targets)]).await;
    assert!(of(&first, "kubernetes").len() > 20, "{first:?}");
    let again = place.same(&["up"], &[("XTASK_TARGETS", &targets)]).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), ["game-server"], "a look as a player: {again:?}");
    let status = bed.result(&["status"]).await;
    assert_eq!(
        (status["state"].as_str(), status["pods"].as_array().unwrap().len() > 6),
        (Some("running"), true)
    );
    let ours = format!("{}@sha256:", bed.image());
    let images = status["pods"].as_array().unwrap().iter().map(|pod| pod["image"].as_str().unwrap());
    assert!(images.into_iter().all(|image| image.starts_with(&ours) || image == NEIGHBOUR), "{status}");
    assert_played(&bed.xtask(&["verify", "--target", "theirs"]).await);
    let plan = bed.ends_with(&["plan"], 0).await;
    assert!(plan.stdout.contains("nothing would change"), "{}", plan.stdout);
    assert!(!bed.ends_with(&["logs", "--role", "room"], 0).await.stdout.is_empty());
    let found = bed.ends_with(&["diagnose"], 0).await;
    assert!(found.stdout.contains("nothing is wrong"), "{}", found.stdout);
}

async fn another_cluster_is_refused(bed: &Bed) {
    let before = written().await;
    let file = fs::read_to_string(bed.path("targets.yaml")).unwrap();
    let uid = file.lines().find(|line| line.contains("uid: ")).unwrap();
    fs::write(bed.path("targets.yaml"), file.replace(uid, "  uid: 00000000-0000-0000-0000-000000000000"))
        .unwrap();
    for command in [&["deploy"][..], &["up"], &["down", "--yes"], &["label"], &["status"]] {
        let refused = bed.ends_with(command, 4).await;
        assert!(refused.tail.contains("answers, but as another cluster"), "{command:?}: {}", refused.tail);
    }
    fs::write(bed.path("targets.yaml"), file).unwrap();
    assert_eq!(written().await, before);
}

async fn taken_away_without_what_is_theirs(bed: &Bed) {
    kubectl(&["create", "configmap", "theirs", "--namespace", "game-prod"]).await;
    let before = written().await;
    let refused = bed.ends_with(&["down"], 4).await;
    assert!(refused.tail.contains("nobody said yes"), "{}", refused.tail);
    assert_eq!(written().await, before);
    let place = Place { state: bed.home.path(), flags: &["--target", "theirs"] };
    let variables = [("XTASK_TARGETS", &*bed.path("targets.yaml"))];
    let calls = place.same(&["down"], &variables).await;
    assert!(
        of(&calls, "kubernetes").iter().any(|call| call == "delete Deployment/gateway in game-prod"),
        "{calls:?}"
    );
    let left = written().await;
    for stays in ["theirs", "game-secrets", "data-ranking-0"] {
        assert!(left.contains(stays), "{stays} is gone:\n{left}");
    }
    assert!(!left.contains("gateway") && !left.contains("StatefulSet"), "{left}");
    place.same(&["down", "--data"], &variables).await;
    let left = written().await;
    assert!(
        left.contains("theirs") && !left.contains("data-ranking-0") && !left.contains("game-secrets"),
        "{left}"
    );
    let ended = bed.ends_with(&["down", "--data", "--yes"], 0).await;
    assert!(ended.stdout.contains("nothing of ours runs"), "{}", ended.stdout);
    kubectl(&["get", "nodes"]).await;
}
