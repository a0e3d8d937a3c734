//! Reloaded pages: back on the seat in the middle of a match, on the new version after it.

use serde_json::json;

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, PLAYING, SHORT_MATCH_S, click, play, read};

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_reloaded_page_returns_to_its_seat() {
    stage::with(LONG_MATCH_S, 4, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        play(&page, "Ann").await;
        let before = read(&page, "return [game.room, game.slot]").await;
        page.refresh().await.expect("the page can be reloaded");
        stage::until(&page, PLAYING).await;
        assert_eq!(read(&page, "return [game.room, game.slot]").await, before);
        assert_eq!(read(&page, "return game.names[game.slot]").await, json!("Ann"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn who_left_stays_out_after_a_reload() {
    stage::with(LONG_MATCH_S, 4, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        play(&page, "Ann").await;
        click(&page, "leave").await;
        read(&page, "document.querySelector('#leave-dialog [value=leave]').click()").await;
        stage::until(&page, "return game.screen === 'lobby'").await;
        page.refresh().await.expect("the page can be reloaded");
        stage::until(&page, "return window.game?.screen === 'lobby'").await;
        assert_eq!(read(&page, "return document.getElementById('waiting').hidden").await, json!(true));
    })
    .await;
}

/// The page asks for the version of `/` by its tag; another tag is another version.
#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn an_old_page_reloads_itself_on_the_way_into_the_next_match() {
    stage::with(SHORT_MATCH_S, 4, async |stage: &Stage| {
        let page = stage.open(Screen::Desktop).await;
        play(&page, "Ann").await;
        let finished = read(&page, "return game.room").await;
        read(&page, "window.isOld = true").await;
        read(&page, "window.fetch = async () => new Response('', { headers: { etag: '\"newer\"' } })").await;
        stage::until(&page, "return game.screen === 'results'").await;
        assert_eq!(read(&page, "return window.isOld").await, json!(true), "the match goes on to its end");
        click(&page, "again").await;
        stage::until(&page, "return !window.isOld && window.game?.screen === 'play' && game.tick > 0").await;
        assert_ne!(read(&page, "return game.room").await, finished);
    })
    .await;
}
