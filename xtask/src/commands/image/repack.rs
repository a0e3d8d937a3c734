//! An image of somebody else, as the engine exports it, written anew so that its digest is known in advance.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;

use crate::commands::image::archive::{Archive, write};
use crate::registry::Blob;

/// Reads what `docker save` wrote, old and new form, and writes it as ours.
pub fn repack(reference: &str, export: &[u8]) -> Result<Archive> {
    let doing = || format!("reading the exported image {reference}");
    let files = unpack(export).with_context(doing)?;
    let index =
        files.get(Path::new("manifest.json")).context("it has no manifest.json").with_context(doing)?;
    let index: Value = serde_json::from_slice(index).with_context(doing)?;
    let blob = |path: &Value| {
        let path = path.as_str().unwrap_or_default();
        files.get(Path::new(path)).cloned().with_context(|| format!("{path} is missing")).with_context(doing)
    };
    let config = Blob::config(blob(&index[0]["Config"])?);
    let paths = index[0]["Layers"].as_array().into_iter().flatten();
    let layers: Result<Vec<Blob>> = paths.map(|path| Ok(Blob::layer(blob(path)?))).collect();
    write(reference, config, layers?)
}

/// Every file by path; `docker save` writes a layer that occurs twice as a link to the first.
fn unpack(export: &[u8]) -> Result<BTreeMap<PathBuf, Bytes>> {
    let mut files = BTreeMap::new();
    let mut links = Vec::new();
    for entry in tar::Archive::new(export).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let Some(to) = entry.link_name()? {
            links.push((path.clone(), normal(&path.parent().unwrap_or(Path::new("")).join(to))));
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(path, Bytes::from(bytes));
    }
    for (path, to) in links {
        let target = files.get(&to).cloned();
        files.insert(
            path,
            target.with_context(|| format!("a link leads to {}, which is missing", to.display()))?,
        );
    }
    Ok(files)
}

fn normal(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            Component::Normal(name) => whole.push(name),
            _ => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests;
