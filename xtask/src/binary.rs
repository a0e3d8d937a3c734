//! The release build of the game server, the one that runs locally and goes into the image.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::context::{Context, write_whole};
use crate::processes::job::Job;
use crate::report::Exit;

#[cfg(test)]
mod tests;

/// What decides the content of the binary, apart from the compiler.
const SOURCES: [&str; 3] = ["game-server", "Cargo.toml", "Cargo.lock"];

/// A built game server.
#[derive(Debug, Clone)]
pub struct Binary {
    pub path: PathBuf,
    /// Changes when a source changes; equal stamps mean equal binaries.
    pub stamp: String,
    /// The stamp together with size and time of the very file; equal identities mean the same file. Empty
    /// where a dry run would build it.
    pub identity: String,
}

/// Builds what has changed; without a change since the last build here it does not even start cargo.
pub async fn build(context: &Context) -> Result<Binary> {
    let path = path(context);
    let stamp = stamp(&context.root)?;
    let step = context.report.step("build", "the game server");
    if let Some(identity) = current(&path, &stamp) {
        step.skipped("the game server is built");
        return Ok(Binary { path, stamp, identity });
    }
    let watched = step.clone();
    let job = command(context).on_line(move |line| watched.progress(line));
    let fix =
        "correct what the compiler names; a missing compiler or linker is found by `cargo xtask doctor`";
    job.check(&context.report, Exit::Build, "building the game server", fix).await?;
    if context.dry_run {
        step.skipped("the game server would be built");
        return Ok(Binary { path, stamp, identity: String::new() });
    }
    let identity = describe(&path, &stamp)?;
    write_whole(&stamp_path(&path), identity.as_bytes())?;
    let megabytes = fs::metadata(&path)?.len() as f64 / 1e6;
    step.done(&format!("the game server, {megabytes:.1} MB"));
    Ok(Binary { path, stamp, identity })
}

/// What plays at somebody else's server, which needs no build of ours: whatever was built here before does, since the
/// server understands the version before its own as well. Only where nothing was, it is built.
pub async fn player(context: &Context) -> Result<PathBuf> {
    if let Some(binary) = known(context) {
        return Ok(binary.path);
    }
    let built = [path(context), development(context, false).path];
    if let Some(path) = built.into_iter().find(|path| path.is_file()) {
        let text = format!("{}, from an earlier build; nothing is built to play elsewhere", path.display());
        context.report.note("player", &text);
        return Ok(path);
    }
    let text = "the bots are a part of the game server, which was never built here: that is done first, once, and takes \
                minutes";
    context.report.note("player", text);
    build(context).await.map(|binary| binary.path)
}

/// The binary of an earlier build, when no source has changed since.
pub fn known(context: &Context) -> Option<Binary> {
    let path = path(context);
    let stamp = stamp(&context.root).ok()?;
    let identity = current(&path, &stamp)?;
    Some(Binary { path, stamp, identity })
}

/// Where the build puts the binary.
pub fn path(context: &Context) -> PathBuf {
    let target = context.cargo_target_folder();
    let folder = static_triple().map_or_else(|| target.clone(), |triple| target.join(triple));
    folder.join("release").join("game-server")
}

/// A build for trying out an edit: quick to compile, and static where it has to run in a pod.
pub struct Development {
    pub job: Job,
    /// Where the build puts the binary.
    pub path: PathBuf,
}

/// The development build, described; its parts are those that `cargo test` builds, unless it is static.
pub fn development(context: &Context, is_static: bool) -> Development {
    let job = Job::cargo(&context.root).args(["build", "--package", "game-server", "--bin", "game-server"]);
    let target = context.cargo_target_folder();
    let (job, folder) = match static_triple().filter(|_| is_static) {
        Some(triple) => (statically(job, &triple), target.join(triple)),
        None => (job, target),
    };
    Development { job, path: folder.join("debug").join("game-server") }
}

/// The triple that makes a static binary here; `None` where the system has no static libc.
/// Static linking needs an explicit `--target`: proc macros are built for the host without it.
pub fn static_triple() -> Option<String> {
    cfg!(target_os = "linux").then(|| format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
}

fn command(context: &Context) -> Job {
    let job = Job::cargo(&context.root).args(["build", "--release", "--package", "game-server", "--locked"]);
    match static_triple() {
        Some(triple) => statically(job, &triple),
        None => job,
    }
}

fn statically(job: Job, triple: &str) -> Job {
    let flags = r#"["-C", "target-feature=+crt-static", "-C", "relocation-model=static"]"#;
    let config = format!("target.{triple}.rustflags={flags}");
    // Flags of the environment would win over these and give a binary that needs a libc.
    let job = job.args(["--target", triple, "--config", &config]);
    job.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS")
}

fn stamp_path(binary: &Path) -> PathBuf {
    binary.with_extension("stamp")
}

/// The identity that was written down after the build, when it still holds.
fn current(binary: &Path, stamp: &str) -> Option<String> {
    let written = fs::read_to_string(stamp_path(binary)).ok()?;
    (describe(binary, stamp).ok()? == written).then_some(written)
}

/// Ties the stamp of the sources to the very file that was built from them.
fn describe(binary: &Path, stamp: &str) -> Result<String> {
    let metadata = fs::metadata(binary).with_context(|| format!("reading {}", binary.display()))?;
    Ok(format!("{stamp} {} {}", metadata.len(), modified_ns(&metadata)))
}

/// Names, sizes and times of the sources: reading them all would cost more than it tells.
fn stamp(root: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for source in SOURCES {
        add(&mut hash, &root.join(source))?;
    }
    let digest = hash.finalize();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    let doing = || format!("reading {}", path.display());
    let metadata = fs::metadata(path).with_context(doing)?;
    if metadata.is_dir() {
        let entries: std::io::Result<Vec<PathBuf>> =
            fs::read_dir(path).with_context(doing)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries.with_context(doing)?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add(hash, entry));
    }
    hash.update(path.as_os_str().as_encoded_bytes());
    hash.update(format!(" {} {}\n", metadata.len(), modified_ns(&metadata)));
    Ok(())
}

fn modified_ns(metadata: &fs::Metadata) -> u128 {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map_or(0, |time| time.as_nanos())
}
