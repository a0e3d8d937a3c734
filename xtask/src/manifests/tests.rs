//! The shipped manifests are read whole; each mistake that the checks know is refused by name.

use std::path::Path;

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: lobby, namespace: game-prod}
spec:
  replicas: 1
  selector: {matchLabels: {app: lobby}}
  template:
    metadata: {labels: {app: lobby}}
    spec:
      containers:
        - name: lobby
          image: game-server
          imagePullPolicy: IfNotPresent
";

fn refusal(text: &str) -> String {
    let texts = BTreeMap::from([("lobby.yaml".to_owned(), text.to_owned())]);
    let read = parse("lobby.yaml", text)
        .and_then(|objects| check::references(&objects).map_err(|fault| refuse_at(fault, &texts)));
    read.unwrap_err().to_string()
}

#[test]
fn every_shipped_manifest_passes_and_is_in_the_order_of_applying() {
    let manifests = Manifests::load(&root().join("manifests")).unwrap();
    assert_eq!(manifests.objects[0].key(), "Namespace/game-prod");
    let place = |key: &str| manifests.objects.iter().position(|object| object.key() == key).unwrap();
    assert!(place("ConfigMap/settings") < place("Deployment/lobby"));
    assert!(place("Service/room") < place("StatefulSet/room"));
    assert!(place("StatefulSet/nats") < place("Deployment/chat"));
    for role in ["gateway", "lobby", "room", "chat", "ranking", "monitor", "nats"] {
        assert!(
            manifests.objects.iter().any(|object| object.is_workload() && object.name() == role),
            "{role}"
        );
    }
    assert_eq!(manifests.setting("match", "MATCH_SECONDS"), Some(300));
}

#[test]
fn the_image_is_set_in_memory_and_nowhere_else() {
    let mut manifests = Manifests::load(&root().join("manifests")).unwrap();
    manifests.set_image("game-server:0123");
    let images: Vec<String> = manifests.images().into_iter().map(|one| one.image).collect();
    assert!(images.contains(&"game-server:0123".to_owned()));
    assert!(images.contains(&"nats:2.12-alpine".to_owned()));
    assert!(!images.contains(&"game-server".to_owned()));
}

#[test]
fn a_changed_setting_rolls_the_pods_that_read_it_and_no_others() {
    let annotations = |manifests: &Manifests| -> BTreeMap<String, String> {
        let workloads = manifests.objects.iter().filter(|object| object.is_workload());
        workloads
            .map(|object| {
                let annotation =
                    &object.value["spec"]["template"]["metadata"]["annotations"][SETTINGS_ANNOTATION];
                (object.name().to_owned(), annotation.to_string())
            })
            .collect()
    };
    let mut before = Manifests::load(&root().join("manifests")).unwrap();
    let mut after = before.clone();
    let map = after.objects.iter_mut().find(|object| object.key() == "ConfigMap/match").unwrap();
    map.value["data"]["MATCH_SECONDS"] = "60".into();
    before.set_image("game-server:1");
    after.set_image("game-server:1");
    let (before, after) = (annotations(&before), annotations(&after));
    let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert_eq!(changed, ["lobby"]);
}

#[test]
fn pods_go_to_the_nodes_of_their_kind() {
    let manifests = Manifests::load(&root().join("manifests")).unwrap();
    let workload = |name: &str| {
        let object =
            manifests.objects.iter().find(|object| object.is_workload() && object.name() == name).unwrap();
        object.value["spec"]["template"]["spec"]["nodeSelector"]["workload"].as_str().map(str::to_owned)
    };
    assert_eq!(workload("room").as_deref(), Some("compute"));
    assert_eq!(workload("monitor"), None);
    for role in ["gateway", "lobby", "chat", "ranking", "nats"] {
        assert_eq!(workload(role).as_deref(), Some("backend"), "{role}");
    }
}

#[test]
fn every_container_has_nothing_that_it_does_not_need() {
    for object in Manifests::load(&root().join("manifests"))
        .unwrap()
        .objects
        .iter()
        .filter(|object| object.is_workload())
    {
        let pod = &object.value["spec"]["template"]["spec"];
        let key = object.key();
        assert_eq!(pod["automountServiceAccountToken"], false, "{key}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{key}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{key}");
        for container in object.containers() {
            let security = &container["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true, "{key}");
            assert_eq!(security["allowPrivilegeEscalation"], false, "{key}");
            assert_eq!(security["capabilities"]["drop"][0], "ALL", "{key}");
            let resources = &container["resources"];
            assert!(
                resources["requests"]["cpu"].is_string() && resources["limits"]["memory"].is_string(),
                "{key}"
            );
            assert!(
                container["readinessProbe"].is_object() && container["livenessProbe"].is_object(),
                "{key}"
            );
        }
    }
}

#[test]
fn yaml_that_two_readers_read_differently_is_refused_with_its_line() {
    assert!(refusal(&DEPLOYMENT.replace("replicas: 1", "paused: yes")).contains("lobby.yaml:5: `yes`"));
    assert!(refusal(&DEPLOYMENT.replace("replicas: 1", "replicas: 01")).contains("octal"));
    assert!(refusal(&DEPLOYMENT.replace("replicas: 1", "<<: *base")).contains("merge keys"));
    assert!(refusal(&DEPLOYMENT.replace("replicas: 1", "replicas: 1\n  replicas: 2")).contains("duplicate"));
    assert!(refusal("kind: Service\n").contains("apiVersion"));
    assert!(refusal("a: [").contains("lobby.yaml"));
}

#[test]
fn mistakes_are_named_before_anything_is_applied() {
    assert!(refusal(&DEPLOYMENT.replace("namespace: game-prod", "namespace: default")).contains("game-prod"));
    assert!(
        refusal(&DEPLOYMENT.replace("labels: {app: lobby}}", "labels: {app: loby}}")).contains("selector")
    );
    assert!(
        refusal(&DEPLOYMENT.replace("image: game-server", "image: game-server:1")).contains("without a tag")
    );
    assert!(refusal(&DEPLOYMENT.replace("image: game-server", "image: nats")).contains("fixed tag"));
    assert!(refusal(&DEPLOYMENT.replace("image: game-server", "image: a/nats:latest")).contains("fixed tag"));
    assert!(refusal(&DEPLOYMENT.replace("IfNotPresent", "Always")).contains("IfNotPresent"));
    let limited = format!("{DEPLOYMENT}          resources: {{limits: {{cpu: 1}}}}\n");
    assert!(refusal(&limited).contains("CPU limit"));
    let reads = format!("{DEPLOYMENT}          envFrom: [{{configMapRef: {{name: setings}}}}]\n");
    assert!(refusal(&reads).contains("`setings`"));
    assert!(refusal(&format!("{DEPLOYMENT}---\n{DEPLOYMENT}")).contains("again in"));
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: game-prod}\n";
    assert!(refusal(secret).contains("in the repository"));
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: game-prod}\nspec: {selector: {app: x}}\n";
    assert!(refusal(&format!("{DEPLOYMENT}---\n{service}")).contains("no pod has"));
}

#[test]
fn an_autoscaler_owns_the_number_of_pods() {
    let scaler = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: lobby, namespace: game-prod}
spec: {scaleTargetRef: {kind: Deployment, name: lobby}}
";
    assert!(refusal(&format!("{DEPLOYMENT}---\n{scaler}")).contains("Remove `replicas`"));
    let free = DEPLOYMENT.replace("  replicas: 1\n", "");
    let objects = parse("lobby.yaml", &format!("{free}---\n{scaler}")).unwrap();
    assert!(check::references(&objects).is_ok());
}

#[test]
fn a_match_must_fit_into_the_grace_period() {
    let room = DEPLOYMENT.replace("name: lobby, namespace", "name: room, namespace");
    let room = room.replace("    spec:\n", "    spec:\n      terminationGracePeriodSeconds: 60\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: match, namespace: game-prod}\ndata: {MATCH_SECONDS: \"300\"}\n";
    let found = refusal(&format!("{room}---\n{map}"));
    assert!(found.contains("60 s") && found.contains("330 s"), "{found}");
}

/// A hosted runner shows an error on the line that it belongs to.
#[test]
fn a_refusal_names_the_line_at_fault() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("manifests")).unwrap();
    let check = |text: &str, line: u32| {
        std::fs::write(root.path().join("manifests/lobby.yaml"), text).unwrap();
        let error = Manifests::load(&root.path().join("manifests")).unwrap_err();
        let places = crate::report::github::places(&format!("{error:#}"), root.path());
        let first = places.first().map(|place| (place.file.as_str(), place.line));
        assert_eq!(first, Some(("manifests/lobby.yaml", line)), "{error:#}");
    };
    check(&DEPLOYMENT.replace("replicas: 1", "paused: yes"), 5);
    check(&DEPLOYMENT.replace("image: game-server", "image: nats"), 12);
    check(&DEPLOYMENT.replace("IfNotPresent", "Always"), 13);
    check(&DEPLOYMENT.replace("selector: {matchLabels: {app: lobby}}", "selector: {}"), 6);
    check(&DEPLOYMENT.replace("namespace: game-prod", "namespace: default"), 3);
    check("a: [", 1);
    let limited = DEPLOYMENT.to_owned() + "          resources:\n            limits:\n              cpu: 1\n";
    check(&limited, 16);
    let reads = DEPLOYMENT.to_owned() + "          envFrom:\n            - configMapRef: {name: none}\n";
    check(&reads, 14);
    check(&format!("# two\n---\n{DEPLOYMENT}---\n{DEPLOYMENT}"), 3);
}
