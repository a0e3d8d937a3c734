//! One player on `/chat`: channels in, lines out.
//!
//! Whoever holds a key may listen to what everybody hears. Who also shows the ticket of a seat has a name, that of the
//! seat, and may talk: to all, to the room of the seat, to one player.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::text::names::{clean_name, distinct};
use crate::domain::text::{clean, is_command};
use crate::domain::{PlayerId, RoomId};
use crate::net::bus::Subscription;
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_SAY,
};
use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::{Admitted, Visitor, count_refusal};
use crate::roles::gateway::conversation;
use crate::roles::gateway::limits::{Bucket, CHAT_MESSAGES, LINES_PER_SOCKET};
use crate::roles::gateway::socket::{ClientSocket, Gone, Received};
use crate::roles::gateway::tickets::{player_of, unix_time_s};
use crate::telemetry;

/// Lines that wait for the slowest socket of this gateway; one that is further behind misses the oldest.
pub const LINES_MAX: usize = 256;
/// Channels whose history one socket is sent, each once: what a page has it keeps, and a match has one channel.
const HISTORIES_MAX: usize = 64;
/// Sockets that one gateway tells a history at the same time: each holds 25 kB of lines until its client has read them.
/// More do without.
pub const HISTORIES_AT_ONCE: usize = 256;
/// People that one player does not want to read.
const MUTED_MAX: usize = 256;
/// Chat answers within milliseconds; one that does not is being restarted.
const ANSWER_MAX: Duration = Duration::from_secs(2);
const GLOBAL: &str = "global";

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    /// Builds before named themselves here; a name comes with a seat.
    Hello {
        key: String,
    },
    /// The ticket is that of the room. Pages of the build before bring none: the room's host must have seated them.
    Join {
        channel: String,
        #[serde(default)]
        ticket: Option<String>,
    },
    Leave {
        channel: String,
    },
    Say {
        channel: String,
        text: String,
    },
    Whisper {
        to: String,
        text: String,
    },
    Mute {
        player: String,
    },
}

/// 64-bit ids are text, since JavaScript numbers are not exact beyond 53 bits.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    Hello { player: String },
    Line { id: String, channel: &'a str, player: String, name: &'a str, text: &'a str, at_ms: u64 },
    Refused { reason: &'a str, message: &'a str },
}

/// Passes every chat line of the bus to this gateway's sockets for as long as the process lives.
pub async fn relay(mut lines: Subscription, to: broadcast::Sender<Arc<ChatLine>>) {
    while let Some(line) = lines.next::<ChatLine>().await {
        // Nobody listening is fine.
        let _ = to.send(Arc::new(line));
    }
}

/// `GET /chat`
pub async fn upgrade(State(gateway): State<Arc<Gateway>>, admitted: Admitted) -> Response {
    conversation::upgrade(gateway, admitted, "chat", CHAT_MESSAGES, |socket, gateway, visitor| {
        serve(socket, gateway, visitor).boxed()
    })
}

/// Returns what the client must not send.
async fn serve(socket: &mut ClientSocket, gateway: &Gateway, visitor: Visitor) -> Result<Received, Gone> {
    let mut lines = gateway.chat_lines.subscribe();
    let mut talk = Talk {
        gateway,
        socket,
        address: visitor.address,
        me: None,
        said: Bucket::new(LINES_PER_SOCKET, Instant::now()),
        channels: HashSet::new(),
        histories: HashSet::new(),
        muted: HashSet::new(),
    };
    loop {
        tokio::select! {
            received = talk.socket.receive() => match received? {
                Received::Text(text) => talk.hear(&text).await?,
                Received::Binary(_) => talk.refuse("malformed").await?,
                refused => return Ok(refused),
            },
            line = lines.recv() => match line {
                Ok(line) => talk.show(&line).await?,
                Err(RecvError::Lagged(_)) => count_refusal("chat_lagged"),
                Err(RecvError::Closed) => return Err(Gone),
            },
        }
    }
}

/// Who this socket is, for as long as it is open.
struct Me {
    player: PlayerId,
    seat: Option<Seat>,
}

/// The seat that was shown last.
struct Seat {
    room: RoomId,
    name: String,
    /// Whether the room shows the player under this name; else it is the one that was asked for.
    is_shown: bool,
    /// Whether the room had time to show the player.
    is_awaited: bool,
}

struct Talk<'a> {
    gateway: &'a Gateway,
    socket: &'a mut ClientSocket,
    address: Option<IpAddr>,
    me: Option<Me>,
    said: Bucket,
    /// `global`, the own whispers, the room of the seat.
    channels: HashSet<String>,
    /// Channels whose history was sent.
    histories: HashSet<String>,
    muted: HashSet<PlayerId>,
}

impl Talk<'_> {
    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        let Ok(message) = serde_json::from_str(text) else {
            metrics::counter!(telemetry::MALFORMED, "from" => "client").increment(1);
            return self.refuse("malformed").await;
        };
        match message {
            FromClient::Hello { .. } if self.me.is_some() => self.refuse("identity").await,
            FromClient::Hello { key } => self.hello(&key).await,
            _ if self.me.is_none() => self.refuse("no_hello").await,
            FromClient::Join { channel, ticket } => match self.admit(&channel, ticket.as_deref()) {
                Ok(()) => self.join(channel).await,
                Err(reason) => self.refuse(reason).await,
            },
            FromClient::Leave { channel } => {
                self.channels.remove(&channel);
                Ok(())
            }
            FromClient::Say { channel, text } if channel == GLOBAL || self.is_in_room(&channel) => {
                self.say(channel, &text).await
            }
            FromClient::Say { channel, .. } => {
                self.refuse(if room_of(&channel).is_some() { "seat" } else { "channel" }).await
            }
            FromClient::Whisper { to, text } => match to.parse::<u64>() {
                Ok(to) => self.say(format!("whisper:{to}"), &text).await,
                Err(_) => self.refuse("player").await,
            },
            FromClient::Mute { player } => self.mute(&player).await,
        }
    }

    async fn hello(&mut self, key: &str) -> Result<(), Gone> {
        let Some(player) = player_of(key) else {
            return self.refuse("key").await;
        };
        self.me = Some(Me { player, seat: None });
        self.channels.insert(format!("whisper:{}", player.0));
        self.socket.send_json(&ToClient::Hello { player: player.0.to_string() }).await?;
        self.join(GLOBAL.to_string()).await
    }

    /// Whether the channel is open to this player; the room of a seat that was left is not.
    fn admit(&mut self, channel: &str, ticket: Option<&str>) -> Result<(), &'static str> {
        if channel == GLOBAL {
            return Ok(());
        }
        let room = room_of(channel).ok_or("channel")?;
        let me = self.me.as_mut().ok_or("no_hello")?;
        let shown = self.gateway.seats.name_of(room, me.player);
        let asked = match ticket {
            Some(ticket) => {
                let claims = self.gateway.options.ticket_key.verify(ticket, unix_time_s());
                let own = claims.ok().filter(|claims| claims.player == me.player && claims.room == room);
                own.ok_or("ticket")?.name
            }
            None => shown.clone().ok_or("seat")?,
        };
        let is_shown = shown.is_some();
        let name = shown.unwrap_or_else(|| clean_name(&asked));
        me.seat = Some(Seat { room, name, is_shown, is_awaited: false });
        self.channels.retain(|channel| room_of(channel).is_none());
        Ok(())
    }

    async fn join(&mut self, channel: String) -> Result<(), Gone> {
        self.channels.insert(channel.clone());
        if self.histories.len() >= HISTORIES_MAX || !self.histories.insert(channel.clone()) {
            return Ok(());
        }
        let Ok(_place) = self.gateway.history_places.try_acquire() else {
            count_refusal("history_busy");
            return Ok(());
        };
        let request = ChatHistoryRequest { channel };
        let bus = &self.gateway.bus;
        // Without history the channel still works; new lines come as soon as chat is back.
        let history = bus.request::<_, ChatHistory>(SUBJECT_CHAT_HISTORY, &request, ANSWER_MAX).await;
        for line in history.map(|history| history.lines).unwrap_or_default() {
            self.show(&line).await?;
        }
        Ok(())
    }

    fn is_in_room(&self, channel: &str) -> bool {
        room_of(channel).is_some() && self.channels.contains(channel)
    }

    async fn say(&mut self, channel: String, text: &str) -> Result<(), Gone> {
        let text = clean(text);
        if is_command(&text) {
            return self.refuse("command").await;
        }
        let Some((player, name)) = self.identity().await else {
            return self.refuse("seat").await;
        };
        let now = Instant::now();
        if !self.said.take(now) || !self.gateway.talkers.take(self.address, now) {
            return self.refuse("flood").await;
        }
        let say = ChatSay { channel, player, name, text };
        match self.gateway.bus.request::<_, ChatAck>(SUBJECT_CHAT_SAY, &say, ANSWER_MAX).await {
            Ok(ack) if ack.accepted => Ok(()),
            Ok(ack) => self.refuse(&ack.reason).await,
            Err(_) => self.refuse("unavailable").await,
        }
    }

    /// Who talks, under the name that the room shows. Whoever is not shown, having a ticket and no seat or a room host of
    /// the build before, does not get the name of somebody who is.
    async fn identity(&mut self) -> Option<(PlayerId, String)> {
        let Me { player, seat } = self.me.as_mut()?;
        let (player, seat) = (*player, seat.as_mut()?);
        let seats = &self.gateway.seats;
        let has_time = seat.is_shown || std::mem::replace(&mut seat.is_awaited, true);
        let shown = match has_time {
            true => seats.name_of(seat.room, player),
            false => seats.told_name_of(seat.room, player).await,
        };
        if let Some(name) = shown {
            (seat.name, seat.is_shown) = (name, true);
        }
        if seat.is_shown {
            return Some((player, seat.name.clone()));
        }
        Some((player, distinct(&seat.name, &seats.looks_of_others(seat.room, player))))
    }

    async fn mute(&mut self, player: &str) -> Result<(), Gone> {
        match player.parse() {
            Ok(player) if self.muted.len() < MUTED_MAX => {
                self.muted.insert(PlayerId(player));
                Ok(())
            }
            _ => self.refuse("player").await,
        }
    }

    async fn show(&mut self, line: &ChatLine) -> Result<(), Gone> {
        let mine = self.me.as_ref().is_some_and(|me| me.player == line.player);
        let own_whisper = mine && line.channel.starts_with("whisper:");
        let wanted = self.channels.contains(&line.channel) || own_whisper;
        if !wanted || self.muted.contains(&line.player) {
            return Ok(());
        }
        let line = ToClient::Line {
            id: line.id.to_string(),
            channel: &line.channel,
            player: line.player.0.to_string(),
            name: &line.name,
            text: &line.text,
            at_ms: line.at_ms,
        };
        self.socket.send_json(&line).await
    }

    async fn refuse(&mut self, reason: &str) -> Result<(), Gone> {
        count_refusal("chat");
        self.socket.send_json(&ToClient::Refused { reason, message: sentence(reason) }).await
    }
}

fn room_of(channel: &str) -> Option<RoomId> {
    let id = channel.strip_prefix("room:")?;
    id.parse().ok().filter(|room: &u64| room.to_string() == id).map(RoomId)
}

/// A refusal as the player reads it.
fn sentence(reason: &str) -> &'static str {
    match reason {
        "busy" => "Too many people talk here at once. Try again in a moment.",
        "channel" => "There is no such channel.",
        "command" => "There is no such command.",
        "empty" => "Nothing of that can be seen.",
        "flood" => "That was a lot. Wait a few seconds.",
        "identity" => "This connection has said who it is already.",
        "key" => "The key must have 16 to 64 characters.",
        "malformed" => "This message could not be read.",
        "no_hello" => "Say hello first.",
        "player" => "There is no such player.",
        "seat" => "Only who has a seat in the match can do that.",
        "ticket" => "This ticket is for another room or another player, or it has run out.",
        "too_long" => "That is too long for one line.",
        _ => "Chat is restarting. Try again in a moment.",
    }
}
