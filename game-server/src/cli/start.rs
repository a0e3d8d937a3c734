//! Turns parsed flags into a running role with everything it stands on.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::cli::{
    AllArgs, BotsArgs, Command, CommonArgs, GatewayArgs, LobbyArgs, MonitorArgs, RankingArgs, RoomArgs,
};
use crate::net::admin::{self, Readiness};
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::ticket::TicketKey;
use crate::protocol::version::Protocols;
use crate::roles::all::AllOptions;
use crate::roles::bots::BotsOptions;
use crate::roles::bots::report::Budgets;
use crate::roles::gateway::GatewayOptions;
use crate::roles::lobby::LobbyOptions;
use crate::roles::room::RoomOptions;
use crate::roles::{all, bots, chat, gateway, healthcheck, lobby, monitor, ranking, room};
use crate::store::Store;
use crate::telemetry;

/// A load balancer takes a gateway that is not ready out of its list within about two seconds.
const ACCEPT_WHILE_DRAINING: Duration = Duration::from_secs(2);

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
            let Some((base, bus)) = join(&args.common, "chat").await? else {
                return Ok(());
            };
            chat::run(bus, base.ready, base.shutdown).await
        }
        Command::Ranking(args) => start_ranking(args).await,
        Command::Monitor(args) => start_monitor(args).await,
        Command::All(args) => start_all(args).await,
        Command::Healthcheck(args) => healthcheck::run(&args.url).await,
        Command::Bots(args) => bots::run(bots_options(args)).await,
    }
}

fn bots_options(args: BotsArgs) -> BotsOptions {
    let budgets = Budgets {
        max_disconnects: args.budgets.max_disconnects,
        max_join_p99_ms: args.budgets.max_join_p99_ms,
        min_state_hz: args.budgets.min_state_hz,
        max_bytes_per_second: args.budgets.max_bytes_per_second,
        max_tick_gap_excess_p99_us: args.budgets.max_tick_gap_excess_p99_us,
    };
    BotsOptions {
        url: args.url,
        players: args.players,
        seconds: args.seconds,
        json: args.json,
        verify: args.verify,
        budgets,
    }
}

async fn start_gateway(args: GatewayArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let Some((base, bus)) = join(&args.common, &args.name).await? else {
        return Ok(());
    };
    let options = GatewayOptions {
        ticket_key: TicketKey::new(args.ticket_secret.as_bytes()),
        name: args.name,
        protocols: Protocols::default(),
        allowed_origins: args.allowed_origins,
        accept_while_draining: ACCEPT_WHILE_DRAINING,
    };
    gateway::run(listener, bus, options, base.ready, base.shutdown).await
}

async fn start_lobby(args: LobbyArgs) -> anyhow::Result<()> {
    let Some((base, bus)) = join(&args.common, "lobby").await? else {
        return Ok(());
    };
    let options = LobbyOptions {
        ticket_key: TicketKey::new(args.ticket_secret.as_bytes()),
        match_s: args.game.match_seconds,
        fill_to_players: args.game.fill_to_players,
    };
    lobby::run(bus, options, base.ready, base.shutdown).await
}

async fn start_room(args: RoomArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let Some((base, bus)) = join(&args.common, &args.host).await? else {
        return Ok(());
    };
    let options = RoomOptions {
        host: args.host,
        node: args.node,
        link_address: args.link_address,
        protocols: Protocols::default(),
        threads: args.threads,
        rooms_max: args.rooms_max,
    };
    room::run(listener, bus, options, base.ready, base.shutdown).await
}

async fn start_ranking(args: RankingArgs) -> anyhow::Result<()> {
    let store = Store::open(&args.database_url).await?;
    let Some((base, bus)) = join(&args.common, "ranking").await? else {
        return Ok(());
    };
    ranking::run(bus, store, base.ready, base.shutdown).await
}

async fn start_monitor(args: MonitorArgs) -> anyhow::Result<()> {
    let Some((base, bus)) = join(&args.common, "monitor").await? else {
        return Ok(());
    };
    monitor::run(bus, args.node, base.ready, base.shutdown).await
}

async fn start_all(args: AllArgs) -> anyhow::Result<()> {
    let listener = listen(args.listen, "--listen").await?;
    let base = stand(args.admin_listen).await?;
    tracing::info!("play at http://{}", listener.local_addr()?);
    let options = AllOptions {
        data_dir: args.data_dir,
        match_s: args.game.match_seconds,
        fill_to_players: args.game.fill_to_players,
    };
    all::run(listener, options, base.ready, base.shutdown).await
}

/// Signals, metrics and the admin port: probes are answered while the bus is still being looked for.
async fn stand(admin_listen: SocketAddr) -> anyhow::Result<Base> {
    let (ready, shutdown) = (Readiness::default(), Shutdown::new());
    shutdown.on_signals().context("listening for signals")?;
    let metrics = telemetry::start_metrics()?;
    let admin_port = listen(admin_listen, "--admin-listen").await?;
    tokio::spawn(admin::serve(admin_port, ready.clone(), shutdown.clone(), metrics));
    Ok(Base { ready, shutdown })
}

/// The same, and the bus; nothing when the process is told to go before there is one.
async fn join(common: &CommonArgs, name: &str) -> anyhow::Result<Option<(Base, Bus)>> {
    let base = stand(common.admin_listen).await?;
    tokio::select! {
        bus = Bus::connect(&common.nats_url, name) => Ok(Some((base, bus?))),
        () = base.shutdown.draining() => Ok(None),
    }
}

async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; is it taken by another process? {flag} chooses another address")
    })
}
