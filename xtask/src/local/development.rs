//! A build that is being worked on, in the place of the regular one; the regular one comes back afterwards.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::context::{Context, lock};
use crate::local::start::{Build, Wanted, install, start, wanted};
use crate::local::{Folder, PROCESS_FILE, Process, end, remove};

/// What was there before the first swap, and the lock that keeps other commands away until it is back.
pub struct Place {
    folder: Folder,
    before: Option<Process>,
    was_running: bool,
    wanted: Wanted,
    _lock: lock::Lock,
}

impl Place {
    /// Nothing is changed yet.
    pub async fn of(context: &Context) -> Result<Self> {
        let folder = Folder::of(context);
        let lock = lock::take(&folder.0, &context.report).await?;
        let last = folder.last();
        let wanted = wanted(context, last.as_ref());
        let was_running = folder.running().is_some() && folder.binary().exists();
        // A `dev` that was killed left its process, which is nothing to come back to.
        let before = last.filter(|last| !last.is_development || folder.binary().exists());
        Ok(Self { folder, before, was_running, wanted, _lock: lock })
    }

    /// Runs this build; matches of the one before end now, with a result. The store stays.
    pub async fn swap(&self, context: &Context, built: &Path, web_dir: &Path) -> Result<Process> {
        install(built, &self.folder.development_binary())?;
        self.end(context).await?;
        let stamp = self.before.as_ref().map_or("", |before| &before.stamp);
        let program = self.folder.development_binary();
        start(context, &self.folder, &self.wanted, Build { program, stamp, web_dir: Some(web_dir) })
            .await?
            .context("a dry run swaps nothing")
    }

    /// Puts back what was there before: the regular build if it ran, else nothing. Gives its URL.
    pub async fn leave(&self, context: &Context) -> Result<Option<String>> {
        self.end(context).await?;
        remove(&self.folder.development_binary())?;
        match &self.before {
            Some(before) if self.was_running => {
                let build = Build::regular(&self.folder, &before.stamp);
                Ok(start(context, &self.folder, &self.wanted, build).await?.map(|process| process.url))
            }
            Some(before) => {
                self.folder.write(&Process { is_development: false, ..before.clone() })?;
                Ok(None)
            }
            None => {
                remove(&self.folder.0.join(PROCESS_FILE))?;
                Ok(None)
            }
        }
    }

    async fn end(&self, context: &Context) -> Result<()> {
        match self.folder.running() {
            Some(running) => end::end(context, &running, true).await,
            None => Ok(()),
        }
    }
}
