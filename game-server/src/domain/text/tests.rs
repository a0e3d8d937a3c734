//! Nothing hidden gets through, nothing ordinary is lost, and no cluster is broken.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::{LINE, Limits, MARKS_MAX, NAME, clean, cut, is_blank, is_command, is_invisible};

/// Every character of Unicode as likely as any other, in a mix with those that texts are attacked with.
pub fn text() -> impl Strategy<Value = String> {
    let hidden = prop_oneof![
        Just('\u{200b}'),
        Just('\u{200c}'),
        Just('\u{200d}'),
        Just('\u{202e}'),
        Just('\u{fe0f}'),
        Just('\u{20e3}'),
        Just('\u{1f3f4}'),
        Just('\u{3164}'),
        prop::char::range('\u{e0020}', '\u{e007f}'),
    ];
    let character = prop_oneof![
        4 => prop::char::range('\0', char::MAX),
        2 => any::<char>(),
        2 => prop::char::range('\u{300}', '\u{36f}'),
        2 => hidden,
        1 => prop::char::range('\u{620}', '\u{dff}'),
        1 => prop::char::range('\u{1f1e6}', '\u{1faff}'),
        1 => prop::char::range('\u{1100}', '\u{11ff}'),
        2 => prop::char::range(' ', '~'),
    ];
    prop::collection::vec(character, 0..60).prop_map(String::from_iter)
}

#[test]
fn ordinary_texts_stay_as_they_are() {
    for text in [
        "gg",
        "Grüße aus Köln!",
        "👩\u{200d}🚀 go go",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦🏽",
        "❤\u{fe0f}",
        "1\u{fe0f}\u{20e3}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "🇩🇪",
        "日本語",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "ที่นี่",
        "Nguyễn",
        "שָׁלוֹם",
        "한국어",
        "a < b && c",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn what_cannot_be_seen_goes() {
    assert_eq!(clean("a\u{0}b\u{1b}[31m\r\nc"), "a b [31m c");
    assert_eq!(clean("abc\u{202e}def"), "abcdef");
    assert_eq!(clean("A\u{200b}n\u{200d}n\u{2060}\u{feff}"), "Ann");
    assert_eq!(clean("Ann\u{fe0f}\u{e0041}"), "Ann");
    assert_eq!(clean("🏴\u{e0041}\u{e007f}"), "🏴");
    for empty in
        ["", " \n\t\u{2066} ", "\u{3164}", "\u{2800}\u{115f}", "\u{200d}\u{200d}", "\u{e000}", "\u{301}"]
    {
        assert_eq!(clean(empty), "", "{empty:?}");
    }
}

#[test]
fn marks_do_not_pile_up_and_need_a_letter() {
    let pile = format!("Z{}o", "\u{335}".repeat(30));
    assert_eq!(clean(&pile), "Z\u{335}\u{335}\u{335}o");
    assert_eq!(clean("\u{489}\u{489}Ann"), "Ann");
    assert_eq!(clean("Ann \u{30d}\u{30d}Ben"), "Ann Ben");
}

#[test]
fn texts_are_cut_between_clusters() {
    let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
    assert_eq!(cut(&"👩🏽".repeat(20), NAME), "👩🏽".repeat(8), "64 bytes");
    assert_eq!(cut(&format!("{}{family}", "a".repeat(15)), NAME), format!("{}{family}", "a".repeat(15)));
    assert_eq!(cut(&format!("{}{family}", "a".repeat(16)), NAME), "a".repeat(16));
    assert_eq!(cut(&"ก็".repeat(20), NAME), "ก็".repeat(10));
    assert_eq!(cut("Ann Ben", Limits { clusters: 4, bytes: 64 }), "Ann");
    assert_eq!(
        cut(family, Limits { clusters: 1, bytes: 8 }),
        "",
        "a cluster that does not fit is left out whole"
    );
    assert_eq!(cut(&"x".repeat(300), LINE).len(), LINE.clusters);
}

#[test]
fn commands_begin_with_a_slash() {
    assert!(is_command("/w") && is_command("／w") && is_command(&clean("\u{200b}/nick Ben")));
    assert!(!is_command("a/b") && !is_command(""));
}

proptest! {
    #[test]
    fn a_clean_text_is_clean_and_stays_so(text in text()) {
        let line = clean(&text);
        assert_eq!(clean(&line), line);
        assert!(!line.starts_with(' ') && !line.ends_with(' ') && !line.contains("  "));
        assert!(line.chars().all(|character| character == ' ' || !is_blank(character)));
        let bidi = |character: char| matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
        assert!(!line.contains(bidi));
        let mut marks = 0;
        for character in line.chars().filter(|character| !is_invisible(*character)) {
            marks = if is_combining_mark(character) { marks + 1 } else { 0 };
            assert!(marks <= MARKS_MAX);
        }
    }

    #[test]
    fn a_cut_is_a_whole_number_of_clusters_and_fits(text in text(), clusters in 1..20_usize, bytes in 1..100_usize) {
        let limits = Limits { clusters, bytes };
        let line = clean(&text);
        let start = cut(&line, limits);
        assert!(start.len() <= bytes && start.graphemes(true).count() <= clusters);
        assert_eq!(cut(start, limits), start);
        assert_eq!(clean(start), start);
        let ends: Vec<usize> = line.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).collect();
        let joiners = [' ', '\u{200c}', '\u{200d}'];
        let whole = ends.iter().any(|end| line[..*end].trim_end_matches(joiners).len() == start.len());
        assert!(start.is_empty() || whole, "{start:?} of {line:?}");
    }
}
