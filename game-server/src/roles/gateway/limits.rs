//! How much one client may ask for.

use std::time::{Duration, Instant};

/// A sustained rate and how far a client may run ahead of it.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    pub burst: f64,
}

/// Messages on `/room`: a page sends at most 60 inputs and a few pings a second. After a stall of the network the
/// inputs of ten seconds arrive at once, and that is no attack.
pub const ROOM_MESSAGES: Rate = Rate { per_second: 90.0, burst: 900.0 };
/// Messages on `/lobby`: play, cancel, play again; nobody clicks faster.
pub const LOBBY_MESSAGES: Rate = Rate { per_second: 2.0, burst: 10.0 };
/// Messages on `/chat`: a page joins a few channels at once when it reconnects; chat itself limits what is said.
pub const CHAT_MESSAGES: Rate = Rate { per_second: 5.0, burst: 30.0 };

/// Largest text message on `/lobby` and `/chat`: a key, a name and a line of chat fit four times over.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Sockets of one gateway; each costs about 20 kB, so this is 320 MB.
pub const SOCKETS_MAX: usize = 16_384;
/// One send may take this long before the client counts as too slow: a phone that changes networks needs a few seconds.
pub const SEND_MAX: Duration = Duration::from_secs(10);
/// A client says who it is in its first message, at once.
pub const HELLO_MAX: Duration = Duration::from_secs(5);
/// Quiet sockets are pinged this often; load balancers cut idle connections after 600 s, some after 60 s.
pub const PING_EVERY: Duration = Duration::from_secs(30);
/// A player is pinged sooner, so that a seat of one who is gone is noticed within seconds.
pub const ROOM_PING_EVERY: Duration = Duration::from_secs(5);
/// Pings without any answer after which a client is gone.
pub const PINGS_UNANSWERED_MAX: u32 = 3;

/// A token bucket.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, filled: now }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.rate.per_second).min(self.rate.burst);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests;
