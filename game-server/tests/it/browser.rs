//! The client as a visitor meets it: real Chromium against `game-server all`.
//!
//! `SCREENSHOTS=<folder> cargo test -p game-server --test it browser -- --ignored` also leaves pictures to look at.

mod bad_line;
mod clock;
mod comes_back;
mod modules;
mod policy;
mod rollout;
mod stage;
mod standstill;
mod view_age;

use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions, PointerAction, TouchActions};
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use stage::{Screen, Stage};

const PLAYING: &str = "return game.screen === 'play' && game.tick > 0";
/// Keeps what opens a room socket at hand, so that a test can break the socket.
const KEEP_CONNECTIONS: &str = "window.opened = [];
    const { RoomConnection } = modules['connection.js'];
    const { open } = RoomConnection.prototype;
    RoomConnection.prototype.open = function () {
        window.opened.push(this);
        open.call(this);
    };";
/// Long enough for the server's answer to be on both screens, short enough not to cross the map.
const KEY_HELD: Duration = Duration::from_millis(600);
/// A tenth of the distance that a player covers while the key is held; anything less is noise.
const MOVED_UNITS: f64 = 12.0;
const LONG_MATCH_S: u32 = 120;
const SHORT_MATCH_S: u32 = 8;

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn golden_files_hold_in_the_page() {
    stage::with(LONG_MATCH_S, 1, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        let check = include_str!("browser/golden.js");
        let script = format!(
            "const golden = arguments[0]; return (async () => {{
                const modules = {{}};
                for (const name of ['simulation', 'protocol', 'delta', 'text']) modules[name] = await import(`/${{name}}.js`);
                {check}
                return checkGolden(modules, golden);
            }})();"
        );
        let golden = json!({
            "movement": parsed(include_str!("../golden/movement.json")),
            "client": parsed(include_str!("../golden/client.json")),
            "state": parsed(include_str!("../golden/state.json")),
            "text": parsed(include_str!("../golden/text.json")),
        });
        let differences = page.execute(&script, vec![golden]).await.expect("the page runs the check");
        assert_eq!(differences, json!([]));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_clock_whose_inputs_all_come_too_late_catches_up() {
    stage::with(LONG_MATCH_S, 1, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        let script = "return import('/clock.js').then(({ InputClock }) => {
            const clock = new InputClock();
            clock.start(100, 0);
            for (let server = 100; server < 140; server += 3) clock.onMargin(-10, server);
            return clock.tick;
        });";
        let tick = page.execute(script, Vec::new()).await.expect("the page runs the script");
        assert!(tick.as_i64().expect("a tick") > 110, "still at {tick}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn two_pages_see_each_other_move() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let ann = stage.open(Screen::Desktop).await;
        stage.save(&ann, "lobby-desktop").await;
        let ben = stage.open(Screen::Desktop).await;
        play(&ann, "Ann").await;
        play(&ben, "Ben").await;
        assert_eq!(read(&ann, "return game.room").await, read(&ben, "return game.room").await);

        let slot = read(&ann, "return game.slot").await;
        stage::until(&ben, &format!("return game.others.some((other) => other.slot === {slot})")).await;
        let place = format!(
            "const seen = game.others.find((other) => other.slot === {slot}); return [seen.x, seen.y]"
        );
        let own_before = read(&ann, "return [game.self.x, game.self.y]").await;
        let seen_before = read(&ben, &place).await;
        let direction = if own_before[0].as_f64().expect("a number") < 500.0 { 'd' } else { 'a' };
        hold_key(&ann, direction).await;
        stage.save(&ben, "play-desktop").await;
        let own_after = read(&ann, "return [game.self.x, game.self.y]").await;
        let seen_after = read(&ben, &place).await;
        assert!(distance(&own_before, &own_after) > MOVED_UNITS, "Ann's page: {own_before} to {own_after}");
        assert!(
            distance(&seen_before, &seen_after) > MOVED_UNITS,
            "Ben's page: {seen_before} to {seen_after}"
        );
        assert!(
            distance(&own_after, &seen_after) < MOVED_UNITS,
            "both at rest: {own_after} and {seen_after}"
        );
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_message_reaches_the_room() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let ann = stage.open(Screen::Desktop).await;
        let ben = stage.open(Screen::Desktop).await;
        play(&ann, "Ann").await;
        play(&ben, "Ben").await;
        press(&ann, 't').await;
        let field = ann.find(Locator::Id("chat-text")).await.expect("a chat field");
        field.send_keys("good luck <b>all</b>").await.expect("text can be typed");
        field.send_keys(&Key::Enter.to_string()).await.expect("Enter sends");
        let shown =
            "return document.getElementById('chat-lines').textContent.includes('Anngood luck <b>all</b>')";
        stage::until(&ben, shown).await;
        stage::until(&ann, shown).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_phone_plays_by_touch() {
    stage::with(LONG_MATCH_S, 4, async |stage: &Stage| {
        let page = stage.open(Screen::Phone).await;
        let overflow = "return document.documentElement.scrollWidth > innerWidth";
        assert_eq!(read(&page, overflow).await, json!(false), "the lobby fits the width");
        stage.save(&page, "lobby-phone").await;
        play(&page, "Thumbs").await;
        let before = read(&page, "return [game.self.x, game.self.y]").await;
        let across = if before[0].as_f64().expect("a number") < 500.0 { 60.0 } else { -60.0 };
        let thumb = TouchActions::new("left thumb".into())
            .then(PointerAction::MoveTo { duration: None, x: 100.0, y: 700.0 })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::MoveBy { duration: Some(Duration::from_millis(80)), x: across, y: 0.0 })
            .pause(KEY_HELD);
        page.perform_actions(thumb).await.expect("a thumb can drag");
        stage.save(&page, "play-phone").await;
        page.release_actions().await.expect("a thumb can be lifted");
        click(&page, "open-network").await;
        stage::until(&page, "return document.querySelector('#network dd').textContent !== ''").await;
        stage.save(&page, "network-phone").await;
        let after = read(&page, "return [game.self.x, game.self.y]").await;
        assert!(distance(&before, &after) > MOVED_UNITS, "{before} to {after}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_match_ends_on_the_leaderboard_and_leads_to_the_next() {
    stage::with(SHORT_MATCH_S, 4, async |stage: &Stage| {
        let desktop = stage.open(Screen::Desktop).await;
        let phone = stage.open(Screen::Phone).await;
        play(&desktop, "Ann").await;
        play(&phone, "Ben").await;
        for (page, name) in [(&desktop, "leaderboard-desktop"), (&phone, "leaderboard-phone")] {
            stage::until(page, "return game.screen === 'results'").await;
            stage::until(page, "return document.querySelector('#results-table tr.own') !== null").await;
            stage::until(page, "return document.querySelector('#results-ranking tr.own') !== null").await;
            stage.save(page, name).await;
        }
        let finished = read(&desktop, "return game.room").await;
        click(&desktop, "again").await;
        stage::until(&desktop, PLAYING).await;
        assert_ne!(read(&desktop, "return game.room").await, finished);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_lost_connection_returns_to_the_same_seat() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        read(&page, KEEP_CONNECTIONS).await;
        play(&page, "Ann").await;
        let before = read(&page, "return [game.room, game.slot]").await;
        read(&page, "opened[0].socket.close()").await;
        stage::until(&page, "return opened.length === 2 && game.screen === 'play' && game.tick > 0").await;
        assert_eq!(read(&page, "return [game.room, game.slot]").await, before);
        assert_eq!(read(&page, "return document.getElementById('lost').hidden").await, json!(true));
    })
    .await;
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("a golden file is JSON")
}

/// Types the name and presses Enter, as a visitor without a mouse would.
async fn play(page: &Client, name: &str) {
    let field = page.find(Locator::Id("name")).await.expect("a field for the name");
    field.clear().await.expect("the field can be emptied");
    field.send_keys(name).await.expect("a name can be typed");
    field.send_keys(&Key::Enter.to_string()).await.expect("Enter plays");
    stage::until(page, PLAYING).await;
}

async fn click(page: &Client, id: &str) {
    let button = page.find(Locator::Id(id)).await.expect("the button is there");
    button.click().await.expect("the button can be clicked");
}

async fn read(page: &Client, script: &str) -> Value {
    page.execute(script, Vec::new()).await.expect("the page runs the script")
}

async fn press(page: &Client, key: char) {
    let keys = KeyActions::new("keyboard".into())
        .then(KeyAction::Down { value: key })
        .then(KeyAction::Up { value: key });
    page.perform_actions(keys).await.expect("a key can be pressed");
}

/// Presses a key for a while, then waits until everything that it moved is at rest on all screens.
async fn hold_key(page: &Client, key: char) {
    let keys = KeyActions::new("keyboard".into())
        .then(KeyAction::Down { value: key })
        .pause(KEY_HELD)
        .then(KeyAction::Up { value: key });
    page.perform_actions(keys).await.expect("a key can be held");
    tokio::time::sleep(KEY_HELD * 2).await;
}

fn distance(from: &Value, to: &Value) -> f64 {
    let coordinate = |point: &Value, axis: usize| point[axis].as_f64().expect("a coordinate");
    let dx = coordinate(to, 0) - coordinate(from, 0);
    let dy = coordinate(to, 1) - coordinate(from, 1);
    dx.hypot(dy)
}
