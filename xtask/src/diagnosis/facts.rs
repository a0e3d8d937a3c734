//! What a look at a cluster showed: API objects as they came, and the ways to find one's path among them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnosis::{Cause, text};

/// Plain API objects; the file `facts.json` of a bundle, and of every test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Deployments, ReplicaSets, StatefulSets and DaemonSets.
    pub workloads: Vec<Value>,
    /// Pods of the game, and the pods that answer for its Services.
    pub pods: Vec<Value>,
    pub events: Vec<Value>,
    pub nodes: Vec<Value>,
    pub claims: Vec<Value>,
    pub storage_classes: Vec<Value>,
    /// Configurations of admission webhooks.
    pub webhooks: Vec<Value>,
    /// Last lines by pod: of the run before the current one, where there was one.
    pub logs: BTreeMap<String, Vec<String>>,
}

impl Facts {
    /// Pods that should run and are not ready; one that is being replaced may be as broken as it likes.
    pub fn unready(&self) -> impl Iterator<Item = Subject<'_>> {
        let subjects =
            self.pods.iter().map(|pod| Subject { facts: self, pod, workload: self.workload_of(pod) });
        subjects.filter(|subject| subject.is_wanted() && !subject.is_ready())
    }

    /// Broken pods of an earlier revision for which an ordered StatefulSet waits before it makes new ones.
    pub fn blocking(&self) -> impl Iterator<Item = Subject<'_>> {
        let subjects =
            self.pods.iter().map(|pod| Subject { facts: self, pod, workload: self.workload_of(pod) });
        subjects.filter(|subject| {
            let ordered = |workload: &&Value| {
                workload["kind"] == "StatefulSet" && workload["spec"]["podManagementPolicy"] != "Parallel"
            };
            let ending = !subject.pod["metadata"]["deletionTimestamp"].is_null();
            let old = subject.workload.filter(ordered).is_some_and(|workload| !subject.is_current(workload));
            old && !ending && !subject.is_ready()
        })
    }

    /// True while pods are ending: what they hold comes free.
    pub fn is_ending(&self) -> bool {
        self.pods.iter().any(|pod| !pod["metadata"]["deletionTimestamp"].is_null())
    }

    /// Events about one object, newest first.
    pub fn events_of(&self, object: &Value) -> Vec<&Value> {
        let uid = &object["metadata"]["uid"];
        let mut events: Vec<&Value> =
            self.events.iter().filter(|event| event["involvedObject"]["uid"] == *uid).collect();
        events.sort_by_key(|event| std::cmp::Reverse(time(event)));
        events
    }

    pub fn node(&self, name: &str) -> Option<&Value> {
        self.nodes.iter().find(|node| node["metadata"]["name"] == name)
    }

    /// The Deployment, StatefulSet or DaemonSet that selects the pod.
    fn workload_of(&self, pod: &Value) -> Option<&Value> {
        let labels = &pod["metadata"]["labels"];
        let selects = |workload: &&Value| {
            let wanted = workload["spec"]["selector"]["matchLabels"].as_object();
            workload["kind"] != "ReplicaSet"
                && workload["metadata"]["namespace"] == pod["metadata"]["namespace"]
                && wanted.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
        };
        self.workloads.iter().find(selects)
    }

    /// ReplicaSets of a Deployment's newest revision; the workload itself where it has none.
    pub fn makers<'a>(&'a self, workload: &'a Value) -> Vec<&'a Value> {
        let owned =
            |set: &&Value| *owner_uid(set) == workload["metadata"]["uid"] && set["kind"] == "ReplicaSet";
        let revision = |set: &Value| {
            let annotation = &set["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
            text(annotation).parse::<u64>().unwrap_or(0)
        };
        let newest = self.workloads.iter().filter(owned).max_by_key(|set| revision(set));
        if workload["kind"] == "Deployment" { newest.into_iter().collect() } else { vec![workload] }
    }
}

fn owner_uid(object: &Value) -> &Value {
    &object["metadata"]["ownerReferences"][0]["uid"]
}

/// When an event happened last; events of both APIs.
fn time(event: &Value) -> &str {
    let last = text(&event["lastTimestamp"]);
    let series = text(&event["series"]["lastObservedTime"]);
    let first = text(&event["eventTime"]);
    last.max(series).max(first)
}

/// A pod with everything around it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub facts: &'a Facts,
    pub pod: &'a Value,
    pub workload: Option<&'a Value>,
}

impl<'a> Subject<'a> {
    pub fn name(&self) -> &'a str {
        text(&self.pod["metadata"]["name"])
    }

    /// `Deployment/lobby`; the Service that the pod answers for; the pod itself where neither is known.
    pub fn object(&self) -> String {
        let service = &self.pod["metadata"]["labels"]["svccontroller.k3s.cattle.io/svcname"];
        match self.workload {
            None if service.is_string() => format!("Service/{}", text(service)),
            Some(workload) => format!("{}/{}", text(&workload["kind"]), text(&workload["metadata"]["name"])),
            None => format!("Pod/{}", self.name()),
        }
    }

    pub fn node_name(&self) -> &'a str {
        text(&self.pod["spec"]["nodeName"])
    }

    pub fn condition(&self, name: &str) -> Option<&'a Value> {
        self.pod["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == name)
    }

    pub fn is_ready(&self) -> bool {
        let completed = self.pod["status"]["phase"] == "Succeeded";
        completed || self.condition("Ready").is_some_and(|condition| condition["status"] == "True")
    }

    /// Statuses of init containers and containers.
    pub fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let status = &self.pod["status"];
        ["initContainerStatuses", "containerStatuses"]
            .into_iter()
            .flat_map(|list| status[list].as_array().into_iter().flatten())
    }

    /// True when one of its containers runs.
    pub fn is_running(&self) -> bool {
        self.containers().any(|status| !status["state"]["running"].is_null())
    }

    /// JSON pointer of a container in the workload.
    pub fn pointer(&self, container: &str) -> String {
        for list in ["containers", "initContainers"] {
            let found = self.pod["spec"][list].as_array().into_iter().flatten();
            if let Some(index) = found.into_iter().position(|one| one["name"] == container) {
                return format!("/spec/template/spec/{list}/{index}");
            }
        }
        "/spec/template/spec".to_owned()
    }

    /// The container as the pod asks for it.
    pub fn spec_of(&self, container: &str) -> &'a Value {
        let pointer = self.pointer(container).replacen("/spec/template", "", 1);
        self.pod.pointer(&pointer).unwrap_or(&Value::Null)
    }

    /// The newest event with one of these reasons.
    pub fn event(&self, reasons: &[&str]) -> Option<&'a Value> {
        let events = self.facts.events_of(self.pod);
        events.into_iter().find(|event| reasons.contains(&text(&event["reason"])))
    }

    /// Last lines, without the words of a runtime that has thrown them away.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> {
        let lines = self.facts.logs.get(self.name()).into_iter().flatten().map(String::as_str);
        lines.filter(|line| !line.trim().is_empty() && !line.starts_with("unable to retrieve container logs"))
    }

    pub fn cause(&self, id: &'static str, found: impl Into<String>) -> Cause {
        Cause::new(id, self.object(), found)
    }

    /// A pod of the revision that was asked for, which nobody asked to end.
    fn is_wanted(&self) -> bool {
        let ending = !self.pod["metadata"]["deletionTimestamp"].is_null();
        let evicted = self.pod["status"]["phase"] == "Failed" && self.workload.is_some();
        !ending && !evicted && self.workload.is_none_or(|workload| self.is_current(workload))
    }

    fn is_current(&self, workload: &Value) -> bool {
        let labels = &self.pod["metadata"]["labels"];
        match text(&workload["kind"]) {
            "Deployment" => {
                let makers = self.facts.makers(workload);
                makers.is_empty() || makers.iter().any(|set| set["metadata"]["uid"] == *owner_uid(self.pod))
            }
            "StatefulSet" => {
                let (own, wanted) =
                    (&labels["controller-revision-hash"], &workload["status"]["updateRevision"]);
                wanted.is_null() || own == wanted
            }
            _ => {
                let annotation = "deprecated.daemonset.template.generation";
                let wanted = &workload["metadata"]["annotations"][annotation];
                wanted.is_null() || labels["pod-template-generation"] == *wanted
            }
        }
    }
}
