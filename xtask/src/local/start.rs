//! Starting the process, or replacing it by a changed build.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::binary::Binary;
use crate::context::Context;
use crate::local::{Folder, Process, end, logs, reachable, unix_s};
use crate::processes::{daemon, ports};
use crate::report::{Exit, Failure};
use crate::settings::ADMIN_PORT;

/// It answers within 20 ms; a loaded machine with a cold disk takes its time.
const READY_LIMIT: Duration = Duration::from_secs(20);
const READY_POLL: Duration = Duration::from_millis(15);
/// Lines of its log that a failed start shows.
const LOG_LINES_SHOWN: usize = 12;
/// Variables that reach the server as flags, so that a change of them is seen as a change.
const SETTINGS: [(&str, &str); 2] =
    [("MATCH_SECONDS", "--match-seconds"), ("FILL_TO_PLAYERS", "--fill-to-players")];

/// What `ensure` found or did.
#[derive(Debug, Clone)]
pub struct Ensured {
    pub process: Process,
    /// False when the right build was running and ready already.
    pub changed: bool,
}

/// How the process should be, before it is.
pub struct Wanted {
    pub bind_address: String,
    pub port: u16,
    pub settings: Vec<String>,
}

/// The program that is started.
pub struct Build<'a> {
    pub program: PathBuf,
    /// Stamp of the regular build.
    pub stamp: &'a str,
    /// Files of the page that a development build serves instead of its own.
    pub web_dir: Option<&'a Path>,
}

impl<'a> Build<'a> {
    pub fn regular(folder: &Folder, stamp: &'a str) -> Self {
        Self { program: folder.binary(), stamp, web_dir: None }
    }
}

/// Makes the process run this build with these settings; a running match is waited for unless `now`.
/// `None` where a dry run would change something.
pub async fn ensure(context: &Context, binary: &Binary, now: bool) -> Result<Option<Ensured>> {
    let folder = Folder::of(context);
    let last = folder.last();
    let wanted = wanted(context, last.as_ref());
    if let Some(running) = folder.running() {
        let step = context.report.step("start", "looking at what runs");
        if fits(&running, &wanted) && same_build(&folder, binary, &running)? && running.is_ready().await {
            step.skipped(&format!("game-server all is running, pid {}", running.identity.pid));
            return Ok(Some(Ensured { process: running, changed: false }));
        }
        end::end(context, &running, now).await?;
    } else if last.is_some() {
        context.report.note("start", "the process that was up is gone; it is started again");
    }
    if !context.dry_run {
        fs::create_dir_all(&folder.0).with_context(|| format!("making {}", folder.0.display()))?;
        install(&binary.path, &folder.binary())?;
    }
    let process = start(context, &folder, &wanted, Build::regular(&folder, &binary.stamp)).await?;
    Ok(process.map(|process| Ensured { process, changed: true }))
}

/// Starts again what `stop` ended, without a build; `None` where nothing was stopped, or in a dry run.
pub async fn resume(context: &Context) -> Result<Option<Process>> {
    let folder = Folder::of(context);
    let Some(last) = folder.last().filter(|_| folder.binary().exists()) else {
        return Ok(None);
    };
    if last.identity.is_alive() {
        context
            .report
            .step("start", "")
            .skipped(&format!("game-server all is running, pid {}", last.identity.pid));
        return Ok(Some(last));
    }
    let port = context.port_given.unwrap_or(last.port);
    let wanted = Wanted { bind_address: last.bind_address, port, settings: last.settings };
    start(context, &folder, &wanted, Build::regular(&folder, &last.stamp)).await
}

/// Starts a build and waits until it is ready; `None` in a dry run.
pub async fn start(
    context: &Context,
    folder: &Folder,
    wanted: &Wanted,
    build: Build<'_>,
) -> Result<Option<Process>> {
    // In a dry run the process that would be replaced still holds its ports.
    let replaced = folder.running().filter(|_| context.dry_run);
    if replaced.is_none() && !ports::is_free(&wanted.bind_address, wanted.port) {
        return Err(port_taken(wanted.port).into());
    }
    let step = context.report.step("start", "game-server all");
    let admin = admin_address(replaced.as_ref())?;
    let args = arguments(folder, wanted, &admin, build.web_dir);
    if !context.dry_run {
        logs::rotate(&folder.log())?;
        folder.ensure_admin_token()?;
    }
    let token = [("ADMIN_TOKEN_FILE", folder.admin_token().into_os_string())];
    let command = daemon::Command { program: &build.program, args: &args, variables: &token };
    let started = daemon::start(&context.report, command, &folder.0, &folder.log())?;
    let Some(identity) = started else {
        step.skipped("game-server all would be started");
        return Ok(None);
    };
    let process = Process {
        identity,
        url: format!("http://{}", reachable(&wanted.bind_address, wanted.port)),
        bind_address: wanted.bind_address.clone(),
        port: wanted.port,
        admin,
        settings: wanted.settings.clone(),
        stamp: build.stamp.to_owned(),
        started_unix_s: unix_s(),
        is_development: build.web_dir.is_some(),
    };
    folder.write(&process)?;
    wait_until_ready(folder, &process).await?;
    step.done(&format!("game-server all, pid {}", process.identity.pid));
    Ok(Some(process))
}

/// The usual port, or any where somebody has that one.
fn admin_address(replaced: Option<&Process>) -> Result<String> {
    let usual = format!("127.0.0.1:{ADMIN_PORT}");
    if ports::is_free("127.0.0.1", ADMIN_PORT) || replaced.is_some_and(|process| process.admin == usual) {
        return Ok(usual);
    }
    Ok(format!("127.0.0.1:{}", ports::any_free().context("no free port for the admin interface")?))
}

async fn wait_until_ready(folder: &Folder, process: &Process) -> Result<()> {
    let deadline = Instant::now() + READY_LIMIT;
    while !process.is_ready().await {
        let alive = process.identity.is_alive();
        if alive && Instant::now() < deadline {
            tokio::time::sleep(READY_POLL).await;
            continue;
        }
        let what = if alive { "it is not ready after 20 s." } else { "it ended at once." };
        let lines = logs::last_lines(&folder.log(), LOG_LINES_SHOWN).join("\n");
        return Err(Failure {
            exit: Exit::Rollout,
            doing: "starting the game server".to_owned(),
            found: format!("{what} The end of its log:\n{lines}"),
            cause: String::new(),
            fix: format!("read {} and run `cargo xtask up` again", folder.log().display()),
        }
        .into());
    }
    Ok(())
}

/// Where players will join.
pub fn wanted_url(context: &Context) -> String {
    let wanted = wanted(context, Folder::of(context).last().as_ref());
    format!("http://{}", reachable(&wanted.bind_address, wanted.port))
}

/// A port that was chosen once stays until another is asked for.
pub fn wanted(context: &Context, last: Option<&Process>) -> Wanted {
    let port = context.port_given.or(last.map(|process| process.port)).unwrap_or(context.port);
    let flag =
        |(variable, flag): &(&str, &str)| std::env::var(variable).ok().map(|value| format!("{flag}={value}"));
    let settings = SETTINGS.iter().filter_map(flag).collect();
    Wanted { bind_address: context.bind_address.to_owned(), port, settings }
}

fn fits(running: &Process, wanted: &Wanted) -> bool {
    !running.is_development
        && running.bind_address == wanted.bind_address
        && running.port == wanted.port
        && running.settings == wanted.settings
}

/// Equal stamps mean equal builds; different ones may still (a touched file), so the bytes decide.
fn same_build(folder: &Folder, binary: &Binary, running: &Process) -> Result<bool> {
    if binary.identity.is_empty() {
        return Ok(false);
    }
    if running.stamp == binary.stamp && folder.binary().exists() {
        return Ok(true);
    }
    let built = fs::read(&binary.path).with_context(|| format!("reading {}", binary.path.display()))?;
    Ok(fs::read(folder.binary()).is_ok_and(|installed| installed == built))
}

/// Puts the new build beside the old one and swaps them: a running file cannot be written to.
pub fn install(built: &Path, program: &Path) -> Result<()> {
    let beside = program.with_extension("new");
    fs::copy(built, &beside).with_context(|| format!("copying {}", built.display()))?;
    fs::rename(&beside, program).with_context(|| format!("writing {}", program.display()))
}

fn arguments(folder: &Folder, wanted: &Wanted, admin: &str, web_dir: Option<&Path>) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["all".into(), "--listen".into()];
    args.push(format!("{}:{}", wanted.bind_address, wanted.port).into());
    args.extend(["--admin-listen".into(), admin.into(), "--data-dir".into(), folder.data().into()]);
    args.extend(wanted.settings.iter().map(OsString::from));
    if let Some(folder) = web_dir {
        args.extend(["--web-dir".into(), folder.into()]);
    }
    args
}

fn port_taken(port: u16) -> Failure {
    let found = match ports::owner(port) {
        Some(owner) => format!("port {port} is taken by {owner}."),
        None => format!("port {port} is taken by a program that this user may not look at."),
    };
    let next = port.checked_add(1).unwrap_or(8080);
    Failure {
        exit: Exit::Prerequisite,
        doing: "starting the game server".to_owned(),
        found,
        cause: String::new(),
        fix: format!("end that program, or use another port: `cargo xtask up --port {next}`"),
    }
}
