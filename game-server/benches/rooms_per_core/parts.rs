//! The processes of a point: this program again, each with one part on a core of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use game_server::domain::PLAYERS_PER_ROOM_MAX;
use game_server::domain::StateRate;
use game_server::roles::bots::report::Budgets;
use game_server::roles::bots::{self, BotsOptions};
use game_server::telemetry::{self, LogFormat};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::arguments::{PART, Part, Setup};
use crate::{gateways, machine, server};

/// What the room host and its gateways share.
pub const LINK_SECRET: &[u8] = b"a secret of this benchmark";
/// Players come this far apart: how joining feels is not measured here.
const ARRIVAL_GAP: Duration = Duration::from_millis(4);
/// Open files beside the players' sockets.
const DESCRIPTORS_EXTRA: u64 = 256;

/// What the parts say on standard output, one object a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The server takes players here.
    Ready { address: String, admin: String },
    /// Admission control let fewer rooms in than were asked for.
    Refused { reason: String },
    /// Everybody is there and the warm-up is over.
    Measuring,
    /// What the generator saw.
    Seen(Seen),
}

/// What came over the network, measured by the generator.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Seen {
    pub joined: u32,
    pub disconnects: u32,
    pub states: u64,
    pub states_due: u64,
    /// Input packets that left, as a part of those that were due.
    pub inputs_ratio: f64,
    /// To one player for WebSockets, on all links together for a host.
    pub bytes_per_second: f64,
}

/// Says a word.
pub fn say(word: &Word) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(word)?)?;
    Ok(out.flush()?)
}

/// Plays one part until it is over.
pub fn play(part: &Part) -> anyhow::Result<()> {
    let (core, rooms) = match part {
        Part::Serve { core, rooms, .. } | Part::Play { core, rooms, .. } => (*core, *rooms),
    };
    machine::pin(core)?;
    machine::raise_descriptors(u64::from(rooms) * PLAYERS_PER_ROOM_MAX as u64 + DESCRIPTORS_EXTRA)?;
    telemetry::start_logs(LogFormat::Text, "error")?;
    match part {
        Part::Serve { setup, rooms, rules, .. } => {
            // The runtime of the binary, which makes a worker for each core that it may use.
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.spawn(end_with_the_benchmark());
            runtime.block_on(server::run(*setup, *rooms, rules - 1))
        }
        Part::Play { setup, address, rooms, warm_up_s, seconds, .. } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.spawn(end_with_the_benchmark());
            let window = Window { rooms: *rooms, warm_up_s: *warm_up_s, seconds: *seconds };
            let seen = match setup {
                Setup::All => runtime.block_on(websockets(address, window))?,
                Setup::Host => runtime.block_on(gateways::run(address, window))?,
            };
            say(&Word::Seen(seen))
        }
    }
}

/// Standard input is a pipe from the benchmark and ends when it does, however that comes about. Awaited, since a second
/// thread would make every system call of the first look up its socket with a lock.
async fn end_with_the_benchmark() -> anyhow::Result<()> {
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    pipe::Receiver::from_owned_fd(input)?.read_to_end(&mut Vec::new()).await?;
    std::process::exit(0)
}

/// What the generator does for how long.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub rooms: u32,
    pub warm_up_s: u32,
    pub seconds: u32,
}

/// `game-server bots`, less its report.
async fn websockets(address: &str, window: Window) -> anyhow::Result<Seen> {
    let options = BotsOptions {
        url: format!("http://{address}"),
        players: window.rooms * PLAYERS_PER_ROOM_MAX as u32,
        seconds: window.seconds,
        warm_up_s: window.warm_up_s,
        arrival_gap: ARRIVAL_GAP,
        state_rate: StateRate::default(),
        json: true,
        verify: false,
        budgets: Budgets::default(),
    };
    let report = bots::measure(&options, || {
        // Without a reader this process is about to be ended anyway.
        let _ = say(&Word::Measuring);
    })
    .await?;
    Ok(Seen {
        joined: report.joined,
        disconnects: report.disconnects,
        states: report.states,
        states_due: report.states_due,
        inputs_ratio: report.inputs_ratio,
        bytes_per_second: report.bytes_per_second,
    })
}

/// A part that runs; dropping it ends it.
pub struct Process {
    child: Child,
    words: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// Starts this program again.
    #[expect(clippy::disallowed_methods, reason = "xtask's processes.rs is out of reach here")]
    pub fn start(part: &[&str]) -> anyhow::Result<Process> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(program)
            .arg(PART)
            .args(part)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a process of the benchmark")?;
        let words = BufReader::new(child.stdout.take().context("it has no standard output")?);
        Ok(Process { child, words })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for what it says next.
    pub fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        self.words.read_line(&mut line).context("listening to a process of the benchmark")?;
        if line.is_empty() {
            bail!("a process of the benchmark ended early; what it wrote is above");
        }
        serde_json::from_str(&line).with_context(|| format!("a process of the benchmark said {line:?}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
