//! A second `up` and a second `deploy` change nothing, say so, and their times are printed.

use std::time::{Duration, Instant};

use super::{Typed, containers, events, figure, typed, up};

/// Enough for a median and a spread.
const RUNS: usize = 7;

async fn ids() -> Vec<String> {
    let mut ids = Vec::new();
    for name in containers(super::NAME).await {
        ids.push(super::docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &name]).await);
    }
    ids
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn nothing_to_do_is_one_look_and_touches_nothing() {
    up().await;
    let before = ids().await;
    for command in ["up", "deploy"] {
        let events = events(&[command]).await;
        let states: Vec<(&str, &str)> = events
            .iter()
            .filter_map(|event| Some((event["step"].as_str()?, event["state"].as_str()?)))
            .collect();
        assert!(states.contains(&(command, "unchanged")), "{command}: {states:?}");
        assert!(!states.iter().any(|(_, state)| *state == "done"), "{command}: {states:?}");
    }
    assert_eq!(ids().await, before, "a container was started again");
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn the_times_of_nothing_to_do_are_printed() {
    up().await;
    for command in ["up", "deploy"] {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            Typed::new(&[command]).ends_with(0).await;
            times.push(started.elapsed());
        }
        times.sort();
        let ms = |time: &Duration| time.as_millis();
        figure(&format!(
            "nothing to do: {command} {} ms median of {RUNS}, {} to {} ms (without what cargo itself takes)",
            ms(&times[RUNS / 2]),
            ms(&times[0]),
            ms(&times[RUNS - 1])
        ));
    }
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn what_is_broken_is_no_nothing_to_do() {
    up().await;
    // A pod that is gone for a moment is not "as it should be", nor is a node without its label.
    let kubeconfig = super::state().join("game-server").join(super::NAME).join("kubeconfig");
    let node = format!("k3d-{}-agent-1", super::NAME);
    let server = format!("k3d-{}-server-0", super::NAME);
    assert!(kubeconfig.exists());
    super::docker(&["exec", &server, "kubectl", "label", "node", &node, "workload-"]).await;
    let plan = typed(&["plan"]).await;
    assert!(plan.stdout.contains(&format!("~ {node} workload=backend")), "{}", plan.stdout);
    let events = events(&["up"]).await;
    let done: Vec<&str> = events
        .iter()
        .filter(|event| event["state"] == "done")
        .filter_map(|event| event["step"].as_str())
        .collect();
    assert!(done.contains(&"label"), "{done:?}");
    let plan = typed(&["plan"]).await;
    assert!(plan.stdout.contains("nothing would change"), "{}", plan.stdout);
}
