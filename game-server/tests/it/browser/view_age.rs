//! The page tells with each input how old its picture of the others is: without that no shot from afar is rewound.

use std::time::Duration;

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, play, read};
use crate::harness::netem::{Line, Proxy};

/// 150 ms there and back, nine ticks.
const FAR: Line = Line {
    delay: Duration::from_millis(75),
    jitter: Duration::ZERO,
    stalls_percent: 0,
    stall: Duration::ZERO,
};
const ROUND_TRIP_TICKS: f64 = 9.0;
/// Others are drawn six ticks late, or more on a machine that is busy, and inputs are early by two.
const PAGE_TICKS_MIN: f64 = 6.0;
/// Keeps the last input's buttons of each message, and whether anything fired.
const KEEP_BUTTONS: &str = "window.buttons = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
        if (data instanceof Uint8Array && data[0] === 2) window.buttons.push(data[data.length - 1]);
        return send.call(this, data);
    };";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn inputs_say_how_old_the_picture_is() {
    stage::with(LONG_MATCH_S, 4, async |stage: &Stage| {
        let proxy = Proxy::start(stage.game, FAR, 7).await;
        let page = stage.open_through(Screen::Desktop, proxy.address).await;
        read(&page, KEEP_BUTTONS).await;
        play(&page, "Far away").await;
        stage::until(&page, "return game.network.roundTripMs > 0 && buttons.length > 150").await;
        let told = read(
            &page,
            "const ages = buttons.slice(-99).map((buttons) => buttons >> 1).sort((a, b) => a - b);
             return [ages[49], game.network.viewAgeTicks, game.network.roundTripMs]",
        )
        .await;
        let [age, shown, _] = [0, 1, 2].map(|at| told[at].as_f64().expect("a number"));
        assert!(age >= ROUND_TRIP_TICKS + PAGE_TICKS_MIN, "{told}");
        assert!((age - shown).abs() <= 6.0, "what is told is what the panel shows: {told}");
    })
    .await;
}
