//! Names that hide, pile up, pretend or break: everybody in a room is told apart, there and in chat.

use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use crate::harness::TURN;
use crate::harness::player::{Player, chat, seat};
use crate::harness::servers::All;
use crate::hostile::LONG_MATCH_S;

/// What is asked for, in the order of joining, and what everybody sees.
const ASKED_AND_SHOWN: [(&str, &str); 10] = [
    ("Ann", "Ann"),
    // A Cyrillic letter.
    ("\u{410}nn", "\u{410}nn 2"),
    ("A\u{200b}n\u{2060}n\u{202e}", "Ann 3"),
    ("admin", "Player"),
    ("\u{430}dm1n\u{200d}", "Player 2"),
    ("\u{3164}\u{2800}", "Player 3"),
    (
        "Z\u{335}\u{335}\u{335}\u{335}\u{335}\u{335}\u{335}\u{335}o\u{30d}\u{30d}\u{30d}\u{30d}\u{30d}",
        "Z\u{335}\u{335}\u{335}o\u{30d}\u{30d}\u{30d}",
    ),
    (
        "👩🏽\u{200d}🚀👩🏽\u{200d}🚀👩🏽\u{200d}🚀👩🏽\u{200d}🚀👩🏽\u{200d}🚀",
        "👩🏽\u{200d}🚀👩🏽\u{200d}🚀👩🏽\u{200d}🚀👩🏽\u{200d}🚀",
    ),
    ("a name without any end at all", "a name without a"),
    ("\u{1b}[2Jx\r\ny", "[2Jx y"),
];

fn key(number: usize) -> String {
    format!("the secret key of number {number}")
}

#[tokio::test]
async fn everybody_in_a_room_has_a_name_that_can_be_told_from_the_others() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut players = Vec::new();
    for (number, (asked, _)) in ASKED_AND_SHOWN.into_iter().enumerate() {
        let seat = seat(server.gateway, &key(number), asked).await;
        players.push((Player::enter(server.gateway, &seat.ticket).await, seat));
    }
    let (first, _) = &mut players[0];
    first.until("everybody is there", |first| first.roster.len() == ASKED_AND_SHOWN.len()).await;
    let mut roster = first.roster.clone();
    roster.sort_by_key(|entry| entry.slot);
    let shown: Vec<&str> = roster.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(shown, ASKED_AND_SHOWN.map(|(_, shown)| shown));
    assert!(shown.iter().all(|name| name.graphemes(true).count() <= 16 && name.len() <= 64));
    // In chat everybody is called the same.
    for number in [1, 4] {
        let (_, seat) = &players[number];
        let channel = format!("room:{}", seat.room);
        let mut socket = chat(server.gateway, &key(number), seat).await;
        for channel in [channel.as_str(), "global"] {
            let text = format!("hello from {number}");
            socket.send_json(json!({"type": "say", "channel": channel, "text": text})).await;
            let is_own = |line: &serde_json::Value| line["channel"] == channel && line["text"] == text;
            let line = socket.until_json("the own line", is_own).await;
            assert_eq!(line["name"], ASKED_AND_SHOWN[number].1);
        }
    }
}

/// Whoever has a ticket and stays away speaks before the room knows the name.
#[tokio::test]
async fn a_ticket_for_a_name_that_somebody_has_by_now_does_not_speak_under_it() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let early = seat(server.gateway, &key(0), "Ann").await;
    let mut ann = Player::join(server.gateway, &key(1), "Ann").await;
    ann.until("a second of heartbeats", |ann| ann.states > 30).await;
    assert_eq!(ann.roster.len(), 1);
    assert_eq!(ann.roster[0].name, "Ann");
    let mut eve = chat(server.gateway, &key(0), &early).await;
    for channel in [format!("room:{}", early.room), "global".to_owned()] {
        eve.send_json(json!({"type": "say", "channel": channel, "text": "trust me"})).await;
        let line = eve.until_json("the own line", |line| line["channel"] == channel).await;
        assert_eq!(line["name"], "Ann 2");
    }
}
