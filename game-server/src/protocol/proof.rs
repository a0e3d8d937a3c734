//! Who is at the other end of a link: each side shows that it knows a secret, and never says it.
//!
//! Both Hellos bring a challenge, 32 random bytes. A proof is HMAC-SHA256 over who proves, the gateway's challenge and
//! the host's, so that none can be used a second time or by the other side. It proves who dialled and who answered; it
//! hides nothing, so links belong into a network that strangers cannot read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[cfg(test)]
mod tests;

/// As many bits as the hash.
pub const CHALLENGE_BYTES: usize = 32;
pub const PROOF_BYTES: usize = 32;
/// Links, bus users, and tickets without the address of a host. A deploy raises what is required to this number once
/// every pod is of a build that knows them; the next proof gets the next number.
pub const LINKS_AND_BUS: u32 = 1;

pub type Challenge = [u8; CHALLENGE_BYTES];
pub type Proof = [u8; PROOF_BYTES];

/// What both sides drew for one link.
#[derive(Debug, Clone, Copy)]
pub struct Challenges {
    pub gateway: Challenge,
    pub host: Challenge,
}

/// The secret that gateways and room hosts share.
#[derive(Clone)]
pub struct LinkKey {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LinkKey")
    }
}

impl LinkKey {
    /// Any length will do; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> LinkKey {
        LinkKey { mac: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length") }
    }

    /// What a room host says.
    pub fn prove_host(&self, challenges: &Challenges) -> Proof {
        self.over(b"host", challenges).finalize().into_bytes().into()
    }

    /// What a gateway says.
    pub fn prove_gateway(&self, challenges: &Challenges) -> Proof {
        self.over(b"gateway", challenges).finalize().into_bytes().into()
    }

    /// Whether it is a host's; takes the same time wherever the first wrong byte is.
    pub fn is_host(&self, challenges: &Challenges, proof: &Proof) -> bool {
        self.over(b"host", challenges).verify_slice(proof).is_ok()
    }

    /// Whether it is a gateway's.
    pub fn is_gateway(&self, challenges: &Challenges, proof: &Proof) -> bool {
        self.over(b"gateway", challenges).verify_slice(proof).is_ok()
    }

    fn over(&self, who: &[u8], challenges: &Challenges) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(who);
        mac.update(&challenges.gateway);
        mac.update(&challenges.host);
        mac
    }
}
