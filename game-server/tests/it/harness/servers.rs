//! The game as one process, or as one process per role around a NATS server.

use std::collections::HashMap;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::harness::process::{Process, free_address};
use crate::harness::{eventually, http};

/// What lobby and gateway share in these tests.
const TICKET_SECRET: &str = "a secret of the tests only";

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
        let nats_server = start_nats(nats, &folder).await;
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
            "gateway" => format!("--listen {} --name gateway-0 --ticket-secret", self.gateway),
            "lobby" => format!("--match-seconds {} --fill-to-players 0 --ticket-secret", self.match_s),
            "room" => format!("--listen {link} --link-address {link} --host room-0 --node node-a"),
            "ranking" => format!("--database-url sqlite://{}/ranking.sqlite", self.folder.path().display()),
            "monitor" => "--node node-a".to_owned(),
            _ => String::new(),
        };
        let mut args = words(&format!("{name} --nats-url nats://{} --admin-listen {admin} {own}", self.nats));
        if own.ends_with("--ticket-secret") {
            args.push(TICKET_SECRET.to_owned());
        }
        let process = Process::role(name, &args, self.folder.path());
        self.roles.insert(name.to_owned(), Role { process, admin });
    }
}

/// A NATS server of its own for one test.
pub async fn start_nats(address: SocketAddr, folder: &TempDir) -> Process {
    let args = words(&format!("--addr {} --port {}", address.ip(), address.port()));
    let server = Process::start("nats-server", "nats-server", &args, folder.path());
    eventually("nats-server accepts connections", async || {
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    server
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
