//! Messages come back as they went, and no bytes panic.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert_eq, proptest};

use crate::domain::{GameEvent, PlayerId, PlayerInput, PlayerResult, RoomId, RosterEntry, Slot, Wall};
use crate::protocol::client::{
    CLIENT_MESSAGE_BYTES_MAX, ClientMessage, ErrorCode, INPUTS_PER_MESSAGE_MAX, ServerMessage,
    TICKET_BYTES_MAX, Welcome, decode_client, decode_server, encode_client, encode_server,
};
use crate::protocol::roster::RosterChange;
use crate::protocol::wire::{DecodeError, TEXT_BYTES_MAX};

/// Whatever four bytes can say; what comes back is [`sane`].
pub fn inputs() -> impl Strategy<Value = Vec<PlayerInput>> {
    let input = any::<(i8, i8, u8, u8)>().prop_map(|(move_x, move_y, aim, buttons)| PlayerInput {
        move_x,
        move_y,
        aim,
        buttons,
    });
    prop::collection::vec(input, 1..=INPUTS_PER_MESSAGE_MAX)
}

/// Full speed is 127 in every direction; all else is taken as it is.
pub fn sane(inputs: Vec<PlayerInput>) -> Vec<PlayerInput> {
    let slowed = |input: PlayerInput| PlayerInput {
        move_x: input.move_x.max(-127),
        move_y: input.move_y.max(-127),
        ..input
    };
    inputs.into_iter().map(slowed).collect()
}

pub fn welcome() -> impl Strategy<Value = Welcome> {
    let wall = any::<(u16, u16, u16, u16)>().prop_map(|(x, y, width, height)| Wall { x, y, width, height });
    (any::<(u8, u64, u32, u32)>(), prop::collection::vec(wall, 0..256)).prop_map(
        |((slot, room, tick, match_ticks), walls)| Welcome {
            slot: Slot(slot),
            room: RoomId(room),
            tick,
            match_ticks,
            walls,
        },
    )
}

/// Any text that fits a field; longer ones are cut, which is a test of its own.
pub fn name() -> impl Strategy<Value = String> + Clone {
    any::<String>().prop_map(|text| text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned())
}

pub fn roster() -> impl Strategy<Value = Vec<RosterEntry>> {
    let entry = (any::<(u8, u64, bool)>(), name()).prop_map(|((slot, player, bot), name)| RosterEntry {
        slot: Slot(slot),
        player: PlayerId(player),
        name,
        bot,
    });
    few_or_many(entry)
}

/// Lists of all lengths, mostly short ones, which tell as much.
fn few_or_many<T: std::fmt::Debug + 'static>(
    one: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![9 => prop::collection::vec(one.clone(), 0..12), 1 => prop::collection::vec(one, 0..=255)]
}

pub fn events() -> impl Strategy<Value = Vec<GameEvent>> {
    let event = prop_oneof![
        any::<(u8, u8, u8)>().prop_map(|(shooter, victim, damage)| GameEvent::Hit {
            shooter: Slot(shooter),
            victim: Slot(victim),
            damage
        }),
        any::<(u8, u8)>()
            .prop_map(|(killer, victim)| GameEvent::Kill { killer: Slot(killer), victim: Slot(victim) }),
        any::<u8>().prop_map(|slot| GameEvent::Respawn { slot: Slot(slot) }),
    ];
    prop::collection::vec(event, 0..256)
}

pub fn results() -> impl Strategy<Value = Vec<PlayerResult>> {
    let result = (any::<(u8, u64, bool, u16, u16)>(), name()).prop_map(
        |((slot, player, bot, kills, deaths), name)| PlayerResult {
            slot: Slot(slot),
            player: PlayerId(player),
            name,
            bot,
            kills,
            deaths,
        },
    );
    few_or_many(result)
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        (any::<u8>(), "[ -~]{0,1020}").prop_map(|(version, ticket)| ClientMessage::Hello { version, ticket }),
        (any::<(u32, u32)>(), inputs()).prop_map(|((acked_tick, first_tick), inputs)| ClientMessage::Input {
            acked_tick,
            first_tick,
            inputs
        }),
        any::<u32>().prop_map(|client_time_ms| ClientMessage::Ping { client_time_ms }),
        Just(ClientMessage::Leave),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let codes = [
        ErrorCode::Malformed,
        ErrorCode::Version,
        ErrorCode::Ticket,
        ErrorCode::RoomGone,
        ErrorCode::RoomFull,
        ErrorCode::TooFast,
        ErrorCode::TooSlow,
        ErrorCode::Draining,
        ErrorCode::Internal,
        ErrorCode::Replaced,
        ErrorCode::TooSoon,
    ];
    prop_oneof![
        (any::<u8>(), welcome()).prop_map(|(version, welcome)| ServerMessage::Welcome { version, welcome }),
        roster().prop_map(ServerMessage::Roster),
        (any::<u16>(), roster())
            .prop_map(|(gone, entries)| ServerMessage::RosterChange(RosterChange { gone, entries })),
        (any::<u32>(), events()).prop_map(|(tick, events)| ServerMessage::Events { tick, events }),
        any::<(u32, u32, u32)>().prop_map(|(client_time_ms, tick, excess)| ServerMessage::Pong {
            client_time_ms,
            tick,
            tick_gap_excess_p99_us: excess
        }),
        results().prop_map(ServerMessage::Over),
        (prop::sample::select(codes.to_vec()), name())
            .prop_map(|(code, message)| ServerMessage::Error { code, message }),
    ]
}

/// Bytes that look like a message more often than chance would have it.
pub fn nearly_a_message(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    (0..=length, any::<prop::sample::Index>(), any::<u8>()).prop_map(move |(cut, place, byte)| {
        let mut bytes = bytes[..cut].to_vec();
        if let Some(spoiled) = bytes.get_mut(place.index(length.max(1))) {
            *spoiled = byte;
        }
        bytes
    })
}

fn sane_message(message: ClientMessage) -> ClientMessage {
    match message {
        ClientMessage::Input { acked_tick, first_tick, inputs } => {
            ClientMessage::Input { acked_tick, first_tick, inputs: sane(inputs) }
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn client_messages_come_back(message in client_message()) {
        prop_assert_eq!(decode_client(&encode_client(&message)), Ok(sane_message(message)));
    }

    #[test]
    fn server_messages_come_back(message in server_message()) {
        prop_assert_eq!(decode_server(&encode_server(&message)), Ok(message));
    }

    #[test]
    fn fields_of_a_newer_version_are_left_unread(client in client_message(), server in server_message()) {
        let longer = appended_to(encode_client(&client));
        if longer.len() <= CLIENT_MESSAGE_BYTES_MAX {
            prop_assert_eq!(decode_client(&longer), Ok(sane_message(client)));
        }
        prop_assert_eq!(decode_server(&appended_to(encode_server(&server))), Ok(server));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (decode_client(&bytes), decode_server(&bytes));
    }

    #[test]
    fn spoiled_messages_do_not_panic(
        (client, server) in (client_message(), server_message()).prop_flat_map(|(client, server)| {
            (nearly_a_message(encode_client(&client)), nearly_a_message(encode_server(&server)))
        })
    ) {
        let _ = (decode_client(&client), decode_server(&server));
    }
}

/// A message as a newer version may send it: more after the last field that this one knows.
pub fn appended_to(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend([0xA5; 7]);
    bytes
}

/// All 256 values, and the two that mean the same speed.
#[test]
fn every_bit_of_an_input_lives() {
    for value in 0..=u8::MAX {
        let wild = PlayerInput { move_x: value as i8, move_y: -128, aim: value, buttons: value };
        let bytes =
            encode_client(&ClientMessage::Input { acked_tick: 0, first_tick: u32::MAX, inputs: vec![wild] });
        let Ok(ClientMessage::Input { inputs, .. }) = decode_client(&bytes) else { panic!("{value}") };
        let [input] = inputs[..] else { panic!("{inputs:?}") };
        assert_eq!((input.aim, input.buttons), (value, value));
        assert_eq!((input.move_x, input.move_y), ((value as i8).max(-127), -127));
        assert_eq!((input.fires(), input.view_age()), (value & 1 == 1, u32::from(value >> 1)));
    }
}

#[test]
fn what_only_a_newer_version_knows_is_left_out() {
    let events = [[1, 0, 1, 10], [9, 1, 2, 3], [3, 4, 0, 0]].concat();
    let message = [&[4, 60, 0, 0, 0, 3][..], &events].concat();
    let known = vec![
        GameEvent::Hit { shooter: Slot(0), victim: Slot(1), damage: 10 },
        GameEvent::Respawn { slot: Slot(4) },
    ];
    assert_eq!(decode_server(&message), Ok(ServerMessage::Events { tick: 60, events: known }));
    let error = ServerMessage::Error { code: ErrorCode::Internal, message: String::new() };
    assert_eq!(decode_server(&[7, 200, 0]), Ok(error));
}

#[test]
fn a_message_has_its_limits() {
    let longest = ClientMessage::Hello { version: 1, ticket: "x".repeat(TICKET_BYTES_MAX) };
    assert_eq!(encode_client(&longest).len(), CLIENT_MESSAGE_BYTES_MAX);
    assert_eq!(decode_client(&encode_client(&longest)), Ok(longest));
    assert_eq!(decode_client(&[1; CLIENT_MESSAGE_BYTES_MAX + 1]), Err(DecodeError::TooLong));
}

#[test]
fn bad_messages_are_told_apart() {
    let known = [
        (&[][..], DecodeError::Truncated),
        (&[99], DecodeError::UnknownKind),
        (&[3, 1, 2], DecodeError::Truncated),
        (&[2, 0, 0, 0, 0, 1, 0, 0, 0, 0], DecodeError::Range),
        (&[2, 0, 0, 0, 0, 1, 0, 0, 0, 9], DecodeError::Range),
        (&[1, 1, 1, 0, 0xFF], DecodeError::Text),
    ];
    for (bytes, error) in known {
        assert_eq!(decode_client(bytes), Err(error), "{bytes:?}");
    }
}
