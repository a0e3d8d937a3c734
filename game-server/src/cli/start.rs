//! Turns parsed flags into a running role with everything it stands on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::cli::{
    AdminArgs, AllArgs, BotsArgs, Command, CommonArgs, GatewayArgs, LobbyArgs, MonitorArgs, PortArgs,
    ProofsArgs, RankingArgs, ReplayArgs, ReplayLimits, RoomArgs, secret,
};
use crate::net::admin::{self, Readiness, Token};
use crate::net::bus::{Bus, User};
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::net::tls::Certificates;
use crate::protocol::proof::LinkKey;
use crate::protocol::ticket::TicketKey;
use crate::protocol::version::Protocols;
use crate::roles::all::AllOptions;
use crate::roles::bots::BotsOptions;
use crate::roles::bots::report::Budgets;
use crate::roles::gateway::{GatewayOptions, PortOptions};
use crate::roles::lobby::LobbyOptions;
use crate::roles::replay::theatre::Programme;
use crate::roles::room::RoomOptions;
use crate::roles::room::archive::ArchiveOptions;
use crate::roles::{all, bots, chat, gateway, healthcheck, lobby, monitor, ranking, reload, replay, room};
use crate::store::Store;
use crate::telemetry;

/// A load balancer takes a gateway that is not ready out of its list within about two seconds.
const ACCEPT_WHILE_DRAINING: Duration = Duration::from_secs(2);

/// Of the ten seconds between the two signals of `docker stop`; the rest is for telling players and storing results.
const DRAIN_OF_PID_1_MAX: Duration = Duration::from_secs(5);

/// What every serving role stands on.
struct Base {
    ready: Readiness,
    shutdown: Shutdown,
}

/// Runs one role until it has drained.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Gateway(args) => start_gateway(args).await,
        Command::Lobby(args) => start_lobby(args).await,
        Command::Room(args) => start_room(args).await,
        Command::Chat(args) => {
            let Some((base, bus)) = join(&args.common, "chat", "chat").await? else {
                return Ok(());
            };
            chat::run(bus, base.ready, base.shutdown).await
        }
        Command::Ranking(args) => start_ranking(args).await,
        Command::Monitor(args) => start_monitor(args).await,
        Command::All(args) => start_all(args).await,
        Command::Replay(args) => start_replay(args).await,
        Command::Healthcheck(args) => {
            tokio::time::sleep(Duration::from_secs(args.after_seconds.into())).await;
            healthcheck::run(&args.url).await
        }
        Command::Reload(args) => reload::run(&args.binary, &args.role).await,
        Command::Bots(args) => bots::run(bots_options(args)).await,
    }
}

fn bots_options(args: BotsArgs) -> BotsOptions {
    let budgets = Budgets {
        max_disconnects: args.budgets.max_disconnects,
        max_join_p99_ms: args.budgets.max_join_p99_ms,
        min_state_hz: args.budgets.min_state_hz,
        min_states_ratio: args.budgets.min_states_ratio,
        max_unreadable: args.budgets.max_unreadable,
        max_bytes_per_second: args.budgets.max_bytes_per_second,
        max_tick_gap_excess_p99_us: args.budgets.max_tick_gap_excess_p99_us,
    };
    BotsOptions {
        url: args.url,
        players: args.players,
        seconds: args.seconds,
        warm_up_s: args.warm_up,
        arrival_gap: bots::ARRIVAL_GAP,
        state_rate: args.state_hz,
        json: args.json,
        verify: args.verify,
        budgets,
    }
}

async fn start_gateway(args: GatewayArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let Some((base, bus)) = join(&args.common, "gateway", &args.name).await? else {
        return Ok(());
    };
    let options = GatewayOptions {
        ticket_key: TicketKey::new(args.ticket_secret.as_bytes()),
        link_key: LinkKey::new(args.link_secret.as_bytes()),
        requirement: requirement(args.proofs),
        name: args.name,
        protocols: Protocols::default(),
        allowed_origins: args.allowed_origins,
        accept_while_draining: ACCEPT_WHILE_DRAINING,
        web_dir: args.web_dir,
        port: port_options(args.port)?,
    };
    gateway::run(listener, bus, options, base.ready, base.shutdown).await
}

fn port_options(args: PortArgs) -> anyhow::Result<PortOptions> {
    let tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| Certificates::load(certificate, key));
    Ok(PortOptions {
        tls: tls.transpose()?,
        proxy_protocol: args.proxy_protocol,
        trusted_proxies: args.trusted_proxies,
        sockets_per_address: args.sockets_per_address,
    })
}

async fn start_lobby(args: LobbyArgs) -> anyhow::Result<()> {
    let Some((base, bus)) = join(&args.common, "lobby", "lobby").await? else {
        return Ok(());
    };
    let options = LobbyOptions {
        ticket_key: TicketKey::new(args.ticket_secret.as_bytes()),
        requirement: requirement(args.proofs),
        match_s: args.game.match_seconds,
        fill_to_players: args.game.fill_to_players,
        mode: args.game.mode,
        state_rate: args.game.state_hz,
        seat_hold_s: args.game.seat_hold_seconds,
    };
    lobby::run(bus, options, base.ready, base.shutdown).await
}

async fn start_room(args: RoomArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let Some((base, bus)) = join(&args.common, "room", &args.host).await? else {
        return Ok(());
    };
    let options = RoomOptions {
        host: args.host,
        node: args.node,
        link_address: args.link_address,
        link_key: LinkKey::new(args.link_secret.as_bytes()),
        requirement: requirement(args.proofs),
        threads: args.threads.unwrap_or_else(cores),
        protocols: Protocols::default(),
        rooms_max: args.rooms_max,
        understudies: 0,
        replays: args.replay_dir.map(|folder| archive(folder, args.replays)),
    };
    room::run(listener, bus, options, base.ready, base.shutdown).await
}

async fn start_ranking(args: RankingArgs) -> anyhow::Result<()> {
    let store = Store::open(&args.database_url).await?.keeping(args.results.matches_kept);
    let Some((base, bus)) = join(&args.common, "ranking", "ranking").await? else {
        return Ok(());
    };
    ranking::run(bus, store, base.ready, base.shutdown).await
}

async fn start_monitor(args: MonitorArgs) -> anyhow::Result<()> {
    let Some((base, bus)) = join(&args.common, "monitor", "monitor").await? else {
        return Ok(());
    };
    monitor::run(bus, args.node, base.ready, base.shutdown).await
}

async fn start_all(args: AllArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let base = stand(args.admin_listen, &args.admin).await?;
    let scheme = if args.port.tls_cert.is_some() { "https" } else { "http" };
    tracing::info!("play at {scheme}://{}", listener.local_addr()?);
    let options = AllOptions {
        replays: archive(args.data_dir.join("replays"), args.replays),
        matches_kept: args.results.matches_kept,
        data_dir: args.data_dir,
        web_dir: args.web_dir,
        match_s: args.game.match_seconds,
        fill_to_players: args.game.fill_to_players,
        mode: args.game.mode,
        state_rate: args.game.state_hz,
        seat_hold_s: args.game.seat_hold_seconds,
        port: port_options(args.port)?,
        allowed_origins: args.allowed_origins,
        rooms_max: all::ROOMS_MAX,
        understudies: 0,
        drain_max: drain_max(args.drain_max_seconds),
    };
    all::run(listener, options, base.ready, base.shutdown).await
}

/// What starts a process as PID 1 is a container's engine, and that kills ten seconds after it has asked.
fn drain_max(seconds: Option<u32>) -> Option<Duration> {
    let is_container = std::process::id() == 1;
    seconds.map(|seconds| Duration::from_secs(seconds.into())).or(is_container.then_some(DRAIN_OF_PID_1_MAX))
}

async fn start_replay(args: ReplayArgs) -> anyhow::Result<()> {
    let Some(address) = args.serve else {
        return replay::run(&args.files, args.partial);
    };
    let [file] = &args.files[..] else {
        anyhow::bail!("--serve shows one match; name one log");
    };
    let log = replay::read(file)?;
    let (listener, links) = (listen(address, "--serve").await?, TcpListener::bind("127.0.0.1:0").await?);
    let (bus, shutdown, ready) = (Bus::local(), Shutdown::new(), Readiness::default());
    shutdown.on_signals().context("listening for signals")?;
    let ticket_key = TicketKey::new(&rand::random::<[u8; 32]>());
    let link_key = LinkKey::new(&rand::random::<[u8; 32]>());
    let gateway = GatewayOptions {
        ticket_key: ticket_key.clone(),
        link_key: link_key.clone(),
        requirement: Requirement::default(),
        name: "replay".to_owned(),
        protocols: Protocols::default(),
        allowed_origins: Vec::new(),
        accept_while_draining: Duration::ZERO,
        web_dir: None,
        port: PortOptions::default(),
    };
    tracing::info!("open http://{} and press Play to watch {}", listener.local_addr()?, file.display());
    tokio::try_join!(
        replay::theatre::run(links, bus.clone(), Programme { log, ticket_key, link_key }, shutdown.clone()),
        gateway::run(listener, bus, gateway, ready, shutdown),
    )?;
    Ok(())
}

fn requirement(args: ProofsArgs) -> Requirement {
    let requirement = Requirement::default();
    requirement.clone().start(args.proofs_file);
    requirement
}

fn archive(folder: PathBuf, limits: ReplayLimits) -> ArchiveOptions {
    ArchiveOptions { folder, files_max: usize::from(limits.replay_files) }
}

/// Cores that this process may use; a CPU limit of its cgroup counts.
fn cores() -> u16 {
    std::thread::available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX))
}

/// Signals, metrics and the admin port: probes are answered while the bus is still being looked for.
async fn stand(admin_listen: SocketAddr, admin: &AdminArgs) -> anyhow::Result<Base> {
    let token = admin_token(admin)?;
    let (ready, shutdown) = (Readiness::default(), Shutdown::new());
    shutdown.on_signals().context("listening for signals")?;
    let metrics = telemetry::start_metrics()?;
    let admin_port = listen(admin_listen, "--admin-listen").await?;
    tokio::spawn(admin::serve(admin_port, ready.clone(), shutdown.clone(), metrics, token));
    Ok(Base { ready, shutdown })
}

fn admin_token(args: &AdminArgs) -> anyhow::Result<Token> {
    let Some(file) = &args.admin_token_file else {
        return Ok(Token::new(args.admin_token.as_deref()));
    };
    let doing = || format!("reading --admin-token-file {}", file.display());
    let text = std::fs::read_to_string(file).with_context(doing)?;
    let token = secret(text.trim()).map_err(anyhow::Error::msg).with_context(doing)?;
    Ok(Token::new(Some(&token)))
}

/// The same, and the bus; nothing when the process is told to go before there is one.
async fn join(common: &CommonArgs, role: &'static str, name: &str) -> anyhow::Result<Option<(Base, Bus)>> {
    let base = stand(common.admin_listen, &common.admin).await?;
    let user = User { name: role, password: common.nats_password.clone() };
    tokio::select! {
        bus = Bus::connect(&common.nats_url, name, &user) => Ok(Some((base, bus?))),
        () = base.shutdown.draining() => Ok(None),
    }
}

async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; is it taken by another process? {flag} chooses another address")
    })
}
