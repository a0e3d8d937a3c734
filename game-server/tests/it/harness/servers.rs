//! The game as one process, or as one process per role around a NATS server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize as _;
use tempfile::TempDir;

use crate::harness::process::{Process, free_address};
use crate::harness::{eventually, http};

/// What lobby and gateway share in these tests.
const TICKET_SECRET: &str = "a secret of the tests only";

/// What gateways and room hosts share.
pub const LINK_SECRET: &str = "another secret of the tests";

/// `game-server all`.
pub struct All {
    pub process: Process,
    pub gateway: SocketAddr,
    pub admin: SocketAddr,
    folder: TempDir,
}

impl All {
    /// Starts it with matches of this length and no bots, and waits until it is ready.
    pub async fn start(match_s: u32) -> All {
        All::start_with(match_s, &[]).await
    }

    /// The same with more flags.
    pub async fn start_with(match_s: u32, flags: &[String]) -> All {
        let folder = tempfile::tempdir().expect("a folder");
        All::start_in(folder, match_s, flags).await
    }

    /// Where it keeps what outlives it.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Ends it with SIGTERM and starts it again on the same data.
    pub async fn restart(mut self, match_s: u32) -> All {
        let status = self.process.terminate().await;
        assert!(status.success(), "{status}");
        All::start_in(self.folder, match_s, &[]).await
    }

    async fn start_in(folder: TempDir, match_s: u32, flags: &[String]) -> All {
        let (gateway, admin) = (free_address(), free_address());
        let data = folder.path().join("data");
        let mut args = words(&format!(
            "all --listen {gateway} --admin-listen {admin} --data-dir {} --match-seconds {match_s} --fill-to-players 0",
            data.display()
        ));
        args.extend_from_slice(flags);
        let mut process = Process::role("all", &args, folder.path());
        process.until_ready(admin).await;
        All { process, gateway, admin, folder }
    }
}

/// One process per role, and NATS between them.
pub struct Cluster {
    pub gateway: SocketAddr,
    roles: HashMap<String, Role>,
    nats: SocketAddr,
    match_s: u32,
    folder: TempDir,
    _nats_server: Process,
}

struct Role {
    process: Process,
    admin: SocketAddr,
}

impl Cluster {
    /// Starts everything and waits until it is ready.
    pub async fn start(match_s: u32) -> Cluster {
        let folder = tempfile::tempdir().expect("a folder");
        let nats = free_address();
        let nats_server = start_nats_with_users(nats, &folder, "shut").await;
        let gateway = free_address();
        let mut cluster =
            Cluster { gateway, roles: HashMap::new(), nats, match_s, folder, _nats_server: nats_server };
        for name in ["chat", "lobby", "ranking", "monitor", "room", "gateway"] {
            cluster.start_role(name);
        }
        for name in ["chat", "lobby", "ranking", "monitor", "room", "gateway"] {
            cluster.until_ready(name).await;
        }
        cluster
    }

    /// SIGKILL.
    pub fn kill(&mut self, name: &str) {
        self.roles.remove(name).expect("a running role").process.kill();
    }

    /// Starts a role again and waits until it is ready.
    pub async fn revive(&mut self, name: &str) {
        self.start_role(name);
        self.until_ready(name).await;
    }

    /// SIGSTOP or SIGCONT, by its name.
    pub fn send(&self, name: &str, signal: &str) {
        self.roles[name].process.send(signal);
    }

    async fn until_ready(&mut self, name: &str) {
        let role = self.roles.get_mut(name).expect("a running role");
        role.process.until_ready(role.admin).await;
    }

    /// Names of roles that have ended by themselves.
    pub fn ended_roles(&mut self) -> Vec<String> {
        let ended = self
            .roles
            .iter_mut()
            .filter_map(|(name, role)| (!role.process.is_running()).then(|| name.clone()));
        ended.collect()
    }

    fn start_role(&mut self, name: &str) {
        let admin = free_address();
        let link = free_address();
        let own = match name {
            "gateway" => format!("--listen {} --name gateway-0", self.gateway),
            "lobby" => format!("--match-seconds {} --fill-to-players 0", self.match_s),
            "room" => format!("--listen {link} --link-address {link} --host room-0 --node node-a"),
            "ranking" => format!("--database-url sqlite://{}/ranking.sqlite", self.folder.path().display()),
            "monitor" => "--node node-a".to_owned(),
            _ => String::new(),
        };
        let mut args = words(&format!("{name} --nats-url nats://{} --admin-listen {admin} {own}", self.nats));
        if ["gateway", "lobby"].contains(&name) {
            args.extend(["--ticket-secret".to_owned(), TICKET_SECRET.to_owned()]);
        }
        if ["gateway", "room"].contains(&name) {
            args.extend(["--link-secret".to_owned(), LINK_SECRET.to_owned()]);
        }
        args.extend(["--nats-password".to_owned(), bus_password(name)]);
        let process = Process::role(name, &args, self.folder.path());
        self.roles.insert(name.to_owned(), Role { process, admin });
    }
}

/// A NATS server of its own for one test, which lets everybody in and do everything.
pub async fn start_nats(address: SocketAddr, folder: &TempDir) -> Process {
    start_nats_with(address, folder, &[]).await
}

/// The same with the users of `manifests/nats.yaml`, and whoever comes without a password as the user `anonymous`.
pub async fn start_nats_with_users(address: SocketAddr, folder: &TempDir, anonymous: &str) -> Process {
    let config = folder.path().join("nats.conf");
    let variable = |name: &str| match name {
        "BUS_ANONYMOUS" => anonymous.to_owned(),
        _ => bus_password(&name.strip_prefix("BUS_").expect("a password").to_lowercase()),
    };
    std::fs::write(&config, with_variables(&manifest_config(), variable)).expect("a config");
    start_nats_with(address, folder, &["--config".to_owned(), config.display().to_string()]).await
}

async fn start_nats_with(address: SocketAddr, folder: &TempDir, flags: &[String]) -> Process {
    let mut args = words(&format!("--addr {} --port {}", address.ip(), address.port()));
    args.extend_from_slice(flags);
    let server = Process::start("nats-server", "nats-server", &args, folder.path());
    eventually("nats-server accepts connections", async || {
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    server
}

/// The password of a role's user on the bus of a test.
pub fn bus_password(role: &str) -> String {
    format!("{role}-0123456789abcdef")
}

/// The config of the NATS server in a cluster.
pub fn manifest_config() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/nats.yaml");
    let text = std::fs::read_to_string(file).expect("the manifest of NATS");
    let documents = serde_yaml::Deserializer::from_str(&text);
    let mut documents = documents.map(|one| serde_yaml::Value::deserialize(one).expect("YAML"));
    let config = documents.find_map(|one| one["data"]["nats.conf"].as_str().map(str::to_owned));
    config.expect("a ConfigMap with nats.conf")
}

/// What the server itself does with variables of its environment.
fn with_variables(config: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = config.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let end = part.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(part.len());
        format!("{whole}{}{}", value(&part[..end]), &part[end..])
    })
}

/// Polls the public leaderboard until these names are on it.
pub async fn until_ranked(gateway: SocketAddr, names: &[&str]) -> serde_json::Value {
    eventually(&format!("{names:?} are on the leaderboard"), async || {
        let (status, body) = http::get(gateway, "/ranking?limit=20").await?;
        let ranking: serde_json::Value = serde_json::from_str(&body).ok().filter(|_| status == 200)?;
        let has = |name: &&str| {
            ranking["top"].as_array().is_some_and(|top| top.iter().any(|row| row["name"] == *name))
        };
        names.iter().all(has).then_some(ranking)
    })
    .await
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
