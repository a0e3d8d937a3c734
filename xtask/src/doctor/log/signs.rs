//! What logs say about their own success and end: trouble before the one is past, trouble before the other is why.

use log_reader::{Scan, Speaker};

type Add<'a> = &'a mut dyn FnMut(&'static str, &'static str, &'static [Speaker]) -> usize;

/// Somebody is up: what was said before and not again was the way there.
const SUCCESS: [&str; 25] = [
    r"k3s is up and running",
    r"Successfully registered node",
    r"Labels and annotations have been set successfully on node",
    r"Started (?:\S+ - )?(?:Lightweight Kubernetes|Docker Application Container Engine|containerd container runtime|kubelet)",
    r"Startup finished in",
    r"database system is ready to accept (?:read-only )?connections",
    r"\[INF\] Server is ready",
    r"JetStream cluster new (?:metadata|stream|consumer) leader",
    r"Configuration complete; ready for start up",
    r"start worker processes?",
    r"Cluster '[^']*' created successfully",
    r"Ready to accept connections",
    r"API listen on \S*docker\.sock",
    r"Daemon has completed initialization",
    r"Started \S+ in [\d.]+ seconds",
    r"Server (?:is )?(?:now )?(?:listening|running|started|up) (?:on|at)\b",
    r"(?:Finalizing|status:) .*node Ready|Node became ready|Node ready",
    r"became leader at term|ready to serve client requests",
    r"containerd successfully booted",
    r"Done \([\d.]+s\)! For help|Server started|Game server (?:is )?(?:ready|online|connected)|Setting breakpad minidump",
    r"Successfully (?:synced|pulled|assigned)|Started container|condition met|successfully (?:started|initialized|completed)",
    r"Docker Desktop is (?:now )?running|engine (?:is )?running|Kubernetes is running",
    r"listening on port \d+|[Ll]istening (?:on|at) (?:https?://|tcp:|\[::\]|0\.0\.0\.0|:)",
    r"^Successfully (?:installed|built|tagged) |^added \d+ packages|Finished `?\w+`? .*target\(s\) in|compiled successfully",
    r"[Rr]eady in [\d.]+ ?m?s\b|[Cc]onnected to (?:the )?(?:[Dd]atabase|MongoDB|PostgreSQL|Postgres|MySQL|Redis|NATS)",
];

/// Somebody ends, or is ended, without having been asked to.
const END: [&str; 9] = [
    r"level=(?:fatal|panic)\b",
    r"Main process exited, code=(?:exited, status=[1-9]|killed|dumped)",
    r"Failed with result '",
    r"panic: ",
    r"database system is shut down|could not start server|aborting startup",
    r"nginx: \[emerg\]",
    r"Unhandled (?:exception|rejection)|throw er; // Unhandled",
    r"CrashLoopBackOff",
    r"failed to start daemon|Failed to start \S+\.service",
];

/// Indexes of their phrases.
pub struct Signs {
    success: Vec<usize>,
    end: Vec<usize>,
}

impl Signs {
    pub fn new(add: Add<'_>) -> Self {
        let mut phrases =
            |patterns: &[&'static str]| patterns.iter().map(|pattern| add(pattern, "", &[])).collect();
        Self { success: phrases(&SUCCESS), end: phrases(&END) }
    }

    /// The last line that tells of success with no end after it; 0 for none.
    pub fn success(&self, scan: &Scan) -> u64 {
        let success = last(scan, &self.success);
        if last(scan, &self.end) > success { 0 } else { success }
    }
}

fn last(scan: &Scan, phrases: &[usize]) -> u64 {
    scan.hits.iter().filter(|hit| phrases.contains(&hit.phrase)).map(|hit| hit.last).max().unwrap_or(0)
}
