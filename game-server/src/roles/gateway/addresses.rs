//! How much each address may open: bounded per client, off where one address stands for many.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::roles::gateway::limits::{
    ADDRESSES_KEPT, Bucket, CONNECTIONS_PER_ADDRESS, Rate, SOCKETS_PER_ADDRESS,
};

/// A block of addresses, as `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    prefix_bits: u8,
}

impl Block {
    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                same_head(block.to_bits().into(), address.to_bits().into(), 32 - self.prefix_bits)
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                same_head(block.to_bits(), address.to_bits(), 128 - self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn same_head(one: u128, other: u128, tail_bits: u8) -> bool {
    (one ^ other).checked_shr(tail_bits.into()).unwrap_or(0) == 0
}

impl FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Block, String> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr =
            address.parse().map_err(|_| format!("{text:?} is no address such as 10.0.0.0/8"))?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits =
            prefix.map_or(Ok(bits_max), str::parse).map_err(|_| format!("{text:?} has no length"))?;
        if prefix_bits > bits_max {
            return Err(format!("{text:?}: at most /{bits_max}"));
        }
        Ok(Block { address, prefix_bits })
    }
}

/// What is open from one address, and how fast it opens more.
struct Account {
    open: u32,
    opened: Bucket,
}

/// All addresses that have connections or had some a moment ago.
pub struct Addresses {
    /// Proxies, each of which stands for many players.
    trusted: Vec<Block>,
    /// Connections that one address may have open.
    open_max: u32,
    accounts: Mutex<HashMap<IpAddr, Account>>,
}

/// One connection's place; it is free again when this is dropped.
pub struct AddressPlace {
    of: Option<(Arc<Addresses>, IpAddr)>,
}

impl Addresses {
    /// Nobody is there yet.
    pub fn new(trusted: Vec<Block>, open_max: u32) -> Self {
        Self { trusted, open_max, accounts: Mutex::default() }
    }

    /// Whether limits are off: a private address is this machine, this network or a balancer of the cluster.
    pub fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_private(address) || self.trusted.iter().any(|block| block.holds(address))
    }

    /// A place for one more connection, or nothing when this address has too many or opens them too fast.
    pub fn take(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<AddressPlace> {
        if self.is_exempt(address) {
            return Some(AddressPlace { of: None });
        }
        let address = Self::one_client(address);
        let mut accounts = self.accounts();
        if accounts.len() >= ADDRESSES_KEPT {
            accounts.retain(|_, account| account.open > 0 || !account.opened.is_full(now));
        }
        let account = accounts
            .entry(address)
            .or_insert_with(|| Account { open: 0, opened: Bucket::new(self.opening_rate(), now) });
        if account.open >= self.open_max || !account.opened.take(now) {
            return None;
        }
        account.open += 1;
        Some(AddressPlace { of: Some((self.clone(), address)) })
    }

    /// Who counts as one: a household gets a whole /64 of IPv6.
    pub fn one_client(address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        }
    }

    /// Whoever may have more open than usual may open them as fast in proportion.
    fn opening_rate(&self) -> Rate {
        let more = (f64::from(self.open_max) / f64::from(SOCKETS_PER_ADDRESS)).max(1.0);
        let Rate { per_second, burst } = CONNECTIONS_PER_ADDRESS;
        Rate { per_second: per_second * more, burst: burst * more }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<IpAddr, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        if let Some((addresses, address)) = &self.of
            && let Some(account) = addresses.accounts().get_mut(address)
        {
            account.open -= 1;
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            // 100.64.0.0/10 is what carriers and some clusters put behind one address.
            let shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
