//! What an error of the database means, in words: a pool would only say that it timed out.

use sqlx::Error;
use sqlx::error::DatabaseError;

/// The low byte of SQLite's extended codes is the code itself.
const SQLITE_PRIMARY: i64 = 0xff;
/// Length of a code of PostgreSQL; those of SQLite are shorter.
const SQLSTATE_CHARS: usize = 5;

/// Why something could not be stored or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// What was handed in: stored alone on a well database it would fail again.
    Content,
    Damaged,
    Locked,
    ReadOnly,
    Full,
    Disk,
    NoAccess,
    Login,
    NoConnection,
    Away,
    Other,
}

impl Trouble {
    /// Finds the database's own code.
    pub fn of(error: &Error) -> Trouble {
        match error {
            Error::Database(error) => Trouble::of_code(error.as_ref()),
            Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
                Trouble::Away
            }
            _ => Trouble::Other,
        }
    }

    /// The same of an error that was wrapped since.
    pub fn of_any(error: &anyhow::Error) -> Trouble {
        error.chain().find_map(|cause| cause.downcast_ref::<Error>()).map_or(Trouble::Other, Trouble::of)
    }

    fn of_code(error: &dyn DatabaseError) -> Trouble {
        let code = error.code().unwrap_or_default();
        match code.parse::<i64>() {
            Ok(number) if code.len() < SQLSTATE_CHARS => Trouble::of_sqlite(number & SQLITE_PRIMARY),
            _ => Trouble::of_sqlstate(&code),
        }
    }

    /// <https://www.sqlite.org/rescode.html>
    fn of_sqlite(code: i64) -> Trouble {
        match code {
            5 | 6 => Trouble::Locked,
            8 => Trouble::ReadOnly,
            10 => Trouble::Disk,
            11 | 26 => Trouble::Damaged,
            13 => Trouble::Full,
            3 | 14 | 23 => Trouble::NoAccess,
            18 | 19 | 20 | 25 => Trouble::Content,
            _ => Trouble::Other,
        }
    }

    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    fn of_sqlstate(code: &str) -> Trouble {
        match code.get(..2).unwrap_or_default() {
            "08" | "57" => Trouble::Away,
            _ if code == "53300" => Trouble::NoConnection,
            _ if code == "53100" => Trouble::Full,
            _ if code == "25006" => Trouble::ReadOnly,
            "21" | "22" | "23" | "P0" => Trouble::Content,
            "28" | "3D" | "42" => Trouble::Login,
            "40" | "55" => Trouble::Locked,
            "58" => Trouble::Disk,
            "XX" => Trouble::Damaged,
            _ => Trouble::Other,
        }
    }

    /// What was found and what helps.
    pub fn advice(self) -> &'static str {
        match self {
            Trouble::Content => "the database refuses what is in it",
            Trouble::Damaged => {
                "the database is damaged, or the file is none of SQLite's; set the file aside (mv FILE FILE.damaged) \
                 and a new one is made, or bring back a copy; sqlite3 FILE.damaged .recover may still read it"
            }
            Trouble::Locked => {
                "another program keeps the database locked, such as an open sqlite3 shell; end it (fuser FILE names it)"
            }
            Trouble::ReadOnly => {
                "the database may only be read; make file, folder and volume writable for this user (ls -l, mount)"
            }
            Trouble::Full => "the disk is full; free some space, results that wait are stored then",
            Trouble::Disk => "the disk fails to read or write; look into dmesg",
            Trouble::NoAccess => {
                "the file cannot be opened; it is there, and its folder belongs to this user, or it is not (ls -l)"
            }
            Trouble::Login => {
                "the server refuses this user, database or schema; check DATABASE_URL and its rights"
            }
            Trouble::NoConnection => {
                "the server has no connection left; end idle ones or raise max_connections, it is tried again"
            }
            Trouble::Away => "the database does not answer; it is tried again",
            Trouble::Other => "see what it says",
        }
    }
}

#[cfg(test)]
mod tests;
