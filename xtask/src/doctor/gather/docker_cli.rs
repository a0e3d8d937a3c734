//! The docker CLI's files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::doctor::machine::DockerCli;
use crate::manifests::hex;
use crate::processes;

const SOCKET: &str = "/var/run/docker.sock";

/// Reads `~/.docker`, or what `DOCKER_CONFIG` names.
pub fn read(home: &Path) -> DockerCli {
    let folder = std::env::var_os("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from);
    let path = folder.join("config.json");
    let text = fs::read_to_string(&path);
    let config_unreadable = text.is_err() && path.exists();
    let config = text.unwrap_or_default();
    let value: Value = serde_json::from_str(&config).unwrap_or_default();
    let context = std::env::var("DOCKER_CONTEXT").ok().filter(|name| !name.is_empty());
    let context = context.or_else(|| value["currentContext"].as_str().map(str::to_owned));
    let context = context.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned());
    DockerCli {
        context_known: context == "default" || meta(&folder, &context).exists(),
        missing_helpers: missing_helpers(&value, |helper| processes::find(helper).is_some()),
        in_socket_group: in_socket_group(),
        context,
        config,
        config_unreadable,
    }
}

/// Helpers that the config names and `is_there` does not know.
pub fn missing_helpers(config: &Value, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let store = config["credsStore"].as_str().into_iter();
    let each = config["credHelpers"].as_object().into_iter().flatten();
    let wanted =
        store.chain(each.filter_map(|(_, helper)| helper.as_str())).filter(|helper| !helper.is_empty());
    let mut missing: Vec<String> =
        wanted.map(|helper| format!("docker-credential-{helper}")).filter(|name| !is_there(name)).collect();
    missing.sort();
    missing.dedup();
    missing
}

fn meta(folder: &Path, context: &str) -> PathBuf {
    let id = hex(&Sha256::digest(context.as_bytes()));
    folder.join("contexts/meta").join(id).join("meta.json")
}

/// Whether /etc/group lists this user for the group that owns the socket, while the session does not have it.
fn in_socket_group() -> bool {
    let Ok(socket) = fs::metadata(SOCKET) else {
        return false;
    };
    let user = std::env::var("USER").unwrap_or_default();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let session = rustix::process::getgroups().unwrap_or_default();
    let has_it = session.iter().any(|group| group.as_raw() == socket.gid());
    !has_it && is_listed(&groups, socket.gid(), &user)
}

/// A line of /etc/group: name, password, number, members.
pub fn is_listed(groups: &str, gid: u32, user: &str) -> bool {
    groups.lines().any(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        fields.get(2).is_some_and(|number| number.parse() == Ok(gid))
            && fields.get(3).is_some_and(|members| members.split(',').any(|member| member == user))
    })
}
