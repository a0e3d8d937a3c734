//! Kubeconfigs, certificates, the API.

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Kind, Rule};

use super::ports::listens;

const API_PORT: u16 = 6443;
const DAY_S: i64 = 24 * 3600;
/// k3s renews certificates at a start when they end within 90 days; this is late.
const CERTIFICATE_SOON_S: i64 = 14 * DAY_S;

pub const FAMILY: Family = Family {
    title: "Kubeconfig and API",
    section: "kubeconfig-and-api",
    about: "Our clusters have a kubeconfig of their own, yours is left alone. `connection refused` at 6443 is never \
            the cause: the log of k3s is where the reason stands.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("k3s-refused-6443", "the k3s of this system does not answer")
        .check([Fail, Info, Info], k3s_refused_6443)
        .cause("k3s ended and systemd tries again: the reason is in its journal, not in this message.")
        .fix("journalctl -u k3s -b --no-pager | cargo xtask doctor --log -")
        .answers(&["api-server-unavailable"])
        .log(
            r"The connection to the server \S+:\d+ was refused|https?://\S+:(?:6443|6550|6445)/\S*.*(?:connection refused|actively refused)|dial tcp \S+:6443: connect: connection refused|Kubernetes cluster unreachable",
            "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
        )
        .except("localhost:8080|cacerts|webhook")
        .kind(Kind::Consequence),
    Rule::new("k3s-restarts", "systemd starts k3s again and again")
        .cause("It follows from the error with which k3s ends each time.")
        .fix("journalctl -u k3s -b --no-pager | cargo xtask doctor --log -")
        .log(
            r"activating \(auto-restart\)|k3s(?:-agent)?\.service: (?:Main process exited|Failed with result|Scheduled restart job)",
            "   Active: activating (auto-restart) (Result: exit-code) since Mon 2026-03-02 10:00:00 CET; 2s ago",
        )
        .kind(Kind::Consequence),
    Rule::new("kubeconfig-missing", "KUBECONFIG names a file that is not there")
        .check([Warn, Info, Silent], kubeconfig_missing)
        .cause("kubectl then asks localhost:8080, where no API is.")
        .fix("unset KUBECONFIG; for our cluster: the line `export KUBECONFIG=…` with which cargo xtask up ends")
        .answers(&["kubectl-no-kubeconfig"])
        .tell("kubectl config view --minify: an error instead of a server is this")
        .log(
            r"The connection to the server localhost:8080 was refused|https?://localhost:8080/(?:api|openapi|version|swagger|healthz)\S*.*(?:refused|connectex)|failed to download openapi: .*localhost:8080|Kubernetes cluster unreachable: .*localhost:8080|Cluster is not reachable.*localhost:8080",
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
        )
        .certain(),
    Rule::new("kubeconfig-several", "KUBECONFIG names several files")
        .check([Info, Info, Silent], kubeconfig_several)
        .cause("k3d by itself refuses to write into several; our commands neither read nor write any of them.")
        .fix("nothing; for k3d's own commands: export KUBECONFIG=<one file>")
        .log(r"multiple kubeconfigs specified", "FATA[0000] multiple kubeconfigs specified via KUBECONFIG env var: Please reduce to one entry, unset KUBECONFIG or explicitly choose an output")
        .certain(),
    Rule::new("kubeconfig-stale-or-wrong-context", "our kubeconfig leads to a port that the cluster does not have")
        .check([Silent, Warn, Silent], kubeconfig_stale_or_wrong_context)
        .cause("The cluster was made again, with a new certificate and a new port, or the current context is another cluster.")
        .fix("cargo xtask cluster; for kubectl: export KUBECONFIG to the file that it names")
        .answers(&["kubeconfig-credentials-rejected", "kube-api-ca-untrusted"])
        .tell("kubectl config get-contexts, and kubectl config view --minify: the server that it names must be the one you mean")
        .log(
            r"You must be logged in to the server|the server has asked for the client to provide credentials|context \\?\x22[^\x22]+\x22 does not exist|no context exists with the name|Unable to authenticate the request.*(?:invalid bearer token|unknown)|^error: .*provided credentials are (?:invalid|not valid)",
            "error: You must be logged in to the server (Unauthorized)",
        ),
    Rule::new("kubeconfig-host-unreachable", "the address in the kubeconfig does not work everywhere")
        .check([Silent, Warn, Silent], kubeconfig_host_unreachable)
        .cause("0.0.0.0 breaks programs of Windows and proxies; host.docker.internal moves with the network. EOF means: the load balancer is up and the API is not.")
        .fix("cargo xtask cluster, which asks for 127.0.0.1; by hand: kubectl config set-cluster <name> --server=https://127.0.0.1:<port>")
        .log(
            r"lookup host\.docker\.internal.*no such host|Unable to connect to the server: dial tcp 0\.0\.0\.0",
            "Unable to connect to the server: dial tcp 0.0.0.0:6550: connect: operation timed out",
        )
        .kind(Kind::Consequence),
    Rule::new("k3s-cert-expired", "the certificate of the cluster ends")
        .check([Silent, Fail, Silent], k3s_cert_expired)
        .cause("Certificates of k3s live for a year and are renewed at a start; a cluster that sleeps grows old. Or the clock is ahead.")
        .fix("cargo xtask stop && cargo xtask start; a native k3s: sudo systemctl restart k3s; kubeadm: kubeadm certs renew all")
        .answers(&["certificate-expired", "client-cert-expired"])
        .tell("date on both machines first; then openssl s_client -connect <host>:6443 </dev/null 2>/dev/null | openssl x509 -noout -enddate")
        .tell("date on both machines first; then openssl s_client -connect <host>:6443 </dev/null 2>/dev/null | openssl x509 -noout -enddate")
        .last_resort("cargo xtask down && cargo xtask up makes the cluster anew; what its volumes hold is lost")
        .log(
            r"(?:Unable to connect to the server|:6443|:6444|/apis?/).*x509: certificate has expired or is not yet valid: current time \S+ is after",
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2027-03-01T08:00:00Z is after 2027-02-28T17:12:44Z",
        )
        .except("webhook|Unable to authenticate"),
    Rule::new("kubectl-skew", "kubectl and the cluster are of different ages")
        .cause("One minor version apart is supported. Docker Desktop and Rancher Desktop put an old kubectl first on PATH.")
        .fix("install a kubectl of the cluster's version: kubectl version; macOS: brew link --overwrite kubernetes-cli")
        .tell("kubectl version: client and server more than one minor version apart")
        .log(
            r"WARNING: version difference between client .* exceeds|SchemaError\(",
            "WARNING: version difference between client (1.30) and server (1.34) exceeds the supported minor version skew of +/-1",
        )
        .possible(),
];

fn k3s_refused_6443(machine: &Machine) -> Option<Found> {
    let installed = machine.exists("/etc/systemd/system/k3s.service");
    (installed && !listens(machine, API_PORT))
        .then(|| Found::new("k3s.service is installed, and nobody listens at 6443"))
}

fn kubeconfig_missing(machine: &Machine) -> Option<Found> {
    let missing = &machine.kubeconfig.missing;
    (!missing.is_empty()).then(|| Found::new(format!("there is no {}", missing.join(", no "))))
}

fn kubeconfig_several(machine: &Machine) -> Option<Found> {
    let named = machine.variable("KUBECONFIG").filter(|named| named.trim_matches(':').contains(':'))?;
    Some(Found::new(format!("KUBECONFIG={named}")))
}

fn kubeconfig_stale_or_wrong_context(machine: &Machine) -> Option<Found> {
    let port: u16 = machine.kubeconfig.server.as_deref()?.rsplit_once(':')?.1.parse().ok()?;
    let mut published = machine
        .cluster_containers()
        .filter(|one| one.is_running())
        .flat_map(|one| &one.ports)
        .filter(|held| held.container_port == API_PORT)
        .map(|held| held.host_port)
        .peekable();
    published.peek()?;
    let other = published.find(|held| *held != port);
    other.map(|other| Found::new(format!("the kubeconfig says {port}, the cluster publishes {other}")))
}

fn kubeconfig_host_unreachable(machine: &Machine) -> Option<Found> {
    let server = machine.kubeconfig.server.as_deref()?;
    let odd = ["//0.0.0.0:", "//host.docker.internal:"].iter().any(|host| server.contains(host));
    odd.then(|| Found::new(format!("our kubeconfig says {server}")))
}

fn k3s_cert_expired(machine: &Machine) -> Option<Found> {
    let left = machine.kubeconfig.certificate_left_s.filter(|left| *left < CERTIFICATE_SOON_S)?;
    let found = if left < 0 {
        Found::new(format!("it ended {} days ago", -left / DAY_S))
    } else {
        Found::new(format!("it ends in {} days", left / DAY_S)).at_most(Warn)
    };
    Some(found)
}
