//! Kubeconfigs: which files, which address, how long the certificate lasts.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dates;
use crate::doctor::machine::Kubeconfigs;

/// Looks at the kubeconfig that is ours and at what `KUBECONFIG` names; writes neither.
pub fn read(ours: &Path) -> Kubeconfigs {
    let named = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let named: Vec<PathBuf> =
        std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
    let missing = named.iter().filter(|path| !path.exists()).map(|path| path.display().to_string());
    let text = fs::read_to_string(ours).unwrap_or_default();
    Kubeconfigs {
        missing: missing.collect(),
        server: value(&text, "server:").map(str::to_owned),
        certificate_left_s: value(&text, "client-certificate-data:").and_then(left_s),
    }
}

/// The one value of a key in a file that k3d wrote for one cluster and one user.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.trim().strip_prefix(key)?.trim()))
}

/// A certificate as kubeconfigs carry it: DER in PEM in base64.
pub fn left_s(data: &str) -> Option<i64> {
    let pem = String::from_utf8(STANDARD.decode(data).ok()?).ok()?;
    let lines = pem.lines().skip_while(|line| !line.contains("BEGIN CERTIFICATE")).skip(1);
    let body: String = lines.take_while(|line| !line.contains("END CERTIFICATE")).collect();
    dates::certificate_left_s(&STANDARD.decode(body.trim()).ok()?)
}
