//! Nothing odd gets through, nothing ordinary is lost.

use proptest::prelude::{any, proptest};

use crate::roles::chat::text::{LINE_CHARS_MAX, Refusal, check_channel, clean_line, clean_name};

#[test]
fn ordinary_lines_stay_as_they_are() {
    for line in ["gg", "Grüße aus Köln!", "👩‍🚀 go go", "日本語", "a < b && c"] {
        assert_eq!(clean_line(line), Ok(line.to_owned()));
    }
}

#[test]
fn control_characters_and_overrides_are_stripped() {
    assert_eq!(clean_line("a\u{0}b\u{1b}[31m\r\nc"), Ok("a b [31m c".to_owned()));
    assert_eq!(clean_line("abc\u{202e}def"), Ok("abcdef".to_owned()));
    assert_eq!(clean_line(" \n\t\u{2066} "), Err(Refusal::Empty));
}

#[test]
fn lines_have_a_limit_in_characters() {
    assert!(clean_line(&"ü".repeat(LINE_CHARS_MAX)).is_ok());
    assert_eq!(clean_line(&"ü".repeat(LINE_CHARS_MAX + 1)), Err(Refusal::TooLong));
}

#[test]
fn only_known_channels_exist() {
    for channel in ["global", "room:1", "whisper:18446744073709551615"] {
        assert_eq!(check_channel(channel), Ok(()), "{channel}");
    }
    for channel in
        ["", "Global", "room:", "room:01", "room:-1", "room:x", "admin:1", "whisper:18446744073709551616"]
    {
        assert_eq!(check_channel(channel), Err(Refusal::Channel), "{channel}");
    }
}

#[test]
fn names_are_never_empty() {
    assert_eq!(clean_name("\u{7}"), "Player");
    assert_eq!(clean_name("  Ann  B "), "Ann B");
}

proptest! {
    #[test]
    fn a_clean_line_is_clean_and_short(text in any::<String>()) {
        if let Ok(line) = clean_line(&text) {
            assert!(!line.is_empty() && line.chars().count() <= LINE_CHARS_MAX);
            assert!(!line.chars().any(char::is_control));
            assert_eq!(clean_line(&line), Ok(line));
        }
    }
}
