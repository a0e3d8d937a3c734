//! The `chat` role: takes lines, keeps the newest of every channel, limits floods.
//!
//! Any number of processes share the work: one of the group takes each line and publishes it; all of them follow what
//! is published, so that any of them can tell what was said and how much a player has said lately.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_LINES,
    SUBJECT_CHAT_SAY,
};
use crate::roles::chat::flood::Flood;
use crate::roles::chat::history::History;
use crate::roles::chat::text::{Refusal, check_channel, clean_line, clean_name};
use crate::telemetry;

mod flood;
mod history;
mod text;

/// Chat processes share this group; one of them gets each request.
const GROUP: &str = "chat";
/// How long a new process waits for what others have heard.
const CATCH_UP_LIMIT: Duration = Duration::from_millis(500);
/// Bits of a line's id below its time: 8 for the process, 12 to count within a millisecond.
const ID_TIME_SHIFT: u32 = 20;
const ID_PROCESS_SHIFT: u32 = 12;
const ID_COUNT_MASK: u64 = (1 << ID_PROCESS_SHIFT) - 1;
/// Own lines that are on their way back from the bus; more than it holds in one queue cannot be.
const RETURNING_MAX: usize = 1_024;

/// Serves chat until a drain is asked for.
pub async fn run(bus: Bus, ready: Readiness, shutdown: Shutdown) -> anyhow::Result<()> {
    let mut lines = bus.subscribe(SUBJECT_CHAT_LINES).await.context("following chat lines")?;
    let mut chat = Chat::new(bus.clone());
    chat.catch_up().await;
    let mut says = bus.serve(SUBJECT_CHAT_SAY, GROUP).await.context("serving chat")?;
    let mut histories = bus.serve(SUBJECT_CHAT_HISTORY, GROUP).await.context("serving chat history")?;
    ready.set(true);
    loop {
        tokio::select! {
            // Lines before questions about them.
            biased;
            () = shutdown.draining() => break,
            Some(line) = lines.next::<ChatLine>() => chat.note(line),
            Some((say, responder)) = says.next::<ChatSay>() => {
                let ack = chat.take(say).await;
                responder.reply(&ack).await;
            }
            Some((request, responder)) = histories.next::<ChatHistoryRequest>() => {
                responder.reply(&ChatHistory { lines: chat.history.of(&request.channel) }).await;
            }
            else => anyhow::bail!("the bus is gone"),
        }
    }
    ready.set(false);
    Ok(())
}

struct Chat {
    bus: Bus,
    history: History,
    flood: Flood,
    process: u8,
    count: u64,
    /// Ids of own lines that have not come back from the bus yet; they are counted already.
    returning: VecDeque<u64>,
}

impl Chat {
    fn new(bus: Bus) -> Chat {
        Chat {
            bus,
            history: History::default(),
            flood: Flood::default(),
            process: rand::random(),
            count: 0,
            returning: VecDeque::new(),
        }
    }

    /// Asks the processes that were there before what was said to everybody; alone, there is nothing to ask.
    async fn catch_up(&mut self) {
        let question = ChatHistoryRequest { channel: "global".to_owned() };
        let answer =
            self.bus.request::<_, ChatHistory>(SUBJECT_CHAT_HISTORY, &question, CATCH_UP_LIMIT).await;
        for line in answer.map(|history| history.lines).unwrap_or_default() {
            self.history.note(line, Instant::now());
        }
    }

    fn note(&mut self, line: ChatLine) {
        let now = Instant::now();
        match self.returning.iter().position(|id| *id == line.id) {
            Some(own) => drop(self.returning.remove(own)),
            None => self.flood.note(line.player, now),
        }
        self.history.note(line, now);
    }

    async fn take(&mut self, say: ChatSay) -> ChatAck {
        match self.accept(say).await {
            Ok(()) => {
                metrics::counter!(telemetry::CHAT_LINES).increment(1);
                ChatAck { accepted: true, reason: String::new() }
            }
            Err(refusal) => {
                metrics::counter!(telemetry::REFUSED, "reason" => refusal.word()).increment(1);
                ChatAck { accepted: false, reason: refusal.word().to_owned() }
            }
        }
    }

    async fn accept(&mut self, say: ChatSay) -> Result<(), Refusal> {
        check_channel(&say.channel)?;
        let text = clean_line(&say.text)?;
        let now = Instant::now();
        if !self.flood.allows(say.player, now) {
            return Err(Refusal::Flood);
        }
        let at_ms = unix_now_ms();
        let line = ChatLine {
            id: self.next_id(at_ms),
            channel: say.channel,
            player: say.player,
            name: clean_name(&say.name),
            text,
            at_ms,
        };
        let id = line.id;
        self.bus.publish(SUBJECT_CHAT_LINES, &line).await.map_err(|_| Refusal::Unavailable)?;
        self.flood.note(say.player, now);
        self.returning.push_back(id);
        if self.returning.len() > RETURNING_MAX {
            self.returning.pop_front();
        }
        Ok(())
    }

    /// Ascending in time, different between processes.
    fn next_id(&mut self, at_ms: u64) -> u64 {
        self.count = self.count.wrapping_add(1);
        (at_ms << ID_TIME_SHIFT)
            | (u64::from(self.process) << ID_PROCESS_SHIFT)
            | (self.count & ID_COUNT_MASK)
    }
}

fn unix_now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
