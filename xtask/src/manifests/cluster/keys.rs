//! Every key of k3d's config file, and what becomes of it here.

/// What is done with the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Read here as well as by k3d.
    Used,
    /// Given to k3d as it stands.
    Passed,
    /// Another value is given to k3d, always.
    Replaced,
}

/// What kind of value k3d's own schema wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Whole,
    Switch,
    /// Read by k3d alone.
    Any,
}

/// A key: its path, `[]` for the entries of a list; the value it wants, its fate, and why.
pub type Key = (&'static str, Kind, Fate, &'static str);

use Fate::{Passed, Replaced, Used};
use Kind::{Any, Switch, Text, Whole};

/// In the order of k3d's schema for v1alpha5, which a test holds against this.
pub const KEYS: [Key; 55] = [
    ("apiVersion", Text, Used, "v1alpha2 to v1alpha4 become v1alpha5 in memory, as in k3d"),
    ("kind", Text, Used, "`Simple`; k3d creates clusters from no other kind"),
    ("metadata.name", Text, Used, "`--cluster` replaces it in memory"),
    ("servers", Whole, Used, "2 is warned about: etcd needs both"),
    ("agents", Whole, Used, ""),
    ("kubeAPI.host", Text, Passed, "the commands reach the API through a port of their own"),
    ("kubeAPI.hostIP", Text, Passed, "the same"),
    ("kubeAPI.hostPort", Text, Passed, "the same"),
    (
        "image",
        Text,
        Used,
        "`$K3S_IMAGE` replaces it; without it the 1.34 line, not k3d's own, which changes by version",
    ),
    ("network", Text, Passed, ""),
    ("subnet", Text, Passed, ""),
    ("token", Text, Passed, ""),
    ("volumes[].volume", Text, Passed, ""),
    ("volumes[].nodeFilters[]", Text, Passed, ""),
    (
        "ports[].port",
        Text,
        Used,
        "the first one of port 80 is the players'; 127.0.0.1:8080:80 is added where there is none",
    ),
    ("ports[].nodeFilters[]", Text, Passed, ""),
    (
        "files[].source",
        Text,
        Used,
        "a file is read beside k3d.yaml and given to k3d as text: it reads the config on stdin",
    ),
    ("files[].destination", Text, Passed, ""),
    ("files[].description", Text, Passed, ""),
    ("files[].nodeFilters[]", Text, Passed, ""),
    ("options.k3d.wait", Switch, Passed, "the commands wait for more than k3d does, in any case"),
    ("options.k3d.timeout", Any, Passed, "the commands have limits of their own; see --timeout"),
    ("options.k3d.disableLoadbalancer", Switch, Used, "the same as --direct"),
    ("options.k3d.disableImageVolume", Switch, Passed, "images are delivered without it"),
    ("options.k3d.disableRollback", Switch, Passed, ""),
    ("options.k3d.loadbalancer.configOverrides", Any, Used, "left out with --direct"),
    ("options.k3s.extraArgs[].arg", Text, Passed, "names that are nearly one of k3s's are warned about"),
    ("options.k3s.extraArgs[].nodeFilters[]", Text, Passed, ""),
    ("options.k3s.nodeLabels[].label", Text, Used, "`label` keeps them as they stand here"),
    ("options.k3s.nodeLabels[].nodeFilters[]", Text, Used, ""),
    (
        "options.kubeconfig.updateDefaultKubeconfig",
        Switch,
        Replaced,
        "false: your kubeconfig is never written",
    ),
    ("options.kubeconfig.switchCurrentContext", Switch, Replaced, "false: your current context stays"),
    ("options.runtime.gpuRequest", Text, Passed, ""),
    ("options.runtime.serversMemory", Text, Passed, ""),
    ("options.runtime.agentsMemory", Text, Passed, ""),
    ("options.runtime.hostPidMode", Switch, Passed, ""),
    ("options.runtime.labels[].label", Text, Passed, "ours is added: it tells whose the containers are"),
    ("options.runtime.labels[].nodeFilters[]", Text, Passed, ""),
    ("options.runtime.ulimits[].name", Text, Passed, ""),
    ("options.runtime.ulimits[].soft", Whole, Passed, ""),
    ("options.runtime.ulimits[].hard", Whole, Passed, ""),
    ("env[].envVar", Text, Passed, ""),
    ("env[].nodeFilters[]", Text, Passed, ""),
    ("registries.create.name", Text, Passed, "`down` removes it with the cluster"),
    ("registries.create.host", Text, Passed, ""),
    ("registries.create.hostPort", Text, Passed, ""),
    ("registries.create.image", Text, Passed, ""),
    ("registries.create.proxy.remoteURL", Text, Passed, ""),
    ("registries.create.proxy.username", Text, Passed, ""),
    ("registries.create.proxy.password", Text, Passed, ""),
    ("registries.create.volumes[]", Text, Passed, ""),
    ("registries.create.enforcePortMatch", Switch, Passed, ""),
    ("registries.use[]", Text, Passed, ""),
    ("registries.config", Text, Passed, ""),
    ("hostAliases[]", Any, Passed, "`ip` and `hostnames`"),
];

/// A path that is not one of k3d's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// As messages write it: `options.k3d.wiat`.
    pub path: String,
    /// The key that was probably meant.
    pub meant: Option<&'static str>,
}

/// What is wrong with a value, as a half sentence, or nothing.
pub fn wrong(kind: Kind, value: &serde_yaml::Value) -> Option<&'static str> {
    match kind {
        Kind::Text if !value.is_string() => Some("must be text; put it in quotes"),
        Kind::Whole if !value.is_u64() => Some("must be a whole number, without quotes"),
        Kind::Switch if !value.is_bool() => Some("must be true or false, without quotes"),
        _ => None,
    }
}

/// The key at a path, or the nearest one.
pub fn find(path: &str) -> Result<Option<&'static Key>, Unknown> {
    if let Some(key) = KEYS.iter().find(|(known, ..)| *known == path) {
        return Ok(Some(key));
    }
    let is_inner = |known: &str| {
        known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"))
    };
    if KEYS.iter().any(|(known, ..)| is_inner(known)) || path.starts_with("hostAliases[].") {
        return Ok(None);
    }
    let meant = KEYS.iter().map(|(known, ..)| {
        let depth = path.split('.').count();
        let end = known.match_indices('.').nth(depth - 1).map_or(known.len(), |(index, _)| index);
        known[..end].trim_end_matches("[]")
    });
    let likeness = |known: &str| strsim::jaro_winkler(known, path);
    let meant = meant.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Err(Unknown { path: path.to_owned(), meant: meant.filter(|known| likeness(known) > 0.8) })
}

/// The table as documentation shows it.
pub fn table() -> String {
    let row = |(path, _, fate, why): &Key| {
        let fate = match fate {
            Fate::Used => "used",
            Fate::Passed => "passed on",
            Fate::Replaced => "replaced",
        };
        format!("| `{path}` | {fate} | {why} |\n")
    };
    format!("| key | is | note |\n|---|---|---|\n{}", KEYS.iter().map(row).collect::<String>())
}
