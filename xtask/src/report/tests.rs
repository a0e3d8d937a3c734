//! Times add up, and what GitHub is told survives its format.

use std::path::Path;
use std::time::Duration;

use super::event::StepState;
use super::github::{Place, annotation, annotations, places};
use super::times::{StepTime, Times};

fn step(step: &'static str, from_seconds: f64, seconds: f64) -> StepTime {
    StepTime { step, state: StepState::Done, from_seconds, seconds }
}

#[test]
fn steps_side_by_side_are_counted_once() {
    // 0-4 and 2-6 overlap, 3-4 lies inside, 8-9 stands alone: 7 of 10 seconds are covered.
    let steps = vec![step("b", 2.0, 4.0), step("c", 3.0, 1.0), step("a", 0.0, 4.0), step("d", 8.0, 1.0)];
    let times = Times::new(Duration::from_secs(10), steps);
    assert!((times.rest_seconds - 3.0).abs() < 1e-9, "{times:?}");
    let text = times.text(2);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = text.lines().map(words).collect();
    assert_eq!(lines[1], ["a", "0.00", "s", "4.0", "s", "40", "%"]);
    assert_eq!(lines[2][0], "b");
    assert_eq!(lines[5], ["between", "3.0", "s", "30", "%"]);
    assert_eq!(lines[6], ["whole", "10.0", "s", "100", "%"]);
    assert!(times.markdown().contains("| d | 8.0 s | 1.0 s | 10 % |"), "{}", times.markdown());
}

#[test]
fn no_time_at_all_divides_by_nothing() {
    let times = Times::new(Duration::ZERO, vec![step("a", 0.0, 0.0)]);
    assert!(times.text(0).contains("0 %"), "{}", times.text(0));
}

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("manifests")).unwrap();
    for file in ["room.yaml", "lobby.yaml"] {
        std::fs::write(root.path().join("manifests").join(file), "kind: List\n").unwrap();
    }
    root
}

fn at(file: &str, line: u32) -> Place {
    Place { file: file.to_owned(), line }
}

#[test]
fn a_place_is_a_line_of_a_file_that_exists() {
    let root = root();
    let check = |text: &str, expected: &[Place]| assert_eq!(places(text, root.path()), expected, "{text}");
    check("manifests/room.yaml:12: `no` is text here", &[at("manifests/room.yaml", 12)]);
    check("the line (manifests/room.yaml:12) says so", &[at("manifests/room.yaml", 12)]);
    check("--> ./manifests/lobby.yaml:3:14", &[at("manifests/lobby.yaml", 3)]);
    check("manifests/room.yaml:12 and manifests/room.yaml:12.", &[at("manifests/room.yaml", 12)]);
    check(
        "manifests/room.yaml:1, manifests/lobby.yaml:2",
        &[at("manifests/room.yaml", 1), at("manifests/lobby.yaml", 2)],
    );
    for other in
        ["manifests/none.yaml:1", "127.0.0.1:8080", "manifests/room.yaml", "manifests/room.yaml:0", "a:b"]
    {
        check(other, &[]);
    }
    let absolute = format!("{}:3", root.path().join("manifests/room.yaml").display());
    check(&absolute, &[]);
}

#[test]
fn annotations_keep_to_one_line() {
    let text = "50 % done\nand then: it broke";
    let place = at("manifests/a,b:c.yaml", 7);
    assert_eq!(
        annotation("error", "rollout: room, lobby", Some(&place), text),
        "::error file=manifests/a%2Cb%3Ac.yaml,line=7,title=rollout%3A room%2C lobby::50 %25 done%0Aand then: it broke"
    );
    assert_eq!(annotation("warning", "x", None, "y"), "::warning title=x::y");
}

#[test]
fn every_line_that_is_named_is_annotated_up_to_the_limit_of_github() {
    let root = root();
    let text: String = (1..=14).map(|line| format!("manifests/room.yaml:{line}: wrong\n")).collect();
    let lines = annotations("tidy", &text, root.path());
    assert_eq!(lines.len(), 10);
    assert!(lines[3].starts_with("::error file=manifests/room.yaml,line=4,title=tidy::"), "{}", lines[3]);
    assert_eq!(annotations("test", "it broke", Path::new("/")), ["::error title=test::it broke"]);
}
