//! Where a line goes.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use crate::domain::{PlayerId, RoomId};
use crate::roles::chat::refusal::Refusal;

/// `global`, `room:<id>` or `whisper:<player id>`, ids in decimal as they are written, so that a channel has one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Global,
    Room(RoomId),
    Whisper(PlayerId),
}

impl FromStr for Channel {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Channel, Refusal> {
        let (kind, id) = text.split_once(':').unwrap_or((text, ""));
        let number =
            || id.parse().ok().filter(|parsed: &u64| parsed.to_string() == id).ok_or(Refusal::Channel);
        match kind {
            _ if text == "global" => Ok(Channel::Global),
            "room" => number().map(|id| Channel::Room(RoomId(id))),
            "whisper" => number().map(|id| Channel::Whisper(PlayerId(id))),
            _ => Err(Refusal::Channel),
        }
    }
}

impl Display for Channel {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Channel::Global => to.write_str("global"),
            Channel::Room(room) => write!(to, "room:{}", room.0),
            Channel::Whisper(player) => write!(to, "whisper:{}", player.0),
        }
    }
}

#[cfg(test)]
mod tests;
