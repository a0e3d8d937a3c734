//! A million inputs for every decoder of bytes from outside, without a nightly compiler.
//!
//! `fuzz/` drives the same functions with coverage. Inputs here are known messages, changed at a few places, as
//! hostile clients and broken networks change it; a seed that is printed makes them again.

#[path = "../../fuzz/decoders.rs"]
mod decoders;
/// Known bytes, changed.
mod mutate;
/// A few messages of each kind.
mod seeds;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Enough to hit each field of each message with each kind of change hundreds of times.
const INPUTS: u32 = 1_000_000;
/// `FUZZ_SEED=…` takes another.
const SEED: u64 = 20_260_301;

macro_rules! drive {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            drive(stringify!($name));
        })+

        #[test]
        fn every_decoder_is_driven_and_has_a_fuzz_target() {
            let driven = [$(stringify!($name)),+];
            for (name, _) in decoders::ALL {
                assert!(driven.contains(&name), "{name} is not driven here");
                let target = folder().join("fuzz_targets").join(format!("{name}.rs"));
                assert!(target.is_file(), "{} is missing", target.display());
            }
            assert_eq!(driven.len(), decoders::ALL.len());
        }
    };
}

drive!(bus, client, gateway, log, log_chunk, proxy_header, room, server, state, ticket);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Panics where the decoder breaks a promise, with the input in hex.
fn drive(name: &str) {
    let check = decoders::ALL.iter().find(|(known, _)| *known == name).expect("a decoder").1;
    let seeds = seeds::of(name);
    for bytes in &seeds {
        assert!(check(bytes), "a known message is understood: {}", hex(bytes));
    }
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut inputs = mutate::Inputs::new(seed, seeds);
    let (started, mut understood) = (Instant::now(), 0_u32);
    for number in 0..INPUTS {
        let input = inputs.next();
        let Ok(is_understood) = std::panic::catch_unwind(|| check(input)) else {
            panic!("{name} broke on input {number} of seed {seed}: {}", hex(input));
        };
        understood += u32::from(is_understood);
    }
    let took = started.elapsed();
    writeln!(std::io::stdout(), "{name}: {INPUTS} inputs, {understood} understood, {took:.1?}")
        .expect("stdout");
    assert!(
        understood > INPUTS / 1000,
        "inputs that are never understood reach nothing behind the first check"
    );
    assert!(understood < INPUTS, "inputs that are always understood test no refusal");
}

/// The known messages as files, from which `cargo fuzz` starts: `-- --ignored corpus`.
#[test]
#[ignore = "writes fuzz/corpus, which is not in the repository"]
fn corpus() {
    for (name, _) in decoders::ALL {
        let folder = folder().join("corpus").join(name);
        std::fs::create_dir_all(&folder).expect("a folder of the corpus");
        for (number, bytes) in seeds::of(name).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), bytes).expect("a file of the corpus");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
