//! Registries: the way to them, what they hold, what they allow.

use crate::doctor::rule::{Family, Rule};

pub const FAMILY: Family = Family {
    title: "Registries",
    section: "registries",
    about: "A pull talks to a registry, to its server of tokens and to a store of blobs under another name. Each can be cut, slow, \
            unresolved, refused or limited on its own: the address in the line says which of them it was.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("registry-ipv6", "the registry is dialled by IPv6, and there is no way there")
        .cause("The name resolves to an IPv6 address, and this machine or the engine's network has no IPv6 route.")
        .tell("curl -4 -sI https://registry-1.docker.io/v2/ answers and curl -6 does not")
        .fix("prefer IPv4: a line precedence ::ffff:0:0/96 100 in /etc/gai.conf, or switch IPv6 off for the engine (Docker Desktop: Settings > Network); then restart it")
        .log(
            r"(?:/v2/|/token|registry|docker\.io|ghcr|gcr\.io|quay|pull|cloudflare).*dial tcp(?:6)? \[(?P<address>[0-9a-f:]+)\]:\d+: (?:connect: )?(?:network is unreachable|cannot assign requested address|no route to host|connection refused|i/o timeout|connect: )",
            "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": dial tcp [2600:1f18:2148:bc02:22:27bd:19a8:870c]:443: connect: network is unreachable",
        )
        .certain(),
    Rule::new("image-registry-moved", "the registry or catalogue that is asked has moved ({host})")
        .cause("k8s.gcr.io is frozen, charts and images of Bitnami moved to bitnamilegacy, docker.pkg.github.com to ghcr.io: old names hold no new images, later none.")
        .answers(&["image-not-found", "image-private", "image-pull-backoff"])
        .tell("docker manifest inspect <image> under the new name answers")
        .fix("name the new place: registry.k8s.io instead of k8s.gcr.io, docker.io/bitnamilegacy instead of docker.io/bitnami, ghcr.io")
        .log(
            r"(?P<host>docker\.io/bitnami|image \x22?bitnami|k8s\.gcr\.io|docker\.pkg\.github\.com|gcr\.io/google[-_]containers)/\S*.*(?:not found|manifest unknown|denied|404|does not exist)",
            "Failed to pull image \"docker.io/bitnami/postgresql:15.4.0\": rpc error: code = NotFound desc = docker.io/bitnami/postgresql:15.4.0: not found",
        ),
    Rule::new("image-platform-missing", "the image is not made for this processor ({platform})")
        .cause("Its list has no variant for the architecture of the engine or node.")
        .answers(&["exec-format-error"])
        .tell("docker manifest inspect <image> | grep architecture lists what there is")
        .fix("another tag that has it, or build it: docker buildx build --platform linux/amd64,linux/arm64; emulated: --platform linux/amd64")
        .log(
            r"no matching manifest for (?P<platform>(?:linux|unknown)/\S+)|no match for platform in manifest|image with reference \S+ was found but does not (?:match|provide) the specified platform|does not provide any platform|no image found in (?:manifest list|image index) for architecture",
            "docker: no matching manifest for linux/arm64/v8 in the manifest list entries.",
        )
        .certain(),
    Rule::new("registry-push-denied", "the registry does not let this account write")
        .cause("The token lacks the right to write packages, the package belongs to another repository, or nobody is logged in.")
        .answers(&["ghcr-denied", "image-private"])
        .tell("docker login <registry> again with the account that owns the package: the same message means a missing right")
        .fix("GitHub: permissions: packages: write in the workflow, and the repository under the package's settings; Docker Hub: docker login, and your own name before the image")
        .log(
            r"denied: (?:installation not allowed to \w+ organization package|permission_denied|requested access to the resource is denied)|(?:push|pushing).*(?:denied|unauthorized|403 Forbidden)|unexpected status from (?:POST|PUT|HEAD) request.*/blobs/uploads.*40[13]",
            "denied: installation not allowed to Create organization package",
        ),
    Rule::new("registry-connection-cut", "the connection to a registry is cut or does not come about ({host})")
        .cause("Something on the way (firewall, proxy, filter, VPN with a smaller MTU, a failing line) ends or swallows it. The image exists: its address was found.")
        .answers(&["egress-timeout", "vpn-mtu", "proxy-env"])
        .tell("curl -sv -o /dev/null https://<that host>/v2/ from the same machine (in a node: docker exec <node> wget -qO- …): an answer, also 401, means the way is free")
        .fix("try again; behind a proxy: HTTP_PROXY, HTTPS_PROXY and NO_PROXY for the engine and the nodes; ask for the host to be allowed; a VPN: a smaller \"mtu\" in /etc/docker/daemon.json; or pull elsewhere and deliver: cargo xtask image")
        .log(
            r#"(?:Get|Head|Post|Put|request:?) "?https?://(?P<host>[^/"]*(?:docker|registry|ghcr|gcr|quay|k8s\.io|cloudflare|amazonaws|azurecr|pkg\.dev|mcr\.|githubusercontent)[^/"]*)[^"]*"?: (?:unexpected )?(?:EOF|read tcp .*(?:reset|timed out|timeout)|dial tcp .*(?:i/o timeout|connect: connection (?:refused|timed out|reset)|no route to host|network is unreachable)|context deadline exceeded|net/http: TLS handshake timeout|net/http: request canceled.*|http2: .*|remote error: tls|tls: .*|write: )"#,
            "Failed to pull image \"rancher/mirrored-metrics-server:v0.5.2\": failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/f7/data?verify=1646639722\": EOF",
        )
        .except("x509|dial tcp \\[")
        .log(
            r"(?:failed to (?:copy|pull|resolve|fetch)|pull(?:ing)? image|error pulling|layer|download).*(?:unexpected EOF|connection reset by peer|TLS handshake timeout|i/o timeout|context deadline exceeded|request canceled|stream error|http2: )",
            "error pulling image configuration: download failed after attempts=6: read tcp 10.0.0.2:51234->104.18.122.25:443: read: connection reset by peer",
        )
        .except("x509|lookup \\S+.*: (?:i/o timeout|no such host)|dial tcp \\[|dial tcp: lookup")
        .log(r"net/http: TLS handshake timeout", "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout")
        .except(":6443|:6444|webhook|Unable to connect to the server"),
    Rule::new("crates-download-failed", "cargo cannot download crates")
        .cause("The network to the registry of crates, or its mirror, is slow, cut, filtered or needs a proxy.")
        .answers(&["egress-timeout"])
        .tell("cargo search --limit 1 serde answers within a few seconds")
        .fix("try again; CARGO_NET_RETRY=10, CARGO_HTTP_MULTIPLEXING=false, CARGO_HTTP_PROXY for a proxy")
        .log(
            r"spurious network error|download of \S+ failed|failed to (?:fetch|download from) .*index|failed to download (?:replaced source|from)|failed to query replaced source",
            "warning: spurious network error (2 tries remaining): [28] Timeout was reached (Operation too slow. Less than 10 bytes/sec transferred the last 30 seconds)",
        ),
    Rule::new("docker-build-context-missing", "a file that the Dockerfile copies is not in the build context ({file})")
        .cause("COPY sees only what lies below the folder given to docker build, less what .dockerignore leaves out.")
        .tell("ls of that path from the context's folder, and cat .dockerignore")
        .fix("correct the path, give the right folder (docker build -f path/Dockerfile .), or take the line out of .dockerignore")
        .log(
            r#"failed to (?:compute cache key|calculate checksum of ref).*"?(?P<file>/[^":]+)"?: not found|failed to (?:compute cache key|calculate checksum).*no such file or directory|COPY failed: .*(?:no such file or directory|no source files|forbidden path)|failed to solve.*(?:Dockerfile: no such file)"#,
            "ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref 3f2a::9b1c: \"/target/release/server\": not found",
        )
        .certain(),
    Rule::new("apt-signature-invalid", "apt does not accept the signatures of its sources")
        .cause("Inside a build that is mostly a full disk of the engine or a wrong clock; else a mirror that changes what it serves, or a key that is gone.")
        .answers(&["disk-full", "clock-skew"])
        .tell("docker system df and df -h of the engine, then date: full or wrong is this")
        .fix("free space for the engine (docker builder prune removes only caches), set the clock, then build again")
        .log(
            r"At least one invalid signature was encountered|is not signed\.|NO_PUBKEY|Release file .* is not valid yet",
            "E: The repository 'http://mirror.example.org/debian bookworm InRelease' is not signed.",
        ),
];
