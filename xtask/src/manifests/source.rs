//! Where manifests come from: a folder, one file, or what kustomize or helm prints.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Result;

use crate::report::{Exit, Failure};

/// What `-` is called in messages.
const STREAM: &str = "standard input";
/// Endings of files that are read; others may lie beside them.
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];
/// Files by which kustomize and helm are known, and what turns them into manifests.
const INPUTS: [(&str, &str); 3] = [
    ("kustomization.yaml", "kustomize build"),
    ("kustomization.yml", "kustomize build"),
    ("Chart.yaml", "helm template"),
];

/// A folder, a file, or `-`, and what messages call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    name: String,
}

/// A text of manifests with the name that messages give it.
pub type Text = (String, String);

impl Source {
    /// The manifests of the repository, wherever they lie.
    pub fn repository(folder: &Path) -> Self {
        Self { path: folder.to_owned(), name: "manifests".to_owned() }
    }

    /// What `--manifests` names.
    pub fn given(path: &Path) -> Self {
        let name = if path == Path::new("-") { STREAM.to_owned() } else { path.display().to_string() };
        Self { path: path.to_owned(), name: name.trim_end_matches('/').to_owned() }
    }

    /// True where it is no file that somebody could commit.
    pub fn is_stream(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Everything that is there, by name.
    pub fn read(&self) -> Result<Vec<Text>> {
        if self.is_stream() {
            return Ok(vec![(STREAM.to_owned(), stream()?)]);
        }
        if self.path.is_file() {
            return Ok(vec![(self.name.clone(), self.text(&self.path)?)]);
        }
        let entries = std::fs::read_dir(&self.path).map_err(|error| self.unreadable(&self.path, &error))?;
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        if let Some((file, command)) = INPUTS.iter().find(|(file, _)| names.iter().any(|name| name == file)) {
            let path = self.path.display();
            let found = format!("{path} holds a {file}: its files become manifests through `{command}`.");
            return Err(self.failure(found, format!("`{command} {path} | cargo xtask plan --manifests -`")));
        }
        names.retain(|name| ENDINGS.iter().any(|ending| name.ends_with(ending)));
        // An empty folder would be a reason to remove everything that was deployed.
        if names.is_empty() {
            let found = format!("there is no YAML or JSON file in {}.", self.path.display());
            return Err(
                self.failure(found, "name the folder or file that holds them with --manifests".to_owned())
            );
        }
        let text = |name: String| Ok((format!("{}/{name}", self.name), self.text(&self.path.join(name))?));
        names.into_iter().map(text).collect()
    }

    fn text(&self, path: &Path) -> Result<String> {
        let bytes = std::fs::read(path).map_err(|error| self.unreadable(path, &error))?;
        decode(&bytes).ok_or_else(|| {
            let found = format!("{} is not text in UTF-8.", path.display());
            self.failure(found, "save it as UTF-8, or take it out of the folder".to_owned())
        })
    }

    fn unreadable(&self, path: &Path, error: &std::io::Error) -> anyhow::Error {
        let found = format!("{} cannot be read: {error}.", path.display());
        self.failure(found, "name a folder, a file, or - with --manifests".to_owned())
    }

    fn failure(&self, found: String, fix: String) -> anyhow::Error {
        let doing = "reading the manifests".to_owned();
        Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix }.into()
    }
}

/// Without the mark that editors on Windows put at the beginning.
fn decode(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// Read once: a command asks for its manifests more than once, and a pipe gives them once.
fn stream() -> Result<String> {
    static TEXT: OnceLock<Result<String, String>> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| format!("it cannot be read: {error}."))?;
        let text = decode(&bytes).ok_or("it is not text in UTF-8.")?;
        if text.trim().is_empty() {
            return Err("nothing came in: the command before the pipe printed no manifests.".to_owned());
        }
        Ok(text)
    });
    text.clone().map_err(|found| {
        Source::given(Path::new("-")).failure(found, "run the command before the pipe alone".to_owned())
    })
}
