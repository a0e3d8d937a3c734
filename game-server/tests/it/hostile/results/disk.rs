//! A disk that is full for a while.

use std::collections::HashSet;
use std::path::Path;

use tempfile::TempDir;

use super::{Bus, Ranking, all_are_there, skip, sqlite, stored};
use crate::harness::process::command;
use crate::harness::{TURN, eventually, http};

const DISK_MB: u64 = 6;

/// A file system of its own, gone with the test.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = TempDir::new().expect("a folder");
        let mount = command("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_MB}m"), "tmpfs"])
            .arg(folder.path())
            .output()
            .expect("mount runs");
        if !mount.status.success() {
            skip("a tmpfs cannot be mounted here", &String::from_utf8_lossy(&mount.stderr));
            return None;
        }
        Some(SmallDisk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no byte.
    fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.path().join("ballast")).expect("a file");
        for size in [65_536, 4_096, 512, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("ballast")).expect("it goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A mount that stays is in a temporary folder.
        let _ = command("umount").arg("-l").arg(self.path()).status();
    }
}

/// Full in the middle of a stream, for several attempts, free again; ended in both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_around_a_full_disk_is_there_afterwards() {
    let _turn = TURN.lock().await;
    let Some(disk) = SmallDisk::mount() else { return };
    let (bus, logs) = (Bus::open().await, TempDir::new().expect("a folder"));
    let url = sqlite(disk.path());
    let mut acknowledged = HashSet::new();
    for (round, is_killed) in [false, true, false, true].into_iter().enumerate() {
        let first = round as u64 * 1_000;
        let mut ranking = Ranking::start(&bus, &url, logs.path()).await;
        ranking.hand_in(first..first + 100).await;
        ranking.link.until_acknowledged(100).await;
        disk.fill();
        let mut refused = 0.0;
        for attempt in 0..4 {
            // The log of SQLite may still have place for some.
            ranking.hand_in(first + 100 + attempt * 200..first + 300 + attempt * 200).await;
            eventually("results are refused", async || {
                let failed = http::metric(ranking.admin, "game_results_total{outcome=\"failed\"}").await;
                (failed > refused).then(|| refused = failed)
            })
            .await;
        }
        assert!(ranking.readiness().await.contains("the disk is full"), "{}", ranking.readiness().await);
        assert_eq!(http::metric(ranking.admin, "game_results_store_failing").await, 1.0);
        disk.free();
        ranking.hand_in(first + 900..first + 930).await;
        let last = |acked: &std::collections::HashMap<u64, _>| {
            (900..930).all(|room| acked.contains_key(&(first + room)))
        };
        eventually("results are stored again", async || last(&ranking.link.acknowledged()).then_some(()))
            .await;
        assert_eq!(ranking.readiness().await, "ready\n", "nothing of it was set aside");
        if is_killed {
            ranking.process.kill();
        } else {
            assert!(ranking.process.terminate().await.success());
        }
        acknowledged.extend(ranking.link.acknowledged().into_keys());
        all_are_there(&acknowledged, &stored(&url).await);
    }
}
