//! One command at a time on one target.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::report::Report;

/// How often a busy lock is tried again.
const POLL: Duration = Duration::from_millis(100);

/// Held while it lives; the system lets go when the process ends, however it ends.
#[derive(Debug)]
#[must_use]
pub struct Lock(#[allow(dead_code, reason = "the open file is the lock")] File);

/// The same for a command that may be a dry run, which writes nothing and excludes nobody.
pub async fn take_unless_dry(folder: &Path, report: &Report) -> Result<Option<Lock>> {
    if report.dry_run { Ok(None) } else { take(folder, report).await.map(Some) }
}

/// Takes the lock of a state folder, made if need be; waits with one line when another command has it.
pub async fn take(folder: &Path, report: &Report) -> Result<Lock> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join("lock");
    let doing = || format!("locking {}", path.display());
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    let file = file.as_mut().map_err(|error| anyhow::anyhow!("{error}")).with_context(doing)?;
    let mut waited = false;
    loop {
        match flock(&*file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(Errno::WOULDBLOCK) if waited => tokio::time::sleep(POLL).await,
            Err(Errno::WOULDBLOCK) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                report.note("waiting", &format!("for another command to finish: {}", holder.trim()));
                waited = true;
            }
            Err(error) => return Err(error).with_context(doing),
        }
    }
    let typed: Vec<String> = std::env::args().skip(1).collect();
    file.set_len(0).with_context(doing)?;
    file.rewind().with_context(doing)?;
    writeln!(file, "cargo xtask {} (pid {})", typed.join(" "), std::process::id()).with_context(doing)?;
    Ok(Lock(file.try_clone().with_context(doing)?))
}
