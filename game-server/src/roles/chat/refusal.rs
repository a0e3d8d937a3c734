//! Why a line is not taken.

/// The words are part of the bus contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This player says too much.
    Flood,
    /// Everybody together does.
    Busy,
    Empty,
    TooLong,
    Channel,
    /// It begins as commands do.
    Command,
    /// The line could not be passed on.
    Unavailable,
}

impl Refusal {
    /// The word on the bus and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::Flood => "flood",
            Refusal::Busy => "busy",
            Refusal::Empty => "empty",
            Refusal::TooLong => "too_long",
            Refusal::Channel => "channel",
            Refusal::Command => "command",
            Refusal::Unavailable => "unavailable",
        }
    }
}
