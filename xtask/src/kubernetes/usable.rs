//! What an entry of a kubeconfig lacks, found before a client is made of it: the client's own words name no file and no
//! remedy, and an address without a scheme ends it with a panic.

use std::path::Path;

use http::Uri;
use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig};

use crate::processes;
use crate::report::{Exit, Failure};

/// Where one gets the programs that log in to clusters of the well-known kinds.
const LOGIN_PROGRAMS: [(&str, &str); 6] = [
    ("aws", "install the AWS CLI (https://docs.aws.amazon.com/cli)"),
    ("aws-iam-authenticator", "install aws-iam-authenticator, or run `aws eks update-kubeconfig` anew"),
    ("gke-gcloud-auth-plugin", "run `gcloud components install gke-gcloud-auth-plugin`"),
    ("kubelogin", "run `az aks install-cli`"),
    ("kubectl-oidc_login", "run `kubectl krew install oidc-login`"),
    ("doctl", "install doctl (https://docs.digitalocean.com/reference/doctl)"),
];
/// What a login program wrote before it gave up: enough to hold its last sentence.
const SAID_CHARS_MAX: usize = 300;

/// A context with the place that it was read from, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub context: &'a str,
    /// The file, or several of them.
    pub place: &'a str,
}

impl Entry<'_> {
    /// What keeps the context from leading anywhere.
    pub fn check(&self, file: &Kubeconfig) -> Result<(), Failure> {
        let context = file.contexts.iter().find(|one| one.name == self.context);
        let Some(context) = context.and_then(|one| one.context.as_ref()) else {
            return Err(self.refused("there is no such context.", "", "correct the name"));
        };
        let cluster = file.clusters.iter().find(|one| one.name == context.cluster);
        match cluster.and_then(|one| one.cluster.as_ref()) {
            Some(cluster) => self.cluster(cluster)?,
            None => {
                let found = format!("it names the cluster {}, which is not described.", context.cluster);
                return Err(self.refused(&found, "", "get the kubeconfig again as you got it before"));
            }
        }
        let Some(name) = &context.user else {
            return Ok(());
        };
        match file.auth_infos.iter().find(|one| one.name == *name).and_then(|one| one.auth_info.as_ref()) {
            Some(user) => self.user(user),
            None => {
                let found = format!("it names the user {name}, which is not described.");
                Err(self.refused(&found, "", "get the kubeconfig again as you got it before"))
            }
        }
    }

    fn cluster(&self, cluster: &Cluster) -> Result<(), Failure> {
        let server = cluster.server.as_deref().unwrap_or_default();
        self.address("server", server)?;
        if let Some(proxy) = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty()) {
            self.address("proxy-url", proxy)?;
        }
        self.readable("certificate-authority", cluster.certificate_authority.as_deref())
    }

    fn address(&self, key: &str, text: &str) -> Result<(), Failure> {
        let uri = text.parse::<Uri>().ok();
        let host = uri.as_ref().and_then(Uri::host).filter(|host| !host.is_empty());
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        if host.is_some() && matches!(scheme, Some("https" | "http" | "socks5")) {
            return Ok(());
        }
        let bare = text.rsplit("://").next().unwrap_or_default().trim();
        if bare.is_empty() {
            let found = format!("its `{key}:` is empty.");
            return Err(self.refused(&found, "", "get the kubeconfig again as you got it before"));
        }
        let found = format!("its `{key}: {text}` is no address: https:// and a host are needed.");
        let cause = if text.contains("://") { "" } else { "It was probably typed by hand: kubectl guesses." };
        Err(self.refused(&found, cause, &format!("write `{key}: https://{bare}`")))
    }

    fn user(&self, user: &AuthInfo) -> Result<(), Failure> {
        self.readable("client-certificate", user.client_certificate.as_deref())?;
        self.readable("client-key", user.client_key.as_deref())?;
        self.readable("tokenFile", user.token_file.as_deref())?;
        user.exec.as_ref().map_or(Ok(()), |exec| self.login_program(exec))
    }

    fn readable(&self, key: &str, path: Option<&str>) -> Result<(), Failure> {
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Ok(());
        };
        let Err(error) = std::fs::read(path) else {
            return Ok(());
        };
        let found = format!("its `{key}: {path}` cannot be read: {error}.");
        let cause = "The file stayed on another machine, or was made anew elsewhere.";
        let fix =
            "copy the file there, or get a kubeconfig that holds it: `kubectl config view --raw --flatten`";
        Err(self.refused(&found, cause, fix))
    }

    fn login_program(&self, exec: &ExecConfig) -> Result<(), Failure> {
        let Some(command) = exec.command.as_deref().filter(|command| !command.is_empty()) else {
            return Err(self.refused("its `exec:` names no command.", "", "get the kubeconfig again"));
        };
        let is_there = if command.contains('/') {
            Path::new(command).is_file()
        } else {
            processes::find(command).is_some()
        };
        if is_there {
            return Ok(());
        }
        let name = command.rsplit('/').next().unwrap_or(command);
        let known = LOGIN_PROGRAMS.iter().find(|(known, _)| *known == name).map(|(_, fix)| (*fix).to_owned());
        let hint =
            exec.install_hint.as_deref().map(|hint| hint.split_whitespace().collect::<Vec<_>>().join(" "));
        Err(Failure {
            exit: Exit::Prerequisite,
            doing: self.doing(),
            found: format!("it logs in through the program `{command}`, which is not installed."),
            cause:
                "Clusters of cloud providers give no password; their own program fetches a token each time."
                    .to_owned(),
            fix: known
                .or(hint)
                .unwrap_or_else(|| format!("install {command}, so that `{command}` can be typed")),
        })
    }

    /// What the client itself said of it, where no rule above knew better.
    pub fn unusable(&self, error: &kube::Error) -> Failure {
        if let kube::Error::Auth(kube::client::AuthError::AuthExecRun { cmd, out }) = error {
            let said = String::from_utf8_lossy(&out.stderr);
            let said: String = said.trim().chars().take(SAID_CHARS_MAX).collect();
            let command = cmd.replace('"', "");
            let (found, cause) = (
                format!("`{command}` was to log in and ended with {}. {said}", out.status),
                "The login has expired, mostly.".to_owned(),
            );
            let fix = format!("log in anew, so that `{command}` prints a token");
            return Failure { exit: Exit::Prerequisite, doing: self.doing(), found, cause, fix };
        }
        self.unreadable(&error.to_string())
    }

    /// The same for what the file itself says.
    pub fn unreadable(&self, error: &str) -> Failure {
        let fix = "correct that file; `kubectl config view` reads the same";
        self.refused(&format!("{}.", error.trim_end_matches('.')), "", fix)
    }

    fn doing(&self) -> String {
        format!("reading the context {} of {}", self.context, self.place)
    }

    fn refused(&self, found: &str, cause: &str, fix: &str) -> Failure {
        let (found, cause, fix) = (found.to_owned(), cause.to_owned(), fix.to_owned());
        Failure { exit: Exit::Refused, doing: self.doing(), found, cause, fix }
    }
}

#[cfg(test)]
mod tests;
