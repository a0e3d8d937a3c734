//! Who a browser is, and what time tickets are checked against.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::domain::PlayerId;

/// A browser's secret key: long enough not to be guessed, short enough to be kept.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// Seconds since the Unix epoch.
pub fn unix_time_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The public id behind a secret key; only who holds the key can act as this player.
pub fn player_of(key: &str) -> Option<PlayerId> {
    if !KEY_CHARS.contains(&key.chars().count()) {
        return None;
    }
    let digest = Sha256::digest(key.as_bytes());
    digest.first_chunk::<8>().map(|first| PlayerId(u64::from_be_bytes(*first)))
}
