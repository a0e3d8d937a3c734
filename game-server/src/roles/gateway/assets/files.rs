//! The page's source files: embedded in the binary, or read from a folder while somebody works on them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// File name and content.
type Embedded = (&'static str, &'static [u8]);

/// Content by name; below a folder the name has slashes.
pub type Files = BTreeMap<String, Cow<'static, [u8]>>;

macro_rules! asset {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $name)))
    };
}

/// Every file of the client; a file that is not here is not served.
pub const EMBEDDED: &[Embedded] = &[
    asset!("arena.js"),
    asset!("assist.js"),
    asset!("backdrop.js"),
    asset!("camera.js"),
    asset!("chat.js"),
    asset!("clock.js"),
    asset!("connection.js"),
    asset!("delta.js"),
    asset!("diagnosis.js"),
    asset!("dom.js"),
    asset!("effects.js"),
    asset!("events.js"),
    asset!("favicon.svg"),
    asset!("hud.js"),
    asset!("identity.js"),
    asset!("index.html"),
    asset!("input.js"),
    asset!("intent.js"),
    asset!("interpolation.js"),
    asset!("leaderboard.js"),
    asset!("main.js"),
    asset!("manifest.webmanifest"),
    asset!("matchmaking.js"),
    asset!("network.js"),
    asset!("network_panel.js"),
    asset!("palette.js"),
    asset!("play.js"),
    asset!("players.js"),
    asset!("prediction.js"),
    asset!("protocol.js"),
    asset!("render.js"),
    asset!("results.js"),
    asset!("shots.js"),
    asset!("simulation.js"),
    asset!("smoothing.js"),
    asset!("sockets.js"),
    asset!("sound.js"),
    asset!("style.css"),
    asset!("text.js"),
    asset!("touch.js"),
    asset!("upgrade.js"),
];

/// What the binary was built with.
pub fn embedded() -> Files {
    EMBEDDED.iter().map(|(name, content)| ((*name).to_owned(), Cow::Borrowed(*content))).collect()
}

/// The same with the folder's files in the place of the embedded ones; the folder may be missing (still).
pub fn with_folder(folder: &Path) -> Files {
    let mut files = embedded();
    add_folder(&mut files, folder, "");
    files
}

fn add_folder(files: &mut Files, folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else { continue };
        let path = entry.path();
        // What begins with a dot is an editor's.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            add_folder(files, &path, &format!("{name}/"));
        } else if let Ok(content) = std::fs::read(&path) {
            files.insert(name, Cow::Owned(content));
        }
    }
}
