//! Two builds behind one name, as a rollout has them: every page starts, and plays.

use super::stage::{self, Screen, Stage};
use super::{LONG_MATCH_S, play};
use crate::harness::balancer::Balancer;
use crate::harness::servers::All;
use crate::harness::tell;
use crate::page::other_build;

/// A page takes a tenth of a second; `page.rs` has the thousand.
const LOADS: usize = 40;

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn every_page_of_either_build_starts_and_plays() {
    stage::with(LONG_MATCH_S, 2, async |stage: &Stage| {
        let folder = tempfile::tempdir().expect("a folder");
        let other = format!("--web-dir={}", other_build(folder.path()).display());
        let newer = All::start_with(LONG_MATCH_S, &[other]).await;
        let balancer = Balancer::start([stage.game, newer.gateway], 2).await;
        let page = stage.open_through(Screen::Desktop, balancer.address).await;
        let mut names = [0; 2];
        for _ in 0..LOADS {
            page.goto("about:blank").await.expect("an empty page");
            page.goto(&format!("http://{}/", balancer.address)).await.expect("the page loads");
            stage::until(&page, "return window.game?.screen === 'lobby'").await;
            let of_newer = super::read(&page, "return 'SteeringClock' in modules['clock.js']").await;
            names[usize::from(of_newer.as_bool().expect("yes or no"))] += 1;
        }
        tell(&format!("pages of either build: {names:?}"));
        assert!(names.iter().all(|count| *count > 0), "{names:?}");
        // A lobby and rooms for each of the two: who is seated by the one cannot play on the other.
        for address in [stage.game, newer.gateway] {
            page.goto(&format!("http://{address}/")).await.expect("the page loads");
            stage::until(&page, "return window.game?.screen === 'lobby'").await;
            play(&page, "Ann").await;
        }
    })
    .await;
}
