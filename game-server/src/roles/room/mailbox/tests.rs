//! What happens when it is full.

use super::{CONTROLS_RESERVED, INPUTS_MAX, LinkId, Mail, Mailbox, Seat};
use crate::protocol::link::SessionId;

fn input() -> Mail {
    let seat = Seat { link: LinkId(1), session: SessionId(1) };
    Mail::Input { seat, first_tick: 1, inputs: Vec::new() }
}

#[test]
fn inputs_are_dropped_before_controls_are() {
    let mailbox = Mailbox::default();
    assert!((0..INPUTS_MAX).all(|_| mailbox.put(input())));
    assert!(!mailbox.put(input()));
    assert!((0..CONTROLS_RESERVED).all(|_| mailbox.put(Mail::Drain)));
    assert!(!mailbox.put(Mail::Drain));
    let mut taken = Vec::new();
    mailbox.take(&mut taken);
    assert_eq!(taken.len(), INPUTS_MAX + CONTROLS_RESERVED);
    assert!(mailbox.put(input()));
}
