//! Signed tickets: the lobby signs who may enter which room, the gateway checks.
//!
//! `base64url(JSON of TicketClaims).base64url(HMAC-SHA256 of the first part)`, no padding, ASCII.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::protocol::bus::TicketClaims;

/// Longest ticket that is looked at; it has to fit a client's Hello. Real ones have about 300 bytes.
pub const TICKET_BYTES_MAX: usize = 1000;

/// The secret that lobby and gateway share.
#[derive(Clone)]
pub struct TicketKey {
    mac: Hmac<Sha256>,
}

/// Why a ticket is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("not a ticket")]
    Malformed,
    #[error("the signature is wrong")]
    Signature,
    #[error("the ticket ran out {ago_s} s ago by this machine's clock")]
    Expired { ago_s: u64 },
}

impl TicketKey {
    /// Any length will do; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> TicketKey {
        TicketKey { mac: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length") }
    }

    /// Makes the ticket.
    pub fn sign(&self, claims: &TicketClaims) -> String {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
        let mut mac = self.mac.clone();
        mac.update(payload.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{payload}.{signature}")
    }

    /// Reads a ticket from an unknown sender; nothing is parsed before the signature holds.
    pub fn verify(&self, ticket: &str, now_s: u64) -> Result<TicketClaims, TicketError> {
        if ticket.len() > TICKET_BYTES_MAX {
            return Err(TicketError::Malformed);
        }
        let (payload, signature) = ticket.split_once('.').ok_or(TicketError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TicketError::Malformed)?;
        let mut mac = self.mac.clone();
        mac.update(payload.as_bytes());
        mac.verify_slice(&signature).map_err(|_| TicketError::Signature)?;
        let claims = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TicketError::Malformed)?;
        let claims: TicketClaims = serde_json::from_slice(&claims).map_err(|_| TicketError::Malformed)?;
        let ago_s = now_s.saturating_sub(claims.expires_s);
        if ago_s > 0 { Err(TicketError::Expired { ago_s }) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests;
