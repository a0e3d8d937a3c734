//! The table names what became slower.

use super::table;
use crate::timings::{History, Key, Sample};

#[test]
fn a_step_that_became_slower_is_flagged() {
    let mut history = History::default();
    let key = |step: &str| Key { target: "k3d".to_owned(), step: step.to_owned(), state: "done".to_owned() };
    for index in 0..12 {
        history.add(key("build"), Sample { unix_s: index, seconds: if index < 9 { 30.0 } else { 70.0 } });
        history.add(key("label"), Sample { unix_s: index, seconds: 0.2 });
    }
    let text = table(&history.summaries());
    let line = |step: &str| text.lines().find(|line| line.contains(step)).unwrap();
    assert!(line("build").contains("30.0 s") && line("build").contains("70.0 s"), "{text}");
    assert!(line("build").contains("slower") && !line("label").contains("slower"), "{text}");
}

#[test]
fn without_a_history_it_says_so() {
    assert_eq!(table(&[]), "no command has run here yet\n");
}
