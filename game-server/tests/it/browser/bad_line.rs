//! Play over 150 ms, 30 ms of jitter and 2 % stalls: nothing on the screen leaps.
//!
//! Positions are compared with the time between two pictures, so a slow machine that draws few of them fails nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, play, read};
use crate::harness::netem::{Line, Proxy};

/// Half of the round trip each way; jitter is added evenly, so half of 30 ms comes on top on average.
const BAD: Line = Line {
    delay: Duration::from_millis(75),
    jitter: Duration::from_millis(30),
    stalls_percent: 2,
    stall: Duration::from_millis(200),
};
/// Several seconds of play, during which tens of stalls happen.
const PLAY_MS: u64 = 8_000;
/// Full speed at the fastest clock (240 × 1.1) and a correction at its fastest (200).
const OWN_UNITS_PER_S: f64 = 464.0;
/// Half as fast again as anybody runs.
const OTHERS_UNITS_PER_S: f64 = 360.0;
/// Rounding of places to quarters of a unit.
const SLACK_UNITS: f64 = 0.5;
/// What the page can hide: a second of running the other way. On an idle machine most corrections are below 60.
const CORRECTION_UNITS_MAX: f64 = 480.0;

fn number(measured: &Value, name: &str) -> f64 {
    measured[name].as_f64().unwrap_or_else(|| panic!("{name} is no number in {measured}"))
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn nothing_leaps_on_a_bad_line() {
    stage::with(LONG_MATCH_S, 6, async |stage: &Stage| {
        let proxy = Proxy::start(stage.game, BAD, 7).await;
        let page = stage.open_through(Screen::Desktop, proxy.address).await;
        play(&page, "Far away").await;
        stage::until(&page, "return game.network.roundTripMs > 0 && game.drawn?.own?.flags % 2 === 1").await;
        let script = format!(
            "{}\nreturn playAndMeasure({PLAY_MS}, {{ own: {OWN_UNITS_PER_S}, others: {OTHERS_UNITS_PER_S} }});",
            include_str!("play.js")
        );
        press_key(&page, "KeyN").await;
        let measured = page.execute(&script, Vec::new()).await.expect("the page plays");
        stage.save(&page, "bad-line").await;
        assert_played(&measured);
        assert!(number(&measured, "ownExcess") <= SLACK_UNITS, "the own player leapt: {measured}");
        assert!(number(&measured, "othersExcess") <= SLACK_UNITS, "somebody leapt: {measured}");
        // Bots walk nearly all the time; a picture that stands still while they do would show here.
        assert!(number(&measured, "othersMovingShare") > 0.7, "others stood still: {measured}");
        let largest = number(&measured["network"], "largestCorrectionUnits");
        assert!(largest <= CORRECTION_UNITS_MAX, "{measured}");
    })
    .await;
}

/// That the line was bad and that somebody moved on it.
fn assert_played(measured: &Value) {
    assert!(number(&measured["network"], "roundTripMs") >= 150.0, "{measured}");
    assert!(
        number(&measured["network"], "delayTicks") > 6.5,
        "the buffer has grown with the jitter: {measured}"
    );
    assert!(number(measured, "pictures") >= 20.0, "{measured}");
    let own_speed = number(measured, "ownUnits") / number(measured, "ownMs") * 1_000.0;
    assert!(own_speed > 60.0, "{own_speed} units/s: {measured}");
    let others_speed = number(measured, "othersUnits") / number(measured, "othersMs") * 1_000.0;
    assert!(others_speed > 60.0, "{others_speed} units/s: {measured}");
}

async fn press_key(page: &fantoccini::Client, code: &str) {
    let press =
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { code: arguments[0], bubbles: true }))";
    page.execute(press, vec![json!(code)]).await.expect("the page takes a key");
    assert_eq!(read(page, "return document.getElementById('network').hidden").await, json!(false));
}
