//! One direction of a connection: a stream that is slow and stalls, or datagrams that are lost, doubled and overtaken.

use bytes::Bytes;

use crate::sim::random::Random;

/// How bad one direction is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    pub delay_us: u32,
    pub jitter_us: u32,
    /// Chance that a message holds up everything behind it, as a lost TCP segment does.
    pub stall_per_mille: u32,
    pub stall_us: u32,
    /// Datagrams only.
    pub loss_per_mille: u32,
    pub double_per_mille: u32,
}

/// What one direction promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything arrives once and in order, as on a WebSocket or a link.
    Stream,
    Datagrams,
}

/// Messages under way.
#[derive(Debug)]
pub struct Pipe {
    kind: Kind,
    conditions: Conditions,
    /// (when it arrives, the how-manieth it is, what it is)
    under_way: Vec<(u64, u64, Bytes)>,
    sent: u64,
    last_due_us: u64,
}

impl Pipe {
    pub fn new(kind: Kind, conditions: Conditions) -> Pipe {
        Pipe { kind, conditions, under_way: Vec::new(), sent: 0, last_due_us: 0 }
    }

    /// From now on; what is under way keeps its time.
    pub fn improve(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    pub fn send(&mut self, now_us: u64, bytes: Bytes, random: &mut Random) {
        let travels_us = u64::from(self.conditions.delay_us + random.below(self.conditions.jitter_us + 1));
        let mut due_us = now_us + travels_us;
        match self.kind {
            Kind::Stream => {
                if chance(random, self.conditions.stall_per_mille) {
                    due_us += u64::from(self.conditions.stall_us);
                }
                due_us = due_us.max(self.last_due_us);
                self.last_due_us = due_us;
            }
            Kind::Datagrams => {
                if chance(random, self.conditions.loss_per_mille) {
                    return;
                }
                if chance(random, self.conditions.double_per_mille) {
                    let again_us = u64::from(random.below(self.conditions.jitter_us + 1));
                    self.put(due_us + again_us, bytes.clone());
                }
            }
        }
        self.put(due_us, bytes);
    }

    fn put(&mut self, due_us: u64, bytes: Bytes) {
        self.sent += 1;
        self.under_way.push((due_us, self.sent, bytes));
    }

    /// What has arrived by now, in the order of arrival.
    pub fn take(&mut self, now_us: u64) -> Vec<Bytes> {
        let mut arrived: Vec<_> = self.under_way.extract_if(.., |(due_us, ..)| *due_us <= now_us).collect();
        arrived.sort_unstable_by_key(|(due_us, number, _)| (*due_us, *number));
        arrived.into_iter().map(|(.., bytes)| bytes).collect()
    }

    pub fn bytes_under_way(&self) -> usize {
        self.under_way.iter().map(|(.., bytes)| bytes.len()).sum()
    }
}

/// True in so many of a thousand cases.
pub fn chance(random: &mut Random, per_mille: u32) -> bool {
    random.below(1000) < per_mille
}
