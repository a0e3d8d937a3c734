//! Leaving heals nobody, skips no death and takes no body away, tried over sockets as a cheat would.

use std::net::SocketAddr;

use super::LONG_MATCH_S;
use crate::harness::player::seat;
use crate::harness::raw::{ABSENT, ALIVE, Body, PROTECTED, Raw, TOO_SOON};
use crate::harness::servers::All;
use crate::harness::{eventually, within_limit};

const FIRE: u8 = 1;
/// Towards whoever stands to the right.
const RIGHT: u8 = 0;
const DAMAGE: u8 = 20;
/// Where the two meet: open ground in the north of the map, and the ways there from where the first two appear.
const ANN_STANDS: [(f64, f64); 2] = [(230.0, 100.0), (460.0, 100.0)];
const BEN_STANDS: [(f64, f64); 2] = [(920.0, 100.0), (560.0, 100.0)];
/// Until the body that was left is gone, and until one without a connection is out of play.
const LEFT_TICKS: u32 = 180;
const OUT_OF_PLAY_TICKS: u32 = 300;
/// A Leave and a broken connection reach the room this late, on a busy machine.
const ON_THE_WAY_TICKS: u32 = 60;

/// Somebody who comes again and again.
struct Cheat {
    gateway: SocketAddr,
    ticket: String,
}

impl Cheat {
    async fn enter(&self) -> Raw {
        Raw::enter(self.gateway, &self.ticket).await.expect("a seat")
    }

    /// Tries until it is let in, which is not at once, and tells what it is then.
    async fn come_back(&self) -> (Raw, Body) {
        let mut refused = 0;
        let mut raw =
            eventually("the seat again", async || match Raw::enter(self.gateway, &self.ticket).await {
                Ok(raw) => Some(raw),
                Err(code) => {
                    assert_eq!(code, TOO_SOON);
                    refused += 1;
                    None
                }
            })
            .await;
        assert!(refused > 0, "the seat is given again at once");
        raw.next_state().await;
        let own = raw.own();
        (raw, own)
    }
}

/// Ann shoots to the right until this is so; returns how many ticks that took.
async fn shoot_until(ann: &mut Raw, what: &str, done: impl Fn(&Raw) -> bool) -> u32 {
    let from = ann.newest().tick;
    within_limit(what, async {
        while !done(ann) {
            ann.next_state().await;
            ann.act([0, 0], RIGHT, FIRE).await;
        }
    })
    .await;
    ann.newest().tick - from
}

/// Whoever is shot at plays on meanwhile; returns when it looks like this to them.
async fn endure_until(ben: &mut Raw, what: &str, done: impl Fn(Body) -> bool) {
    ben.stand_until(what, |ben| done(ben.own())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_takes_everything_along() {
    let server = All::start(LONG_MATCH_S).await;
    let first = seat(server.gateway, "the secret key of ann", "Ann").await;
    let mut ann = Raw::enter(server.gateway, &first.ticket).await.expect("a seat");
    ann.next_state().await;
    let ticket = seat(server.gateway, "the secret key of ben", "Ben").await.ticket;
    let cheat = Cheat { gateway: server.gateway, ticket };
    let mut ben = cheat.enter().await;
    let slot = ben.slot;
    tokio::join!(ann.walk(&ANN_STANDS), ben.walk(&BEN_STANDS));

    // Two hits; then Ben leaves, and the body is hit once more.
    let health = |raw: &Raw| raw.body(slot).map(|body| body.health);
    tokio::join!(
        shoot_until(&mut ann, "Ben is hit", |ann| health(ann) <= Some(100 - 2 * DAMAGE)),
        endure_until(&mut ben, "the wounds are felt", |own| own.health <= 100 - 2 * DAMAGE),
    );
    ben.leave().await;
    let left_with = health(&ann).expect("the body is there");
    let is_hit = |ann: &Raw| health(ann).is_none_or(|health| health < left_with);
    let ticks = shoot_until(&mut ann, "the body is hit", is_hit).await;
    let body = ann.body(slot).expect("a body that was left stays");
    assert!(body.flags & ABSENT != 0 && body.flags & ALIVE != 0 && ticks < LEFT_TICKS, "{body:?}");

    // Back with the same wounds at the same place. Shots on their way may hit meanwhile.
    let (mut ben, own) = cheat.come_back().await;
    assert!(own.health < left_with && (own.x, own.y) == (body.x, body.y), "{own:?}, left as {body:?}");
    assert_eq!((ben.slot, own.flags), (slot, ALIVE), "no protection for who leaves under fire");

    // Dead, gone, and back: dead until the same tick.
    tokio::join!(
        shoot_until(&mut ann, "Ben is dead", |ann| health(ann) == Some(0)),
        endure_until(&mut ben, "the end", |own| own.flags & ALIVE == 0),
    );
    let respawn_tick = ben.own().respawn_tick;
    ben.leave().await;
    let (mut ben, own) = cheat.come_back().await;
    let before = ben.newest().tick < respawn_tick;
    assert_eq!(own.flags & ALIVE == 0, before, "{own:?} at {}, due at {respawn_tick}", ben.newest().tick);
    endure_until(&mut ben, "life", |own| own.flags & ALIVE != 0).await;
    assert!(ben.newest().tick >= respawn_tick && ben.own().deaths == 1, "{:?}", ben.own());

    // A body that is left alone is gone after three seconds.
    ann.stand_until("Ann has seen it", |ann| health(ann) == Some(100)).await;
    ben.leave().await;
    let left = ann.newest().tick;
    ann.stand_until("the body is gone", |ann| ann.body(slot).is_none()).await;
    let stayed = ann.newest().tick - left;
    assert!((LEFT_TICKS - 6..=LEFT_TICKS + ON_THE_WAY_TICKS).contains(&stayed), "{stayed} ticks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_page_leaves_no_dummy_and_its_player_returns_to_it() {
    let server = All::start(LONG_MATCH_S).await;
    let first = seat(server.gateway, "the secret key of ann", "Ann").await;
    let mut ann = Raw::enter(server.gateway, &first.ticket).await.expect("a seat");
    ann.next_state().await;
    let ticket = seat(server.gateway, "the secret key of ben", "Ben").await.ticket;
    let cheat = Cheat { gateway: server.gateway, ticket };
    let mut ben = cheat.enter().await;
    let slot = ben.slot;
    endure_until(&mut ben, "no protection any more", |own| own.flags == ALIVE).await;
    let place = (ben.own().x, ben.own().y);
    let flags = |raw: &Raw| raw.body(slot).expect("the seat is held").flags;
    drop(ben);

    ann.next_state().await;
    ann.stand_until("the connection is missed", |ann| flags(ann) & ABSENT != 0).await;
    assert_ne!(flags(&ann) & ALIVE, 0, "a target for a while");
    let missed = ann.newest().tick;
    ann.stand_until("the body is out of play", |ann| flags(ann) & ALIVE == 0).await;
    let stayed = ann.newest().tick - missed;
    assert!((OUT_OF_PLAY_TICKS - 6..=OUT_OF_PLAY_TICKS + 6).contains(&stayed), "{stayed} ticks");

    let mut ben = cheat.enter().await;
    ben.next_state().await;
    let back = ben.newest().tick;
    assert_eq!((ben.slot, ben.own().flags), (slot, ALIVE | PROTECTED));
    assert_eq!((ben.own().x, ben.own().y), place);
    endure_until(&mut ben, "vulnerable again", |own| own.flags == ALIVE).await;
    assert!(ben.newest().tick - back <= 63, "protected for {} ticks", ben.newest().tick - back);
}
