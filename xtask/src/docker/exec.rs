//! Commands inside a container.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::docker::{Engine, ExecOutput};
use crate::processes::quoted;

/// Between two looks at a command whose output has ended and whose exit code is not there yet.
const EXIT_CODE_POLL: Duration = Duration::from_millis(20);
/// The exit code follows the end of the output within milliseconds; this is a dead engine.
const EXIT_CODE_LIMIT: Duration = Duration::from_secs(10);

impl Engine {
    /// Runs a command that changes something in a container, feeding it what has this name when there is something; a
    /// dry run gives a good end without any output.
    pub async fn exec_to_change(
        &self,
        container: &str,
        command: &[&str],
        stdin: Option<(&str, Bytes)>,
    ) -> Result<ExecOutput> {
        let command_line = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let call = match &stdin {
            Some((name, _)) => format!("docker exec --interactive {container} {command_line} < {name}"),
            None => format!("docker exec {container} {command_line}"),
        };
        if !self.call(&call) {
            return Ok(ExecOutput { exit_code: 0, stdout: String::new(), stderr: String::new() });
        }
        self.exec(container, command, stdin.map(|(_, bytes)| bytes)).await
    }

    /// Runs a command in a container, feeding `stdin` when there is some; gives its output and exit code.
    pub async fn exec(&self, container: &str, command: &[&str], stdin: Option<Bytes>) -> Result<ExecOutput> {
        let options = CreateExecOptions::<&str> {
            attach_stdin: Some(stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let doing = || format!("running {} in {container}", command.join(" "));
        let exec = self.docker.create_exec(container, options).await.with_context(doing)?;
        let started = self.docker.start_exec(&exec.id, None::<StartExecOptions>).await.with_context(doing)?;
        let StartExecResults::Attached { mut output, mut input } = started else {
            bail!("{container} detached from {}", command.join(" "));
        };
        let feed = async {
            if let Some(bytes) = stdin {
                // A command that ends early closes its input; its exit code says why.
                let _ = input.write_all(&bytes).await;
                let _ = input.shutdown().await;
            }
        };
        let read = async {
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            while let Some(Ok(part)) = output.next().await {
                match part {
                    LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                    LogOutput::StdOut { message }
                    | LogOutput::StdIn { message }
                    | LogOutput::Console { message } => {
                        stdout.extend_from_slice(&message);
                    }
                }
            }
            (stdout, stderr)
        };
        let ((), (stdout, stderr)) = tokio::join!(feed, read);
        Ok(ExecOutput {
            exit_code: self.exit_code(&exec.id).await.with_context(doing)?,
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// True when a file of a container is there and holds something. Unlike a command that looks, it starts no process.
    pub async fn has_content(&self, container: &str, path: &str) -> bool {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
        let found = self.docker.get_container_archive_info(container, Some(options)).await;
        found.is_ok_and(|file| file.size > 0)
    }

    /// "Ended" is `Running=false` and an exit code: a command that has not started yet also reads as not running.
    async fn exit_code(&self, exec: &str) -> Result<i64> {
        let wait = async {
            loop {
                let state = self.docker.inspect_exec(exec).await?;
                if let (Some(false), Some(code)) = (state.running, state.exit_code) {
                    return Ok(code);
                }
                tokio::time::sleep(EXIT_CODE_POLL).await;
            }
        };
        tokio::time::timeout(EXIT_CODE_LIMIT, wait).await.context("no exit code from Docker")?
    }
}
