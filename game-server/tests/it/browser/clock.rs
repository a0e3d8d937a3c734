//! The page's input clock against a simulated link: one tick in the buffer, nothing late.

use serde_json::json;

use super::stage::{self, Screen, Stage};

/// Twenty seconds of a clock that starts `offset` ticks wrong; every packet carries two ticks, each way takes 20 ms
/// and up to 4 ms more. Returns, for the second half, late inputs and the mean ticks that the older input waited.
const PLAY: &str = "const offset = arguments[0];
    return import('/clock.js').then(({ InputClock }) => {
        const tickMs = 1000 / 60, oneWayMs = (n) => 20 + (n * 7) % 5;
        const serverTick = (ms) => 1000 + Math.floor(ms / tickMs);
        const clock = new InputClock();
        clock.start(serverTick(0) + offset, 0);
        const packets = [], states = [];
        let margin = 2, late = 0, waited = 0, count = 0, sent = 0;
        for (let ms = 1; ms < 20000; ms += 1) {
            while (packets.length && packets[0].at <= ms) {
                margin = packets.shift().tick - serverTick(ms) - 1;
                if (ms > 10000) { late += margin < 1 ? 1 : 0; waited += margin - 1; count += 1; }
            }
            if (ms % 50 === 0) states.push({ at: ms + oneWayMs(ms), tick: serverTick(ms), margin });
            while (states.length && states[0].at <= ms) {
                const state = states.shift();
                clock.onMargin(Math.max(-128, Math.min(127, state.margin)), state.tick);
            }
            if (ms % 17 !== 0) continue;
            for (let steps = clock.advance(ms, serverTick(ms)); steps > 0; steps -= 1) {
                sent += 1;
                if (sent % 2 === 0) packets.push({ at: ms + oneWayMs(sent), tick: clock.tick - steps + 1 });
            }
        }
        return { late, waited: waited / count };
    });";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_good_link_keeps_one_tick_in_the_buffer() {
    stage::with(super::LONG_MATCH_S, 1, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        for offset in [-20, 0, 20] {
            let played = page.execute(PLAY, vec![json!(offset)]).await.expect("the page runs the script");
            assert_eq!(played["late"], 0, "started {offset} ticks wrong: {played}");
            let waited = played["waited"].as_f64().expect("a number");
            assert!((0.5..2.0).contains(&waited), "started {offset} ticks wrong: {played}");
        }
    })
    .await;
}
