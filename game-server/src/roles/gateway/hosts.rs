//! Links by address: dialled when first needed, shared, dialled again when lost.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::roles::gateway::host_link::{Greeting, HostLink};

/// After a failure nobody dials that host for this long; those who ask are refused at once and try again later.
const BACK_OFF: Duration = Duration::from_millis(500);
/// A host that has just started is known to the lobby a second before its name is found everywhere; one that is
/// silent for this long is known to be gone.
const REACH_MAX: Duration = Duration::from_secs(3);

#[derive(Default)]
struct Slot {
    link: Option<Arc<HostLink>>,
    failed: Option<(Instant, Unreached)>,
}

/// Why there is no link to a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Its machine says that nothing listens there: the process is gone, and its rooms with it.
    #[error("{0}")]
    Refused(String),
    /// It may be stopped, restarting or cut off; its rooms may well be there.
    #[error("{0}")]
    Silent(String),
}

impl Unreached {
    fn because(error: &anyhow::Error) -> Unreached {
        let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
        let refused = causes.any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
        let why = format!("{error:#}");
        if refused { Unreached::Refused(why) } else { Unreached::Silent(why) }
    }
}

/// Every room host that this gateway has met; addresses come from heartbeats, so there are only real ones.
pub struct Hosts {
    greeting: Greeting,
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
}

impl Hosts {
    /// No links yet.
    pub fn new(greeting: Greeting) -> Self {
        Self { greeting, slots: Mutex::default() }
    }

    /// The link to a host to which the lobby has just sent somebody: tried again for a while.
    pub async fn reach(&self, address: &str) -> Result<Arc<HostLink>, Unreached> {
        let asked = Instant::now();
        loop {
            match self.link(address).await {
                Err(_) if asked.elapsed() < REACH_MAX => sleep(BACK_OFF).await,
                reached => return reached,
            }
        }
    }

    /// The link to a host; those who ask while it is dialled share it.
    pub async fn link(&self, address: &str) -> Result<Arc<HostLink>, Unreached> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.entry(address.to_string()).or_default().clone()
        };
        let mut slot = slot.lock().await;
        if let Some(link) = slot.link.as_ref().filter(|link| !link.is_closed()) {
            return Ok(link.clone());
        }
        if let Some((_, why)) = slot.failed.as_ref().filter(|(at, _)| at.elapsed() < BACK_OFF) {
            return Err(why.clone());
        }
        match HostLink::dial(address, &self.greeting).await {
            Ok(link) => {
                *slot = Slot { link: Some(link.clone()), failed: None };
                Ok(link)
            }
            Err(error) => {
                let why = Unreached::because(&error);
                *slot = Slot { link: None, failed: Some((Instant::now(), why.clone())) };
                Err(why)
            }
        }
    }
}
