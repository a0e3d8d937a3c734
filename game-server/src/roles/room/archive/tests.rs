//! Logs on a real disk.

use std::fs;
use std::path::Path;

use super::{Archive, ArchiveOptions, PAGES_MAX};
use crate::domain::{MatchSettings, RoomId};
use crate::protocol::replay::{Ending, Entry, LogEncoder, decode_log};

fn settings(room: u64) -> MatchSettings {
    let json = r#"{"room":7,"seed":9,"pool":"public","match_ticks":600,"fill_to_players":4}"#;
    let settings: MatchSettings = serde_json::from_str(json).expect("settings");
    MatchSettings { room: RoomId(room), ..settings }
}

fn start(folder: &Path, files_max: usize) -> (Archive, std::thread::JoinHandle<()>) {
    Archive::start(ArchiveOptions { folder: folder.to_owned(), files_max }).expect("an archive")
}

fn last_page(archive: &Archive) -> Vec<u8> {
    let mut log = LogEncoder::default();
    log.end(Ending::Closed);
    log.take(archive.page())
}

fn logs(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("the folder").flatten().map(|f| f.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("a log")).collect()
}

#[test]
fn a_log_is_whole_when_the_writer_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, writer) = start(folder.path(), 10);
    assert!(archive.open(&settings(1)));
    assert!(archive.put(RoomId(1), last_page(&archive), true));
    drop(archive);
    writer.join().expect("the writer ends");
    let log = decode_log(&logs(folder.path())[0]).expect("a log");
    assert_eq!((log.entries, log.broken), (vec![Entry::End(Ending::Closed)], None));
}

#[test]
fn the_oldest_logs_make_room_also_for_those_of_a_later_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for rooms in [[1, 2], [3, 4], [5, 6]] {
        let (archive, writer) = start(folder.path(), 3);
        for room in rooms {
            assert!(archive.open(&settings(room)));
            // Names are in order of their time in milliseconds.
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        drop(archive);
        writer.join().expect("the writer ends");
    }
    let logs = logs(folder.path());
    let rooms = logs.iter().map(|log| decode_log(log).expect("a log").settings.room.0);
    assert_eq!(rooms.collect::<Vec<_>>(), [4, 5, 6]);
}

#[test]
fn logs_that_are_still_written_are_never_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, writer) = start(folder.path(), 2);
    let open = |room| {
        assert!(archive.open(&settings(room)));
        // Names are in order of their time in milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(3));
    };
    (1..=4).for_each(open);
    assert!(archive.put(RoomId(3), last_page(&archive), true));
    open(5);
    drop(archive);
    writer.join().expect("the writer ends");
    let logs = logs(folder.path());
    let rooms = logs.iter().map(|log| decode_log(log).expect("a log").settings.room.0);
    assert_eq!(rooms.collect::<Vec<_>>(), [1, 2, 4, 5], "more than are kept, since all are open");
}

#[test]
fn a_log_whose_end_was_dropped_is_not_open_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, writer) = start(folder.path(), 1);
    assert!(archive.open(&settings(1)));
    archive.cut.lock().expect("no panic").push(RoomId(1));
    std::thread::sleep(std::time::Duration::from_millis(3));
    assert!(archive.open(&settings(2)));
    drop(archive);
    writer.join().expect("the writer ends");
    assert_eq!(logs(folder.path()).len(), 1);
}

#[test]
fn a_full_queue_drops_and_says_so_without_waiting() {
    let (pages, _queued) = std::sync::mpsc::sync_channel(PAGES_MAX);
    let archive = Archive { pages, spare: Default::default(), cut: Default::default() };
    let taken = (0..=PAGES_MAX).take_while(|_| archive.put(RoomId(1), Vec::new(), false)).count();
    assert_eq!(taken, PAGES_MAX);
    assert!(!archive.put(RoomId(2), Vec::new(), true));
    assert_eq!(*archive.cut.lock().expect("no panic"), [RoomId(2)]);
}
