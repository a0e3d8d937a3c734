//! One player on `/lobby`: asks for a seat until there is one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::domain::{PlayerId, Pool};
use crate::net::bus::BusError;
use crate::protocol::bus::{SUBJECT_SEAT, SeatReply, SeatRequest};
use crate::protocol::ticket::TicketError;
use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::{Admitted, Visitor, count_refusal};
use crate::roles::gateway::conversation;
use crate::roles::gateway::limits::LOBBY_MESSAGES;
use crate::roles::gateway::socket::{ClientSocket, Gone, Received};
use crate::roles::gateway::tickets::{player_of, unix_time_s};
use crate::telemetry;

/// The lobby is asked this often per waiting player, so a seat that becomes free is taken quickly.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A lobby answers within milliseconds; one that does not is being restarted.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Waiting players hear why this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Play {
        key: String,
        name: String,
        #[serde(default)]
        party: String,
        #[serde(default = "public")]
        pool: Pool,
    },
    Cancel,
}

fn public() -> Pool {
    Pool::Public
}

/// 64-bit ids are text, since JavaScript numbers are not exact beyond 53 bits.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    Waiting { reason: &'a str, waited_ms: u64 },
    Seated { ticket: &'a str, player: String, room: String },
    Error { code: &'a str, message: &'a str },
}

/// What a player waits for.
struct Wish {
    player: PlayerId,
    name: String,
    party: String,
    pool: Pool,
    since: Instant,
    told: Option<Instant>,
}

/// Who sits at a socket: fixed by the first wish, so that one socket never has two seats promised.
#[derive(Default)]
struct Seeker {
    identity: Option<PlayerId>,
    wish: Option<Wish>,
}

/// `GET /lobby`
pub async fn upgrade(State(gateway): State<Arc<Gateway>>, admitted: Admitted) -> Response {
    conversation::upgrade(gateway, admitted, "lobby", LOBBY_MESSAGES, |socket, gateway, visitor| {
        serve(socket, gateway, visitor).boxed()
    })
}

/// Returns what the client must not send.
async fn serve(socket: &mut ClientSocket, gateway: &Gateway, visitor: Visitor) -> Result<Received, Gone> {
    let mut seeker = Seeker::default();
    let mut asks = interval(ASK_EVERY);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            received = socket.receive() => {
                let text = match received? {
                    Received::Text(text) => text,
                    Received::Binary(_) => String::new(),
                    refused => return Ok(refused),
                };
                hear(socket, &text, &mut seeker, &mut asks).await?;
            }
            _ = asks.tick(), if seeker.wish.is_some() => {
                if let Some(wish) = &mut seeker.wish && ask(socket, gateway, wish, visitor).await? {
                    seeker.wish = None;
                }
            }
        }
    }
}

async fn hear(
    socket: &mut ClientSocket,
    text: &str,
    seeker: &mut Seeker,
    asks: &mut Interval,
) -> Result<(), Gone> {
    match serde_json::from_str(text) {
        Ok(FromClient::Cancel) => seeker.wish = None,
        Ok(FromClient::Play { key, name, party, pool }) => {
            let Some(player) = player_of(&key) else {
                return error(socket, "key", "the key must have 16 to 64 characters").await;
            };
            if *seeker.identity.get_or_insert(player) != player {
                return error(socket, "identity", "this connection has asked as somebody else").await;
            }
            seeker.wish = Some(Wish { player, name, party, pool, since: Instant::now(), told: None });
            asks.reset_immediately();
        }
        Err(_) => {
            metrics::counter!(telemetry::MALFORMED, "from" => "client").increment(1);
            return error(socket, "malformed", "this message could not be read").await;
        }
    }
    Ok(())
}

async fn error(socket: &mut ClientSocket, code: &'static str, message: &str) -> Result<(), Gone> {
    count_refusal(code);
    socket.send_json(&ToClient::Error { code, message }).await
}

/// Asks the lobby once; true when the player is seated.
async fn ask(
    socket: &mut ClientSocket,
    gateway: &Gateway,
    wish: &mut Wish,
    visitor: Visitor,
) -> Result<bool, Gone> {
    let waited_ms = wish.since.elapsed().as_millis() as u64;
    let request = SeatRequest {
        player: wish.player,
        name: wish.name.clone(),
        pool: wish.pool,
        party: wish.party.clone(),
        waited_ms,
        address: visitor.address,
    };
    let reason = match gateway.bus.request(SUBJECT_SEAT, &request, ANSWER_MAX).await {
        Ok(SeatReply::Seated { ticket }) => return seated(socket, gateway, &ticket).await,
        Ok(SeatReply::Waiting { reason }) => reason,
        Err(error) => why_silent(error).to_string(),
    };
    if wish.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
        wish.told = Some(Instant::now());
        socket.send_json(&ToClient::Waiting { reason: &reason, waited_ms }).await?;
    }
    Ok(false)
}

fn why_silent(error: BusError) -> &'static str {
    match error {
        BusError::NoResponder | BusError::Timeout => "Matchmaking is restarting; you keep your place.",
        BusError::Disconnected => "The servers are reconnecting; you keep your place.",
        BusError::Malformed => "Matchmaking could not read this request.",
    }
}

/// A ticket that the lobby has made a moment ago cannot have run out.
fn clocks_differ(ago_s: u64) -> String {
    format!(
        "The servers' clocks differ: a ticket that the lobby has just made ran out {ago_s} s ago by this gateway's clock. \
         `timedatectl` on both nodes shows which is wrong; NTP sets it right."
    )
}

async fn seated(socket: &mut ClientSocket, gateway: &Gateway, ticket: &str) -> Result<bool, Gone> {
    let claims = match gateway.options.ticket_key.verify(ticket, unix_time_s()) {
        Ok(claims) => claims,
        Err(TicketError::Expired { ago_s }) => {
            let message = clocks_differ(ago_s);
            tracing::error!("{message}");
            error(socket, "clocks", &message).await?;
            return Ok(true);
        }
        Err(reason) => {
            tracing::error!(%reason, "the lobby's ticket does not hold: do lobby and gateway share the secret?");
            error(socket, "ticket", "the lobby and this gateway do not share their secret").await?;
            return Ok(true);
        }
    };
    let (player, room) = (claims.player.0.to_string(), claims.room.0.to_string());
    socket.send_json(&ToClient::Seated { ticket, player, room }).await?;
    Ok(true)
}
