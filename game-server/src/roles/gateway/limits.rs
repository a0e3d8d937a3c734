//! How much one client may ask for.

use std::time::{Duration, Instant};

/// A sustained rate and how far a client may run ahead of it.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    pub burst: f64,
}

/// Connections that are no WebSocket (yet): page loads of 170 visitors at once, each with six connections. The worst of
/// them holds a head of 16 kB twice, 32 kB that wait to be sent and 16 kB that wait to be read: 80 MB together.
pub const PLAIN_CONNECTIONS_MAX: usize = 1_024;
/// From here on an answer is the last of its connection.
pub const PLAIN_CONNECTIONS_CROWD: usize = PLAIN_CONNECTIONS_MAX / 4 * 3;
/// Open connections of one address, where no flag says otherwise: a class of twenty behind one address has three sockets
/// each and loads pages.
pub const SOCKETS_PER_ADDRESS: u32 = 96;
/// Connections that one address opens: a page opens six and three sockets, and a whole class comes back at once when
/// its network does.
pub const CONNECTIONS_PER_ADDRESS: Rate = Rate { per_second: 10.0, burst: 200.0 };
/// Addresses that are remembered before those that are gone are forgotten; as many as can be connected.
pub const ADDRESSES_KEPT: usize = SOCKETS_MAX + PLAIN_CONNECTIONS_MAX;
/// Refused connections that are told why at once; telling costs a socket for up to a second.
pub const REFUSALS_TOLD_MAX: usize = 64;
/// A PROXY header comes at once and a TLS handshake takes two round trips.
pub const PREFACE_MAX: Duration = Duration::from_secs(5);
/// The head of a request has one packet; a lost one is sent again within a few seconds.
pub const HEADER_MAX: Duration = Duration::from_secs(10);
/// A connection may idle between two requests: longer than proxies keep theirs for reuse, or a request would meet the
/// close on its way (nginx and AWS 60 s, Go 90 s at most).
pub const IDLE_MAX: Duration = Duration::from_secs(95);
/// The same for private and trusted addresses: Google's balancers keep connections for 600 s and cannot be told otherwise.
pub const IDLE_BALANCER_MAX: Duration = Duration::from_secs(620);
/// One answer: the largest file has 50 kB, which the slowest phone network carries in half a minute.
pub const ANSWER_MAX: Duration = Duration::from_secs(120);
/// When connections run short, those that have been reading an answer for longer than this may have to go.
pub const ANSWER_UNDISTURBED: Duration = Duration::from_secs(10);
/// Head of a request with a browser's cookies; the smallest that the HTTP library takes is 8 kB.
pub const HTTP_BUFFER_BYTES: usize = 16 * 1024;
/// Requests on one connection: a page has 40 files, and somebody may load it again and again.
pub const REQUESTS: Rate = Rate { per_second: 20.0, burst: 200.0 };
/// Bytes read from one connection: a player sends 30 inputs of 24 bytes a second, and ten seconds of them at once after
/// a stall of the network.
pub const READ_BYTES: Rate = Rate { per_second: 16_384.0, burst: 32_768.0 };
/// A connection that has been over that for so long without a pause is no player who catches up.
pub const FLOOD_MAX: Duration = Duration::from_secs(10);

/// Messages on `/room`: a page sends 30 packets of inputs a second and drops them while its own buffer is full. After
/// a stall of the network those of ten seconds arrive at once, and that is no attack.
pub const ROOM_MESSAGES: Rate = Rate { per_second: 90.0, burst: 400.0 };
/// The page's own pings on `/room`, one a second.
pub const ROOM_PINGS: Rate = Rate { per_second: 2.0, burst: 20.0 };
/// Pings, pongs and closes of the WebSocket itself: a browser sends an answer to each of ours and nothing else. A player
/// is pinged once a second for the round trip; after a stall of ten seconds the answers arrive at once.
pub const CONTROL_FRAMES: Rate = Rate { per_second: 2.0, burst: 15.0 };
/// Messages on `/lobby`: play, cancel, play again; nobody clicks faster.
pub const LOBBY_MESSAGES: Rate = Rate { per_second: 2.0, burst: 10.0 };
/// Messages on `/chat`: a page joins a few channels at once when it reconnects; chat itself limits what is said.
pub const CHAT_MESSAGES: Rate = Rate { per_second: 5.0, burst: 30.0 };

/// Lines that one socket says on `/chat`, as many as chat takes of one player.
pub const LINES_PER_SOCKET: Rate = Rate { per_second: 0.625, burst: 5.0 };
/// Lines that one address says through this gateway: four people who talk as fast as they may, or twenty who talk.
pub const LINES_PER_ADDRESS: Rate = Rate { per_second: 2.5, burst: 25.0 };

/// Largest text message on `/lobby` and `/chat`: a key, a name and a line of chat fit four times over.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Sockets of one gateway: a core carries about 2,300 players, each has three. Each costs about 20 kB, with what waits
/// in the kernel, so this is 160 MB.
pub const SOCKETS_MAX: usize = 8_192;
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

    /// Whether nothing was taken for long enough.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.rate.burst
    }

    /// Whether something is left.
    pub fn has_any(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens > 0.0
    }

    /// Takes what was used already, into debt if need be.
    pub fn spend(&mut self, tokens: f64) {
        self.tokens -= tokens;
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.rate.per_second).min(self.rate.burst);
    }
}

#[cfg(test)]
mod tests;
