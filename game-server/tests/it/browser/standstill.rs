//! A server that stands still and goes on: the page is back in the same seat, and its keys count.

use std::time::Duration;

use serde_json::json;

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, MOVED_UNITS, PLAYING, distance, hold_key, play, read};

/// Each way twice.
const KEYS: [char; 8] = ['a', 'd', 'w', 's', 'a', 'd', 'w', 's'];
/// Of the first, a page notices nothing but a picture that stands still; it gives the second's connection up.
const STOPS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(7)];
/// The page's clock is with the server's again; a second ahead no input would be taken.
const LEAD: &str = "return game.network.leadTicks < 60 && game.screen === 'play'";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_page_plays_on_after_its_server_stood_still() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        play(&page, "Ann").await;
        let seat = read(&page, "return [game.room, game.slot]").await;
        for stop in STOPS {
            let tick = read(&page, "return game.tick").await;
            stage.stand_still(stop).await;
            stage::until(&page, &format!("return game.tick > {tick}")).await;
            stage::until(&page, PLAYING).await;
            stage::until(&page, LEAD).await;
            stage.save(&page, &format!("after-{}-s", stop.as_secs())).await;
            assert_eq!(read(&page, "return [game.room, game.slot]").await, seat, "after {stop:?}");
            assert_eq!(read(&page, "return document.getElementById('lost').hidden").await, json!(true));
            moves(&page).await;
        }
    })
    .await;
}

/// Keys move the own player, also when the server's answer has set its place right.
async fn moves(page: &fantoccini::Client) {
    let place = "return [game.self.x, game.self.y]";
    // A bot may have shot the player just now, and a wall may be beside.
    for key in KEYS {
        let before = read(page, place).await;
        hold_key(page, key).await;
        let after = read(page, place).await;
        if distance(&before, &after) > MOVED_UNITS {
            return;
        }
    }
    panic!("keys do nothing: {}", read(page, "return game.network").await);
}
