//! `client.json`: every message of `/room` but State.

use game_server::domain::{
    BUTTON_FIRE, GameEvent, PlayerId, PlayerInput, PlayerResult, RoomId, RosterEntry, Slot, Wall,
};
use game_server::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, ServerMessage, Welcome, decode_client, decode_server,
    encode_client, encode_server,
};
use game_server::protocol::roster::RosterChange;
use serde_json::{Value, json};

const ABOUT: &str = "One message of each kind: `hex` are its bytes, `fields` what they mean. 64-bit numbers are \
    decimal strings. Aims are 256ths of a turn, moves -127 to 127.";

#[test]
fn messages_are_as_recorded() {
    let from_client = client_messages().into_iter().map(|(message, fields)| {
        let bytes = encode_client(&message);
        assert_eq!(decode_client(&bytes), Ok(message));
        json!({ "hex": super::hex(&bytes), "fields": fields })
    });
    let from_server = server_messages().into_iter().map(|(message, fields)| {
        let bytes = encode_server(&message);
        assert_eq!(decode_server(&bytes), Ok(message));
        json!({ "hex": super::hex(&bytes), "fields": fields })
    });
    let parts = vec![
        ("protocol_version", json!(CLIENT_PROTOCOL_VERSION)),
        ("from_client", Value::Array(from_client.collect())),
        ("from_server", Value::Array(from_server.collect())),
    ];
    super::check("client.json", ABOUT, parts);
}

fn client_messages() -> Vec<(ClientMessage, Value)> {
    let inputs = vec![
        PlayerInput { move_x: 127, move_y: -127, aim: 200, buttons: BUTTON_FIRE },
        PlayerInput { move_x: 0, move_y: 1, aim: 64, buttons: 12 << 1 },
    ];
    vec![
        (
            ClientMessage::Hello {
                version: CLIENT_PROTOCOL_VERSION,
                ticket: "eyJwbGF5ZXIiOjF9.c2lnbmF0dXJl".into(),
            },
            json!({ "kind": "Hello", "version": CLIENT_PROTOCOL_VERSION, "ticket": "eyJwbGF5ZXIiOjF9.c2lnbmF0dXJl" }),
        ),
        (
            ClientMessage::Input { acked_tick: 0x0102_0304, first_tick: 0x0102_0307, inputs },
            json!({
                "kind": "Input", "acked_tick": 0x0102_0304, "first_tick": 0x0102_0307,
                "inputs": [
                    { "move_x": 127, "move_y": -127, "aim": 200, "buttons": 1 },
                    { "move_x": 0, "move_y": 1, "aim": 64, "buttons": 24 },
                ],
            }),
        ),
        (
            ClientMessage::Ping { client_time_ms: 4_000_000_000 },
            json!({ "kind": "Ping", "client_time_ms": 4_000_000_000_u32 }),
        ),
        (ClientMessage::Leave, json!({ "kind": "Leave" })),
    ]
}

fn server_messages() -> Vec<(ServerMessage, Value)> {
    let mut messages = entering();
    messages.extend(during_play());
    messages
}

fn entering() -> Vec<(ServerMessage, Value)> {
    let walls =
        vec![Wall { x: 460, y: 460, width: 80, height: 80 }, Wall { x: 430, y: 288, width: 140, height: 24 }];
    let welcome = Welcome {
        slot: Slot(3),
        room: RoomId(0x1122_3344_5566_7788),
        tick: 66_000,
        match_ticks: 18_000,
        walls,
    };
    let entry = |slot, player, name: &str, bot| RosterEntry {
        slot: Slot(slot),
        player: PlayerId(player),
        name: name.to_owned(),
        bot,
    };
    let entries = vec![entry(0, 1, "Ada", true), entry(3, u64::MAX, "Zoë 🦊", false)];
    vec![
        (
            ServerMessage::Welcome { version: CLIENT_PROTOCOL_VERSION, welcome },
            json!({
                "kind": "Welcome", "version": CLIENT_PROTOCOL_VERSION, "slot": 3, "room": "1234605616436508552", "tick": 66_000,
                "map_size": 1000, "match_ticks": 18_000,
                "walls": [
                    { "x": 460, "y": 460, "width": 80, "height": 80 },
                    { "x": 430, "y": 288, "width": 140, "height": 24 },
                ],
            }),
        ),
        (
            ServerMessage::RosterChange(RosterChange { gone: 1 << 9 | 1 << 2, entries: entries.clone() }),
            json!({
                "kind": "RosterChange", "gone": 516,
                "entries": [
                    { "slot": 0, "bot": true, "player": "1", "name": "Ada" },
                    { "slot": 3, "bot": false, "player": "18446744073709551615", "name": "Zoë 🦊" },
                ],
            }),
        ),
        (
            ServerMessage::Roster(entries),
            json!({
                "kind": "Roster",
                "entries": [
                    { "slot": 0, "bot": true, "player": "1", "name": "Ada" },
                    { "slot": 3, "bot": false, "player": "18446744073709551615", "name": "Zoë 🦊" },
                ],
            }),
        ),
    ]
}

fn during_play() -> Vec<(ServerMessage, Value)> {
    let events = vec![
        GameEvent::Hit { shooter: Slot(3), victim: Slot(0), damage: 20 },
        GameEvent::Kill { killer: Slot(3), victim: Slot(0) },
        GameEvent::Respawn { slot: Slot(0) },
    ];
    let result = |slot, player, name: &str, bot, kills, deaths| PlayerResult {
        slot: Slot(slot),
        player: PlayerId(player),
        name: name.to_owned(),
        bot,
        kills,
        deaths,
    };
    let results =
        vec![result(3, 9_007_199_254_740_993, "Zoë", false, 300, 2), result(0, 1, "Ada", true, 2, 300)];
    vec![
        (
            ServerMessage::Events { tick: 70_003, events },
            json!({
                "kind": "Events", "tick": 70_003,
                "events": [
                    { "kind": "Hit", "shooter": 3, "victim": 0, "damage": 20 },
                    { "kind": "Kill", "killer": 3, "victim": 0 },
                    { "kind": "Respawn", "slot": 0 },
                ],
            }),
        ),
        (
            ServerMessage::Pong { client_time_ms: 12_345, tick: 70_006, tick_gap_excess_p99_us: 150 },
            json!({ "kind": "Pong", "client_time_ms": 12_345, "tick": 70_006, "tick_gap_excess_p99_us": 150 }),
        ),
        (
            ServerMessage::Over(results),
            json!({
                "kind": "Over",
                "results": [
                    { "slot": 3, "bot": false, "player": "9007199254740993", "kills": 300, "deaths": 2, "name": "Zoë" },
                    { "slot": 0, "bot": true, "player": "1", "kills": 2, "deaths": 300, "name": "Ada" },
                ],
            }),
        ),
        (
            ServerMessage::Error { code: ErrorCode::RoomGone, message: "The match has ended.".into() },
            json!({ "kind": "Error", "code": 4, "message": "The match has ended." }),
        ),
    ]
}
