//! Processes that stand still for a while, as under a debugger, on a node that blinks, behind a closed lid: nobody loses
//! a seat, and play goes on as soon as they do.

use std::cell::Cell;
use std::time::{Duration, Instant};

use game_server::domain::PlayerInput;
use game_server::protocol::client::{CLIENT_PROTOCOL_VERSION, ErrorCode, ServerMessage};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::harness::player::{Player, seat};
use crate::harness::servers::Cluster;
use crate::harness::{tell, within_limit};

const LONG_MATCH_S: u32 = 600;
const STOPS_S: [u64; 3] = [3, 6, 12];
/// After this long without a word the page opens another socket.
const PAGE_PATIENCE: Duration = Duration::from_secs(5);
const PAGE_RETRY: Duration = Duration::from_millis(250);
/// A second of play.
const STATES_AGAIN: u64 = 20;
const FULL_SPEED: i8 = 127;

/// When the processes ran again.
type Resumed = watch::Receiver<Option<Instant>>;

/// Plays on until a second of play after the stop; how long after it the first state came. The connection must last.
async fn patient(player: &mut Player, resumed: Resumed) -> Duration {
    let first = Cell::new(None);
    player
        .until("play after a stop", |player| {
            let Some(resumed) = *resumed.borrow() else { return false };
            if first.get().is_none() {
                first.set(Some((player.states, resumed)));
            }
            first.get().is_some_and(|(states, _)| player.states >= states + STATES_AGAIN)
        })
        .await;
    resumed.borrow().map_or(Duration::ZERO, |resumed| resumed.elapsed())
}

/// The same as a page does it, which gives up a silent connection and comes back with its ticket.
async fn impatient(
    mut player: Player,
    gateway: std::net::SocketAddr,
    ticket: &str,
    resumed: Resumed,
) -> Player {
    let mut states_after = None;
    loop {
        let before = player.states;
        let heard = timeout(PAGE_PATIENCE, player.until("a state", |player| player.states > before)).await;
        if heard.is_err() {
            let slot = player.welcome.slot;
            drop(player);
            player = come_back(gateway, ticket).await;
            assert_eq!(player.welcome.slot, slot, "the same seat");
        }
        if resumed.borrow().is_some() {
            let began = *states_after.get_or_insert(player.states);
            if player.states >= began + STATES_AGAIN {
                return player;
            }
        }
    }
}

async fn come_back(gateway: std::net::SocketAddr, ticket: &str) -> Player {
    within_limit("the way back to a seat", async {
        loop {
            let entering = Player::try_enter(gateway, ticket, CLIENT_PROTOCOL_VERSION);
            match timeout(PAGE_PATIENCE, entering).await {
                Ok(Ok(player)) => return player,
                Ok(Err(Some(ServerMessage::Error { code, .. }))) => {
                    let is_final = !matches!(code, ErrorCode::Unreachable | ErrorCode::Draining);
                    assert!(!is_final, "the match goes on, and a page hears {code:?}");
                }
                Ok(Err(_)) | Err(_) => {}
            }
            sleep(PAGE_RETRY).await;
        }
    })
    .await
}

/// Each of the four directions, since a wall may be beside: inputs count again when the own player has moved.
async fn moves(player: &mut Player) {
    let slot = player.welcome.slot;
    player.until("the own player", |player| player.sees(slot).is_some()).await;
    let before = player.sees(slot).expect("just seen");
    for (move_x, move_y) in [(FULL_SPEED, 0), (-FULL_SPEED, 0), (0, FULL_SPEED), (0, -FULL_SPEED)].repeat(3) {
        player.input = PlayerInput { move_x, move_y, ..PlayerInput::default() };
        let until = player.states + 10;
        player.until("half a second of play", |player| player.states >= until).await;
        let is_elsewhere = player.sees(slot).is_some_and(|now| (now.x, now.y) != (before.x, before.y));
        if is_elsewhere {
            player.input = PlayerInput::default();
            return;
        }
    }
    panic!("inputs after a stop do nothing");
}

async fn stop(cluster: &Cluster, roles: &[&str], stop: Duration, resumed: &watch::Sender<Option<Instant>>) {
    roles.iter().for_each(|role| cluster.send(role, "STOP"));
    sleep(stop).await;
    roles.iter().for_each(|role| cluster.send(role, "CONT"));
    resumed.send_replace(Some(Instant::now()));
}

async fn nobody_loses_a_seat(roles: &[&str]) {
    let mut cluster = Cluster::start(LONG_MATCH_S).await;
    let gateway = cluster.gateway;
    let mut ann = Player::join(gateway, "the secret key of ann", "Ann").await;
    let mut ben = Player::join(gateway, "the secret key of ben", "Ben").await;
    let seat = seat(gateway, "the secret key of cleo", "Cleo").await;
    let mut cleo = Player::enter(gateway, &seat.ticket).await;
    let slots = [&ann, &ben, &cleo].map(|player| (player.welcome.room, player.welcome.slot));
    for seconds in STOPS_S {
        let (run_again, resumed) = watch::channel(None);
        let (_, after_ann, after_ben, back) = tokio::join!(
            stop(&cluster, roles, Duration::from_secs(seconds), &run_again),
            patient(&mut ann, resumed.clone()),
            patient(&mut ben, resumed.clone()),
            impatient(cleo, gateway, &seat.ticket, resumed.clone()),
        );
        cleo = back;
        tell(&format!(
            "{roles:?} stopped for {seconds} s: a second of play by {after_ann:?} and {after_ben:?} after it"
        ));
        let now = [&ann, &ben, &cleo].map(|player| (player.welcome.room, player.welcome.slot));
        assert_eq!(now, slots, "seats after {seconds} s");
        for player in [&mut ann, &mut ben, &mut cleo] {
            moves(player).await;
            assert_eq!((player.error, player.over.is_some()), (None, false));
        }
    }
    cleo.until("everybody is there", |cleo| cleo.roster.iter().filter(|entry| !entry.bot).count() == 3).await;
    assert_eq!(cluster.ended_roles(), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_gateway_that_stood_still_costs_nobody_a_seat() {
    nobody_loses_a_seat(&["gateway"]).await;
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_room_host_that_stood_still_costs_nobody_a_seat() {
    nobody_loses_a_seat(&["room"]).await;
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn both_standing_still_cost_nobody_a_seat() {
    nobody_loses_a_seat(&["gateway", "room"]).await;
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_room_host_that_is_gone_for_good_is_told_as_the_end_of_the_match() {
    let mut cluster = Cluster::start(LONG_MATCH_S).await;
    let mut ann = Player::join(cluster.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    cluster.kill("room");
    ann.until("the end", |ann| ann.error.is_some()).await;
    assert_eq!(ann.error, Some(ErrorCode::RoomGone));
}
