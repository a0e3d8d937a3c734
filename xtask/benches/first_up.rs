//! The first `up` against the same by hand, in turn: `cargo bench -p xtask --profile dev [-- ROUNDS]`.
//!
//! By hand is what a tutorial types: `k3d cluster create`, `k3d image import`, `kubectl apply`, `kubectl rollout status`
//! and a look at the port. Both begin with nothing but the same image in Docker, use the same k3d, images and manifests
//! for as many nodes, and end when everything is rolled out and the page answers. `kubectl` applies in the order of the
//! file names: where a pod is quicker than its ConfigMap, it waits ten seconds. `up` runs twice: behind k3d's load
//! balancer, and with `--direct`. What `up` does beyond it, playing a match as a player, is told apart. The last column
//! is the floor of `--direct`: `k3d cluster create` of the same nodes, with nothing on them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xtask::http;
use xtask::manifests::cluster::{ClusterConfig, Overrides};
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;
use xtask::settings::{GENERATED_SECRET, NAMESPACE};
use xtask::trust;

/// Names and ports that no developer uses by accident.
const BY_HAND: (&str, u16) = ("bench-by-hand", 18310);
const BY_UP: (&str, u16) = ("bench-by-up", 18311);
/// Of k3d, which pulls what is missing; a busy machine takes two minutes for a cluster.
const LIMIT: Duration = Duration::from_secs(600);
const ROUNDS: usize = 3;
const ASK_EVERY: Duration = Duration::from_millis(100);

/// What one way took, in seconds.
#[derive(Debug, Clone, Copy)]
struct Took {
    /// Until everything runs and the page answers.
    whole_s: f64,
    /// Beyond that: a match as a player.
    played_s: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let report = Report::new(false, false, false);
    let rounds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let bench = Bench::prepare().await?;
    let mut ratios: [Vec<f64>; 3] = Default::default();
    let heads = format!("{:>16}  {:>16}  {:>16}", "up", "up --direct", "empty nodes");
    report.line(&format!("{:>5}  {:>10}  {heads}", "round", "by hand"));
    for round in 1..=rounds {
        bench.pack().await?;
        let by_hand = bench.in_turn(BY_HAND.0, bench.by_hand()).await?;
        let balanced = bench.in_turn(BY_UP.0, bench.up(&[])).await?;
        let direct = bench.in_turn(BY_UP.0, bench.up(&["--direct"])).await?;
        let empty = bench.in_turn(BY_HAND.0, bench.empty()).await?;
        let cell = |took: Took| format!("{:.1} s ({:.2} x)", took.whole_s, took.whole_s / by_hand.whole_s);
        report.line(&format!(
            "{round:>5}  {:>8.1} s  {:>16}  {:>16}  {:>16}",
            by_hand.whole_s,
            cell(balanced),
            cell(direct),
            cell(empty)
        ));
        for (ratios, took) in ratios.iter_mut().zip([balanced, direct, empty]) {
            ratios.push(took.whole_s / by_hand.whole_s);
        }
        report.line(&format!(
            "       not counted: a match, {:.1} and {:.1} s",
            balanced.played_s, direct.played_s
        ));
    }
    let [balanced, direct, empty] = ratios.map(median);
    report.line(&format!(
        "median of {rounds}: up {balanced:.2} x by hand, up --direct {direct:.2} x, its nodes alone {empty:.2} x"
    ));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Where the clusters' files go, and what both ways begin with.
struct Bench {
    scratch: tempfile::TempDir,
    root: PathBuf,
    /// What the file of the cluster asks for, without what it tunes.
    shape: ClusterConfig,
    image: String,
}

impl Bench {
    /// Builds the image, which neither way is charged for, and renders the manifests for `kubectl`.
    async fn prepare() -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("a workspace")?.to_owned();
        let shape = ClusterConfig::load(&root.join("manifests"), &Overrides::default())?;
        let mut bench = Self { scratch, root, shape, image: String::new() };
        bench.image = bench.pack().await?;
        bench.render()?;
        Ok(bench)
    }

    /// Puts the image into Docker, from where `down` takes it; gives its name.
    async fn pack(&self) -> Result<String> {
        let packed = self.xtask(&["image", "--no-deliver", "--json"]).await?;
        let result = packed.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut image = result.filter_map(|event| Some(event["result"]["image"].as_str()?.to_owned()));
        image.next().context("`image` names no image")
    }

    fn manifests(&self) -> PathBuf {
        self.scratch.path().join("manifests")
    }

    fn render(&self) -> Result<()> {
        std::fs::create_dir_all(self.manifests())?;
        for entry in std::fs::read_dir(self.root.join("manifests"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&path)?;
                let text = text.replace("image: game-server\n", &format!("image: {}\n", self.image));
                std::fs::write(self.manifests().join(path.file_name().context("a name")?), text)?;
            }
        }
        Ok(())
    }

    /// Measures a way from nothing, and takes away what it made, however it ended.
    async fn in_turn(&self, cluster: &str, way: impl Future<Output = Result<Took>>) -> Result<Took> {
        let delete = ["cluster", "delete", cluster];
        self.tool("k3d", &delete).await?;
        let took = way.await;
        if cluster == BY_UP.0 {
            self.xtask(&["down", "--yes", "--cluster", cluster]).await?;
        } else {
            self.tool("k3d", &delete).await?;
        }
        took
    }

    async fn by_hand(&self) -> Result<Took> {
        let (name, port) = BY_HAND;
        let (published, kubeconfig) = (format!("127.0.0.1:{port}:80@loadbalancer"), self.path("kubeconfig"));
        let started = Instant::now();
        let agents = self.shape.agents.to_string();
        let typed = ["cluster", "create", name, "--image", &self.shape.image, "--agents", &agents];
        let labels = ["workload=compute@agent:0", "workload=backend@agent:1"];
        let labels = labels.iter().flat_map(|label| ["--k3s-node-label", label]);
        let more = ["--port", &published, "--k3s-arg", "--disable=traefik@server:*"];
        let own = ["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"];
        let typed: Vec<&str> = typed.into_iter().chain(labels).chain(more).chain(own).collect();
        self.tool("k3d", &typed).await?;
        self.tool("k3d", &["kubeconfig", "write", name, "--output", &kubeconfig]).await?;
        let nats = self.image_of("nats.yaml")?;
        self.tool("k3d", &["image", "import", &self.image, &nats, "--cluster", name]).await?;
        let manifests = self.manifests().display().to_string();
        let kubectl = ["--kubeconfig", &kubeconfig];
        self.kubectl(&kubectl, &["apply", "-f", &format!("{manifests}/namespace.yaml")]).await?;
        let values: Vec<String> = trust::first_values()?
            .iter()
            .map(|(key, value)| format!("--from-literal={key}={}", value.as_str().unwrap_or_default()))
            .collect();
        let mut secret = vec!["create", "secret", "generic", GENERATED_SECRET, "--namespace", NAMESPACE];
        secret.extend(values.iter().map(String::as_str));
        self.kubectl(&kubectl, &secret).await?;
        self.kubectl(&kubectl, &["apply", "-f", &manifests]).await?;
        let kinds = "deployments,statefulsets,daemonsets";
        let list = ["get", kinds, "--namespace", NAMESPACE, "--output", "name"];
        let listed = self.kubectl(&kubectl, &list).await?;
        for workload in listed.stdout.lines() {
            self.kubectl(&kubectl, &["rollout", "status", workload, "--namespace", NAMESPACE]).await?;
        }
        self.page(port).await?;
        Ok(Took { whole_s: started.elapsed().as_secs_f64(), played_s: 0.0 })
    }

    /// The nodes of `up --direct` and no more.
    async fn empty(&self) -> Result<Took> {
        let (name, port) = BY_HAND;
        let overrides =
            Overrides { name: Some(name.to_owned()), port: Some(port), direct: true, ..Default::default() };
        let config = ClusterConfig::load(&self.root.join("manifests"), &overrides)?;
        std::fs::write(self.path("empty.yaml"), config.for_k3d("bench", None)?)?;
        let started = Instant::now();
        self.tool("k3d", &["cluster", "create", "--config", &self.path("empty.yaml")]).await?;
        Ok(Took { whole_s: started.elapsed().as_secs_f64(), played_s: 0.0 })
    }

    async fn up(&self, flags: &[&str]) -> Result<Took> {
        let (name, port) = BY_UP;
        let port = port.to_string();
        let typed =
            [&["up", "--json", "--target", "k3d", "--cluster", name, "--port", &port], flags].concat();
        let started = Instant::now();
        let ended = self.xtask(&typed).await?;
        let whole_s = started.elapsed().as_secs_f64();
        let events = ended.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let played =
            events.filter(|event| event["step"] == "verify").find_map(|event| event["seconds"].as_f64());
        let played_s = played.context("`up` did not play")?;
        Ok(Took { whole_s: whole_s - played_s, played_s })
    }

    async fn page(&self, port: u16) -> Result<()> {
        let began = Instant::now();
        while !http::is_ok(&format!("127.0.0.1:{port}"), "/", Duration::from_secs(1)).await {
            ensure!(began.elapsed() < LIMIT, "the page never answered");
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).display().to_string()
    }

    fn image_of(&self, manifest: &str) -> Result<String> {
        let text = std::fs::read_to_string(self.manifests().join(manifest))?;
        let image = text.lines().find_map(|line| line.trim().strip_prefix("image: "));
        Ok(image.context("an image")?.to_owned())
    }

    async fn kubectl(&self, where_to: &[&str], args: &[&str]) -> Result<Finished> {
        self.tool("kubectl", &[where_to, args].concat()).await
    }

    async fn xtask(&self, args: &[&str]) -> Result<Finished> {
        self.tool(env!("CARGO_BIN_EXE_xtask"), args).await
    }

    async fn tool(&self, program: &str, args: &[&str]) -> Result<Finished> {
        let job = Job::new(program, &self.root).args(args).limit(LIMIT);
        let ended = job.env("XDG_STATE_HOME", self.scratch.path()).run(&Report::quiet()).await?;
        ensure!(
            ended.success(),
            "{program} {} ended with {}:\n{}",
            args.join(" "),
            ended.ending(),
            ended.tail
        );
        Ok(ended)
    }
}
