//! `doctor` on whatever machine this is.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use xtask::processes::job::Job;
use xtask::report::Report;

use crate::xtask;

const JOURNAL: &str = "\
systemd[1]: k3s.service: Scheduled restart job, restart counter is at 57.
k3s[811]: E1202 09:14:07 kubelet.go:1703] \"Failed to start ContainerManager\" err=\"system validation failed - wrong number of fields (expected 6, got 7)\"
The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?
";

fn result(stdout: &str) -> Value {
    let lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["result"].clone()).find(|result| result.is_object()).unwrap()
}

#[tokio::test]
async fn findings_have_a_stable_shape_for_every_target() {
    let state = tempfile::tempdir().unwrap();
    let targets: [(&[&str], &str); 3] =
        [(&["--target", "local"], "local"), (&["--target", "k3d"], "k3d"), (&["--native-k3s"], "native-k3s")];
    for (flags, name) in targets {
        let ended = xtask(state.path(), &[&["doctor", "--json", "--port", "0"], flags].concat()).await;
        let result = result(&ended.stdout);
        assert_eq!(result["target"], name);
        let ready = result["ready"].as_bool().unwrap();
        assert_eq!(ended.code, Some(if ready { 0 } else { 3 }), "{}", ended.tail);
        assert!(
            result["checks"].as_u64().unwrap() >= 20 && result["facts"]["system"].is_string(),
            "{result}"
        );
        for finding in result["findings"].as_array().unwrap() {
            for field in ["id", "title", "evidence", "cause", "fix"] {
                assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {finding}");
            }
            assert!(["info", "warn", "fail"].contains(&finding["level"].as_str().unwrap()), "{finding}");
            assert!(finding["section"].as_str().unwrap().starts_with("docs/when-something-fails.md#"));
            assert!(finding["severity"]["native_k3s"].is_string(), "{finding}");
        }
        let (own, all) = (&result["seconds"], ended.elapsed.as_secs_f64());
        let _ = writeln!(std::io::stderr(), "doctor for {name}: {own:.3} s of its own, {all:.3} s in all");
    }
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_owner() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["doctor", "--target", "local", "--port", &port]).await;
    assert_eq!(ended.code, Some(3));
    assert!(ended.stdout.contains(&format!("port {port} is taken by")), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("[port-in-use]") && ended.stdout.contains("1 thing in the way"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn a_log_is_explained_from_a_file_and_from_a_pipe() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("k3s.log");
    std::fs::write(&file, JOURNAL).unwrap();
    let from_file = xtask(state.path(), &["doctor", "--json", "--log", file.to_str().unwrap()]).await;
    assert_eq!(from_file.code, Some(0), "{}", from_file.tail);
    let result = result(&from_file.stdout);
    assert_eq!(
        (result["cause"].as_str(), result["lines"].as_u64()),
        (Some("mounts-unescaped-space"), Some(3))
    );
    assert_eq!(result["matches"][0]["line"], 2);
    assert_eq!(result["matches"][1]["kind"], "consequence");
    assert_eq!(result["matches"][0]["certainty"], "certain");

    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(["doctor", "--log", "-"]);
    let job = job.env("XDG_STATE_HOME", state.path()).env("NO_COLOR", "1").stdin(JOURNAL);
    let piped = job.run(&Report::quiet()).await.unwrap();
    assert_eq!(piped.code, Some(0), "{}", piped.tail);
    assert!(
        piped.stdout.contains("root  a line of the mounts table has an unescaped space"),
        "{}",
        piped.stdout
    );
    assert!(piped.stdout.contains("line 3 follows from it"), "{}", piped.stdout);

    let missing = xtask(state.path(), &["doctor", "--log", "/nowhere.log"]).await;
    assert_eq!(missing.code, Some(2), "{}", missing.tail);
}

#[tokio::test]
async fn findings_can_be_explained_by_name() {
    let state = tempfile::tempdir().unwrap();
    let one = xtask(state.path(), &["doctor", "--explain", "mounts-unescaped-space"]).await;
    assert_eq!(one.code, Some(0), "{}", one.tail);
    assert!(one.stdout.contains("native k3s: in the way, k3d: note, local: note"), "{}", one.stdout);
    let all = xtask(state.path(), &["doctor", "--explain", "--json"]).await;
    assert!(result(&all.stdout)["ids"].as_array().unwrap().len() > 100, "{}", all.stdout);
    let unknown = xtask(state.path(), &["doctor", "--explain", "mounts"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.tail.contains("mounts-unescaped-space"), "{}", unknown.tail);
}

#[tokio::test]
async fn a_dry_run_of_fix_runs_nothing_and_says_so() {
    let state = tempfile::tempdir().unwrap();
    let ended =
        xtask(state.path(), &["doctor", "--target", "local", "--port", "0", "--fix", "--dry-run"]).await;
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.tail);
    let told =
        ended.tail.contains("would run:") || ended.tail.contains("nothing that can be repaired by itself");
    assert!(told, "{}", ended.tail);
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "nothing is written");
}
