//! What version 1 wrote can be read for ever, and what a newer version adds is ignored.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::{MatchResult, MatchSettings};
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, HostReport, NodeReport, OpenReply, Ranking,
    RankingRequest, ResultAck, RoomPlace, SeatReply, SeatRequest, TicketClaims,
};

/// Puts a field that nobody knows into every object, however deep.
fn with_unknown_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields.into_iter().map(|(name, value)| (name, with_unknown_fields(value)));
            let unknown = ("of_a_newer_version".to_owned(), json!({ "any": [1, "thing"] }));
            Value::Object(known.chain([unknown]).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(with_unknown_fields).collect()),
        other => other,
    }
}

/// `first` is the message as version 1 wrote it; a field that came later must have a default.
fn is_understood<T: Serialize + DeserializeOwned + PartialEq + Debug>(first: Value) {
    let message: T = serde_json::from_value(first.clone()).expect("what version 1 wrote");
    let newer = with_unknown_fields(serde_json::to_value(&message).expect("JSON"));
    assert_eq!(serde_json::from_value::<T>(newer).expect("what a newer version writes"), message);
    let written = serde_json::to_value(&message).expect("JSON");
    says_all_of(&written, &first);
}

/// Whether everything that version 1 needs is there; a newer version may say more.
fn says_all_of(written: &Value, first: &Value) {
    match (written, first) {
        (Value::Object(written), Value::Object(first)) => {
            for (name, value) in first {
                says_all_of(written.get(name).unwrap_or_else(|| panic!("version 1 needs {name}")), value);
            }
        }
        (Value::Array(written), Value::Array(first)) => {
            assert_eq!(written.len(), first.len());
            written.iter().zip(first).for_each(|(written, first)| says_all_of(written, first));
        }
        _ => assert_eq!(written, first),
    }
}

#[test]
fn messages_between_lobby_and_room_hosts() {
    let room = json!({ "room": 7, "pool": "public", "humans": [1000], "free_seats": 9, "ticks_left": 60 });
    is_understood::<HostReport>(json!({
        "host": "room-0", "node": "a", "link_address": "room-0.room:7000", "rooms_max": 200, "draining": false,
        "tick_headroom": 0.5, "tick_gap_excess_p99_us": 120, "rooms": [room],
    }));
    is_understood::<RoomPlace>(
        json!({ "room": 7, "pool": "public", "host": "room-0", "link_address": "room-0.room:7000" }),
    );
    is_understood::<NodeReport>(json!({ "node": "a", "wake_late_p99_us": 80 }));
    is_understood::<MatchSettings>(
        json!({ "room": 7, "seed": 1, "pool": "bots", "match_ticks": 18_000, "fill_to_players": 4 }),
    );
    is_understood::<OpenReply>(json!({ "opened": true }));
}

#[test]
fn messages_between_gateway_and_lobby() {
    is_understood::<SeatRequest>(
        json!({ "player": 1000, "name": "Ann", "pool": "public", "waited_ms": 250 }),
    );
    is_understood::<SeatReply>(json!({ "type": "seated", "ticket": "a.b" }));
    is_understood::<SeatReply>(json!({ "type": "waiting", "reason": "No room is free." }));
    is_understood::<TicketClaims>(json!({
        "player": 1000, "name": "Ann", "pool": "public", "room": 7, "link_address": "room-0.room:7000",
        "expires_s": 1_800_000_000,
    }));
    is_understood::<TicketClaims>(
        json!({ "player": 1000, "name": "Ann", "room": 7, "expires_s": 1_800_000_000 }),
    );
}

#[test]
fn messages_of_chat() {
    let line = json!({
        "id": 1, "channel": "global", "player": 1000, "name": "Ann", "text": "hello", "at_ms": 1_800_000_000_000_u64,
    });
    is_understood::<ChatSay>(json!({ "channel": "global", "player": 1000, "name": "Ann", "text": "hello" }));
    is_understood::<ChatAck>(json!({ "accepted": true }));
    is_understood::<ChatLine>(line.clone());
    is_understood::<ChatHistoryRequest>(json!({ "channel": "global" }));
    is_understood::<ChatHistory>(json!({ "lines": [line] }));
}

#[test]
fn messages_of_ranking() {
    let player = json!({ "slot": 0, "player": 1000, "name": "Ann", "bot": false, "kills": 3, "deaths": 1 });
    is_understood::<MatchResult>(json!({
        "room": 7, "epoch": 0, "pool": "public", "ended_at_ms": 1_800_000_000_000_u64, "players": [player],
    }));
    is_understood::<ResultAck>(json!({ "stored": true }));
    is_understood::<RankingRequest>(json!({ "limit": 10 }));
    let row = json!({
        "rank": 1, "player": 1000, "name": "Ann", "rating": 1500.0, "deviation": 350.0, "matches": 1, "wins": 1,
        "kills": 3, "deaths": 1,
    });
    is_understood::<Ranking>(json!({ "top": [row], "around": [] }));
}
