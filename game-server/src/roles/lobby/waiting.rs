//! Why somebody waits, in a sentence for the player and a word for metrics.

/// Why there is no seat yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// No room host has reported lately.
    NoHost,
    /// Hosts are there, and every one of them is on its way out.
    Draining,
    /// Hosts are there, and none can take another room.
    Full,
    /// The only hosts with room have just failed to open one.
    Refused,
    /// The party's room has no seat left.
    PartyRoomFull,
    /// Seats are free beside people of another strength.
    Strength,
    /// More people ask than the lobby can keep in mind.
    Busy,
    /// More seats are promised than people come to take them.
    Crowd,
    /// This address has been promised enough for now.
    Address,
}

impl WaitReason {
    /// What the player reads.
    pub fn sentence(self) -> &'static str {
        match self {
            WaitReason::NoHost => "No room host has reported yet; you will be seated as soon as one does.",
            WaitReason::Draining => "Every room host is being updated; you will be seated on the next one.",
            WaitReason::Full => "All rooms are full; you will be seated as soon as there is a free seat.",
            WaitReason::Refused => "A room could not be opened just now; trying again.",
            WaitReason::PartyRoomFull => {
                "The room of your party is full; waiting for a seat beside your friends."
            }
            WaitReason::Strength => "Looking for players of your strength.",
            WaitReason::Busy => "Very many players are asking for a seat; please wait a moment.",
            WaitReason::Crowd => "Very many players are on their way to their seats; yours is next.",
            WaitReason::Address => "Others at your address are taking their seats; yours is next.",
        }
    }

    /// The label of the metric.
    pub fn word(self) -> &'static str {
        match self {
            WaitReason::NoHost => "no_host",
            WaitReason::Draining => "draining",
            WaitReason::Full => "full",
            WaitReason::Refused => "refused",
            WaitReason::PartyRoomFull => "party_room_full",
            WaitReason::Strength => "strength",
            WaitReason::Busy => "busy",
            WaitReason::Crowd => "crowd",
            WaitReason::Address => "address",
        }
    }
}
