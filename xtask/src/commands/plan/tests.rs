//! The plan as people read it.

use super::*;

#[test]
fn changes_stand_under_their_part_and_the_rest_is_counted() {
    let changed = Line {
        differences: vec!["spec.replicas 1 → 2".to_owned()],
        ..Line::new("objects", "~", "Deployment/chat")
    };
    let lines = [
        Line::new("cluster", "=", "k3s-local is running"),
        Line::new("labels", "~", "agent-1 zone-"),
        Line::new("objects", "=", "Service/chat"),
        changed,
        Line::new("objects", "-", "Service/old"),
    ];
    assert_eq!(
        text(&lines),
        "labels\n  ~ agent-1 zone-\nobjects\n  ~ Deployment/chat\n      spec.replicas 1 → 2\n  - Service/old\n\
         2 more stay as they are\n"
    );
}

#[test]
fn nothing_to_do_is_said() {
    let lines = [Line::new("cluster", "=", "k3s-local is running")];
    assert_eq!(text(&lines), "nothing would change: all 1 are as they should be\n");
}
