//! A delta on its base is the frame, whatever both are.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::domain::{
    InputAck, PLAYERS_PER_ROOM_MAX, Phase, PlayerState, ProjectileState, RoomFrame, Slot, Tick,
};
use crate::protocol::client::tests::appended_to;
use crate::protocol::delta::decode::{OwnState, decode_state};
use crate::protocol::delta::{
    DisplayFrame, HEAD_BYTES, age_bits, assemble, base_age, delta_bits, encode_body, encode_head,
};
use crate::protocol::wire::DecodeError;

const TICK: u32 = 10_000;

/// Any after those to which the test looks back.
fn tick() -> impl Strategy<Value = Tick> {
    400..=Tick::MAX
}

pub fn player() -> impl Strategy<Value = PlayerState> {
    (any::<(u16, u16, i16, i16)>(), any::<(u8, u8, u8)>(), any::<(u16, u16, u32)>()).prop_map(
        |((x, y, velocity_x, velocity_y), (aim, health, flags), (kills, deaths, respawn_tick))| PlayerState {
            slot: Slot(0),
            x,
            y,
            velocity_x,
            velocity_y,
            aim,
            health,
            flags,
            kills,
            deaths,
            respawn_tick,
        },
    )
}

fn players() -> impl Strategy<Value = Vec<PlayerState>> {
    prop::collection::vec(prop::option::of(player()), PLAYERS_PER_ROOM_MAX).prop_map(|seats| {
        let numbered = (0..).zip(seats);
        numbered.filter_map(|(slot, player)| Some(PlayerState { slot: Slot(slot), ..player? })).collect()
    })
}

/// In the order of firing, none older than the field for it can say.
fn projectiles(tick: Tick) -> impl Strategy<Value = Vec<ProjectileState>> {
    let shot = (any::<(u16, u16, u8)>(), 0..PLAYERS_PER_ROOM_MAX as u8, 0_u32..128).prop_map(
        move |((x, y, aim), owner, age)| ProjectileState {
            id: 0,
            owner: Slot(owner),
            x,
            y,
            aim,
            born_tick: tick - age,
        },
    );
    prop::collection::vec(shot, 0..30).prop_map(|mut shots| {
        shots.sort_by_key(|shot| shot.born_tick);
        for (id, shot) in (0..).zip(&mut shots) {
            shot.id = id;
        }
        shots
    })
}

/// Any frame that a room can make and many that it cannot.
fn frame() -> impl Strategy<Value = RoomFrame> {
    tick().prop_flat_map(frame_at)
}

fn frame_at(tick: Tick) -> impl Strategy<Value = RoomFrame> {
    (any::<bool>(), any::<u32>(), players(), projectiles(tick)).prop_map(
        move |(over, phase_ends_tick, players, projectiles)| RoomFrame {
            tick,
            phase: if over { Phase::Over } else { Phase::Playing },
            phase_ends_tick,
            players,
            projectiles,
        },
    )
}

/// A frame and one that came so many ticks before it: some players moved a little, some shots were in flight already.
fn pair() -> impl Strategy<Value = (RoomFrame, RoomFrame)> {
    let step = || prop_oneof![-300_i16..300, any::<i16>()];
    let nudges = prop::collection::vec((any::<bool>(), step(), step()), PLAYERS_PER_ROOM_MAX);
    let frames = tick().prop_flat_map(|tick| (frame_at(tick), frame_at(tick)));
    (frames, nudges, 1..=u32::from(u8::MAX), any::<[bool; 30]>()).prop_map(
        |((mut base, mut frame), nudges, age, kept)| {
            base.tick = frame.tick - age;
            for (player, (near, x, y)) in frame.players.iter_mut().zip(nudges) {
                let known = base.players.iter().find(|known| known.slot == player.slot);
                if let (true, Some(known)) = (near, known) {
                    *player = *known;
                    player.x = known.x.saturating_add_signed(x);
                    player.y = known.y.saturating_add_signed(y);
                }
            }
            let survivors =
                base.projectiles.iter().zip(kept).filter_map(|(shot, kept)| kept.then_some(*shot));
            let born_since = frame.projectiles.iter().filter(|shot| shot.born_tick > base.tick).copied();
            let fresh = born_since.map(|shot| ProjectileState { id: shot.id + 1_000, ..shot });
            frame.projectiles = survivors.chain(fresh).collect();
            (base, frame)
        },
    )
}

proptest! {
    #[test]
    fn a_full_frame_comes_back(frame in frame(), slot in 0_u8..10) {
        let slot = Slot(slot);
        let bytes = assemble(&encode_head(&frame, slot, 0, None), &encode_body(None, &frame));
        let state = decode_state(&bytes, slot, |_| None).expect("an own message can be read");
        prop_assert_eq!(decode_state(&appended_to(bytes), slot, |_| None), Ok(state.clone()));
        prop_assert_eq!(state.frame, DisplayFrame::of(&frame));
        prop_assert_eq!(state.base_tick, None);
        let own = frame.players.iter().find(|player| player.slot == slot);
        let own = own.map(|own| OwnState { x: own.x, y: own.y, velocity_x: own.velocity_x, velocity_y: own.velocity_y });
        prop_assert_eq!(state.own, own);
    }

    #[test]
    fn a_delta_on_its_base_is_the_frame((base, frame) in pair(), ack_age in 0_u32..400, margin_ticks in any::<i8>()) {
        let ack = InputAck { slot: Slot(0), tick: frame.tick - ack_age, margin_ticks };
        let head = encode_head(&frame, Slot(0), base_age(Some(&base), &frame), Some(&ack));
        let bytes = assemble(&head, &encode_body(Some(&base), &frame));
        let known = DisplayFrame::of(&base);
        let state = decode_state(&bytes, Slot(0), |tick| (tick == base.tick).then_some(&known));
        let state = state.expect("an own message can be read");
        prop_assert_eq!(state.frame, DisplayFrame::of(&frame));
        prop_assert_eq!(state.base_tick, Some(base.tick));
        prop_assert_eq!(state.acked_input_tick, frame.tick - ack_age.min(255));
        prop_assert_eq!(state.margin_ticks, margin_ticks);
    }

    #[test]
    fn no_bytes_panic(head in prop::collection::vec(any::<u8>(), HEAD_BYTES), body in prop::collection::vec(any::<u8>(), 0..200), base in frame()) {
        let mut bytes = assemble(&head, &body);
        let known = DisplayFrame::of(&base);
        let _ = decode_state(&bytes, Slot(0), |_| Some(&known));
        bytes[0] = 3;
        let _ = decode_state(&bytes, Slot(0), |_| Some(&known));
        bytes[5] = 0;
        let _ = decode_state(&bytes, Slot(77), |_| None);
    }

    #[test]
    fn a_cut_message_is_an_error((base, frame) in pair(), part in 0.0_f64..1.0) {
        let head = encode_head(&frame, Slot(0), base_age(Some(&base), &frame), None);
        let bytes = assemble(&head, &encode_body(Some(&base), &frame));
        let known = DisplayFrame::of(&base);
        let cut = &bytes[..(bytes.len() as f64 * part) as usize];
        prop_assert!(decode_state(cut, Slot(0), |_| Some(&known)).is_err());
    }
}

#[test]
fn field_widths_are_the_documented_ones() {
    assert_eq!([0, 1, 3, 6, 9, 12, 96].map(delta_bits), [2, 6, 7, 8, 9, 9, 12]);
    assert_eq!([1, 3, 6, 9, 12, 96].map(age_bits), [1, 2, 3, 4, 4, 7]);
}

#[test]
fn a_base_that_is_gone_or_of_no_use_is_told() {
    let frame = RoomFrame {
        tick: TICK,
        phase: Phase::Playing,
        phase_ends_tick: 0,
        players: Vec::new(),
        projectiles: Vec::new(),
    };
    let bytes = assemble(&encode_head(&frame, Slot(0), 3, None), &encode_body(None, &frame));
    assert_eq!(decode_state(&bytes, Slot(0), |_| None), Err(DecodeError::UnknownBase));
    let (newer, ancient) =
        (RoomFrame { tick: TICK + 1, ..frame.clone() }, RoomFrame { tick: 1, ..frame.clone() });
    for useless in [&frame, &newer, &ancient] {
        assert_eq!(base_age(Some(useless), &frame), 0);
        assert_eq!(encode_body(Some(useless), &frame), encode_body(None, &frame));
    }
}
