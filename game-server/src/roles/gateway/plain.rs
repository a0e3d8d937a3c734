//! Connections that are no WebSocket, or none yet: how many there are, what each one does, who goes first.
//!
//! Each of them may hold a buffer for a head and an answer that it does not read, so it is their number that bounds the
//! sum. When they run short, whoever has waited longest makes room: a visitor's request comes in one packet and is
//! answered within milliseconds, so that is a slow or an idle one, and one with a request under way is never cut.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::roles::gateway::admission::count_refusal;
use crate::roles::gateway::limits::{
    ANSWER_MAX, ANSWER_UNDISTURBED, HEADER_MAX, IDLE_BALANCER_MAX, IDLE_MAX, PLAIN_CONNECTIONS_CROWD,
    PLAIN_CONNECTIONS_MAX, PREFACE_MAX,
};

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Doing {
    /// A PROXY header or a TLS handshake is due.
    Preface,
    /// Nothing is due: browsers and balancers keep connections for later.
    Idle,
    /// A request has begun to come.
    Head,
    /// A request is being answered.
    Answer,
    /// The answer is there and waits to be written.
    Write,
    /// It is a WebSocket now, or over.
    Gone,
}

impl Doing {
    fn from_byte(byte: u8) -> Doing {
        [Doing::Preface, Doing::Idle, Doing::Head, Doing::Answer, Doing::Write]
            .into_iter()
            .find(|doing| *doing as u8 == byte)
            .unwrap_or(Doing::Gone)
    }

    /// Whether a request is under way whose answer somebody waits for.
    fn is_answering(self) -> bool {
        matches!(self, Doing::Answer | Doing::Write)
    }

    /// Whether nobody misses anything that was asked for when it ends.
    fn is_waiting(self) -> bool {
        matches!(self, Doing::Preface | Doing::Idle | Doing::Head)
    }
}

/// One connection, known to whoever reads and writes it.
pub struct Line {
    doing: AtomicU8,
    /// Since the first connection of this port.
    since_ms: AtomicU64,
    /// Whether it may carry the requests of many visitors.
    balancer: AtomicBool,
    end: Notify,
    epoch: Instant,
}

impl Line {
    pub fn doing(&self) -> Doing {
        Doing::from_byte(self.doing.load(Ordering::Relaxed))
    }

    /// Notes what it is at from now on.
    pub fn begin(&self, doing: Doing, now: Instant) {
        self.since_ms.store(now.saturating_duration_since(self.epoch).as_millis() as u64, Ordering::Relaxed);
        self.doing.store(doing as u8, Ordering::Relaxed);
    }

    /// The same, if it is at `from`.
    pub fn go_on(&self, from: Doing, to: Doing) {
        if self.doing() == from {
            self.begin(to, Instant::now());
        }
    }

    /// The other side is a balancer, whose connections carry the requests of many.
    pub fn is_of_a_balancer(&self) {
        self.balancer.store(true, Ordering::Relaxed);
    }

    /// Whether limits of a connection are off: they would be those of all visitors of a balancer together.
    pub fn is_exempt(&self) -> bool {
        self.balancer.load(Ordering::Relaxed) && self.doing() != Doing::Gone
    }

    /// Returns when it has to go.
    pub async fn ended(&self) {
        self.end.notified().await;
    }

    fn since(&self) -> Instant {
        self.epoch + Duration::from_millis(self.since_ms.load(Ordering::Relaxed))
    }

    /// Why it has to go, if it has; an idle one just closes.
    fn overdue(&self, now: Instant) -> Option<Option<&'static str>> {
        let idle_max = if self.balancer.load(Ordering::Relaxed) { IDLE_BALANCER_MAX } else { IDLE_MAX };
        let (limit, reason) = match self.doing() {
            Doing::Preface => (PREFACE_MAX, Some("preface_slow")),
            Doing::Idle => (idle_max, None),
            Doing::Head => (HEADER_MAX, Some("http_slow")),
            Doing::Answer | Doing::Write => (ANSWER_MAX, Some("answer_unread")),
            Doing::Gone => return None,
        };
        (now.saturating_duration_since(self.since()) > limit).then_some(reason)
    }
}

/// All plain connections of a port.
pub struct Plain {
    lines: Mutex<Lines>,
    epoch: Instant,
}

#[derive(Default)]
struct Lines {
    next: u64,
    open: HashMap<u64, Arc<Line>>,
}

/// A connection's place among the plain ones, for as long as it is one.
pub struct PlainPlace {
    plain: Arc<Plain>,
    number: u64,
    line: Arc<Line>,
}

impl Plain {
    /// Nobody is there yet.
    pub fn new(now: Instant) -> Self {
        Self { lines: Mutex::default(), epoch: now }
    }

    /// A place, for which another connection may have to go; nothing when all are being answered.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Option<PlainPlace> {
        let mut lines = self.lines();
        if lines.open.len() >= PLAIN_CONNECTIONS_MAX && !lines.make_room(now) {
            return None;
        }
        let line = Arc::new(Line {
            doing: AtomicU8::new(Doing::Preface as u8),
            since_ms: AtomicU64::new(now.saturating_duration_since(self.epoch).as_millis() as u64),
            balancer: AtomicBool::new(false),
            end: Notify::new(),
            epoch: self.epoch,
        });
        let number = lines.next;
        lines.next += 1;
        lines.open.insert(number, line.clone());
        Some(PlainPlace { plain: self.clone(), number, line })
    }

    /// Whether so many are open that an answer should be the last of its connection.
    pub fn is_crowded(&self) -> bool {
        self.lines().open.len() >= PLAIN_CONNECTIONS_CROWD
    }

    /// How many have a request that is not answered yet.
    pub fn answering(&self) -> usize {
        self.lines().open.values().filter(|line| line.doing().is_answering()).count()
    }

    /// Ends those that take too long.
    pub fn sweep(&self, now: Instant) {
        self.lines().open.retain(|_, line| {
            let Some(reason) = line.overdue(now) else { return true };
            if let Some(reason) = reason {
                count_refusal(reason);
            }
            line.end.notify_one();
            false
        });
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Ends the connection that has waited longest, or the one that has been reading its answer for longest.
    fn make_room(&mut self, now: Instant) -> bool {
        let longest = |of: &dyn Fn(&Line) -> bool| {
            let lines = self.open.iter().filter(|(_, line)| of(line));
            lines.min_by_key(|(_, line)| line.since()).map(|(number, _)| *number)
        };
        let is_slow = |line: &Line| {
            line.doing().is_answering() && now.saturating_duration_since(line.since()) > ANSWER_UNDISTURBED
        };
        let number = longest(&|line| line.doing().is_waiting()).or_else(|| longest(&is_slow));
        let ended = number.and_then(|number| self.open.remove(&number));
        if let Some(line) = &ended {
            count_refusal("crowded_out");
            line.end.notify_one();
        }
        ended.is_some()
    }
}

impl PlainPlace {
    pub fn line(&self) -> Arc<Line> {
        self.line.clone()
    }
}

impl Drop for PlainPlace {
    fn drop(&mut self) {
        self.plain.lines().open.remove(&self.number);
    }
}
