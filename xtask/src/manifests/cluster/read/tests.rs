//! Configs that others wrote work, or are refused for their real reason and on its line.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::*;
use crate::manifests::cluster::{ClusterConfig, Overrides};

fn foreign() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/k3d")
}

fn of(text: &str) -> Result<Read, Refusal> {
    read(text, &foreign().join("configs"), |name| (name == "HOME").then(|| "/home/x".to_owned()))
}

fn file(path: &str) -> Result<ClusterConfig, Refusal> {
    let path = foreign().join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    ClusterConfig::parse(&text, path.parent().unwrap(), &Overrides::default())
}

const HEAD: &str = "apiVersion: k3d.io/v1alpha5\nkind: Simple\n";

#[test]
fn each_sample_of_k3d_works_or_is_refused_for_its_real_reason() {
    let works = [
        ("configs/config_test_registries.yaml", "test", 1, 1, 8080),
        ("configs/config_test_registry_use_only.yaml", "registry-use-test", 1, 0, 8080),
        ("configs/config_test_simple.yaml", "test", 1, 2, 80),
        ("configs/config_test_simple_2.yaml", "supertest", 1, 8, 8080),
        ("configs/config_test_simple_migration_v1alpha2.yaml", "test", 3, 2, 80),
        ("configs/config_test_simple_migration_v1alpha3.yaml", "test", 3, 2, 80),
        ("configs/config_test_simple_migration_v1alpha4.yaml", "test", 3, 2, 80),
        ("configs/config_test_simple_migration_v1alpha5.yaml", "test", 3, 2, 80),
        ("assets/config_test_simple.yaml", "test", 3, 2, 8080),
        ("assets/config_test_simple_migration_v1alpha2.yaml", "test", 3, 2, 80),
        ("assets/config_test_simple_migration_v1alpha3.yaml", "test", 3, 2, 80),
    ];
    for (path, name, servers, agents, port) in works {
        let config = file(path).unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"));
        let found = (config.name.as_str(), config.servers, config.agents, config.port);
        assert_eq!(found, (name, servers, agents, port), "{path}");
        assert_eq!(config.value["apiVersion"], migrate::CURRENT, "{path}");
        let text = config.for_k3d("0123", Some(40001)).unwrap();
        assert!(!text.contains('$'), "{path}: {text}");
        assert!(text.contains("updateDefaultKubeconfig: false"), "{path}");
    }
    let refused = [
        ("configs/config_test_cluster.yaml", 1, "kind is `Cluster`"),
        ("configs/config_test_cluster_list.yaml", 2, "kind is `ClusterList`"),
        ("configs/config_test_unknown.yaml", 1, "kind is `Unknown`"),
        ("configs/config_test_simple_invalid_servers.yaml", 4, "`metadata.name` must be text"),
        ("configs/ns-baz.yaml", 2, "its apiVersion is v1;"),
        ("assets/config_env.yaml", 5, "the variable `K3D_TEST_SERVERS` is not set"),
        ("assets/test_registries.yaml", 1, "it has no apiVersion"),
    ];
    for (path, line, reason) in refused {
        let (found, what) = file(path).err().unwrap_or_else(|| panic!("{path} was taken"));
        assert!(what.contains(reason) && found == Some(line), "{path}:{found:?}: {what}");
    }
    let count =
        ["configs", "assets"].map(|folder| std::fs::read_dir(foreign().join(folder)).unwrap().count());
    assert_eq!(count[0] + count[1], works.len() + refused.len(), "every file of k3d is in one of the lists");
}

#[test]
fn older_versions_become_what_k3d_makes_of_them() {
    let new = file("configs/config_test_simple_migration_v1alpha5.yaml").unwrap();
    for version in ["v1alpha2", "v1alpha3", "v1alpha4"] {
        let mut old = file(&format!("configs/config_test_simple_migration_{version}.yaml")).unwrap();
        // Only the oldest sample names no registries to use.
        old.value["registries"].as_mapping_mut().unwrap().remove("use");
        assert_eq!(old.value, new.value, "{version}");
        assert!(old.notes.iter().any(|note| note.contains(version)), "{:?}", old.notes);
    }
}

#[test]
fn the_table_of_keys_is_the_one_of_k3d() {
    let schema: Json =
        serde_json::from_str(&std::fs::read_to_string(foreign().join("schema.json")).unwrap()).unwrap();
    let mut paths = BTreeSet::new();
    leaves(&schema, &schema, "", &mut paths);
    let known: BTreeSet<String> = keys::KEYS.iter().map(|(path, ..)| (*path).to_owned()).collect();
    // The schema does not close these entries.
    paths.retain(|path| !path.starts_with("hostAliases[]."));
    paths.insert("hostAliases[]".to_owned());
    assert_eq!(known, paths);
    for (path, kind, ..) in keys::KEYS.iter().filter(|(path, ..)| !path.contains("[]")) {
        let pointer = format!("/properties/{}", path.replace('.', "/properties/"));
        let kinds = match schema.pointer(&pointer).unwrap()["type"].as_str() {
            Some("string") => [keys::Kind::Text; 1],
            Some("number") => [keys::Kind::Whole],
            Some("boolean") => [keys::Kind::Switch],
            _ => [keys::Kind::Any],
        };
        assert!(kinds.contains(kind), "{path}");
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/k3d-config.md");
    assert!(std::fs::read_to_string(document).unwrap().contains(&keys::table()), "{}", keys::table());
}

fn leaves(schema: &Json, part: &Json, path: &str, paths: &mut BTreeSet<String>) {
    let part = match part["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    };
    let fields = part["properties"].as_object().into_iter().flatten().filter(|(_, inner)| inner.is_object());
    let fields: Vec<(&String, &Json)> = fields.collect();
    if !fields.is_empty() {
        for (key, inner) in fields {
            leaves(schema, inner, format!("{path}.{key}").trim_start_matches('.'), paths);
        }
    } else if part["items"].is_object() {
        leaves(schema, &part["items"], &format!("{path}[]"), paths);
    } else {
        paths.insert(path.to_owned());
    }
}

#[test]
fn mistakes_are_named_with_their_line() {
    let cases = [
        ("metadta: {name: a}\n", 3, "no key `metadta`; did you mean `metadata`?"),
        ("options:\n  k3d:\n    wiat: true\n", 5, "`options.k3d.wiat`; did you mean `options.k3d.wait`?"),
        ("servers: two\n", 3, "`servers` must be a whole number"),
        ("servers: 1.5\n", 3, "`servers` must be a whole number"),
        ("servers: -1\n", 3, "`servers` must be a whole number"),
        ("servers: 0\n", 3, "without servers"),
        ("image: rancher/k3s:v1.34.4+k3s1\n", 3, "this one is rancher/k3s:v1.34.4-k3s1"),
        ("ports:\n  - port: 8080\n", 4, "`ports[].port` must be text"),
        ("ports:\n  - port: 1:2:3:4:x\n", 3, "is not [address:]"),
        ("metadata:\n  name: Upper\n", 4, "is no name for a cluster"),
        ("token: $UNSET\n", 3, "the variable `UNSET` is not set"),
        ("files:\n  - source: nowhere.yaml\n    destination: /x\n", 4, "nowhere.yaml cannot be read"),
    ];
    for (text, line, reason) in cases {
        let text = format!("{HEAD}{text}");
        let refusal = ClusterConfig::parse(&text, &foreign(), &Overrides::default());
        let (found, what) = refusal.err().unwrap_or_else(|| panic!("taken: {text}"));
        assert!(what.contains(reason) && found == Some(line), "{text}: line {found:?}: {what}");
    }
}

#[test]
fn what_is_unwise_is_said() {
    let notes = |text: &str| of(&format!("{HEAD}{text}")).unwrap().notes.join("; ");
    assert!(notes("servers: 2\n").contains("write 1 or 3"));
    assert!(
        notes("options: {k3s: {extraArgs: [{arg: --disabel=traefik}]}}\n")
            .contains("did you mean `--disable`")
    );
    assert!(
        notes("options: {kubeconfig: {switchCurrentContext: true}}\n").contains("your current context stays")
    );
    assert!(notes("volumes: [{volume: '$HOME:/x'}]\n").contains("HOME came from the environment"));
    for fine in ["--disable=traefik", "--disable-network-policy", "--kubelet-arg=x=y", "--secrets-encryption"]
    {
        assert_eq!(notes(&format!("options: {{k3s: {{extraArgs: [{{arg: {fine}}}]}}}}\n")), "", "{fine}");
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("manifests");
    let shipped = ClusterConfig::load(&shipped, &Overrides::default()).unwrap();
    assert_eq!((shipped.notes, shipped.image.as_str()), (Vec::new(), IMAGE_DEFAULT));
}

#[test]
fn variables_are_replaced_as_k3d_does() {
    let expand = |text: &str| expand(text, |name| (name == "A").then(|| "1".to_owned()));
    assert_eq!(expand("$A ${A} $A-$ x$").text, "1 1 1-$ x$");
    assert_eq!(expand("${} $B! ${B}").text, " ! ");
    assert_eq!(expand("# $B\nx: $A # $B").unset, []);
    assert_eq!(expand("x: 1\ny: $B").unset, [(2, "B".to_owned())]);
    let home = of(&format!("{HEAD}volumes: [{{volume: '$HOME:/x'}}]\n")).unwrap();
    assert_eq!(home.value["volumes"][0]["volume"], "/home/x:/x");
}

#[test]
fn files_beside_the_config_go_to_k3d_as_text() {
    let config = file("configs/config_test_simple.yaml").unwrap();
    let source = |index: usize| config.value["files"][index]["source"].as_str().unwrap().to_owned();
    assert!((0..4).all(|index| source(index).contains("kind: Namespace")), "{}", source(2));
}

#[test]
fn players_join_at_port_80_wherever_it_stands() {
    let joined = |ports: &str| {
        let read = of(&format!("{HEAD}ports: [{ports}]\n")).unwrap();
        (read.bind_address, read.port)
    };
    let at = |address: &str, port: u16| (address.to_owned(), port);
    assert_eq!(joined(""), at("127.0.0.1", 8080));
    assert_eq!(joined("{port: '443:443'}, {port: '0.0.0.0:9000:80'}"), at("0.0.0.0", 9000));
    assert_eq!(joined("{port: '30000-30100:30000-30100/udp'}"), at("127.0.0.1", 8080));
    assert_eq!(joined("{port: '[::1]:8081:80'}"), at("::1", 8081));
    let config = file("configs/config_test_simple.yaml").unwrap();
    let balancer = config.for_balancer().unwrap();
    assert!(balancer.contains("443.tcp") && balancer.contains("80.tcp"), "{balancer}");
}
