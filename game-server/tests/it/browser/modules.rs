//! Rules of single modules of the page, run where they belong: in a browser.

use serde_json::{Value, json};

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, SHORT_MATCH_S, play, read};

/// A runner crosses at full speed; shots that the assist aims are flown by the server's rule (sim/rewind.rs): at age
/// `a` the target counts where it was `rewind` ticks before. Returns by how much the worst one misses the centre.
const ASSISTED_SHOTS: &str = "return import('/assist.js').then(async ({ aimAhead }) => {
    const { aimVector } = await import('/simulation.js');
    const rewind = (lead, age) => Math.floor(Math.min(lead, 15) * Math.max(0, 30 - age) / 30);
    let worst = 0;
    for (const lead of [0, 8, 15, 22]) {
        for (const distance of [60, 120, 200, 320, 420]) {
            for (const velocityX of [-4, 0, 4]) {
                const own = { x: 500, y: 100 };
                const seen = { x: 500, y: 100 + distance, velocityX, velocityY: 0 };
                const direction = aimVector(aimAhead(own, seen, lead));
                let nearest = Infinity;
                for (let age = 0; age <= 75; age += 0.1) {
                    const way = 21 + age * 640 / 60;
                    const target = { x: seen.x + velocityX * (lead + age - rewind(lead, age)), y: seen.y };
                    const dx = own.x + direction.x * way - target.x;
                    const dy = own.y + direction.y * way - target.y;
                    nearest = Math.min(nearest, Math.hypot(dx, dy));
                }
                worst = Math.max(worst, nearest);
            }
        }
    }
    return worst;
});";

/// How a hidden difference of 100 units fades at 60 pictures a second: the largest step, and what is left in the end.
const FADING: &str = "return import('/smoothing.js').then(({ Correction }) => {
    const correction = new Correction();
    correction.hide(100, 0);
    let largest = 0;
    for (let picture = 0; picture < 120; picture += 1) {
        const before = correction.x;
        correction.decay(1000 / 60);
        largest = Math.max(largest, before - correction.x);
    }
    return [largest, correction.x];
});";

const OUTCOMES: &str = "return import('/results.js').then(({ outcomeOf }) => arguments[0].map((lines) => {
    const board = lines.map(([player, bot, kills, deaths]) => ({ player, bot, kills, deaths }));
    const { heading, rated } = outcomeOf(board, 'me');
    return [heading, rated];
}));";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_rules_of_aiming_fading_and_winning_hold() {
    stage::with(LONG_MATCH_S, 1, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        let miss = read(&page, ASSISTED_SHOTS).await.as_f64().expect("a distance");
        // Shots hit within 21 units of a centre; 256 directions and whole ticks cost some of them.
        assert!(miss < 14.0, "an assisted shot passes {miss} units beside a runner");
        let fading = read(&page, FADING).await;
        assert!(fading[0].as_f64().is_some_and(|step| step <= 200.0 / 60.0 + 1e-6), "{fading}");
        assert!(fading[1].as_f64().is_some_and(|left| left < 1.0), "{fading}");
        let boards = json!([
            [["me", false, 5, 1], ["bot", true, 3, 0]],
            [["me", false, 5, 1], ["you", false, 3, 0]],
            [["bot", true, 6, 0], ["me", false, 5, 1], ["you", false, 3, 0]],
            [["me", false, 5, 1], ["you", false, 5, 1]],
        ]);
        let outcomes: Value = page.execute(OUTCOMES, vec![boards]).await.expect("the page tells outcomes");
        let expected = json!([
            ["You beat the bots", false],
            ["You won the match", true],
            ["Match over: 2nd place", true],
            ["Match over: a draw", true],
        ]);
        assert_eq!(outcomes, expected);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn practice_against_bots_is_called_practice_and_not_counted() {
    stage::with(SHORT_MATCH_S, 4, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        play(&page, "Alone").await;
        stage::until(&page, "return game.screen === 'results'").await;
        let shown = "return [document.getElementById('practice').hidden,
            document.getElementById('results-heading').textContent.startsWith('You won')]";
        assert_eq!(read(&page, shown).await, json!([false, false]));
        stage::until(
            &page,
            "return document.querySelector('#results-ranking .empty')?.textContent.length > 30",
        )
        .await;
        let ranking = read(&page, "return fetch('/ranking?limit=20').then((answer) => answer.json())").await;
        assert_eq!(ranking["top"], json!([]));
        stage.save(&page, "practice").await;
    })
    .await;
}
