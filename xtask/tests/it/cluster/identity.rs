//! A target is known by what it is, not by its name: anything else is refused before the first write.

use std::fs;
use std::path::PathBuf;

use super::{NAME, Typed, docker, state, up};

fn folder() -> PathBuf {
    state().join("game-server").join(NAME)
}

/// Puts a file back when the test ends, however it ends.
struct Restored(PathBuf, Vec<u8>);

impl Restored {
    fn new(name: &str) -> Self {
        let path = folder().join(name);
        let content = fs::read(&path).unwrap();
        Self(path, content)
    }

    fn text(&self) -> String {
        String::from_utf8(self.1.clone()).unwrap()
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, &self.1);
    }
}

/// What any write would change: the newest resource version of everything of ours.
async fn written() -> String {
    let server = format!("k3d-{NAME}-server-0");
    let kinds = "configmaps,deployments,statefulsets,daemonsets,services,nodes";
    let columns = "custom-columns=NAME:.metadata.name,GENERATION:.metadata.generation,LABELS:.metadata.labels,MANAGED:.metadata.managedFields[*].manager";
    docker(&["exec", &server, "kubectl", "get", kinds, "--namespace", "game-prod", "--output", columns]).await
}

const WRITING: [&[&str]; 3] = [&["deploy"], &["label"], &["plan"]];

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_cluster_with_another_uid_is_refused() {
    up().await;
    let before = written().await;
    let record = Restored::new("cluster.json");
    let uid = record.text().lines().find(|line| line.contains("\"uid\"")).unwrap().to_owned();
    record.write(&record.text().replace(&uid, "  \"uid\": \"00000000-0000-0000-0000-000000000000\","));
    for command in WRITING {
        let refused = Typed::new(command).ends_with(4).await;
        assert!(refused.tail.contains("answers, but as another cluster"), "{command:?}: {}", refused.tail);
    }
    drop(record);
    assert_eq!(written().await, before);
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_kubeconfig_with_the_same_context_that_leads_elsewhere_is_refused() {
    up().await;
    let before = written().await;
    let kubeconfig = Restored::new("kubeconfig");
    let server = kubeconfig.text().lines().find(|line| line.contains("server: ")).unwrap().to_owned();
    kubeconfig.write(&kubeconfig.text().replace(&server, "    server: https://127.0.0.1:1"));
    for command in WRITING {
        let refused = Typed::new(command).ends_with(4).await;
        assert!(refused.tail.contains("which no container of this cluster publishes"), "{}", refused.tail);
    }
    drop(kubeconfig);
    assert_eq!(written().await, before);
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn the_users_kubeconfig_decides_nothing_and_stays_as_it_is() {
    up().await;
    let home = tempfile::tempdir().unwrap();
    let ours = fs::read_to_string(folder().join("kubeconfig")).unwrap();
    // A look-alike: the name of our context, an address that nothing of ours publishes, and current.
    let look_alike = ours.lines().map(|line| match line.trim_start().starts_with("server: ") {
        true => "    server: https://192.0.2.1:6443\n".to_owned(),
        false => format!("{line}\n"),
    });
    let files = ["config", "second"].map(|name| home.path().join(".kube").join(name));
    fs::create_dir_all(home.path().join(".kube")).unwrap();
    for file in &files {
        fs::write(file, look_alike.clone().collect::<String>()).unwrap();
    }
    let before = files
        .clone()
        .map(|file| (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap()));
    let several = format!("{}:{}", files[0].display(), files[1].display());
    for command in [&["up"][..], &["deploy"], &["label"], &["image"], &["status"], &["plan"], &["cluster"]] {
        Typed::new(command)
            .variable("HOME", home.path().display().to_string())
            .variable("KUBECONFIG", several.clone())
            .ends_with(0)
            .await;
    }
    let after =
        files.map(|file| (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap()));
    assert_eq!(after, before);
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_cluster_of_that_name_that_was_made_by_hand_is_left_alone() {
    up().await;
    // Without a record the very cluster of these tests is a stranger.
    let record = Restored::new("cluster.json");
    fs::remove_file(&record.0).unwrap();
    let before = super::containers(NAME).await;
    for command in [&["up"][..], &["down", "--yes"], &["cluster"], &["stop"]] {
        let refused = Typed::new(command).ends_with(4).await;
        assert!(refused.tail.contains("it is not ours"), "{command:?}: {}", refused.tail);
    }
    assert_eq!(super::containers(NAME).await, before);
}
