//! Kubeconfig files of the user, read by the rules of kubectl and never written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kube::config::Kubeconfig;

use crate::kubernetes::usable::Entry;
use crate::kubernetes::{FAR_CONNECT_LIMIT, Kubernetes};
use crate::report::Report;

/// What all files together say, as it was at one moment: a file that changes later changes nothing here.
pub struct Contexts {
    merged: Kubeconfig,
    /// The files that were looked for, whether they are there or not.
    pub files: Vec<PathBuf>,
    /// By name of a context, the files that have it; the first one counts.
    pub places: BTreeMap<String, Vec<PathBuf>>,
}

impl Contexts {
    /// Files that were looked for and are not there.
    pub fn missing(&self) -> Vec<&Path> {
        self.files.iter().map(PathBuf::as_path).filter(|file| !file.exists()).collect()
    }

    /// Reads one file, or those of `$KUBECONFIG`, or `~/.kube/config`; files that do not exist hold nothing.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let files = file.map_or_else(usual_files, |file| vec![file.to_owned()]);
        let mut merged = Kubeconfig::default();
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.exists()) {
            let doing = || format!("reading {}", file.display());
            let one = Kubeconfig::read_from(file).with_context(doing)?;
            for context in &one.contexts {
                places.entry(context.name.clone()).or_default().push(file.clone());
            }
            merged = merged.merge(one).with_context(doing)?;
        }
        Ok(Self { merged, files, places })
    }

    /// The connection that a context describes; nothing is sent yet.
    pub async fn connect(&self, report: &Report, context: &str) -> Result<Kubernetes> {
        let place = self.places.get(context).unwrap_or(&self.files);
        let place: Vec<String> = place.iter().map(|file| file.display().to_string()).collect();
        let entry = Entry { context, place: &place.join(" and ") };
        Kubernetes::of(report, self.merged.clone(), entry, FAR_CONNECT_LIMIT).await
    }
}

fn usual_files() -> Vec<PathBuf> {
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let listed: Vec<PathBuf> =
        std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    if listed.is_empty() { home.into_iter().collect() } else { listed }
}
