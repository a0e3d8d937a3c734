//! Codes of both databases.

use crate::store::trouble::Trouble;

#[test]
fn only_what_is_in_a_result_is_its_own_fault() {
    for code in 0..=255 {
        let content = Trouble::of_sqlite(code) == Trouble::Content;
        assert_eq!(content, [18, 19, 20, 25].contains(&code), "SQLite {code}");
    }
    for (code, trouble) in [
        ("22021", Trouble::Content),
        ("23505", Trouble::Content),
        ("40P01", Trouble::Locked),
        ("25006", Trouble::ReadOnly),
        ("25P02", Trouble::Other),
        ("53100", Trouble::Full),
        ("53300", Trouble::NoConnection),
        ("57P01", Trouble::Away),
        ("28P01", Trouble::Login),
        ("XX001", Trouble::Damaged),
        ("", Trouble::Other),
        ("é", Trouble::Other),
    ] {
        assert_eq!(Trouble::of_sqlstate(code), trouble, "{code}");
    }
}

#[test]
fn every_trouble_says_something_of_its_own() {
    let all = [
        Trouble::Content,
        Trouble::Damaged,
        Trouble::Locked,
        Trouble::ReadOnly,
        Trouble::Full,
        Trouble::Disk,
        Trouble::NoAccess,
        Trouble::Login,
        Trouble::NoConnection,
        Trouble::Away,
        Trouble::Other,
    ];
    let texts: std::collections::HashSet<&str> = all.iter().map(|one| one.advice()).collect();
    assert_eq!(texts.len(), all.len());
}
