//! Logs there and back, cut off and damaged.

use proptest::prelude::*;

use super::{
    Ending, Entry, LogEncoder, LogError, REPLAY_VERSION, checks, decode_log, encode_chunk_head,
    encode_opening,
};
use crate::domain::{MatchSettings, PlayerId, PlayerInput, Slot};

fn settings() -> MatchSettings {
    let json = r#"{"room":7,"seed":9,"pool":"public","match_ticks":600,"fill_to_players":4}"#;
    serde_json::from_str(json).expect("settings")
}

fn input(aim: u8) -> PlayerInput {
    PlayerInput { move_x: -127, move_y: 1, aim, buttons: 1 }
}

/// Any four bytes, and few of them so that some repeat.
fn any_input() -> impl Strategy<Value = PlayerInput> {
    let any = any::<(i8, i8, u8, u8)>().prop_map(|(move_x, move_y, aim, buttons)| PlayerInput {
        move_x,
        move_y,
        aim,
        buttons,
    });
    prop_oneof![any, (0_u8..3).prop_map(input)]
}

/// Two chunks with every kind of entry.
fn file() -> Vec<u8> {
    let mut log = LogEncoder::default();
    log.join(PlayerId(5), "Ann");
    log.input(Slot(0), 1, &[input(1), input(1), input(2)]);
    log.step(&[1, 2, 3]);
    let mut bytes = encode_opening(&settings());
    let mut chunk = log.take(Vec::new());
    bytes.extend(encode_chunk_head(&chunk));
    bytes.append(&mut chunk);
    log.input(Slot(0), 0, &[input(2)]);
    log.leave(Slot(0), true);
    log.end_now();
    log.hashes(&[4, 5, u64::MAX]);
    log.end(Ending::Closed);
    let mut chunk = log.take(Vec::new());
    bytes.extend(encode_chunk_head(&chunk));
    bytes.append(&mut chunk);
    bytes
}

#[test]
fn everything_comes_back() {
    let log = decode_log(&file()).expect("a log");
    assert_eq!((log.settings, log.broken), (settings(), None));
    let expected = [
        Entry::Join { player: PlayerId(5), name: "Ann".to_owned() },
        Entry::Input { slot: Slot(0), first_tick: 1, inputs: vec![input(1), input(1), input(2)] },
        Entry::Step(checks(&[1, 2, 3])),
        Entry::Input { slot: Slot(0), first_tick: 0, inputs: vec![input(2)] },
        Entry::Leave { slot: Slot(0), on_purpose: true },
        Entry::EndNow,
        Entry::Hashes([4, 5, u64::MAX]),
        Entry::End(Ending::Closed),
    ];
    assert_eq!(log.entries, expected);
}

#[test]
fn a_cut_is_told_from_damage_at_every_byte() {
    let whole = file();
    let opening = encode_opening(&settings()).len();
    for length in opening..whole.len() {
        let log = decode_log(&whole[..length]).expect("the opening is there");
        assert_eq!(log.broken, Some(LogError::CutOff { at: length }));
    }
    for length in 0..opening {
        assert!(decode_log(&whole[..length]).is_err());
    }
    for at in opening + 8..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let broken = decode_log(&damaged).expect("the opening is whole").broken;
        assert!(matches!(broken, Some(LogError::Damaged { .. } | LogError::CutOff { .. })), "byte {at}");
    }
}

#[test]
fn other_files_and_versions_are_named() {
    assert_eq!(decode_log(b"PNG"), Err(LogError::NotALog));
    let mut newer = file();
    newer[8] += 1;
    assert_eq!(decode_log(&newer), Err(LogError::Version(REPLAY_VERSION + 1)));
}

proptest! {
    #[test]
    fn inputs_of_any_kind_for_any_tick_come_back(
        slot in 0_u8..10,
        first_tick: u32,
        inputs in proptest::collection::vec(any_input(), 1..=8),
        again: bool,
    ) {
        let mut log = LogEncoder::default();
        for _ in 0..1 + u8::from(again) {
            log.input(Slot(slot), first_tick, &inputs);
        }
        log.end(Ending::Full);
        let chunk = log.take(Vec::new());
        let bytes = [&encode_opening(&settings())[..], &encode_chunk_head(&chunk), &chunk].concat();
        let entries = decode_log(&bytes).expect("a log").entries;
        let written = Entry::Input { slot: Slot(slot), first_tick, inputs };
        prop_assert_eq!(&entries[0], &written);
        prop_assert_eq!(entries[1] == written, again);
    }

    #[test]
    fn any_bytes_give_a_log_or_an_error(mut tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = encode_opening(&settings());
        bytes.extend(encode_chunk_head(&tail));
        bytes.append(&mut tail);
        let _ = decode_log(&bytes);
    }
}
