//! Slow and hostile clients: each is bounded and refused by name, and a match that is played meanwhile does not notice.
//!
//! Every attack is compared with the same seconds of the same match before it, so a slow machine changes both.

use std::io::Write;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::http::get;
use crate::harness::player::Player;
use crate::harness::servers::All;
use crate::harness::{eventually, within_limit};

mod chat;
mod floods;
mod hoarding;
mod leaving;
mod memory;
mod names;
mod results;
mod rewind;
mod rosters;
mod sockets;

const LONG_MATCH_S: u32 = 300;
const WINDOW: Duration = Duration::from_secs(3);

/// How a window of play went.
#[derive(Debug, Clone, Copy)]
struct Play {
    ticks: u32,
    states: u64,
    /// Part of the wake-ups of the simulation that came a whole tick or more too late.
    late_share: f64,
}

/// Wake-ups so far: those that came late, and all. A host exports them twice a second.
async fn wakes(server: &All) -> (f64, f64) {
    eventually("a histogram of the tick gaps", async || {
        let (_, body) = get(server.admin, "/metrics").await?;
        let value =
            |start: &str| body.lines().find_map(|line| line.strip_prefix(start)?.trim().parse::<f64>().ok());
        let all = value("game_tick_gap_excess_seconds_count")?;
        Some((all - value("game_tick_gap_excess_seconds_bucket{le=\"0.016\"}")?, all))
    })
    .await
}

async fn play(server: &All, player: &mut Player) -> Play {
    let (states, (late_before, all_before)) = (player.states, wakes(server).await);
    let tick = |player: &Player| player.frame.as_ref().map_or(0, |frame| frame.tick);
    let from = tick(player);
    // Nothing ends this but the time.
    let _ = timeout(WINDOW, player.until("the window", |_| false)).await;
    let (late, all) = wakes(server).await;
    Play {
        ticks: tick(player) - from,
        states: player.states - states,
        late_share: (late - late_before) / (all - all_before).max(1.0),
    }
}

/// Runs attackers while a match is played; their tasks end by themselves or with the server.
async fn attacked<T: Send + 'static>(
    server: &All,
    attackers: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    let quiet = play(server, &mut ann).await;
    let mut attacks: JoinSet<T> = attackers.into_iter().collect();
    let busy = play(server, &mut ann).await;
    // The figures are worth reading even when the test passes.
    writeln!(std::io::stdout(), "quiet {quiet:?}, attacked {busy:?}").expect("stdout");
    // Generous, since the machine may be busy with something else by now; a room that an attack can stop loses all.
    assert!(busy.ticks * 2 >= quiet.ticks, "{busy:?} after {quiet:?}");
    assert!(busy.states * 3 >= quiet.states, "{busy:?} after {quiet:?}");
    assert!(busy.late_share <= 3.0 * quiet.late_share + 0.3, "{busy:?} after {quiet:?}");
    let outcomes = async {
        let mut outcomes = Vec::new();
        while let Some(outcome) = attacks.join_next().await {
            outcomes.push(outcome.expect("the attacker itself does not fail"));
        }
        outcomes
    };
    // The good player goes on meanwhile, or it would be a silent one itself.
    tokio::select! {
        outcomes = within_limit("every attacker is stopped", outcomes) => outcomes,
        () = async { loop { play(server, &mut ann).await; } } => unreachable!("it plays for ever"),
    }
}

async fn connect(server: &All) -> TcpStream {
    TcpStream::connect(server.gateway).await.expect("the port is open")
}

/// Until the other side has closed.
async fn until_closed(mut stream: TcpStream) {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}
