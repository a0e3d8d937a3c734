//! What a dry run says is what is done: its calls are compared with those of the real run that follows.

mod cluster;
mod local;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use xtask::processes::job::{Finished, Job};
use xtask::report::{Exit, Report};

/// Calls of each lane, in order. Steps run side by side: between lanes the order is nobody's.
pub type Lanes = BTreeMap<String, Vec<String>>;

/// Where the commands work: a state folder, and the flags that every one of them is given.
pub struct Place<'a> {
    pub state: &'a Path,
    pub flags: &'a [&'a str],
}

impl Place<'_> {
    async fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Finished {
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args).args(self.flags);
        let job = job.args(["--json", "--yes"]).env("XDG_STATE_HOME", self.state);
        let job = variables.iter().fold(job, |job, (name, value)| job.env(*name, *value));
        let ended = job.run(&Report::quiet()).await.unwrap();
        // How it feels to play on a machine that is busy with other tests is not the matter here.
        let is_played = ended.code == Some(Exit::Verify as i32);
        assert!(ended.success() || is_played, "{args:?}: {}", ended.tail);
        ended
    }

    /// Runs a command dry and then in earnest; gives the calls, which are the same.
    pub async fn same(&self, args: &[&str], variables: &[(&str, &str)]) -> Lanes {
        let dry = lanes(&self.run(&[args, &["--dry-run"]].concat(), variables).await, false);
        let real = lanes(&self.run(args, variables).await, true);
        assert_eq!(dry, real, "{args:?}: said (left) is not what was done (right)");
        real
    }
}

fn lanes(ended: &Finished, made: bool) -> Lanes {
    let mut lanes = Lanes::new();
    let events = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // A kubelet is woken where it lost a race, which nobody can foresee.
    let is_foreseen = |event: &Value| !event["call"].as_str().is_some_and(|call| call.contains("annotate"));
    for event in events.filter(|event| event["event"] == "call" && is_foreseen(event)) {
        assert_eq!(event["made"], made, "{event}");
        let (tool, call) = (event["tool"].as_str().unwrap(), normal(event["call"].as_str().unwrap()));
        let calls = lanes.entry(lane(tool, &call)).or_default();
        // A process that does not end at once is asked twice.
        if tool != "kill" || calls.last() != Some(&call) {
            calls.push(call);
        }
        calls.extend(event["input"].as_str().map(normal));
    }
    lanes
}

/// Each image goes to each node on its own way.
fn lane(tool: &str, call: &str) -> String {
    let mut words = call.split(' ').filter(|word| !word.starts_with('-'));
    match (words.next(), words.next(), words.next()) {
        (Some("docker"), Some("exec"), Some(container)) => {
            let image = call.split(' ').find(|word| word.contains(':')).unwrap_or_default();
            format!("exec {container} {image}")
        }
        _ => tool.to_owned(),
    }
}

/// Without what is drawn when it is needed: the owner's id, a free port, a folder for temporary files.
fn normal(text: &str) -> String {
    let text =
        replace_after(text, "game-server.dev/owner=", |c| c.is_ascii_hexdigit() || "RANDOM".contains(c));
    let text = replace_after(&text, "/k3d/", |c| c.is_ascii_digit() || c == '-');
    let text = replace_before(&text, ":6443", |c| c.is_ascii_digit());
    replace_after(&text, "--admin-listen 127.0.0.1:", |c| c.is_ascii_digit())
}

fn replace_after(text: &str, before: &str, is_part: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| format!("{whole}{before}…{}", part.trim_start_matches(&is_part)))
}

fn replace_before(text: &str, after: &str, is_part: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(after).map(str::to_owned).collect::<Vec<String>>();
    let last = parts.pop().unwrap_or_default();
    let first = parts.iter().map(|part| format!("{}…{after}", part.trim_end_matches(&is_part)));
    first.chain([last]).collect()
}

/// Calls of one lane; none where it made none.
pub fn of<'a>(lanes: &'a Lanes, lane: &str) -> &'a [String] {
    lanes.get(lane).map_or(&[], Vec::as_slice)
}

#[test]
fn what_is_drawn_is_left_out_of_the_comparison() {
    assert_eq!(normal("a --admin-listen 127.0.0.1:9100 --b"), "a --admin-listen 127.0.0.1:… --b");
    let drawn = "label: game-server.dev/owner=0123abcd\nlabel: game-server.dev/owner=RANDOM\n";
    assert_eq!(normal(drawn), "label: game-server.dev/owner=…\nlabel: game-server.dev/owner=…\n");
    let import = "docker exec --interactive node-0 sh -c 'ctr images import -' < docker.io/library/nats:2.12";
    let pin = "docker exec node-0 ctr images label docker.io/library/nats:2.12 pinned=pinned";
    assert_eq!(normal("port: 127.0.0.1:46673:6443\n"), "port: 127.0.0.1:…:6443\n");
    assert_eq!(lane("docker", import), "exec node-0 docker.io/library/nats:2.12");
    assert_eq!(lane("docker", pin), lane("docker", import));
    assert_eq!(lane("docker", "docker load x"), "docker");
}
