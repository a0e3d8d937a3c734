//! From outside to inside: the first thing that is wrong explains the rest.

use super::*;

fn well() -> Outside {
    let container = |name: &str| (format!("k3d-demo-{name}"), "running".to_owned());
    Outside {
        name: "demo".to_owned(),
        is_made: true,
        containers: ["server-0", "agent-0", "serverlb"].map(container).to_vec(),
        is_page_served: true,
        ..Outside::default()
    }
}

fn ids(outside: &Outside) -> Vec<&'static str> {
    check(outside).iter().map(|cause| cause.id).collect()
}

#[test]
fn a_cluster_that_is_well_has_no_cause() {
    assert_eq!(ids(&well()), [""; 0]);
    assert!(page(&well()).is_none());
    assert_eq!(page(&Outside { is_page_served: false, ..well() }).unwrap().id, "page-unreachable");
}

#[test]
fn a_cluster_that_is_not_there_is_told_from_one_that_is_asleep() {
    assert_eq!(ids(&Outside { is_made: false, containers: Vec::new(), ..well() }), ["cluster-missing"]);
    assert_eq!(ids(&Outside { containers: Vec::new(), ..well() }), ["cluster-gone"]);
    let error = Some("no answer within 15 s".to_owned());
    assert_eq!(ids(&Outside { api_error: error.clone(), ..well() }), ["api-unreachable"]);
    let mut asleep = Outside { api_error: error, ..well() };
    asleep.containers[0].1 = "exited".to_owned();
    asleep.containers[1].1 = "paused".to_owned();
    let causes = check(&asleep);
    assert_eq!(causes[0].fix, "run `cargo xtask start`");
    assert_eq!(causes[1].fix, "run `docker unpause k3d-demo-agent-0`");
}
