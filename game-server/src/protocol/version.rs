//! Which versions of a protocol a build speaks: a rollout mixes version N and N − 1 on every connection.
//!
//! Pages, links and the bus follow one rule. A version only appends: fields at the end of a message, kinds of message,
//! kinds of event, reasons of refusals and errors. A reader takes what it knows, leaves what follows unread and skips
//! what it has never heard of; a field that an older writer left out has a default. Anything else that changes waits
//! until both sides know the new form: first a version that reads it, then one that writes it.
//!
//! Each side says its newest version in its Hello. Both speak the lower of the two; the newer side knows whether it
//! still can, so it is the one that refuses.

#[cfg(test)]
mod tests;

use crate::protocol::client::CLIENT_PROTOCOL_VERSION;
use crate::protocol::link::LINK_PROTOCOL_VERSION;

/// From the newest version to the oldest that is still spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    pub newest: u8,
    pub oldest: u8,
}

impl Versions {
    /// A version and the one before it; 1 was the first.
    pub const fn with_previous(newest: u8) -> Versions {
        Versions { newest, oldest: if newest > 1 { newest - 1 } else { 1 } }
    }

    /// The version to speak with a side whose newest is `theirs`; nothing when that is too old.
    pub fn common(self, theirs: u8) -> Option<u8> {
        let common = self.newest.min(theirs);
        (common >= self.oldest).then_some(common)
    }
}

/// What a process speaks with pages and on links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols {
    pub client: Versions,
    pub link: Versions,
}

impl Protocols {
    /// As a build so many versions after this one would.
    pub const fn ahead_by(versions: u8) -> Protocols {
        Protocols {
            client: Versions::with_previous(CLIENT_PROTOCOL_VERSION + versions),
            link: Versions::with_previous(LINK_PROTOCOL_VERSION + versions),
        }
    }
}

impl Default for Protocols {
    fn default() -> Protocols {
        Protocols::ahead_by(0)
    }
}
