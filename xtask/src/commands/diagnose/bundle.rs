//! Redacted files, packed: nothing gets in without passing the redactor.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::diagnosis::redact::Redactor;

/// Folder within the archive, so that unpacking makes one.
const FOLDER: &str = "diagnosis";

/// Files by name; all of them text.
pub struct Bundle {
    redactor: Redactor,
    files: BTreeMap<String, String>,
}

impl Bundle {
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, files: BTreeMap::new() }
    }

    pub fn redact(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), self.redactor.text(text));
    }

    pub fn lines(&mut self, name: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.text(name, &(lines.join("\n") + "\n"));
        }
    }

    pub fn json(&mut self, name: &str, mut value: Value) {
        self.redactor.value(&mut value);
        self.files.insert(name.to_owned(), format!("{value:#}\n"));
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The archive, the same for the same files.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o600);
            let path = format!("{FOLDER}/{name}");
            archive
                .append_data(&mut header, path, text.as_bytes())
                .with_context(|| format!("packing {name}"))?;
        }
        archive.into_inner().context("packing the bundle")
    }
}
