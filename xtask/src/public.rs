//! Where players join: the URL of the target that is up, and this machine's address in its network.

use std::net::{IpAddr, UdpSocket};

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::report::{Exit, Failure};
use crate::target::Target;

/// The given URL, else that of the target that is up.
pub fn url(context: &Context, given: Option<String>) -> Result<String> {
    if let Some(url) = given {
        return if is_web_address(&url) { Ok(url) } else { Err(no_address(&url).into()) };
    }
    let records = target::records(&context.state);
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => {
            let target = Target::of(context)?;
            let known = records.iter().any(|record| record.name == target.name());
            known
                .then(|| format!("http://127.0.0.1:{}", target.config.port))
                .ok_or_else(|| nothing_is_up().into())
        }
        Some(TargetName::Local) => {
            let local = records.into_iter().find(|record| record.target == TargetName::Local);
            local.map(|record| record.url).ok_or_else(|| nothing_is_up().into())
        }
        None => Err(nothing_is_up().into()),
    }
}

/// This machine's address in the local network, for a phone. Nothing is sent: connecting a datagram
/// socket only asks the system which address it would use.
pub fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Reserved for documentation, so that no real host is meant.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

fn is_web_address(url: &str) -> bool {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
}

fn no_address(url: &str) -> Failure {
    Failure {
        exit: Exit::Usage,
        doing: "reading --url".to_owned(),
        found: format!("{url} is no address of a game."),
        cause: String::new(),
        fix: "write it as a browser would open it: --url http://127.0.0.1:8080".to_owned(),
    }
}

fn nothing_is_up() -> Failure {
    Failure {
        exit: Exit::Prerequisite,
        doing: "finding out where to play".to_owned(),
        found: "nothing is up.".to_owned(),
        cause: String::new(),
        fix: "run `cargo xtask up`, or name a server with --url".to_owned(),
    }
}
