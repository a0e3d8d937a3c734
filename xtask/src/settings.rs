//! Names, ports, label keys, time limits: every constant of the automation.

use std::time::Duration;

/// Namespace of everything that is deployed.
pub const NAMESPACE: &str = "game-prod";
/// ConfigMap in that namespace which holds the ids of all that was deployed, wherever it lives; and its key.
pub const INVENTORY_NAME: &str = "deployed";
pub const INVENTORY_KEY: &str = "objects";
/// Field manager of every server-side apply.
pub const FIELD_MANAGER: &str = "game-server-xtask";
/// Repository of the image that `image` builds; the tag is the hash of its content.
pub const IMAGE_NAME: &str = "game-server";
/// Node label that carries the random id of the `up` that made a cluster.
pub const OWNER_LABEL: &str = "game-server.dev/owner";
/// Port of 127.0.0.1 at which players join unless `--port` says otherwise.
pub const PLAYER_PORT_DEFAULT: u16 = 8080;
/// Admin port of every role.
pub const ADMIN_PORT: u16 = 9100;
/// k3d's own limit is 32; this leaves room for nothing, it is the same number.
pub const CLUSTER_NAME_CHARS_MAX: usize = 32;

/// Three times the median of a create on a small machine (26 s), and then some.
pub const CLUSTER_CREATE_LIMIT: Duration = Duration::from_secs(150);
/// Nodes are usually Ready when k3d returns; a slow disk takes a minute.
pub const CLUSTER_READY_LIMIT: Duration = Duration::from_secs(120);
/// A rollout without a match in it; draining adds the length of a match.
pub const ROLLOUT_LIMIT: Duration = Duration::from_secs(180);
/// How long a delivered image may take to reach one node.
pub const DELIVER_LIMIT: Duration = Duration::from_secs(120);
/// How long the game may take to answer on its public port once it is rolled out.
pub const PUBLIC_PORT_LIMIT: Duration = Duration::from_secs(30);

/// The one Secret that the first deploy makes; it never leaves the cluster.
pub const GENERATED_SECRET: &str = "game-secrets";
/// Its key: what lets somebody write on admin ports.
pub const ADMIN_TOKEN_KEY: &str = "admin-token";
/// What a room needs after the last tick of a match: score board, result, closing the sockets.
pub const MATCH_END_MARGIN_S: u64 = 30;
