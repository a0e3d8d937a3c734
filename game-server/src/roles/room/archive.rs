//! Replay logs on disk: pages come from simulation threads, one thread of its own writes them.
//!
//! A tick never waits for the disk: a page that the full queue does not take is dropped, that room's log ends there, and
//! both are counted. Files are appended to by name and never held open, so 400 rooms need no 400 descriptors.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::domain::{MatchSettings, RoomId};
use crate::protocol::replay::{LOG_FILE_ENDING, encode_chunk_head, encode_opening};
use crate::telemetry;

/// A room hands over about this much at a time: two seconds of ten fighting people.
pub const PAGE_BYTES: usize = 4096;
/// Pages that wait for the disk: 400 rooms hand over 250 a second, so this is four seconds and 4 MB. When full, the log
/// of the room ends.
const PAGES_MAX: usize = 1024;
/// Pages that are there from the start, so that a few rooms never make one.
const PAGES_READY: usize = 16;

/// Where logs go.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    pub folder: PathBuf,
    /// The oldest logs beyond this many are removed; those that are still written never are.
    pub files_max: usize,
}

enum Page {
    Open(MatchSettings),
    More(RoomId, Vec<u8>),
    /// The last page of a room.
    Last(RoomId, Vec<u8>),
}

/// A simulation thread's way to the disk; clones share it.
#[derive(Clone)]
pub struct Archive {
    pages: SyncSender<Page>,
    /// Written pages, to be filled again.
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Rooms whose last page was dropped.
    cut: Arc<Mutex<Vec<RoomId>>>,
}

impl Archive {
    /// Starts the writer; it ends when the last clone is gone and everything is written.
    pub fn start(options: ArchiveOptions) -> anyhow::Result<(Archive, JoinHandle<()>)> {
        let folder = &options.folder;
        fs::create_dir_all(folder).with_context(|| {
            format!("making the folder of replay logs {}; --replay-dir chooses another", folder.display())
        })?;
        let (pages, queued) = sync_channel(PAGES_MAX);
        let mut spare = Vec::with_capacity(PAGES_MAX);
        spare.resize_with(PAGES_READY, empty_page);
        let spare = Arc::new(Mutex::new(spare));
        let files = Files::in_folder(options)?;
        let archive = Archive { pages, spare, cut: Arc::default() };
        let (returned, cut) = (archive.spare.clone(), archive.cut.clone());
        let writer = std::thread::Builder::new()
            .name("replay-logs".to_owned())
            .spawn(move || write_pages(&queued, &returned, &cut, files))
            .context("starting the thread that writes replay logs")?;
        Ok((archive, writer))
    }

    /// Begins the log of a room; false when it will have none.
    pub fn open(&self, settings: &MatchSettings) -> bool {
        self.pages.try_send(Page::Open(settings.clone())).is_ok()
    }

    /// Hands a page over without waiting; false when it was dropped.
    pub fn put(&self, room: RoomId, page: Vec<u8>, last: bool) -> bool {
        let page = if last { Page::Last(room, page) } else { Page::More(room, page) };
        let taken = self.pages.try_send(page).is_ok();
        if last && !taken {
            self.cut.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        }
        taken
    }

    /// An empty page, one that was written before where there is one.
    pub fn page(&self) -> Vec<u8> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(empty_page)
    }
}

/// The entry that fills a page still fits.
fn empty_page() -> Vec<u8> {
    Vec::with_capacity(2 * PAGE_BYTES)
}

fn write_pages(
    queued: &Receiver<Page>,
    spare: &Mutex<Vec<Vec<u8>>>,
    cut: &Mutex<Vec<RoomId>>,
    mut files: Files,
) {
    while let Ok(page) = queued.recv() {
        // One whose first page still waits in the queue is looked for again.
        cut.lock().unwrap_or_else(PoisonError::into_inner).retain(|room| files.open.remove(room).is_none());
        let written = match page {
            Page::Open(settings) => files.open(&settings),
            Page::More(room, page) => files.append(room, page, spare),
            Page::Last(room, page) => {
                let written = files.append(room, page, spare);
                files.open.remove(&room);
                written
            }
        };
        if let Err(error) = written {
            metrics::counter!(telemetry::REPLAYS_CUT, "reason" => "disk").increment(1);
            tracing::warn!("a replay log ends early: {error:#}");
        }
    }
}

/// The logs of one folder.
struct Files {
    options: ArchiveOptions,
    /// Logs that are there, oldest first: their names begin with the time.
    all: VecDeque<PathBuf>,
    open: HashMap<RoomId, PathBuf>,
}

impl Files {
    fn in_folder(options: ArchiveOptions) -> anyhow::Result<Files> {
        let mut all = logs_in(&options.folder)?;
        all.sort();
        Ok(Files { options, all: all.into(), open: HashMap::new() })
    }

    fn open(&mut self, settings: &MatchSettings) -> anyhow::Result<()> {
        while self.all.len() >= self.options.files_max.max(1)
            && let Some(oldest) = self.oldest_closed()
        {
            // One that somebody else has removed is gone as well.
            let _ = self.all.remove(oldest).map(fs::remove_file);
        }
        let name = format!("{:013}-{:016x}.{LOG_FILE_ENDING}", now_ms(), settings.room.0);
        let path = self.options.folder.join(name);
        fs::write(&path, encode_opening(settings)).with_context(|| format!("writing {}", path.display()))?;
        self.all.push_back(path.clone());
        self.open.insert(settings.room, path);
        Ok(())
    }

    fn oldest_closed(&self) -> Option<usize> {
        let open: HashSet<&PathBuf> = self.open.values().collect();
        self.all.iter().position(|log| !open.contains(log))
    }

    /// Writes a page; a room whose log cannot be written gets no more of it.
    fn append(&mut self, room: RoomId, mut page: Vec<u8>, spare: &Mutex<Vec<Vec<u8>>>) -> anyhow::Result<()> {
        let Some(path) = self.open.get(&room) else {
            return Ok(());
        };
        let written = append_chunk(path, &page).with_context(|| format!("writing {}", path.display()));
        page.clear();
        let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < PAGES_MAX {
            spare.push(page);
        }
        if written.is_err() {
            self.open.remove(&room);
        }
        written
    }
}

fn append_chunk(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(&encode_chunk_head(bytes))?;
    file.write_all(bytes)
}

fn logs_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|ending| ending == LOG_FILE_ENDING)).collect())
}

fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}
