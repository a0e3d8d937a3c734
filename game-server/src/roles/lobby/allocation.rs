//! Which host opens the next room: pure choice that packs rooms on few hosts.

use crate::roles::lobby::waiting::WaitReason;

/// Free part of a simulation thread's time that a host must keep: room for a burst of shots, and for a join.
pub const HEADROOM_MIN: f32 = 0.2;
/// A node whose sleepers wake this late at the 99th percentile misses ticks: half a tick.
pub const WAKE_LATE_MAX_US: u32 = 8_000;

/// A host as a place for one more room.
#[derive(Debug, Clone, PartialEq)]
pub struct HostLoad {
    pub host: String,
    /// Open rooms and those being opened.
    pub rooms: usize,
    pub rooms_max: usize,
    pub draining: bool,
    pub headroom: f32,
    /// What its node's monitor says; 0 where none has reported.
    pub wake_late_p99_us: u32,
    /// It has just failed to open a room.
    pub avoided: bool,
}

/// Picks the host for a new room: hosts in use before empty ones, low ordinals first, so that the highest ordinals
/// empty out and can be scaled away. A host on a late node is the last resort: late ticks are better than no game.
pub fn place(hosts: &[HostLoad]) -> Result<&HostLoad, WaitReason> {
    if hosts.is_empty() {
        return Err(WaitReason::NoHost);
    }
    let staying: Vec<&HostLoad> = hosts.iter().filter(|host| !host.draining).collect();
    if staying.is_empty() {
        return Err(WaitReason::Draining);
    }
    let spacious: Vec<&HostLoad> = staying.into_iter().filter(|host| has_space(host)).collect();
    if spacious.is_empty() {
        return Err(WaitReason::Full);
    }
    let willing = spacious.into_iter().filter(|host| !host.avoided);
    willing.min_by_key(|host| preference(host)).ok_or(WaitReason::Refused)
}

fn has_space(host: &HostLoad) -> bool {
    host.rooms < host.rooms_max && (host.rooms == 0 || host.headroom >= HEADROOM_MIN)
}

/// Smallest is best.
fn preference(host: &HostLoad) -> (bool, bool, u32, &str) {
    (host.wake_late_p99_us > WAKE_LATE_MAX_US, host.rooms == 0, ordinal(&host.host), &host.host)
}

/// The number at the end of a StatefulSet pod's name; hosts without one come last.
fn ordinal(host: &str) -> u32 {
    host.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
