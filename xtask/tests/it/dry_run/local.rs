//! The game as one process: build, start, play, replace, end.

use std::path::Path;

use serde_json::Value;
use xtask::processes::ports;

use super::{Place, of};
use crate::schema::Schema;

/// Makes the build one of the calls; cargo itself finds that there is nothing to compile.
fn forget_build() {
    let exe = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let target = exe.ancestors().nth(2).unwrap();
    let folder = xtask::binary::static_triple().map_or(target.to_path_buf(), |triple| target.join(triple));
    // Nothing is built yet: as good.
    let _ = std::fs::remove_file(folder.join("release/game-server.stamp"));
}

/// Where the time of this `up` went, and how long the steps of the one before took.
async fn times_are_told(place: &Place<'_>) {
    let events = |ended: xtask::processes::job::Finished| -> Vec<Value> {
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let up = events(place.run(&["up"], &[]).await);
    let schema = Schema::of_events();
    up.iter().for_each(|event| schema.check(event).unwrap());
    let times = up.iter().find(|event| event["event"] == "times").unwrap();
    let steps: Vec<&str> =
        times["steps"].as_array().unwrap().iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(steps, ["doctor", "build", "start", "verify"], "{times}");
    let told = events(place.run(&["status", "--timings"], &[]).await);
    let timings = told[0]["result"]["timings"].as_array().unwrap();
    let has = |state: &str| timings.iter().any(|one| one["step"] == "start" && one["state"] == state);
    assert!(has("done") && has("unchanged"), "{timings:?}");
}

#[tokio::test]
#[ignore = "builds the game server: cargo xtask ci --only local"]
async fn what_is_said_is_done() {
    let state = tempfile::tempdir().unwrap();
    let port = ports::any_free().unwrap().to_string();
    let place = Place { state: state.path(), flags: &["--target", "local", "--port", &port] };
    forget_build();
    place.run(&["up", "--dry-run"], &[]).await;
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "a dry run leaves nothing");

    let first = place.same(&["up"], &[]).await;
    assert_eq!(of(&first, "cargo").len(), 1, "{first:?}");
    let [start, play] = of(&first, "game-server") else { panic!("{first:?}") };
    assert!(start.contains(" all --listen") && play.contains(" bots --url"), "{first:?}");

    times_are_told(&place).await;
    let second = place.same(&["up"], &[]).await;
    assert!(of(&second, "cargo").is_empty() && of(&second, "kill").is_empty(), "{second:?}");
    assert_eq!(of(&second, "game-server").len(), 1, "a look as a player: {second:?}");

    let changed = place.same(&["up", "--now"], &[("MATCH_SECONDS", "45")]).await;
    assert_eq!(of(&changed, "kill").len(), 1, "{changed:?}");
    assert!(of(&changed, "game-server")[0].contains("--match-seconds=45"), "{changed:?}");

    let stopped = place.same(&["stop"], &[]).await;
    assert_eq!(of(&stopped, "kill").len(), 1, "{stopped:?}");
    let woken = place.same(&["start"], &[]).await;
    assert_eq!(of(&woken, "game-server").len(), 1, "{woken:?}");
    let gone = place.same(&["down", "--data"], &[]).await;
    assert_eq!(of(&gone, "kill").len(), 1, "{gone:?}");
    assert!(place.same(&["down"], &[]).await.is_empty(), "nothing is left to be done");
}
