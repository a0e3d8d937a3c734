//! Puts right what a restart of Docker breaks, without stopping anything that runs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::join_all;

use crate::context::Context;
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::manifests::dns::with_host_records;
use crate::report::Exit;
use crate::settings::CLUSTER_READY_LIMIT;
use crate::target::Target;
use crate::target::health::{
    Ailment, BALANCER_FILE, Facts, HOST_NAME, Member, Told, facts, judge, missing_records, outside, stale_for,
};

const DNS_MANIFEST: &str = "/var/lib/rancher/k3s/server/manifests/coredns.yaml";

/// A server looks at its files every second, and applies within another.
const DEPLOYED_AGAIN: Duration = Duration::from_secs(2);

/// Whether the file from which a server deploys CoreDNS has the records.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Already,
    Now,
}

/// How often a node is asked whether the cluster knows its address by now.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tells the load balancer where the nodes are, before anything is asked through it: the API is behind it as well.
pub async fn balancer(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    let facts = outside(engine, target).await?;
    let nodes = stale_for(&facts);
    if nodes.is_empty() {
        return Ok(());
    }
    context.report.note("repair", &Ailment::StaleBalancer { nodes }.to_string());
    tell_balancer(engine, target, &facts).await
}

/// Looks, puts right what can be, and waits for what puts itself right.
pub async fn heal(context: &Context, engine: &Engine, target: &Target, cluster: &Kubernetes) -> Result<()> {
    let deadline = Instant::now() + CLUSTER_READY_LIMIT;
    let mut told = Vec::new();
    loop {
        let facts = facts(engine, target, cluster).await?;
        let ailments = judge(&facts);
        if ailments.is_empty() {
            let hosts = facts.inside.as_ref().map_or("", |inside| &inside.hosts);
            if keep_records(engine, target, hosts).await? == Kept::Already || context.dry_run {
                return Ok(());
            }
            // The server may have deployed the file as it was a moment before.
            tokio::time::sleep(DEPLOYED_AGAIN).await;
            continue;
        }
        for ailment in ailments.iter().filter(|ailment| !told.contains(&ailment.id())) {
            context.report.note("repair", &ailment.to_string());
        }
        told = ailments.iter().map(Ailment::id).collect();
        if Instant::now() > deadline {
            let found: Vec<String> = ailments.iter().map(ToString::to_string).collect();
            let fix = "`cargo xtask stop`, then `cargo xtask start` gives every part of it a fresh start";
            return Err(target.failure(Exit::Cluster, &format!("{}.", found.join("; ")), fix));
        }
        let mut waits = false;
        for ailment in &ailments {
            match ailment {
                Ailment::StaleBalancer { .. } => tell_balancer(engine, target, &facts).await?,
                Ailment::HostRecords { .. } => write_records(engine, target, cluster, &facts).await?,
                Ailment::OldAddress { .. }
                | Ailment::OldPods { .. }
                | Ailment::Asleep { .. }
                | Ailment::Silent { .. } => waits = true,
            }
        }
        if waits {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// A reload looks all names up again and cuts nobody; where it does not work, a restart does the same.
async fn tell_balancer(engine: &Engine, target: &Target, facts: &Facts) -> Result<()> {
    let Some(balancer) = facts.members.iter().find(|member| member.is_balancer) else {
        return Ok(());
    };
    let reloaded = engine.exec_to_change(&balancer.name, &["nginx", "-s", "reload"], None).await;
    if !reloaded.is_ok_and(|ended| ended.exit_code == 0) {
        // Started last, it is not suspect any more.
        return engine.restart_container(&balancer.name).await;
    }
    let address = |member: &Member| (member.name.clone(), member.at.address.clone());
    let nodes = facts.members.iter().filter(|member| !member.is_balancer);
    let told = Told { started: balancer.at.started.clone(), addresses: nodes.map(address).collect() };
    target.write(BALANCER_FILE, &serde_json::to_vec_pretty(&told)?)
}

/// What k3d writes when it starts a server: into CoreDNS, and this machine's name into the nodes as well.
async fn write_records(engine: &Engine, target: &Target, cluster: &Kubernetes, facts: &Facts) -> Result<()> {
    let mut missing = missing_records(facts);
    if let Some((_, address)) = missing.iter_mut().find(|(name, _)| name == HOST_NAME)
        && let Some(found) = machine_address(engine, facts).await
    {
        *address = found;
    }
    let hosts = facts.inside.as_ref().map_or("", |inside| &inside.hosts);
    let is_kept =
        |line: &&str| !missing.iter().any(|(name, _)| line.split_whitespace().any(|word| word == name));
    let kept = hosts.lines().filter(is_kept).map(str::to_owned);
    let lines: Vec<String> =
        kept.chain(missing.iter().map(|(name, address)| format!("{address} {name}"))).collect();
    let hosts = format!("{}\n", lines.join("\n"));
    keep_records(engine, target, &hosts).await?;
    cluster.set_host_records(&hosts).await?;
    let Some((_, address)) = missing.iter().find(|(name, _)| name == HOST_NAME) else {
        return Ok(());
    };
    let script = format!("grep -q {HOST_NAME} /etc/hosts || echo '{address} {HOST_NAME}' >> /etc/hosts");
    let nodes = facts.members.iter().filter(|member| !member.is_balancer);
    let writes = nodes.map(|node| {
        let command = ["sh", "-c", &script];
        async move { engine.exec_to_change(&node.name, &command, None).await }
    });
    join_all(writes).await.into_iter().try_for_each(|written| written.map(|_| ()))
}

/// A server that has just started deploys CoreDNS once more, from this file: what stands only in the cluster would be
/// lost a moment later. k3d writes them there as well.
async fn keep_records(engine: &Engine, target: &Target, hosts: &str) -> Result<Kept> {
    let server = target.config.first_server();
    let before = engine.exec(&server, &["cat", DNS_MANIFEST], None).await?;
    let is_kept = hosts.lines().all(|line| before.stdout.contains(line.trim()));
    // Without the file CoreDNS is not of k3s here, and nobody deploys it again.
    if before.exit_code != 0 || is_kept {
        return Ok(Kept::Already);
    }
    let after = Bytes::from(with_host_records(&before.stdout, hosts)?);
    // Beside it first: the server reads the folder all the time.
    let script = format!("cat > {DNS_MANIFEST}.new && mv {DNS_MANIFEST}.new {DNS_MANIFEST}");
    let command = ["sh", "-c", &script];
    let written = engine.exec_to_change(&server, &command, Some(("the records of CoreDNS", after))).await?;
    ensure!(written.exit_code == 0, "writing {DNS_MANIFEST} in {server}: {}", written.stderr.trim());
    Ok(Kept::Now)
}

/// Where Docker runs in a machine of its own, the gateway is not the machine that the user sits at.
async fn machine_address(engine: &Engine, facts: &Facts) -> Option<String> {
    let node = facts.members.iter().find(|member| !member.is_balancer)?;
    let command = ["sh", "-c", "getent hosts host.docker.internal"];
    let ended = engine.exec(&node.name, &command, None).await.ok()?;
    let address = ended.stdout.split_whitespace().next()?;
    (ended.exit_code == 0).then(|| address.to_owned())
}
