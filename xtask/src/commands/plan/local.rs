//! What `up` would do with the one process; no cluster and no Docker is asked.

use super::Line;
use crate::binary;
use crate::context::Context;
use crate::local::Folder;

pub fn lines(context: &Context) -> Vec<Line> {
    let binary = binary::known(context);
    let build = match &binary {
        Some(_) => Line::new("build", "=", "the game server is built"),
        None => Line::new("build", "~", "the game server would be built: its sources have changed"),
    };
    let process = match (Folder::of(context).running(), &binary) {
        (Some(running), Some(binary)) if running.stamp == binary.stamp && !running.is_development => {
            Line::new("process", "=", format!("game-server all, pid {}", running.identity.pid))
        }
        (Some(running), _) => Line::new(
            "process",
            "~",
            format!("game-server all, pid {}, would be replaced", running.identity.pid),
        ),
        (None, _) => {
            Line::new("process", "+", format!("game-server all at http://127.0.0.1:{}", context.port))
        }
    };
    vec![build, process]
}
