//! Which files count, and when they have changed: a look at all of them costs less than a millisecond, and unlike the
//! notices of the system it works on every kind of file system, the shared folders of WSL2 included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A look that takes long (a shared folder) is not made more often than this many times its own duration.
const LOOK_SHARE: u32 = 10;
/// Nothing may change for this long before a build starts, so that several quick saves make one.
const SETTLED_AFTER: Duration = Duration::from_millis(60);
/// A save that seems older than this when it is noticed has another clock, or is an old file that was put here.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(5);
/// What the code is built from.
const CODE: [&str; 4] = ["game-server/src", "game-server/Cargo.toml", "game-server/build.rs", "Cargo.toml"];
/// What a browser loads.
pub const PAGES: &str = "game-server/web";

/// Size and time of every file that counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

/// What changed between two looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    pub code: bool,
    pub pages: bool,
    /// Changed files, relative to the root.
    pub files: Vec<PathBuf>,
    /// Time of the newest of them.
    pub saved: Option<SystemTime>,
}

impl Sources {
    pub fn look(root: &Path) -> Self {
        let mut sources = Self::default();
        for place in CODE.into_iter().chain([PAGES]) {
            sources.add(root, Path::new(place));
        }
        sources
    }

    /// A file that goes away while it is looked at is seen at the next look.
    fn add(&mut self, root: &Path, path: &Path) {
        let Ok(metadata) = fs::metadata(root.join(path)) else {
            return;
        };
        if metadata.is_dir() {
            let entries = fs::read_dir(root.join(path)).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| counts(&entry.file_name().to_string_lossy())) {
                self.add(root, &path.join(entry.file_name()));
            }
        } else {
            self.0.insert(path.to_path_buf(), (metadata.len(), metadata.modified().ok()));
        }
    }

    pub fn edit_since(&self, before: &Self) -> Edit {
        let differs = |path: &&PathBuf| self.0.get(*path) != before.0.get(*path);
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        let files: Vec<PathBuf> = self.0.keys().filter(differs).chain(gone).cloned().collect();
        let is_page = |path: &PathBuf| path.starts_with(PAGES);
        Edit {
            code: files.iter().any(|path| !is_page(path)),
            pages: files.iter().any(is_page),
            saved: files.iter().filter_map(|path| self.0.get(path)?.1).max(),
            files,
        }
    }
}

impl Edit {
    /// The first build, and every page.
    pub fn everything() -> Self {
        Self { code: true, pages: true, ..Self::default() }
    }

    /// Names of what changed, a few of them.
    pub fn describe(&self, shown: usize) -> String {
        let names: Vec<String> =
            self.files.iter().take(shown).map(|file| file.display().to_string()).collect();
        match (names.as_slice(), self.files.len().saturating_sub(shown)) {
            ([], _) => "building what is there".to_owned(),
            (names, 0) => names.join(", "),
            (names, more) => format!("{} and {more} more", names.join(", ")),
        }
    }
}

/// Returns when something changed since `seen` and nothing has changed any more for a moment.
pub async fn next(root: &Path, seen: &mut Sources) -> Edit {
    loop {
        let began = Instant::now();
        let mut now = Sources::look(root);
        if now == *seen {
            sleep(LOOK_EVERY.max(began.elapsed() * LOOK_SHARE)).await;
            continue;
        }
        loop {
            sleep(SETTLED_AFTER).await;
            let again = Sources::look(root);
            if again == now {
                break;
            }
            now = again;
        }
        let edit = now.edit_since(seen);
        *seen = now;
        // A file that was saved and taken back meanwhile is no edit.
        if !edit.files.is_empty() {
            return edit;
        }
    }
}

/// Editors put their own files beside the sources: hidden ones, backups, swap files.
fn counts(name: &str) -> bool {
    let is_passing = name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
    let has_extension = name.contains('.');
    let is_folder_like = !has_extension && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    !is_passing && !name.ends_with(".tmp") && !name.ends_with(".new") && (has_extension || is_folder_like)
}

#[cfg(test)]
mod tests;
