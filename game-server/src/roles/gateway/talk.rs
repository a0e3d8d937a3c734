//! One player on `/chat`: channels in, lines out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::PlayerId;
use crate::net::bus::{Bus, Subscription};
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_SAY,
};
use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::{Admitted, count_refusal};
use crate::roles::gateway::conversation;
use crate::roles::gateway::limits::CHAT_MESSAGES;
use crate::roles::gateway::socket::{ClientSocket, Gone, Received};
use crate::roles::gateway::tickets::player_of;
use crate::telemetry;

/// Lines that wait for the slowest socket of this gateway; one that is further behind misses the oldest.
pub const LINES_MAX: usize = 256;
/// `global`, the own whispers, the room and a few more.
const CHANNELS_MAX: usize = 16;
/// People that one player does not want to read.
const MUTED_MAX: usize = 256;
/// Chat answers within milliseconds; one that does not is being restarted.
const ANSWER_MAX: Duration = Duration::from_secs(2);
const GLOBAL: &str = "global";

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Hello { key: String, name: String },
    Join { channel: String },
    Leave { channel: String },
    Say { channel: String, text: String },
    Whisper { to: String, text: String },
    Mute { player: String },
}

/// 64-bit ids are text, since JavaScript numbers are not exact beyond 53 bits.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    Hello { player: String },
    Line { id: String, channel: &'a str, player: String, name: &'a str, text: &'a str, at_ms: u64 },
    Refused { reason: &'a str },
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
    conversation::upgrade(gateway, admitted, "chat", CHAT_MESSAGES, |socket, gateway| {
        serve(socket, gateway).boxed()
    })
}

/// Returns what the client must not send.
async fn serve(socket: &mut ClientSocket, gateway: &Gateway) -> Result<Received, Gone> {
    let mut lines = gateway.chat_lines.subscribe();
    let mut talk =
        Talk { bus: &gateway.bus, socket, me: None, channels: HashSet::new(), muted: HashSet::new() };
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

struct Me {
    player: PlayerId,
    name: String,
}

struct Talk<'a> {
    bus: &'a Bus,
    socket: &'a mut ClientSocket,
    me: Option<Me>,
    channels: HashSet<String>,
    muted: HashSet<PlayerId>,
}

impl Talk<'_> {
    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        let Ok(message) = serde_json::from_str(text) else {
            metrics::counter!(telemetry::MALFORMED, "from" => "client").increment(1);
            return self.refuse("malformed").await;
        };
        match message {
            FromClient::Hello { key, name } => self.hello(&key, name).await,
            _ if self.me.is_none() => self.refuse("no_hello").await,
            FromClient::Join { channel } => self.join(channel).await,
            FromClient::Leave { channel } => {
                self.channels.remove(&channel);
                Ok(())
            }
            FromClient::Say { channel, text } if may_join(&channel) => self.say(channel, text).await,
            FromClient::Say { .. } => self.refuse("channel").await,
            FromClient::Whisper { to, text } => match to.parse::<u64>() {
                Ok(to) => self.say(format!("whisper:{to}"), text).await,
                Err(_) => self.refuse("player").await,
            },
            FromClient::Mute { player } => self.mute(&player).await,
        }
    }

    async fn hello(&mut self, key: &str, name: String) -> Result<(), Gone> {
        let Some(player) = player_of(key) else {
            return self.refuse("key").await;
        };
        self.me = Some(Me { player, name });
        self.channels.clear();
        self.channels.insert(format!("whisper:{}", player.0));
        self.socket.send_json(&ToClient::Hello { player: player.0.to_string() }).await?;
        self.join(GLOBAL.to_string()).await
    }

    async fn join(&mut self, channel: String) -> Result<(), Gone> {
        if !may_join(&channel) || self.channels.len() >= CHANNELS_MAX {
            return self.refuse("channel").await;
        }
        self.channels.insert(channel.clone());
        let request = ChatHistoryRequest { channel };
        // Without history the channel still works; new lines come as soon as chat is back.
        let history = self.bus.request::<_, ChatHistory>(SUBJECT_CHAT_HISTORY, &request, ANSWER_MAX).await;
        for line in history.map(|history| history.lines).unwrap_or_default() {
            self.show(&line).await?;
        }
        Ok(())
    }

    async fn say(&mut self, channel: String, text: String) -> Result<(), Gone> {
        let Some(Me { player, name }) = &self.me else {
            return Ok(());
        };
        let say = ChatSay { channel, player: *player, name: name.clone(), text };
        match self.bus.request::<_, ChatAck>(SUBJECT_CHAT_SAY, &say, ANSWER_MAX).await {
            Ok(ack) if ack.accepted => Ok(()),
            Ok(ack) => self.refuse(&ack.reason).await,
            Err(_) => self.refuse("unavailable").await,
        }
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
        self.socket.send_json(&ToClient::Refused { reason }).await
    }
}

/// Whispers are delivered without joining and would otherwise be open to everybody.
fn may_join(channel: &str) -> bool {
    channel == GLOBAL || channel.strip_prefix("room:").is_some_and(|room| room.parse::<u64>().is_ok())
}
