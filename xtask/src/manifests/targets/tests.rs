//! A file that is read, added to, and refused where it cannot be meant.

use super::*;

const GOOD: &str = "# ours
production:
  context: gke_games
  server: https://203.0.113.7
  uid: 0f0f0f0f-0000-4000-8000-000000000000
  image: ghcr.io/team/game-server
  nodes: {fast-1: {workload: compute}}
";

fn read(text: &str) -> Result<Vec<Pin>> {
    parse(Path::new("/repo/targets.yaml"), text)
}

#[test]
fn an_entry_is_a_target() {
    let pins = read(GOOD).unwrap();
    assert_eq!((pins.len(), pins[0].name.as_str(), &pins[0].url), (1, "production", &None));
    assert_eq!(pins[0].nodes["fast-1"]["workload"], "compute");
    assert_eq!(pins[0].kubectl(), "kubectl --context gke_games");
    assert!(read("# nothing yet\n").unwrap().is_empty());
}

#[test]
fn what_cannot_be_meant_is_named_with_its_target() {
    let wrong = [
        ("image: ghcr.io/team/game-server", "image: game-server", "not a registry and a repository"),
        ("image: ghcr.io/team/game-server", "image: ghcr.io/team/game-server:v1", "not a registry"),
        ("server: https://203.0.113.7", "server: 203.0.113.7", "no address of an API server"),
        ("production:", "k3d:", "a target of its own"),
        ("production:", "Production_1:", "is no name"),
        ("  nodes:", "  node:", "unknown field"),
        ("  uid: 0f0f0f0f-0000-4000-8000-000000000000\n", "", "missing field `uid`"),
        ("  nodes:", "  url: play.example.com\n  nodes:", "does not begin with"),
    ];
    for (from, to, expected) in wrong {
        let error = read(&GOOD.replace(from, to)).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.found.contains(expected), "{to}: {}", failure.found);
    }
}

#[test]
fn adding_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let first = Pin { name: "staging".to_owned(), ..read(GOOD).unwrap().remove(0) };
    add(&file, &first).unwrap();
    std::fs::write(&file, format!("{}# a comment of ours", std::fs::read_to_string(&file).unwrap())).unwrap();
    add(&file, &Pin { name: "production".to_owned(), ..first.clone() }).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Clusters") && text.contains("# a comment of ours\nproduction:"), "{text}");
    assert_eq!(find(&file, "staging").unwrap(), first);
    assert!(add(&file, &first).is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let error = find(&file, "moon").unwrap_err();
    assert!(format!("{error:#}").contains("local, k3d, production, staging"), "{error:#}");
}

#[test]
fn a_kubeconfig_is_beside_the_file_or_at_home() {
    let kubeconfig = |text: &str| {
        let text = GOOD.replace("  nodes:", &format!("  kubeconfig: {text}\n  nodes:"));
        read(&text).unwrap().remove(0).kubeconfig.unwrap()
    };
    assert_eq!(kubeconfig("keys/production"), Path::new("/repo/keys/production"));
    assert_eq!(kubeconfig("/etc/k3s.yaml"), Path::new("/etc/k3s.yaml"));
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap();
    assert_eq!(kubeconfig("~/.kube/games"), home.join(".kube/games"));
}
