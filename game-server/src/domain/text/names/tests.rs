//! No name is reserved, empty, or somebody else's.

use proptest::prelude::{prop, proptest};
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::names::{Looks, NAMELESS, clean_name, distinct, is_reserved};
use crate::domain::text::tests::text;
use crate::domain::text::{NAME, clean};

fn looks(names: &[&str]) -> Vec<Looks> {
    names.iter().map(|name| Looks::of(name)).collect()
}

#[test]
fn names_are_cut_and_never_empty() {
    assert_eq!(clean_name("  Ann  B "), "Ann B");
    assert_eq!(clean_name("\u{1b}[2JAnn\r\n"), "[2JAnn");
    assert_eq!(clean_name("a very long name indeed"), "a very long name");
    for nothing in ["", "\u{7}", "\u{3164}\u{200d}", "\u{301}"] {
        assert_eq!(clean_name(nothing), NAMELESS, "{nothing:?}");
    }
}

#[test]
fn nobody_is_called_as_who_runs_the_game() {
    for name in [
        "admin",
        "ADMIN",
        "Admin 2",
        "a.d.m.i.n",
        "adm1n",
        "аdmin",
        "Аdmіn",
        "ａｄｍｉｎ",
        "ádmin",
        "the admin",
        "Server_",
        "M0derator",
        "[MOD]",
        "𝐬𝐲𝐬𝐭𝐞𝐦",
        "ad\u{200b}min",
    ] {
        assert_eq!(clean_name(name), NAMELESS, "{name}");
    }
    for name in ["Adam", "Modest", "Observer", "Ann", "7", "!", "Systole"] {
        assert_eq!(clean_name(name), name);
    }
}

#[test]
fn a_name_that_looks_like_another_gets_a_number() {
    let ann = looks(&["Ann"]);
    for name in ["Ann", "ann", "ANN", "Аnn", "A n n", "Ann.", "Änn", "Ａｎｎ"] {
        assert_eq!(distinct(name, &ann), format!("{name} 2"));
    }
    for name in ["Anne", "An", "Ben", "Ann 3", "Ann🔥"] {
        assert_eq!(distinct(name, &ann), name);
    }
    assert_eq!(distinct("Ann", &looks(&["Ann", "Ann 2", "ann 3"])), "Ann 4");
    assert_eq!(distinct("Ann 2", &looks(&["Ann", "Ann 2"])), "Ann 3");
    assert_eq!(distinct("I1l", &looks(&["lll"])), "I1l 2");
    assert_eq!(distinct("कि", &looks(&["का"])), "कि", "vowel signs are no accents");
    assert_eq!(distinct("B0b", &looks(&["bob"])), "B0b 2");
    assert_eq!(distinct("a very long name", &looks(&["a very long name"])), "a very long na 2");
}

proptest! {
    #[test]
    fn a_clean_name_is_clean_and_stays_so(text in text()) {
        let name = clean_name(&text);
        assert!(!name.is_empty() && name.len() <= NAME.bytes && name.graphemes(true).count() <= NAME.clusters);
        assert_eq!(clean(&name), name);
        assert_eq!(clean_name(&name), name);
        assert!(!is_reserved(&name));
    }

    #[test]
    fn a_crowd_of_one_name_has_names_that_fit_and_differ(text in text(), people in 2..12_usize) {
        let mut taken: Vec<Looks> = Vec::new();
        for _ in 0..people {
            let name = distinct(&clean_name(&text), &taken);
            assert!(name.len() <= NAME.bytes && name.graphemes(true).count() <= NAME.clusters, "{name}");
            let own = Looks::of(&name);
            assert!(!taken.iter().any(|other| other.alike(&own)), "{name}");
            taken.push(own);
        }
    }

    #[test]
    fn whoever_comes_is_told_from_everybody(texts in prop::collection::vec(text(), 1..12)) {
        let mut taken: Vec<Looks> = Vec::new();
        for text in texts {
            let own = Looks::of(&distinct(&clean_name(&text), &taken));
            assert!(!taken.iter().any(|other| other.alike(&own)));
            taken.push(own);
        }
    }
}
