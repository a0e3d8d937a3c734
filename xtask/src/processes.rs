//! Other programs: found, run, timed out, ended; the only place that spawns.
