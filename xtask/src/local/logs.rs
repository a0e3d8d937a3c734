//! The log file: its end, its growth, its filters.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A log that is larger at a start is set aside; one older file is kept.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// How much of the end is read to find the last lines.
const TAIL_BYTES: u64 = 1 << 20;
const FOLLOW_POLL: Duration = Duration::from_millis(200);

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `room`, `lobby` and so on: lines of that role's modules.
    pub role: Option<String>,
    pub grep: Option<String>,
}

impl Filter {
    /// Text logs name the module (`game_server::roles::room::host:`), JSON logs hold it as "target".
    pub fn takes(&self, line: &str) -> bool {
        let role = self.role.as_ref().is_none_or(|role| line.contains(&format!("roles::{role}")));
        role && self.grep.as_ref().is_none_or(|text| line.contains(text.as_str()))
    }
}

/// The last lines of a file, fewer if it has fewer.
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let read = || -> Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect()
}

/// Hands out every line that is written from now on, across a new start; ends only with the command.
pub async fn follow(path: &Path, mut show: impl FnMut(&str)) -> Result<()> {
    let mut position = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut rest = String::new();
    loop {
        tokio::time::sleep(FOLLOW_POLL).await;
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if length < position {
            position = 0;
        }
        if length == position {
            continue;
        }
        let mut file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
        file.seek(SeekFrom::Start(position))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        position += bytes.len() as u64;
        rest.push_str(&String::from_utf8_lossy(&bytes));
        while let Some(end) = rest.find('\n') {
            show(&rest[..end]);
            rest.drain(..=end);
        }
    }
}

/// Sets a large log aside before a start.
pub fn rotate(path: &Path) -> Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
        fs::rename(path, path.with_extension("log.old"))
            .with_context(|| format!("moving {}", path.display()))?;
    }
    Ok(())
}
