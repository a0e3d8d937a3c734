//! A few messages of each kind that decoders read: the golden files, a short match, and what roles say.

use game_server::domain::{MatchSettings, PlayerId, PlayerInput, Pool, RoomId, Slot};
use game_server::protocol::client::{ClientMessage, ServerMessage, decode_client, decode_server};
use game_server::protocol::link::{
    GatewayToRoom, JoinRefusal, LINK_PROTOCOL_VERSION, RoomToGateway, SessionId, encode_gateway, encode_room,
};
use game_server::protocol::replay::{Ending, LogEncoder, encode_chunk_head, encode_opening};
use game_server::sim::Room;
use serde_json::{Value, json};

const CLIENT: &str = include_str!("../golden/client.json");
const STATE: &str = include_str!("../golden/state.json");
/// Enough of a match that shots are in the air.
const TICKS: u32 = 20;

/// Each is understood by the decoder of this name.
pub fn of(decoder: &str) -> Vec<Vec<u8>> {
    match decoder {
        "bus" | "ticket" => json_of(decoder),
        "client" => golden(CLIENT, "from_client"),
        "server" => golden(CLIENT, "from_server"),
        "state" => golden(STATE, "messages").into_iter().step_by(9).collect(),
        "gateway" => from_gateway().iter().map(encode_gateway).collect(),
        "room" => from_room().iter().map(encode_room).collect(),
        "log" => vec![log()],
        "log_chunk" => vec![chunk()],
        "proxy_header" => proxy_headers(),
        _ => panic!("no messages are known for {decoder}"),
    }
}

fn golden(file: &str, list: &str) -> Vec<Vec<u8>> {
    let file: Value = serde_json::from_str(file).expect("a golden file is JSON");
    let messages = file[list].as_array().expect("a list of messages");
    messages.iter().map(|message| bytes_of(message["hex"].as_str().expect("hex"))).collect()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}

fn settings() -> MatchSettings {
    let settings = json!({
        "room": 7, "seed": 7, "pool": "public", "match_ticks": 330, "fill_to_players": 6
    });
    serde_json::from_value(settings).expect("settings as the lobby sends them")
}

fn played() -> Room {
    let mut room = Room::new(&settings());
    room.join(PlayerId(70), "Ann").expect("a free seat");
    for _ in 0..TICKS {
        room.step();
    }
    room
}

fn from_gateway() -> Vec<GatewayToRoom> {
    let session = SessionId(9);
    let inputs = golden(CLIENT, "from_client").iter().find_map(|bytes| match decode_client(bytes) {
        Ok(ClientMessage::Input { first_tick, inputs, .. }) => Some((first_tick, inputs)),
        _ => None,
    });
    let (first_tick, inputs) = inputs.expect("the golden file has an Input");
    let (room, player) = (RoomId(7), PlayerId(70));
    vec![
        GatewayToRoom::Hello {
            version: LINK_PROTOCOL_VERSION,
            gateway: "gateway-0".to_owned(),
            challenge: Some([7; 32]),
        },
        GatewayToRoom::Proof([9; 32]),
        GatewayToRoom::Join { session, room, player, name: "Ann".to_owned(), pool: Pool::Public },
        GatewayToRoom::Leave { session, on_purpose: true },
        GatewayToRoom::Input { session, first_tick, inputs },
    ]
}

fn from_room() -> Vec<RoomToGateway> {
    let (played, room, session) = (played(), RoomId(7), SessionId(9));
    let mut messages = vec![
        RoomToGateway::Hello {
            version: LINK_PROTOCOL_VERSION,
            host: "room-0".to_owned(),
            answer: Some(([7; 32], [9; 32])),
        },
        RoomToGateway::Refused { session, refusal: JoinRefusal::RoomFull },
        RoomToGateway::Replaced { session, slot: Slot(3) },
        RoomToGateway::Frame { room, frame: played.frame(), acks: played.acks(), tick_gap_excess_p99_us: 80 },
        RoomToGateway::Closed { room },
    ];
    for bytes in golden(CLIENT, "from_server") {
        messages.extend(match decode_server(&bytes) {
            Ok(ServerMessage::Welcome { welcome, .. }) => Some(RoomToGateway::Joined { session, welcome }),
            Ok(ServerMessage::Roster(entries)) => Some(RoomToGateway::Roster { room, entries }),
            Ok(ServerMessage::Events { tick, events }) => Some(RoomToGateway::Events { room, tick, events }),
            Ok(ServerMessage::Over(results)) => Some(RoomToGateway::Over { room, results }),
            _ => None,
        });
    }
    messages
}

/// The beginning of a match as the host writes it down.
fn chunk() -> Vec<u8> {
    let mut room = Room::new(&settings());
    let mut log = LogEncoder::default();
    let slot = room.join(PlayerId(70), "Ann").expect("a free seat");
    log.join(PlayerId(70), "Ann");
    let input = PlayerInput { move_x: 127, move_y: -127, aim: 200, buttons: 0xFF };
    for tick in 1..=TICKS {
        room.push_input(slot, tick, &[input]);
        log.input(slot, tick, &[input]);
        room.step();
        log.step(&room.hash_parts());
    }
    log.hashes(&room.hash_parts());
    log.leave(slot, true);
    log.end(Ending::Closed);
    log.take(Vec::new())
}

fn log() -> Vec<u8> {
    let chunk = chunk();
    [encode_opening(&settings()), encode_chunk_head(&chunk).to_vec(), chunk].concat()
}

fn proxy_headers() -> Vec<Vec<u8>> {
    let block = |command: u8, family: u8, addresses: &[u8]| {
        let length = (addresses.len() as u16).to_be_bytes();
        [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, addresses].concat()
    };
    vec![
        b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        block(0x21, 0x11, &[203, 0, 113, 7, 192, 0, 2, 1, 220, 4, 1, 187]),
        block(0x21, 0x21, &[0x20; 36]),
        block(0x20, 0, &[]),
    ]
}

fn json_of(decoder: &str) -> Vec<Vec<u8>> {
    let player = json!({ "slot": 0, "player": 1000, "name": "Ann", "bot": false, "kills": 3, "deaths": 1 });
    let line = json!({
        "id": 1, "channel": "global", "player": 1000, "name": "Ann", "text": "hello", "at_ms": 1_800_000_000_000_u64,
    });
    let claims = json!({
        "player": 1000, "name": "Ann", "pool": "public", "room": 7, "link_address": "room-0.room:7000",
        "expires_s": 1_800_000_000,
    });
    let on_the_bus = [
        json!({
            "host": "room-0", "node": "a", "link_address": "room-0.room:7000", "rooms_max": 150, "draining": false,
            "tick_headroom": 0.5, "tick_gap_excess_p99_us": 80, "rooms": [{
                "room": 7, "pool": "public", "humans": [1000], "free_seats": 9, "ticks_left": 18_000
            }],
        }),
        json!({ "node": "a", "wake_late_p99_us": 80, "cpu_pressure_percent": 1.5 }),
        json!({ "opened": true }),
        json!({ "player": 1000, "name": "Ann", "pool": "public", "waited_ms": 250 }),
        json!({ "type": "waiting", "reason": "No room is free." }),
        json!({ "lines": [line] }),
        json!({
            "room": 7, "epoch": 0, "pool": "public", "ended_at_ms": 1_800_000_000_000_u64, "players": [player],
        }),
        json!({ "limit": 10, "around": 1000 }),
    ];
    let said = if decoder == "ticket" { vec![claims] } else { on_the_bus.to_vec() };
    said.iter().map(|message| message.to_string().into_bytes()).collect()
}
