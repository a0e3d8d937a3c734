//! `text.json`: what stays of names and lines, which the page must cut at the same places.

use game_server::domain::text::{LINE, NAME, clean, cut};
use game_server::sim::random::Random;
use serde_json::{Value, json};

const ABOUT: &str = "Texts as they are typed, and what stays of them as a name and as a line. The random ones mix letters \
    of many scripts with marks, emoji and what cannot be seen.";
const RANDOM_TEXTS: usize = 200;
const TYPED: [&str; 22] = [
    "",
    "Ann",
    "  Ann \t B ",
    "Grüße aus Köln, wo es heute regnet",
    "e\u{301}cole",
    "A\u{200b}n\u{2060}n\u{feff}",
    "abc\u{202e}def\u{2066}",
    "Z\u{335}\u{336}\u{337}\u{338}\u{30d}\u{30e}algo",
    "\u{3164}\u{2800}\u{115f}",
    "👩\u{200d}🚀👨\u{200d}👩\u{200d}👧\u{200d}👦👩🏽\u{200d}🚀🏳\u{fe0f}\u{200d}🌈",
    "👩🏽👩🏽👩🏽👩🏽👩🏽👩🏽👩🏽👩🏽👩🏽👩🏽",
    "1\u{fe0f}\u{20e3}❤\u{fe0f}a\u{fe0f}\u{200d}b",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}🏴\u{e0061}\u{e007f}",
    "🇩🇪🇫🇷🇮🇹🇪🇸🇵🇹🇳🇱🇧🇪🇱🇺🇨🇭🇦🇹",
    "می\u{200c}خواهم \u{200c}و\u{200c}",
    "क्\u{200d}ष क्षत्रिय अभिषेक प्रियदर्शिनी",
    "ที่นี่มีก๋วยเตี๋ยวเรือที่อร่อยที่สุด",
    "שָׁלוֹם עולם",
    "한국어 한국어 한국어 한국어 한국어",
    "日本語の名前はとても長いですがここで切れます",
    "\u{1100}\u{1161}\u{11a8}\u{1100}\u{1161}\u{11a8}",
    "\u{e000}\u{fdd0}\u{ffff}\u{f0000}x",
];
/// First and last characters that random texts draw from, all of them older than any browser that plays.
const RANGES: [(u32, u32); 14] = [
    (0x20, 0x7e),
    (0xc0, 0x17f),
    (0x300, 0x36f),
    (0x3b1, 0x3c9),
    (0x410, 0x44f),
    (0x5d0, 0x5ea),
    (0x621, 0x652),
    (0x905, 0x94d),
    (0xe01, 0xe3a),
    (0x1100, 0x1112),
    (0x200b, 0x200f),
    (0xac00, 0xd7a3),
    (0x1f1e6, 0x1f1ff),
    (0x1f600, 0x1f64f),
];
const SPECIAL: [char; 8] =
    ['\u{200d}', '\u{200d}', '\u{200c}', '\u{fe0f}', '\u{20e3}', '\u{1f3fd}', '\u{3164}', '\u{2640}'];

#[test]
fn texts_are_as_recorded() {
    let long = ["x".repeat(300), "👩🏽".repeat(150), "ก็".repeat(150), "a b ".repeat(100)];
    let mut random = Random::new(1);
    let texts = TYPED.into_iter().map(str::to_owned).chain(long);
    let texts = texts.chain((0..RANDOM_TEXTS).map(|_| random_text(&mut random)));
    let cases = texts.map(|text| {
        let clean = clean(&text);
        json!({ "text": text, "name": cut(&clean, NAME), "line": cut(&clean, LINE) })
    });
    super::check("text.json", ABOUT, vec![("cases", Value::Array(cases.collect()))]);
}

fn random_text(random: &mut Random) -> String {
    (0..random.below(40)).map(|_| random_character(random)).collect()
}

fn random_character(random: &mut Random) -> char {
    let ranges = RANGES.len() as u32;
    match random.below(ranges + 4) {
        index if index < ranges => {
            let (first, last) = RANGES[index as usize];
            char::from_u32(first + random.below(last - first + 1)).expect("a range without surrogates")
        }
        _ => SPECIAL[random.below(SPECIAL.len() as u32) as usize],
    }
}
