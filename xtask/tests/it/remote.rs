//! A cluster that is named and cannot be proven is refused, before anything is sent.

use std::fs;
use std::path::Path;

use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

const REFUSED: Option<i32> = Some(4);
const USAGE: Option<i32> = Some(2);

/// Commands that would look at the cluster or write to it.
const COMMANDS: [&[&str]; 9] = [
    &["status"],
    &["plan"],
    &["deploy"],
    &["up"],
    &["down", "--yes"],
    &["logs"],
    &["diagnose"],
    &["doctor"],
    &["label"],
];

/// A home with a targets.yaml and kubeconfig files; nothing of the user's is in sight.
struct Home(tempfile::TempDir);

impl Home {
    /// `production` is pinned to an address at which nobody answers.
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let pin = "production:\n  context: games\n  server: https://127.0.0.1:1\n  uid: 0f0f0f0f-0000\n  \
                   image: 127.0.0.1:2/team/game-server\n";
        home.write("targets.yaml", pin);
        home
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Files of `$KUBECONFIG`, below the home.
    async fn run(&self, args: &[&str], kubeconfigs: &[&str]) -> Finished {
        let path = |name: &&str| self.0.path().join(name).display().to_string();
        let listed: Vec<String> = kubeconfigs.iter().map(path).collect();
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
        let job = job.env("XDG_STATE_HOME", self.0.path().join("state")).env("HOME", self.0.path());
        let job = job.env("XTASK_TARGETS", self.0.path().join("targets.yaml")).env("NO_COLOR", "1");
        job.env("KUBECONFIG", listed.join(":")).run(&Report::quiet()).await.unwrap()
    }

    /// Every command is refused, for this reason.
    async fn refuses(&self, kubeconfigs: &[&str], reason: &str) {
        for command in COMMANDS {
            let ended = self.run(&[command, &["--target", "production"]].concat(), kubeconfigs).await;
            assert_eq!(ended.code, REFUSED, "{command:?}: {}", ended.tail);
            assert!(ended.tail.contains(reason), "{command:?}: {}", ended.tail);
            assert!(ended.tail.contains("fix:"), "{command:?}: {}", ended.tail);
        }
    }
}

fn kubeconfig(context: &str, server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {context}\nclusters: [{{name: c-{context}, cluster: {{server: \
         '{server}'}}}}]\nusers: [{{name: u-{context}, user: {{token: hush}}}}]\ncontexts: [{{name: {context}, context: \
         {{cluster: c-{context}, user: u-{context}}}}}]\n"
    )
}

#[tokio::test]
async fn a_context_that_is_missing_is_refused() {
    let home = Home::new();
    home.write("other", &kubeconfig("other", "https://127.0.0.1:1"));
    home.refuses(&["other"], "there is no context games in").await;
    home.refuses(&["nothing-is-here"], "there is no file").await;
    home.refuses(&["nothing-is-here"], "The variable KUBECONFIG names it").await;
    home.refuses(&["other", "nothing-is-here"], "nothing-is-here is not there at all").await;
}

#[tokio::test]
async fn a_context_that_leads_elsewhere_is_refused() {
    let home = Home::new();
    // Somebody listens there, and is never spoken to.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    home.write("elsewhere", &kubeconfig("games", &address));
    home.refuses(&["elsewhere"], &format!("leads to {address}, and targets.yaml pins https://127.0.0.1:1"))
        .await;
    assert!(listener.accept().is_err(), "nothing was sent");
}

#[tokio::test]
async fn a_name_that_another_file_took_is_refused_and_said() {
    let home = Home::new();
    home.write("elsewhere", &kubeconfig("games", "https://127.0.0.1:3"));
    home.write("right", &kubeconfig("games", "https://127.0.0.1:1"));
    home.refuses(&["elsewhere", "right"], "The name stands in 2 files, and the first one counts").await;
    // The right file alone leads on: to where nobody answers.
    let ended = home.run(&["status", "--target", "production"], &["right"]).await;
    assert_eq!(ended.code, Some(6), "{}", ended.tail);
    assert!(ended.tail.contains("does not answer"), "{}", ended.tail);
}

#[tokio::test]
async fn a_kubeconfig_that_cannot_be_read_is_refused_and_none_is_written() {
    let home = Home::new();
    home.write("broken", "clusters: [");
    home.refuses(&["broken"], "broken").await;
    assert_eq!(fs::read_to_string(home.0.path().join("broken")).unwrap(), "clusters: [");
    assert!(!home.0.path().join(".kube").exists());
}

#[tokio::test]
async fn what_does_not_go_together_is_usage() {
    let home = Home::new();
    home.write("right", &kubeconfig("games", "https://127.0.0.1:1"));
    let wrong: [(&[&str], &str); 8] = [
        (&["up", "--target", "moon"], "no target is called moon; there are local, k3d, production"),
        (&["up", "--target", "Moon!"], "is no name for a cluster"),
        (&["up", "--target", "production", "--port", "8080"], "--port is for clusters that are made here"),
        (&["status", "--target", "production", "--cluster", "x"], "--cluster is for clusters"),
        (&["stop", "--target", "production"], "works on what was made here"),
        (&["start", "--target", "production"], "works on what was made here"),
        (&["dev", "--target", "production"], "works on what was made here"),
        (&["image", "--push"], "no registry is named"),
    ];
    for (args, expected) in wrong {
        let ended = home.run(args, &["right"]).await;
        assert_eq!(ended.code, USAGE, "{args:?}: {}", ended.tail);
        assert!(ended.tail.contains(expected), "{args:?}: {}", ended.tail);
    }
    home.write("targets.yaml", "production:\n  context: games\n");
    let ended = home.run(&["status", "--target", "production"], &["right"]).await;
    assert_eq!(ended.code, USAGE, "{}", ended.tail);
    assert!(ended.tail.contains("missing field"), "{}", ended.tail);
}

#[tokio::test]
async fn targets_are_listed() {
    let home = Home::new();
    let listed = home.run(&["targets"], &[]).await;
    assert!(listed.stdout.contains("production  https://127.0.0.1:1 (context games)"), "{}", listed.stdout);
    let events = home.run(&["targets", "--json"], &[]).await;
    let event: serde_json::Value = serde_json::from_str(events.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(event["result"]["targets"][0]["uid"], "0f0f0f0f-0000", "{event}");
    home.write("targets.yaml", "# none\n");
    let none = home.run(&["targets"], &[]).await;
    assert!(none.stdout.contains("cargo xtask help targets"), "{}", none.stdout);
    // A cluster that cannot be asked is not written down.
    let added = ["targets", "add", "x", "--context", "games", "--image", "ghcr.io/team/game-server"];
    assert_eq!(home.run(&added, &[]).await.code, REFUSED);
    assert_eq!(fs::read_to_string(home.0.path().join("targets.yaml")).unwrap(), "# none\n");
}
