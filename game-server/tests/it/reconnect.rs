//! Connections break at any time and in any way; the seat and the match are still there.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use game_server::domain::{PlayerId, RoomId};
use game_server::sim::random::Random;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::harness::http::metric;
use crate::harness::player::{Player, Seat, Socket, seat};
use crate::harness::servers::All;
use crate::harness::{TURN, eventually, within_limit};

const LONG_MATCH_S: u32 = 300;
const PLAYERS: u64 = 100;
/// How often each player is cut off.
const CUTS: u32 = 4;
/// A player is on for at most this long before the cut, and away for at most half of it.
const ON_MAX_MS: u32 = 1_500;

/// One player with a fate of their own.
struct Traveller {
    gateway: SocketAddr,
    key: String,
    random: Random,
    seat: Seat,
    /// Connections that died without a word: open, silent, and unread.
    half_open: Vec<Socket>,
    full_blocks: u64,
}

impl Traveller {
    async fn new(gateway: SocketAddr, number: u64) -> Traveller {
        let key = format!("the secret key of traveller {number}");
        let seat = seat(gateway, &key, &format!("T{number}")).await;
        Traveller {
            gateway,
            key,
            random: Random::new(number + 1),
            seat,
            half_open: Vec::new(),
            full_blocks: 0,
        }
    }

    async fn travel(mut self) -> Traveller {
        let mut player = Player::enter(self.gateway, &self.seat.ticket).await;
        let (slot, room) = (player.welcome.slot, player.welcome.room);
        for _ in 0..CUTS {
            player.until("a state", |player| player.states > 0).await;
            self.stay(&mut player).await;
            let seen_tick = player.frame.as_ref().map_or(0, |frame| frame.tick);
            // Who falls behind by more than the bases that are kept is owed another one; a busy machine can do that.
            self.full_blocks += player.full_blocks;
            self.cut(player).await;
            sleep(self.up_to(ON_MAX_MS / 2)).await;
            player = self.come_back().await;
            assert_eq!((player.welcome.slot, player.welcome.room), (slot, room), "the same seat");
            assert!(player.welcome.tick >= seen_tick, "the room went on");
        }
        player.until("a state after the last return", |player| player.states > 0).await;
        player.close().await;
        self
    }

    fn up_to(&mut self, most_ms: u32) -> Duration {
        Duration::from_millis(self.random.below(most_ms).into())
    }

    /// Plays for a while.
    async fn stay(&mut self, player: &mut Player) {
        let time = self.up_to(ON_MAX_MS);
        // Nothing ends this but the time.
        let _ = timeout(time, player.until("the cut", |_| false)).await;
    }

    /// The connection is gone: closed, torn down, or dead while the gateway believes that it lives.
    async fn cut(&mut self, player: Player) {
        match self.random.below(3) {
            0 => player.close().await,
            1 => drop(player),
            _ => self.half_open.push(player.fall_silent()),
        }
    }

    /// With the ticket at hand, or as a page that is loaded again and asks the lobby.
    async fn come_back(&mut self) -> Player {
        if self.random.below(3) == 0 {
            let again = seat(self.gateway, &self.key, "the name does not matter").await;
            assert_eq!(again.room, self.seat.room, "the lobby finds the same room");
            self.seat = again;
        }
        Player::enter(self.gateway, &self.seat.ticket).await
    }
}

async fn all_travel(gateway: SocketAddr) -> Vec<Traveller> {
    let mut travels = JoinSet::new();
    for number in 0..PLAYERS {
        travels.spawn(async move { Traveller::new(gateway, number).await.travel().await });
    }
    let mut travellers = Vec::new();
    while let Some(traveller) = travels.join_next().await {
        travellers.push(traveller.expect("a journey without incidents"));
    }
    travellers
}

/// Who sits where, as one returning player of each room sees it.
async fn rosters(travellers: &[Traveller]) -> HashMap<RoomId, Vec<PlayerId>> {
    let mut rosters = HashMap::new();
    for traveller in travellers {
        let mut player = Player::enter(traveller.gateway, &traveller.seat.ticket).await;
        player.until("the roster", |player| !player.roster.is_empty()).await;
        let people = player.roster.iter().filter(|entry| !entry.bot).map(|entry| entry.player);
        rosters.entry(player.welcome.room).or_insert(people.collect::<Vec<_>>());
        player.close().await;
    }
    rosters
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_players_who_are_cut_off_at_random_all_return_and_none_is_there_twice() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let travellers = within_limit("all journeys", all_travel(server.gateway)).await;
    assert_eq!(travellers.len() as u64, PLAYERS);
    let full_blocks: u64 = travellers.iter().map(|traveller| traveller.full_blocks).sum();
    let connections = PLAYERS * u64::from(CUTS);
    assert!(
        (connections..connections * 5 / 4).contains(&full_blocks),
        "{full_blocks} in {connections} connections"
    );
    let rosters = rosters(&travellers).await;
    let seated: Vec<PlayerId> = rosters.values().flatten().copied().collect();
    let distinct: HashSet<PlayerId> = seated.iter().copied().collect();
    assert_eq!(
        (seated.len() as u64, distinct.len() as u64),
        (PLAYERS, PLAYERS),
        "nobody is missing or there twice"
    );
    eventually("the room host counts every player once", async || {
        (metric(server.admin, "game_players").await == PLAYERS as f64).then_some(())
    })
    .await;
    // In one process both ends of the one link count it.
    assert_eq!(metric(server.admin, "game_links").await, 2.0, "one link carries all of them");
    let (messages, writes) = (
        metric(server.admin, "game_room_sent_messages_total").await,
        metric(server.admin, "game_socket_writes_total").await,
    );
    assert!(writes < messages, "{messages} messages took {writes} writes");
}

#[tokio::test]
async fn a_seat_is_held_no_longer_than_the_match_says() {
    let server = All::start_with(LONG_MATCH_S, &["--seat-hold-seconds=1".to_owned()]).await;
    let (ann, mut ben) = tokio::join!(
        Player::join(server.gateway, "the secret key of ann", "Ann"),
        Player::join(server.gateway, "the secret key of ben", "Ben")
    );
    let slot = ann.welcome.slot;
    ben.until("Ann is there", |ben| ben.sees(slot).is_some()).await;
    drop(ann);
    ben.until("Ann's seat is free", |ben| ben.sees(slot).is_none()).await;
}
