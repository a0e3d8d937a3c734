//! The role on a local bus with room hosts and a ranking played by the test.

use std::time::Duration;

use crate::domain::{MatchSettings, Mode, PlayerId, Pool, StateRate};
use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{
    HostReport, OpenReply, SUBJECT_HOSTS, SUBJECT_RANKING, SUBJECT_SEAT, SeatReply, SeatRequest,
    TicketClaims, subject_open_room,
};
use crate::protocol::ticket::TicketKey;
use crate::roles::lobby::{LobbyOptions, run, unix_now_s};

const LIMIT: Duration = Duration::from_secs(5);

struct Fixture {
    bus: Bus,
    shutdown: Shutdown,
    role: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Fixture {
    async fn start() -> Fixture {
        Fixture::requiring(0).await
    }

    async fn requiring(proofs: u32) -> Fixture {
        let (bus, ready, shutdown) = (Bus::local(), Readiness::default(), Shutdown::new());
        let options = LobbyOptions {
            ticket_key: TicketKey::new(b"secret"),
            requirement: Requirement::up_to(proofs),
            match_s: 300,
            fill_to_players: 4,
            mode: Mode::default(),
            state_rate: StateRate::default(),
            seat_hold_s: 30,
        };
        let role = tokio::spawn(run(bus.clone(), options, ready.clone(), shutdown.clone()));
        while !ready.get() {
            tokio::task::yield_now().await;
        }
        Fixture { bus, shutdown, role }
    }

    /// A host that answers every request to open a room with `opened`.
    async fn add_host(&self, name: &str, opened: bool) {
        let mut requests = self.bus.serve(&subject_open_room(name), "host").await.unwrap();
        tokio::spawn(async move {
            while let Some((_, responder)) = requests.next::<MatchSettings>().await {
                responder.reply(&OpenReply { opened, reason: "no thread".to_owned() }).await;
            }
        });
        let report = HostReport {
            host: name.to_owned(),
            node: "node".to_owned(),
            link_address: format!("{name}:7000"),
            rooms_max: 10,
            draining: false,
            tick_headroom: 1.0,
            tick_gap_excess_p99_us: 0,
            room_cost_p50_us: 0,
            room_cost_p99_us: 0,
            rooms: Vec::new(),
        };
        self.bus.publish(SUBJECT_HOSTS, &report).await.unwrap();
    }

    async fn ask(&self, player: u64, pool: Pool) -> SeatReply {
        let request = SeatRequest {
            player: PlayerId(player),
            name: " Ann\n".to_owned(),
            pool,
            party: String::new(),
            waited_ms: 0,
            address: None,
        };
        self.bus.request(SUBJECT_SEAT, &request, LIMIT).await.unwrap()
    }

    async fn seated(&self, player: u64) -> TicketClaims {
        match self.ask(player, Pool::Public).await {
            SeatReply::Seated { ticket } => TicketKey::new(b"secret").verify(&ticket, unix_now_s()).unwrap(),
            SeatReply::Waiting { reason } => panic!("waiting: {reason}"),
        }
    }
}

fn address_in(ticket: &TicketClaims) -> &str {
    ticket.address.as_ref().map_or("", |address| &address.link_address)
}

#[tokio::test]
async fn a_ticket_has_an_address_only_while_an_older_gateway_may_be_shown_it() {
    for (proofs, is_there) in [(0, true), (1, false), (u32::MAX, false)] {
        let fixture = Fixture::requiring(proofs).await;
        fixture.add_host("room-0", true).await;
        assert_eq!(fixture.seated(1).await.address.is_some(), is_there, "{proofs}");
    }
}

#[tokio::test]
async fn two_people_at_the_same_time_get_seats_in_one_new_room() {
    let fixture = Fixture::start().await;
    fixture.add_host("room-0", true).await;
    let (first, second) = tokio::join!(fixture.seated(1), fixture.seated(2));
    assert_eq!(first.room, second.room);
    assert_eq!((first.player, first.name.as_str()), (PlayerId(1), "Ann"));
    assert_eq!(address_in(&first), "room-0:7000");
    assert!(first.expires_s >= unix_now_s() + 300);
}

#[tokio::test]
async fn without_a_host_the_player_reads_why() {
    let fixture = Fixture::start().await;
    let SeatReply::Waiting { reason } = fixture.ask(1, Pool::Public).await else { panic!("seated") };
    assert!(reason.starts_with("No room host has reported"), "{reason}");
}

#[tokio::test]
async fn a_host_that_refuses_is_passed_over_at_once() {
    let fixture = Fixture::start().await;
    fixture.add_host("room-0", false).await;
    fixture.add_host("room-1", true).await;
    assert_eq!(address_in(&fixture.seated(1).await), "room-1:7000");
}

#[tokio::test]
async fn a_ranking_that_never_answers_costs_little() {
    let fixture = Fixture::start().await;
    fixture.add_host("room-0", true).await;
    let _silent = fixture.bus.serve(SUBJECT_RANKING, "ranking").await.unwrap();
    let asked_at = std::time::Instant::now();
    fixture.seated(1).await;
    assert!(asked_at.elapsed() < Duration::from_secs(1), "{:?}", asked_at.elapsed());
}

#[tokio::test]
async fn headless_players_get_rooms_of_their_own() {
    let fixture = Fixture::start().await;
    fixture.add_host("room-0", true).await;
    let person = fixture.seated(1).await;
    let SeatReply::Seated { ticket } = fixture.ask(2, Pool::Bots).await else { panic!("waiting") };
    let headless = TicketKey::new(b"secret").verify(&ticket, unix_now_s()).unwrap();
    assert_ne!(headless.room, person.room);
}

#[tokio::test]
async fn a_drain_ends_the_role() {
    let fixture = Fixture::start().await;
    fixture.shutdown.drain();
    tokio::time::timeout(LIMIT, fixture.role).await.unwrap().unwrap().unwrap();
}
