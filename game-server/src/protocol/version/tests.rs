//! Neighbours understand each other, in both directions; others are told apart.

use crate::protocol::version::Versions;

#[test]
fn neighbours_speak_the_lower_version() {
    for newest in 1..=u8::MAX - 1 {
        let (this, next) = (Versions::with_previous(newest), Versions::with_previous(newest + 1));
        assert_eq!(this.common(this.newest), Some(newest));
        assert_eq!(this.common(next.newest), Some(newest));
        assert_eq!(next.common(this.newest), Some(newest));
    }
}

#[test]
fn the_newer_side_refuses_what_it_no_longer_speaks() {
    let (old, new) = (Versions::with_previous(4), Versions::with_previous(6));
    assert_eq!(new.common(old.newest), None);
    assert_eq!(old.common(new.newest), Some(4), "the older side cannot know");
    assert_eq!(Versions::with_previous(1).common(0), None);
}
