//! Images: pulled, imported, of the right architecture.

use serde_json::Value;

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent};
use crate::doctor::rule::{Family, Found, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Images",
    section: "images",
    about: "`cargo xtask image` delivers to the nodes that need an image and checks each; `k3d image import` may \
            report success without.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("exec-format-error", "programs are built for another processor than the nodes'")
        .check([Silent, Fail, Silent], exec_format_error)
        .cause("The binary in the image is made for one architecture and the node has another (or it is a script without #!).")
        .fix("use an engine of this machine's architecture: docker context ls; for other images: docker build --platform linux/<architecture of the node>")
        .log(
            r"exec format error|cannot execute binary file|Exec format error|not a valid Win32 application|bad CPU type in executable",
            "exec /usr/local/bin/server: exec format error",
        )
        .except("docker-credential")
        .certain(),
    Rule::new("k3s-image-architecture", "the image of the nodes is for another processor")
        .check([Silent, Fail, Silent], k3s_image_architecture)
        .cause("It was pulled with --platform, or loaded from an archive of another machine.")
        .fix("docker pull --platform linux/<architecture of the engine> {image}"),
    Rule::new("k3s-image-missing", "the image of the nodes must be pulled first")
        .check([Silent, Info, Silent], k3s_image_missing)
        .cause("The first `up` pulls about 70 MB; without a network it cannot.")
        .fix("nothing, or ahead of time: docker pull {image}"),
    Rule::new("registry-rate-limit", "Docker Hub limits pulls of those who are not logged in")
        .check([Silent, Info, Silent], registry_rate_limit)
        .cause("The limit counts by address, which offices and CI share. Nodes pull without a login in any case.")
        .fix("docker login; what the engine holds is delivered to nodes without a pull: docker pull <image>, then cargo xtask image")
        .log(
            r"toomanyrequests|(?:docker\.(?:io|com)|/v2/|manifests|pull)\S*.*429 Too Many Requests|You have reached your (?:unauthenticated )?pull rate limit",
            "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nats/manifests/sha256:0a1b: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
        )
        .certain(),
    Rule::new("ghcr-denied", "a stored login for ghcr.io may have expired")
        .check([Silent, Info, Silent], ghcr_denied)
        .cause("An expired token is refused for public images too.")
        .fix("docker logout ghcr.io (public images), or log in again with a token that has read:packages")
        .tell("docker logout ghcr.io, then docker pull <image>: a public image comes without a login")
        .log(
            r"ghcr\.io\S*.*(?:denied|unauthorized|403 \(?Forbidden)",
            "Error response from daemon: Head \"https://ghcr.io/v2/acme/game/manifests/1.2\": denied: denied",
        ),
    Rule::new("k3d-import-containerd-store", "the engine keeps images in containerd's store")
        .check([Silent, Info, Silent], k3d_import_containerd_store)
        .cause("`docker save` then names platforms whose content is not there, and `k3d image import` fails on pulled images. `cargo xtask image` delivers only what a node needs and checks it on every node.")
        .fix("cargo xtask image instead of k3d image import")
        .tell("docker info | grep -i driver-type: io.containerd.snapshotter is this")
        .log(
            r"ctr: (?:rpc error: code = NotFound desc = )?content digest (?P<digest>sha256:[0-9a-f]+): not found",
            "ctr: content digest sha256:36c1e4f0a2b19d: not found",
        ),
    Rule::new("k3d-import-silent-failure", "k3d did not import the image, whatever it said")
        .cause("By default k3d only writes down what fails on a node: exit code 0 and the message of success follow.")
        .fix("cargo xtask image, which checks every node; by hand: k3d image import -m direct -c <cluster> <image>")
        .log(
            r"failed to import images in node '(?P<node>[^']+)'",
            "ERRO[0004] failed to import images in node 'k3d-game-server-0': Exec process in node 'k3d-game-server-0' failed with exit code '1'",
        )
        .certain(),
    Rule::new("image-never-pull", "the image is not on the node")
        .cause("The pod may not pull (policy Never), and this node's containerd does not have the image: not delivered, deleted, or under another name.")
        .fix("cargo xtask image, which delivers to every node that needs it")
        .log(
            r#"ErrImageNeverPull|Container image "(?P<image>[^"]+)" is not present with pull policy of Never"#,
            "Warning  ErrImageNeverPull  3s (x4 over 30s)  kubelet  Container image \"game-server:3f2a\" is not present with pull policy of Never",
        )
        .certain(),
    Rule::new("image-not-found", "the registry does not have this image")
        .cause("The tag is wrong, or the image exists only on this machine and was not delivered: a tag :latest is always asked for at Docker Hub.")
        .fix("correct the name; for images of this machine: cargo xtask image, and imagePullPolicy: IfNotPresent")
        .tell("docker manifest inspect <image>: no such manifest is this")
        .log(
            r"failed to (?:pull|resolve)(?: and unpack)? (?:image|reference|source metadata).*(?::\s*not found|manifest unknown|404 Not Found)|manifest for \S+ not found|manifest unknown|(?:pull|image)\b.*repository does not exist$|error pulling image.*not found|invalid reference format|couldn't parse image name|InvalidImageName",
            "Failed to pull image \"game-server:3f2a\": failed to resolve reference \"docker.io/library/game-server:3f2a\": docker.io/library/game-server:3f2a: not found",
        )
        .except("bitnami|k8s\\.gcr\\.io|no matching manifest|lookup|blob not found|content digest"),
    Rule::new("image-private", "the registry does not give this image away")
        .cause("It is private or does not exist; nodes pull without the login of this machine.")
        .fix("docker pull <image> here, then cargo xtask image; in a real cluster: an imagePullSecret")
        .tell("docker logout of that registry, docker pull <image>: denied without a login means private or not there")
        .log(
            r"pull access denied|unauthorized: incorrect username or password|no basic auth credentials|unauthorized: authentication required|insufficient_scope: authorization failed|failed to (?:pull|authorize|resolve).*(?:unauthorized|authorization failed)",
            "Failed to pull image \"acme/game:1.2\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        )
        .except("ghcr\\.io|[Pp]ush|requested access to the resource is denied"),
    Rule::new("registry-plain-http", "the registry speaks HTTP and the node HTTPS")
        .cause("containerd asks local registries by HTTPS unless registries.yaml says otherwise.")
        .fix("create the cluster with the registry: registries: in manifests/cluster/k3d.yaml (mirrors with an http:// endpoint)")
        .log(
            r"http: server gave HTTP response to HTTPS client",
            "Failed to pull image \"registry.localhost:5000/game:1\": failed to do request: Head \"https://registry.localhost:5000/v2/game/manifests/1\": http: server gave HTTP response to HTTPS client",
        )
        .certain(),
    Rule::new("image-pull-backoff", "the image could not be pulled")
        .cause("Another line says why: not found, no access, no name server, a limit, the wrong processor.")
        .fix("kubectl describe pod <pod> | cargo xtask doctor --log -")
        .log(r"ImagePullBackOff|ErrImagePull\b", "room-0   0/1     ImagePullBackOff   0          2m10s")
        .kind(Kind::Consequence),
];

fn exec_format_error(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let ours = docker_name(machine.architecture);
    (!engine.architecture.is_empty() && engine.architecture != ours)
        .then(|| Found::new(format!("this machine is {ours}, the engine is {}", engine.architecture)))
}

fn k3s_image_architecture(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let image = engine.image_architecture.as_deref()?;
    (!engine.architecture.is_empty() && image != engine.architecture).then(|| {
        Found::new(format!("{} is {image}, the engine is {}", machine.needs.k3s_image, engine.architecture))
            .with("image", &machine.needs.k3s_image)
    })
}

fn k3s_image_missing(machine: &Machine) -> Option<Found> {
    let asleep = machine.cluster_containers().next().is_some();
    (machine.engine()?.image_architecture.is_none() && !asleep).then(|| {
        Found::new(format!("{} is not on this engine", machine.needs.k3s_image))
            .with("image", &machine.needs.k3s_image)
    })
}

fn registry_rate_limit(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let hub = !machine.needs.k3s_image.split('/').next().unwrap_or_default().contains('.');
    let config: Value = serde_json::from_str(&machine.docker.config).unwrap_or_default();
    let logged_in =
        config["credsStore"].is_string() || config["auths"]["https://index.docker.io/v1/"].is_object();
    (hub && engine.image_architecture.is_none() && !logged_in).then(|| {
        Found::new(format!(
            "{} is to be pulled, and ~/.docker/config.json has no login",
            machine.needs.k3s_image
        ))
    })
}

fn ghcr_denied(machine: &Machine) -> Option<Found> {
    let config: Value = serde_json::from_str(&machine.docker.config).ok()?;
    let auths = config["auths"].as_object()?;
    auths.contains_key("ghcr.io").then(|| Found::new("~/.docker/config.json has auths[\"ghcr.io\"]"))
}

fn k3d_import_containerd_store(machine: &Machine) -> Option<Found> {
    let kind = machine.engine()?.storage("driver-type")?;
    (kind == "io.containerd.snapshotter.v1").then(|| Found::new(format!("driver-type is {kind}")))
}

/// Docker's name of a processor that Rust names its own way.
fn docker_name(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
