//! How much is said from each address, however many people it has: bounded, and off where one address stands for many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::roles::gateway::limits::{ADDRESSES_KEPT, Bucket, LINES_PER_ADDRESS};

/// Addresses that lines came from.
#[derive(Default)]
pub struct Talkers {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Talkers {
    /// Whether one more line is fine.
    pub fn take(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let Some(address) = address else { return true };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_KEPT {
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if buckets.len() >= ADDRESSES_KEPT && !buckets.contains_key(&address) {
            return false;
        }
        buckets.entry(address).or_insert_with(|| Bucket::new(LINES_PER_ADDRESS, now)).take(now)
    }
}

#[cfg(test)]
mod tests;
