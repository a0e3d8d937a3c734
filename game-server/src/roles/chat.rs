//! The `chat` role: takes lines, keeps the newest of every channel, limits floods, lets nobody look like another.
//!
//! Any number of processes share the work: one of the group takes each line and publishes it; all of them follow what
//! is published, so that any of them can tell what was said and how much a player has said lately.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::domain::PlayerId;
use crate::domain::text::names::{clean_name, distinct};
use crate::domain::text::{LINE, clean, cut, is_command};
use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_LINES,
    SUBJECT_CHAT_SAY,
};
use crate::roles::chat::channel::Channel;
use crate::roles::chat::flood::Flood;
use crate::roles::chat::history::History;
use crate::roles::chat::refusal::Refusal;
use crate::telemetry;

mod channel;
mod flood;
mod history;
mod refusal;

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
                responder.reply(&chat.remembered(&request)).await;
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
        let question = ChatHistoryRequest { channel: Channel::Global.to_string() };
        let answer =
            self.bus.request::<_, ChatHistory>(SUBJECT_CHAT_HISTORY, &question, CATCH_UP_LIMIT).await;
        for line in answer.map(|history| history.lines).unwrap_or_default() {
            self.history.note(line, Channel::Global, Instant::now());
        }
    }

    fn remembered(&self, request: &ChatHistoryRequest) -> ChatHistory {
        let lines = request.channel.parse().map(|channel| self.history.of(channel));
        ChatHistory { lines: lines.unwrap_or_default() }
    }

    fn note(&mut self, line: ChatLine) {
        let now = Instant::now();
        let Ok(channel) = line.channel.parse() else { return };
        match self.returning.iter().position(|id| *id == line.id) {
            Some(own) => drop(self.returning.remove(own)),
            None => self.flood.note(line.player, channel, now),
        }
        self.history.note(line, channel, now);
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
        let channel: Channel = say.channel.parse()?;
        let text = check_line(&say.text)?;
        let now = Instant::now();
        self.flood.check(say.player, channel, now)?;
        let at_ms = unix_now_ms();
        let line = ChatLine {
            id: self.next_id(at_ms),
            channel: say.channel,
            player: say.player,
            name: self.name_for(say.player, &say.name, channel),
            text,
            at_ms,
        };
        let id = line.id;
        self.bus.publish(SUBJECT_CHAT_LINES, &line).await.map_err(|_| Refusal::Unavailable)?;
        self.flood.note(say.player, channel, now);
        self.returning.push_back(id);
        if self.returning.len() > RETURNING_MAX {
            self.returning.pop_front();
        }
        Ok(())
    }

    /// Gateways know who is called how in which room; on channels beyond a room nobody but this process sees all names.
    fn name_for(&self, player: PlayerId, told: &str, channel: Channel) -> String {
        distinct(&clean_name(told), &self.history.looks_of_others(channel, player))
    }

    /// Ascending in time, different between processes.
    fn next_id(&mut self, at_ms: u64) -> u64 {
        self.count = self.count.wrapping_add(1);
        (at_ms << ID_TIME_SHIFT)
            | (u64::from(self.process) << ID_PROCESS_SHIFT)
            | (self.count & ID_COUNT_MASK)
    }
}

/// The line as others will see it.
fn check_line(text: &str) -> Result<String, Refusal> {
    let line = clean(text);
    if line.is_empty() {
        Err(Refusal::Empty)
    } else if cut(&line, LINE) != line {
        Err(Refusal::TooLong)
    } else if is_command(&line) {
        Err(Refusal::Command)
    } else {
        Ok(line)
    }
}

fn unix_now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
