//! Messages come back as they went, and no bytes panic.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert_eq, proptest};

use crate::domain::{
    InputAck, PLAYERS_PER_ROOM_MAX, Phase, PlayerId, Pool, ProjectileState, RoomFrame, RoomId, Slot,
};
use crate::protocol::client::tests::{
    appended_to, events, inputs, name, nearly_a_message, results, roster, sane, welcome,
};
use crate::protocol::delta::tests::player;
use crate::protocol::link::{
    GatewayToRoom, JoinRefusal, RoomToGateway, SessionId, VERSION_OF_PROOFS, decode_gateway, decode_room,
    encode_gateway, encode_room,
};
use crate::protocol::wire::DecodeError;

fn session() -> impl Strategy<Value = SessionId> {
    any::<u32>().prop_map(SessionId)
}

fn room() -> impl Strategy<Value = RoomId> {
    any::<u64>().prop_map(RoomId)
}

fn from_gateway() -> impl Strategy<Value = GatewayToRoom> {
    let pool = prop::sample::select(vec![Pool::Public, Pool::Bots]);
    prop_oneof![
        (any::<u8>(), name(), any::<[u8; 32]>()).prop_map(|(version, gateway, challenge)| {
            let challenge = (version >= VERSION_OF_PROOFS).then_some(challenge);
            GatewayToRoom::Hello { version, gateway, challenge }
        }),
        any::<[u8; 32]>().prop_map(GatewayToRoom::Proof),
        (session(), room(), any::<u64>(), name(), pool).prop_map(|(session, room, player, name, pool)| {
            GatewayToRoom::Join { session, room, player: PlayerId(player), name, pool }
        }),
        (session(), any::<bool>())
            .prop_map(|(session, on_purpose)| GatewayToRoom::Leave { session, on_purpose }),
        (session(), any::<u32>(), inputs()).prop_map(|(session, first_tick, inputs)| GatewayToRoom::Input {
            session,
            first_tick,
            inputs
        }),
    ]
}

/// What the bytes can say; only slots of no room are refused.
fn frame() -> impl Strategy<Value = RoomFrame> {
    let player = (0..PLAYERS_PER_ROOM_MAX as u8, player()).prop_map(|(slot, mut player)| {
        player.slot = Slot(slot);
        player
    });
    let shot = any::<(u16, u8, u16, u16, u8, u32)>().prop_map(|(id, owner, x, y, aim, born_tick)| {
        ProjectileState { id, owner: Slot(owner), x, y, aim, born_tick }
    });
    let players = prop::collection::vec(player, 0..=255);
    let projectiles = prop::collection::vec(shot, 0..300);
    (any::<(u32, bool, u32)>(), players, projectiles).prop_map(
        |((tick, over, phase_ends_tick), players, projectiles)| RoomFrame {
            tick,
            phase: if over { Phase::Over } else { Phase::Playing },
            phase_ends_tick,
            players,
            projectiles,
        },
    )
}

fn sane_message(message: GatewayToRoom) -> GatewayToRoom {
    match message {
        GatewayToRoom::Input { session, first_tick, inputs } => {
            GatewayToRoom::Input { session, first_tick, inputs: sane(inputs) }
        }
        other => other,
    }
}

fn from_room() -> impl Strategy<Value = RoomToGateway> {
    let refusals = vec![
        JoinRefusal::RoomGone,
        JoinRefusal::RoomFull,
        JoinRefusal::WrongPool,
        JoinRefusal::MatchOver,
        JoinRefusal::TooSoon,
    ];
    let ack = any::<(u8, u32, i8)>().prop_map(|(slot, tick, margin_ticks)| InputAck {
        slot: Slot(slot),
        tick,
        margin_ticks,
    });
    prop_oneof![
        (any::<u8>(), name(), any::<([u8; 32], [u8; 32])>()).prop_map(|(version, host, answer)| {
            let answer = (version >= VERSION_OF_PROOFS).then_some(answer);
            RoomToGateway::Hello { version, host, answer }
        }),
        (session(), welcome()).prop_map(|(session, welcome)| RoomToGateway::Joined { session, welcome }),
        (session(), prop::sample::select(refusals))
            .prop_map(|(session, refusal)| RoomToGateway::Refused { session, refusal }),
        (room(), frame(), prop::collection::vec(ack, 0..=255), any::<u32>()).prop_map(
            |(room, frame, acks, excess)| RoomToGateway::Frame {
                room,
                frame,
                acks,
                tick_gap_excess_p99_us: excess
            }
        ),
        (room(), roster()).prop_map(|(room, entries)| RoomToGateway::Roster { room, entries }),
        (room(), any::<u32>(), events()).prop_map(|(room, tick, events)| RoomToGateway::Events {
            room,
            tick,
            events
        }),
        (room(), results()).prop_map(|(room, results)| RoomToGateway::Over { room, results }),
        room().prop_map(|room| RoomToGateway::Closed { room }),
        (session(), any::<u8>())
            .prop_map(|(session, slot)| RoomToGateway::Replaced { session, slot: Slot(slot) }),
    ]
}

proptest! {
    #[test]
    fn messages_of_gateways_come_back(message in from_gateway()) {
        prop_assert_eq!(decode_gateway(&encode_gateway(&message)), Ok(sane_message(message)));
    }

    #[test]
    fn messages_of_rooms_come_back(message in from_room()) {
        prop_assert_eq!(decode_room(&encode_room(&message)), Ok(message));
    }

    #[test]
    fn fields_of_a_newer_version_are_left_unread(gateway in from_gateway(), room in from_room()) {
        prop_assert_eq!(decode_gateway(&appended_to(encode_gateway(&gateway))), Ok(sane_message(gateway)));
        prop_assert_eq!(decode_room(&appended_to(encode_room(&room))), Ok(room));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (decode_gateway(&bytes), decode_room(&bytes));
    }

    #[test]
    fn spoiled_messages_do_not_panic(
        (gateway, room) in (from_gateway(), from_room()).prop_flat_map(|(gateway, room)| {
            (nearly_a_message(encode_gateway(&gateway)), nearly_a_message(encode_room(&room)))
        })
    ) {
        let _ = (decode_gateway(&gateway), decode_room(&room));
    }
}

#[test]
fn a_hello_of_version_one_is_read_and_a_newer_one_cannot_leave_its_challenge_out() {
    let old = GatewayToRoom::Hello { version: 1, gateway: "g".to_owned(), challenge: None };
    assert_eq!(encode_gateway(&old), [1, 1, 1, b'g']);
    assert_eq!(decode_gateway(&[1, 1, 1, b'g']), Ok(old));
    assert_eq!(decode_gateway(&[1, 2, 1, b'g']), Err(DecodeError::Truncated));
    assert_eq!(decode_room(&[1, 2, 1, b'h', 0]), Err(DecodeError::Truncated));
    assert_eq!(decode_gateway(&[5; 32]), Err(DecodeError::Truncated), "31 bytes of a proof");
}

#[test]
fn bad_messages_are_told_apart() {
    assert_eq!(decode_gateway(&[9]), Err(DecodeError::UnknownKind));
    let refused = RoomToGateway::Refused { session: SessionId(1), refusal: JoinRefusal::RoomGone };
    assert_eq!(decode_room(&[3, 1, 0, 0, 0, 200]), Ok(refused), "a reason of a newer version");
    assert_eq!(decode_room(&[10]), Err(DecodeError::UnknownKind));
    assert_eq!(decode_gateway(&[3, 0, 0, 0, 0, 7]), Err(DecodeError::Range));
}
