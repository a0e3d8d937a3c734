//! Bytes that one client may be sent, growing with the ticks of the room.

use crate::domain::{TICK_RATE_HZ, Tick};

/// What comes in and what it may grow to.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    pub bytes_per_second: u32,
    pub burst_bytes: u32,
}

/// One client's share of something.
#[derive(Debug)]
pub struct Budget {
    allowance: Allowance,
    /// In bytes × [`TICK_RATE_HZ`], so that a tick adds a whole number; negative after what could not wait.
    credit: i64,
    tick: Tick,
}

impl Budget {
    /// A budget that nothing was taken from.
    pub fn full(allowance: Allowance) -> Budget {
        Budget { allowance, credit: Budget::most(allowance), tick: 0 }
    }

    fn most(allowance: Allowance) -> i64 {
        i64::from(allowance.burst_bytes) * i64::from(TICK_RATE_HZ)
    }

    /// Time passes, up to this tick.
    pub fn fill(&mut self, tick: Tick) {
        let passed = i64::from(tick.saturating_sub(self.tick));
        self.tick = self.tick.max(tick);
        let grown = self.credit + passed * i64::from(self.allowance.bytes_per_second);
        self.credit = grown.min(Budget::most(self.allowance));
    }

    /// Takes what was sent, into debt if need be; a debt of more than the burst would silence the client for too long.
    pub fn spend(&mut self, bytes: usize) {
        let most = Budget::most(self.allowance);
        let cost = i64::try_from(bytes).unwrap_or(most).saturating_mul(i64::from(TICK_RATE_HZ));
        self.credit = self.credit.saturating_sub(cost).max(-most);
    }

    /// What may be sent now.
    pub fn bytes(&self) -> usize {
        (self.credit.max(0) / i64::from(TICK_RATE_HZ)) as usize
    }
}
