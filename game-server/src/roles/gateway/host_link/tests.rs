//! A link against a room host made of a bare socket.

use std::sync::Arc;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};

use super::{Attachment, Greeting, HostLink, Notice, SESSION_QUEUE_MAX};
use crate::domain::{PlayerId, Pool, RoomId};
use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::net::requirement::Requirement;
use crate::protocol::bus::TicketClaims;
use crate::protocol::link::{
    GatewayToRoom, LINK_PROTOCOL_VERSION, RoomToGateway, SessionId, decode_gateway, encode_room,
};
use crate::protocol::proof::{Challenges, LinkKey};
use crate::protocol::version::Protocols;
use crate::roles::gateway::hosts::{Hosts, Unreached};

const ROOM: RoomId = RoomId(7);

/// The room host's end.
struct Host {
    sender: FrameSender,
    receiver: FrameReceiver<TcpStream>,
}

impl Host {
    fn say(&self, message: &RoomToGateway) {
        self.sender.send(&encode_room(message)).unwrap();
    }

    /// As a room host with this key does; whether the gateway proved that it has the same.
    async fn greet(&mut self, key: &LinkKey) -> bool {
        let GatewayToRoom::Hello { challenge: Some(challenge), .. } = self.hear().await else {
            panic!("no challenge")
        };
        let challenges = Challenges { gateway: challenge, host: [7; 32] };
        let (version, host) = (LINK_PROTOCOL_VERSION, "room-0".to_string());
        let answer = Some((challenges.host, key.prove_host(&challenges)));
        self.say(&RoomToGateway::Hello { version, host, answer });
        let proof = self.receiver.next().await.ok().and_then(|frame| decode_gateway(&frame).ok());
        matches!(proof, Some(GatewayToRoom::Proof(proof)) if key.is_gateway(&challenges, &proof))
    }

    async fn hear(&mut self) -> GatewayToRoom {
        decode_gateway(&self.receiver.next().await.unwrap()).unwrap()
    }
}

fn key() -> LinkKey {
    LinkKey::new(b"secret")
}

fn greeting() -> Greeting {
    let versions = Protocols::default().link;
    Greeting { gateway: "gateway".to_string(), versions, key: key(), requirement: Requirement::default() }
}

async fn linked() -> (Arc<HostLink>, Host) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let host = tokio::spawn(async move {
        let (sender, receiver) = link::start(listener.accept().await.unwrap().0);
        let mut host = Host { sender, receiver };
        host.greet(&key()).await;
        host
    });
    let link = HostLink::dial(&address, &greeting()).await.unwrap();
    (link, host.await.unwrap())
}

fn attach(link: &Arc<HostLink>) -> Attachment {
    let (player, name) = (PlayerId(1), "Ann".to_string());
    let claims = TicketClaims { player, name, room: ROOM, expires_s: 0, address: None };
    link.attach(claims, Pool::Public)
}

fn events(room: RoomId) -> RoomToGateway {
    RoomToGateway::Events { room, tick: 1, events: Vec::new() }
}

#[tokio::test]
async fn sessions_of_a_room_share_the_link_and_hear_their_room_only() {
    let (link, mut host) = linked().await;
    let (mut one, mut two) = (attach(&link), attach(&link));
    let GatewayToRoom::Join { session: first, .. } = host.hear().await else { panic!("no join") };
    let GatewayToRoom::Join { session: second, .. } = host.hear().await else { panic!("no join") };
    assert_ne!(first, second);
    host.say(&events(RoomId(8)));
    host.say(&events(ROOM));
    host.say(&RoomToGateway::Replaced { session: second, slot: crate::domain::Slot(0) });
    assert!(matches!(one.notices.recv().await, Some(Notice::Message(_))));
    assert!(matches!(two.notices.recv().await, Some(Notice::Message(_))));
    assert!(matches!(two.notices.recv().await, Some(Notice::Replaced)));
    assert!(one.notices.try_recv().is_err());
}

#[tokio::test]
async fn a_dropped_session_says_leave() {
    let (link, mut host) = linked().await;
    let mut attachment = attach(&link);
    host.hear().await;
    attachment.leave_on_purpose();
    drop(attachment);
    assert_eq!(host.hear().await, GatewayToRoom::Leave { session: SessionId(0), on_purpose: true });
}

#[tokio::test]
async fn a_session_that_does_not_listen_ends_alone() {
    let (link, _host) = linked().await;
    let (mut slow, quick) = (attach(&link), attach(&link));
    for _ in 0..=SESSION_QUEUE_MAX {
        link.table().tell(SessionId(0), Notice::Message(Bytes::new()));
    }
    for _ in 0..SESSION_QUEUE_MAX {
        assert!(slow.notices.recv().await.is_some());
    }
    assert!(slow.notices.recv().await.is_none());
    assert!(!quick.notices.is_closed());
}

#[tokio::test]
async fn a_lost_link_is_told_to_its_sessions() {
    let (link, host) = linked().await;
    let mut attachment = attach(&link);
    drop(host);
    assert!(matches!(attachment.notices.recv().await, Some(Notice::Lost)));
    assert!(link.is_closed());
}

#[tokio::test]
async fn an_unreachable_host_is_not_dialled_again_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let hosts = Hosts::new(greeting());
    let refused = hosts.link(&address).await.err().unwrap();
    assert!(matches!(refused, Unreached::Refused(_)), "{refused}");
    let listener = TcpListener::bind(&address).await.unwrap();
    assert_eq!(hosts.link(&address).await.err(), Some(refused));
    let dialled = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(dialled.is_err(), "nobody was asked");
}

#[tokio::test]
async fn a_host_that_listens_a_moment_later_is_reached() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let hosts = Arc::new(Hosts::new(greeting()));
    assert!(hosts.link(&address).await.is_err());
    let reached = tokio::spawn({
        let (hosts, address) = (hosts.clone(), address.clone());
        async move { hosts.reach(&address).await.map(drop) }
    });
    let listener = TcpListener::bind(&address).await.unwrap();
    let (sender, receiver) = link::start(listener.accept().await.unwrap().0);
    assert!(Host { sender, receiver }.greet(&key()).await);
    reached.await.unwrap().unwrap();
}

/// A host that greets as `greets` says; what came of the gateway's call.
async fn dial(
    greeting: Greeting,
    greets: impl AsyncFnOnce(&mut Host) + Send + 'static,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dialled = HostLink::dial(&address, &greeting);
    let hosting = async {
        let (sender, receiver) = link::start(listener.accept().await.unwrap().0);
        let mut host = Host { sender, receiver };
        greets(&mut host).await;
        host
    };
    let (dialled, _host) = tokio::join!(dialled, hosting);
    dialled.map(drop)
}

#[tokio::test]
async fn a_host_with_another_secret_is_left_alone() {
    let refused = dial(greeting(), async |host: &mut Host| {
        assert!(!host.greet(&LinkKey::new(b"other")).await, "nothing is proved to a stranger");
    });
    assert!(format!("{:#}", refused.await.unwrap_err()).contains("LINK_SECRET"));
}

#[tokio::test]
async fn a_host_without_proofs_is_taken_until_they_are_required() {
    for (level, is_taken) in [(0, true), (1, false)] {
        let greeting = Greeting { requirement: Requirement::up_to(level), ..greeting() };
        let dialled = dial(greeting, async |host: &mut Host| {
            host.hear().await;
            host.say(&RoomToGateway::Hello { version: 1, host: "room-0".to_string(), answer: None });
        });
        assert_eq!(dialled.await.is_ok(), is_taken, "{level}");
    }
}
