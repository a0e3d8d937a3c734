//! The stage `deny`: what the lock file brings, its licences, where it comes from, and what is known against it.

use std::time::Duration;

use anyhow::Result;

use super::Outcome;
use super::stages::{cargo, cargo_job, missing_programs};
use crate::context::Context;

/// A few megabytes from a public repository; where there is no way out, a try of it ends by then.
const DATABASE_LIMIT: Duration = Duration::from_secs(60);

pub async fn run(context: &Context) -> Result<Outcome> {
    if let Some(missing) = missing_programs(&["cargo-deny"]) {
        return Ok(Outcome::Skipped(missing));
    }
    let outcome = cargo(context, &["deny", "--offline", "check", "bans", "licenses", "sources"]).await?;
    if outcome != Outcome::Passed {
        return Ok(outcome);
    }
    let database = cargo_job(context, &["deny", "fetch", "db"]).limit(DATABASE_LIMIT);
    if !database.run(&context.report).await?.success() {
        let why = "their database cannot be reached from here, so nothing is said about them";
        context.report.note("advisories", why);
        return Ok(Outcome::Passed);
    }
    cargo(context, &["deny", "check", "advisories"]).await
}
