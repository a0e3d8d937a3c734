//! Where players join: the URL of the target that is up, and this machine's address in its network.

use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::http;
use crate::remote::Remote;
use crate::report::{Exit, Failure};
use crate::settings::PUBLIC_PORT_LIMIT;
use crate::target::Target;

/// A load balancer that was refused once leaves a node out for ten seconds; asking more often only prolongs that.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Kubernetes' own rules on a node are there or not: asking does not delay them.
const ASK_NODE_EVERY: Duration = Duration::from_millis(100);
/// The load balancer takes its nodes in turn, so this many answers in a row come from all of them.
const ANSWERS_IN_A_ROW: u32 = 3;

/// Waits until the page comes through the public port: pods that are ready may not be reachable on every node yet.
pub async fn wait_for_page(target: &Target) -> Result<()> {
    let fix = "`cargo xtask stop`, then `cargo xtask start` gives the cluster a new load balancer";
    let every = if target.config.direct { ASK_NODE_EVERY } else { ASK_EVERY };
    wait(&format!("127.0.0.1:{}", target.published().port), every, fix).await
}

/// The same where players come from elsewhere. Behind TLS the player who comes next finds out.
pub async fn wait_for_url(url: &str) -> Result<()> {
    let Some(host) = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default())
    else {
        return Ok(());
    };
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    wait(&address, ASK_EVERY, "look at the Service gateway and at what leads to it: `cargo xtask diagnose`")
        .await
}

async fn wait(address: &str, every: Duration, fix: &str) -> Result<()> {
    let (started, mut answers) = (Instant::now(), 0);
    while answers < ANSWERS_IN_A_ROW {
        if http::is_ok(address, "/", ASK_EVERY).await {
            answers += 1;
            continue;
        }
        answers = 0;
        if started.elapsed() > PUBLIC_PORT_LIMIT {
            return Err(no_page(address, fix).into());
        }
        tokio::time::sleep(every).await;
    }
    Ok(())
}

/// The given URL, else that of the target that is up.
pub async fn url(context: &Context, given: Option<String>) -> Result<String> {
    if let Some(url) = given {
        return if is_web_address(&url) { Ok(url) } else { Err(no_address(&url).into()) };
    }
    if let Some(url) = context.pin.as_ref().and_then(|pin| pin.url.clone()) {
        return Ok(url);
    }
    let records = target::records(&context.state);
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => {
            let target = Target::of(context)?;
            let known = records.iter().any(|record| record.name == target.name());
            known.then(|| target.url()).ok_or_else(|| nothing_is_up().into())
        }
        Some(TargetName::Local) => {
            let local = records.into_iter().find(|record| record.target == TargetName::Local);
            local.map(|record| record.url).ok_or_else(|| nothing_is_up().into())
        }
        Some(TargetName::Named(_)) => Remote::connect(context).await?.url().await,
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

fn no_page(address: &str, fix: &str) -> Failure {
    Failure {
        exit: Exit::Rollout,
        doing: "waiting for the public port".to_owned(),
        found: format!("http://{address} gives no page {} s after the rollout.", PUBLIC_PORT_LIMIT.as_secs()),
        cause: "The pods are ready, so the way to them is broken: the load balancer or the Service."
            .to_owned(),
        fix: fix.to_owned(),
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
