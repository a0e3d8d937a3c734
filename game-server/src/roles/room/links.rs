//! Gateways' links: every frame becomes mail for the thread that runs the room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::protocol::link::{
    GatewayToRoom, JoinRefusal, RoomToGateway, SessionId, decode_gateway, encode_room,
};
use crate::protocol::proof::{Challenges, LinkKey};
use crate::protocol::wire::DecodeError;
use crate::roles::room::board::Board;
use crate::roles::room::mailbox::{Join, LinkId, Mail, Seat};
use crate::telemetry;

/// A gateway says Hello at once, and what it proves as soon as it has heard the answer.
const HELLO_MAX: Duration = Duration::from_secs(3);
/// Pause after a failed accept, typically for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves links for as long as the process lives.
pub async fn accept(listener: TcpListener, board: Arc<Board>) {
    for number in 0.. {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a link could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        tokio::spawn(serve(stream, LinkId(number), board.clone()));
    }
}

async fn serve(stream: TcpStream, link: LinkId, board: Arc<Board>) {
    metrics::gauge!(telemetry::LINKS).increment(1.0);
    let outcome = converse(stream, link, &board).await;
    metrics::gauge!(telemetry::LINKS).decrement(1.0);
    if let Err(error) = outcome {
        metrics::counter!(telemetry::LINKS_LOST).increment(1);
        tracing::info!(link = link.0, "link ended: {error:#}");
    }
}

async fn converse(stream: TcpStream, link: LinkId, board: &Board) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (sender, mut receiver) = link::start(stream);
    let greeting = greet(&sender, &mut receiver, board);
    let gateway = timeout(HELLO_MAX, greeting).await.context("no Hello in time")??;
    tracing::info!(link = link.0, gateway, "link up");
    let mut desk = Desk { link, board, sender, threads: HashMap::new() };
    loop {
        let frame = receiver.next().await?;
        match decode(&frame) {
            Ok(message) => desk.take(message)?,
            // What a newer gateway says besides.
            Err(DecodeError::UnknownKind) => {}
            Err(error) => return Err(error).context("a frame could not be read"),
        }
    }
}

/// The gateway speaks first; both sides know the version of the other afterwards, and that it is one of ours.
async fn greet(
    sender: &FrameSender,
    receiver: &mut FrameReceiver<TcpStream>,
    board: &Board,
) -> anyhow::Result<String> {
    let frame = receiver.next().await.context("no Hello")?;
    let GatewayToRoom::Hello { version, gateway, challenge } = decode(&frame)? else { bail!("no Hello") };
    let (key, is_required) = board.link_trust();
    let challenges = challenge.map(|challenge| Challenges { gateway: challenge, host: rand::random() });
    let answer = challenges.map(|challenges| (challenges.host, key.prove_host(&challenges)));
    let (host, versions) = (board.host().to_string(), board.link_versions());
    sender.send(&encode_room(&RoomToGateway::Hello { version: versions.newest, host, answer }))?;
    ensure!(
        versions.common(version).is_some(),
        "gateway {gateway} speaks link version {version}, this host {} to {}",
        versions.oldest,
        versions.newest
    );
    match challenges {
        Some(challenges) => prove(receiver, key, &challenges).await.inspect_err(|_| refused("link_proof"))?,
        None if is_required => {
            refused("link_no_proof");
            bail!("gateway {gateway} is of a build without proofs, and they are required by now");
        }
        None => {}
    }
    Ok(gateway)
}

async fn prove(
    receiver: &mut FrameReceiver<TcpStream>,
    key: &LinkKey,
    challenges: &Challenges,
) -> anyhow::Result<()> {
    loop {
        match decode(&receiver.next().await.context("no Proof")?) {
            Ok(GatewayToRoom::Proof(proof)) => {
                ensure!(key.is_gateway(challenges, &proof), "it does not know this host's LINK_SECRET");
                return Ok(());
            }
            // What a newer gateway says besides.
            Err(DecodeError::UnknownKind) => {}
            other => bail!("no Proof but {other:?}"),
        }
    }
}

fn refused(reason: &'static str) {
    metrics::counter!(telemetry::REFUSED, "reason" => reason).increment(1);
}

fn decode(frame: &[u8]) -> Result<GatewayToRoom, DecodeError> {
    decode_gateway(frame).inspect_err(|error| {
        metrics::counter!(telemetry::MALFORMED, "from" => "gateway", "error" => error.label()).increment(1);
    })
}

/// Sorts one link's messages into mailboxes.
struct Desk<'a> {
    link: LinkId,
    board: &'a Board,
    sender: FrameSender,
    /// Sessions that asked to join, until the gateway says Leave, which it does for refused ones too.
    threads: HashMap<SessionId, usize>,
}

impl Desk<'_> {
    fn take(&mut self, message: GatewayToRoom) -> anyhow::Result<()> {
        match message {
            GatewayToRoom::Hello { .. } | GatewayToRoom::Proof(_) => bail!("a second Hello"),
            GatewayToRoom::Join { session, room, player, name, pool } => {
                let (seat, reply) = (self.seat(session), self.sender.clone());
                self.join(Join { seat, reply, room, player, name, pool })
            }
            GatewayToRoom::Leave { session, on_purpose } => {
                let Some(thread) = self.threads.remove(&session) else {
                    return Ok(());
                };
                self.put(thread, Mail::Leave { seat: self.seat(session), on_purpose })
            }
            GatewayToRoom::Input { session, first_tick, inputs } => {
                if let Some(thread) = self.threads.get(&session) {
                    let mail = Mail::Input { seat: self.seat(session), first_tick, inputs };
                    // A lost input costs one player a few ticks; closing the link would cost everybody seconds.
                    if !self.board.mailbox(*thread).put(mail) {
                        metrics::counter!(telemetry::MAILBOX_DROPPED).increment(1);
                    }
                }
                Ok(())
            }
        }
    }

    fn join(&mut self, join: Join) -> anyhow::Result<()> {
        let session = join.seat.session;
        let Some(thread) = self.board.thread_of(join.room) else {
            let refused = RoomToGateway::Refused { session, refusal: JoinRefusal::RoomGone };
            return Ok(self.sender.send(&encode_room(&refused))?);
        };
        self.threads.insert(session, thread);
        self.put(thread, Mail::Join(join))
    }

    fn put(&self, thread: usize, mail: Mail) -> anyhow::Result<()> {
        ensure!(self.board.mailbox(thread).put(mail), "simulation thread {thread} takes no more mail");
        Ok(())
    }

    fn seat(&self, session: SessionId) -> Seat {
        Seat { link: self.link, session }
    }
}
