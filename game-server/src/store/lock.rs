//! One process on one database file: a second one says so and ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Held for as long as the file stays open, by the kernel: a process that was killed leaves nothing behind.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes `DATABASE.lock`, or says who has it.
    pub fn take(database: &Path) -> anyhow::Result<Lock> {
        let path = path_of(database);
        let options = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = options.with_context(|| {
            format!(
                "cannot make {}, which keeps a second process away from the ranking store; the folder must be \
                 writable for this user (ls -ld)",
                path.display()
            )
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => anyhow::bail!(held(database, &mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        // Only for the message of a second process; on a full disk it says less.
        let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        Ok(Lock { _file: file })
    }
}

fn path_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

fn held(database: &Path, file: &mut File) -> String {
    let mut text = String::new();
    // What is missing from a message is no reason to fail in another way.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let holder = match text.parse::<u32>() {
        Ok(process) => format!("process {process}"),
        Err(_) => "another process".to_owned(),
    };
    format!(
        "cannot open the ranking store {}: {holder} has it open. One process at a time may use a data folder, or \
         results would be counted twice. End the other one first (kill -TERM), or give this one a folder of its own \
         with --data-dir (all) or --database-url (ranking)",
        database.display()
    )
}
