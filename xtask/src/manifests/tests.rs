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
    let read = parse("lobby.yaml", text, false)
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
    assert!(
        refusal(&DEPLOYMENT.replace("labels: {app: lobby}}", "labels: {app: loby}}")).contains("selector")
    );
    assert!(
        refusal(&DEPLOYMENT.replace("image: game-server", "image: game-server:1")).contains("without a tag")
    );
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
    let objects = parse("lobby.yaml", &format!("{free}---\n{scaler}"), false).unwrap();
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
    check(&DEPLOYMENT.replace("image: game-server", "image: game-server:1"), 12);
    check(&DEPLOYMENT.replace("IfNotPresent", "Always"), 13);
    check(&DEPLOYMENT.replace("selector: {matchLabels: {app: lobby}}", "selector: {}"), 6);
    check("a: [", 1);
    let limited = DEPLOYMENT.to_owned() + "          resources:\n            limits:\n              cpu: 1\n";
    check(&limited, 16);
    let reads = DEPLOYMENT.to_owned() + "          envFrom:\n            - configMapRef: {name: none}\n";
    check(&reads, 14);
    check(&format!("# two\n---\n{DEPLOYMENT}---\n{DEPLOYMENT}"), 3);
}

/// A folder with these files, read as `--manifests` reads it.
fn given(files: &[(&str, &str)]) -> Result<Manifests> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Manifests::read(&Source::given(folder.path()))
}

#[test]
fn a_team_may_live_in_several_namespaces_with_kinds_of_its_own() {
    let teams = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: \
                 {name: team-b}\n";
    let same =
        |namespace: &str| DEPLOYMENT.replace("namespace: game-prod", &format!("namespace: {namespace}"));
    let custom = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                  fleets.example.dev}\nspec: {group: example.dev, scope: Cluster, names: {kind: Fleet, plural: fleets}, \
                  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n---\n\
                  apiVersion: example.dev/v1\nkind: Fleet\nmetadata: {name: f}\n---\napiVersion: agones.dev/v1\nkind: \
                  GameServer\nmetadata: {name: g}\n";
    let (a, b) = (same("team-a"), same("team-b"));
    let manifests = given(&[("a.yaml", &a), ("b.yaml", &b), ("c.yml", custom), ("n.yaml", teams)]).unwrap();
    let keys: Vec<String> = manifests.objects.iter().map(Object::key).collect();
    assert_eq!(keys[..3], ["Namespace/game-prod", "Namespace/team-a", "Namespace/team-b"]);
    assert_eq!(keys[3], "CustomResourceDefinition/fleets.example.dev");
    assert_eq!(manifests.namespaces(), ["game-prod", "team-a", "team-b"]);
    assert_eq!(manifests.wrongs(None), Vec::<String>::new());
    let namespace = |kind: &str| {
        let object = manifests.objects.iter().find(|object| object.kind() == kind).unwrap();
        object.namespace().map(str::to_owned)
    };
    assert_eq!((namespace("Fleet"), namespace("GameServer").as_deref()), (None, Some("game-prod")));
    assert!(manifests.define("example.dev/v1", "Fleet") && !manifests.define("agones.dev/v1", "GameServer"));
    let twice = given(&[("a.yaml", &a), ("b.yaml", &a)]).unwrap_err().to_string();
    assert!(twice.contains("again in"), "{twice}");
}

#[test]
fn manifests_come_as_json_and_as_lists() {
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [
	{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"A": "1"}},
	{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}]}"#;
    let manifests = given(&[("all.json", list)]).unwrap();
    let keys: Vec<String> = manifests.objects.iter().map(Object::key).collect();
    assert_eq!(keys, ["Namespace/game-prod", "ConfigMap/a", "ConfigMap/b"]);
    let broken = given(&[("all.json", "{\n\"a\": ]")]).unwrap_err().to_string();
    assert!(broken.contains("all.json:2"), "{broken}");
}

#[test]
fn what_is_not_yet_a_manifest_is_told_with_what_makes_it_one() {
    let told = |files: &[(&str, &str)]| {
        let error = given(files).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Usage, "{failure}");
        format!("{failure} fix: {}", failure.fix)
    };
    let helm = DEPLOYMENT.replace("replicas: 1", "replicas: {{ .Values.replicas }}");
    let helm = told(&[("d.yaml", &helm)]);
    assert!(
        helm.contains("d.yaml:5: `replicas: {{ .Values.replicas }}` is the syntax of a Helm template"),
        "{helm}"
    );
    assert!(helm.contains("helm template CHART | cargo xtask plan --manifests -"), "{helm}");
    assert!(told(&[("kustomization.yaml", "resources: [a.yaml]")]).contains("kustomize build"));
    assert!(told(&[("Chart.yaml", "name: a"), ("values.yaml", "a: 1")]).contains("helm template"));
    assert!(told(&[("README.md", "# nothing")]).contains("no YAML or JSON file"));
    // Text that holds the syntax of somebody else's template is text.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  page: |\n    debug: yes\n    {{ name }}\n";
    assert!(given(&[("m.yaml", map)]).is_ok());
}

#[test]
fn every_mistake_is_named_at_once_with_its_line() {
    let resources = "          ports:\n            - containerPort: \"7000\"\n          resources:\n            limits:\n              \
                     memory: 512MB\n          volumeMounts:\n            - name: a\n              mountPath: /data:ro\n";
    let manifests = given(&[("d.yaml", &format!("{DEPLOYMENT}{resources}"))]).unwrap();
    let wrongs = manifests.wrongs(Some(34));
    let lines: Vec<&str> =
        wrongs.iter().map(|wrong| wrong.split(".yaml:").nth(1).unwrap().split(':').next().unwrap()).collect();
    assert_eq!(lines, ["15", "18", "21"], "{wrongs:?}");
    let error = manifests.require_valid(Some(34)).unwrap_err().to_string();
    assert!(
        error.contains("3 mistakes") && error.contains("Write 512Mi.") && error.contains("readOnly: true"),
        "{error}"
    );
}

#[test]
fn what_is_shipped_is_valid_and_has_nothing_unwise() {
    let manifests = Manifests::load(&root().join("manifests")).unwrap();
    for minor in schema::MINORS {
        assert_eq!(manifests.wrongs(Some(minor)), Vec::<String>::new());
    }
    assert_eq!(manifests.notes(), Vec::<String>::new());
    let latest = DEPLOYMENT.replace("image: game-server", "image: a/nats:latest");
    assert!(given(&[("d.yaml", &latest)]).unwrap().notes()[0].contains("has no fixed tag"));
}

#[test]
fn manifests_of_others_are_read_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/manifests/quilkin");
    let manifests = Manifests::read(&Source::given(&folder)).unwrap();
    let keys: Vec<String> = manifests.objects.iter().map(Object::key).collect();
    assert_eq!(keys, ["Namespace/game-prod", "Pod/echo-server"]);
    assert_eq!(manifests.wrongs(None), Vec::<String>::new());
    assert!(manifests.notes()[0].contains("`fortio/fortio` has no fixed tag"), "{:?}", manifests.notes());
}

#[test]
fn what_is_no_object_of_kubernetes_is_told_so() {
    let told = |text: &str| given(&[("x.yaml", text)]).unwrap_err().to_string();
    assert!(told("replicas: 2\n").contains("no apiVersion, so it is no object of Kubernetes"));
    let drawn = told("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n");
    assert!(drawn.contains("`generateName` asks for another object each time"), "{drawn}");
}
