//! What the headers of the page allow: the game, and nothing that did not come with it.

use serde_json::json;

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, play, read};

/// Ways in which text that got into the page could become code, or call home.
const ATTACKS: &str = "window.violations = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violations.push(effectiveDirective));
    const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
    document.body.insertAdjacentHTML('beforeend', '<img src=\"/favicon.svg\" onload=\"hacked = 1\">');
    document.body.insertAdjacentHTML('beforeend', '<p style=\"position: fixed\"></p>');
    add('script', { textContent: 'window.hacked = 2' });
    add('script', { src: 'data:text/javascript,window.hacked = 3' });
    add('a', { href: 'javascript:void(window.hacked = 4)', id: 'attack' });
    document.getElementById('attack').click();
    add('img', { src: 'http://127.0.0.1:1/secret.png' });
    add('iframe', { src: 'http://127.0.0.1:1/' });
    add('base', { href: 'http://127.0.0.1:1/' });
    try { setTimeout('window.hacked = 5'); } catch {}
    fetch('http://127.0.0.1:1/secret').catch(() => {});";
const DIRECTIVES: [&str; 8] = [
    "script-src-attr",
    "style-src-attr",
    "script-src-elem",
    "img-src",
    "frame-src",
    "base-uri",
    "script-src",
    "connect-src",
];

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn nothing_runs_that_did_not_come_with_the_page_and_the_game_plays() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        let styled = "return getComputedStyle(document.getElementById('arena')).position";
        assert_ne!(read(&page, styled).await, json!("static"), "the style sheet holds");
        read(&page, ATTACKS).await;
        for directive in DIRECTIVES {
            stage::until(&page, &format!("return violations.includes('{directive}')")).await;
        }
        assert_eq!(read(&page, "return window.hacked ?? null").await, json!(null));
        let before = read(&page, "return violations.length").await;
        play(&page, "Ann").await;
        assert_eq!(
            read(&page, "return violations.length").await,
            before,
            "the game itself needs nothing more"
        );
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_page_of_another_site_cannot_frame_the_game() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        // A page without an origin is another site.
        let elsewhere = format!("data:text/html,<iframe id=frame src=\"http://{}/\"></iframe>", stage.game);
        page.goto(&elsewhere).await.expect("a page of another site");
        let frame = page.find(fantoccini::Locator::Id("frame")).await.expect("a frame");
        frame.enter_frame().await.expect("something in the frame");
        assert_eq!(read(&page, "return document.getElementById('play-form')").await, json!(null));
        assert_eq!(read(&page, "return window.game ?? null").await, json!(null));
    })
    .await;
}
