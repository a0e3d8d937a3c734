//! Which log or command tells more, by who has the last word.

use log_reader::Speaker;

/// Never the command that gave this log.
pub const fn after(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::K3s => {
            "the lines before the last start (journalctl -u k3s -b -1, or docker logs of the node without --tail); then what it runs on: systemctl status containerd, df -h, ip route"
        }
        Speaker::Kubelet => {
            "kubectl describe node <node> and kubectl describe pod <pod>; the runtime below it: journalctl -u containerd (k3s: /var/lib/rancher/k3s/agent/containerd/containerd.log)"
        }
        Speaker::KubeProxy | Speaker::Flannel => {
            "dmesg | tail -50 and lsmod on the node: what the kernel refused"
        }
        Speaker::ApiServer | Speaker::ControlPlane => {
            "kubectl get apiservice, kubectl get --raw='/readyz?verbose'; the log of etcd or of k3s on the server"
        }
        Speaker::Etcd => {
            "the logs of the other members, and etcdctl endpoint status --cluster -w table; the disk: iostat -x 1"
        }
        Speaker::Containerd => {
            "dmesg | tail -50, df -h /var/lib, and the unit that starts it: journalctl -u k3s or -u docker"
        }
        Speaker::Docker => "systemctl status docker, dmesg | tail -50, and docker info once it runs",
        Speaker::DockerCli => {
            "the daemon's own log: journalctl -u docker -b (Docker Desktop: Troubleshoot > Get support, com.docker.backend.log)"
        }
        Speaker::Kubectl => {
            "what the cluster says: docker logs --tail 200 <node>, or journalctl -u k3s on the server; kubectl config view --minify tells whom it asks"
        }
        Speaker::Helm => {
            "kubectl get events -A --sort-by=.lastTimestamp, and kubectl describe of what did not get ready"
        }
        Speaker::K3d => "the node that k3d names: docker logs --tail 200 k3d-<cluster>-server-0",
        Speaker::CoreDns => {
            "the node's resolver: cat /etc/resolv.conf, and kubectl -n kube-system get configmap coredns -o yaml"
        }
        Speaker::MetricsServer => {
            "kubectl get apiservice v1beta1.metrics.k8s.io -o yaml, and kubectl -n kube-system logs deploy/metrics-server --previous"
        }
        Speaker::CertManager | Speaker::Agones => {
            "kubectl get events -A --sort-by=.lastTimestamp, and the log of the API server"
        }
        Speaker::Traefik | Speaker::Nginx => {
            "what stands behind it: kubectl get endpointslices -A, and the log of that program"
        }
        Speaker::Nats => "nats server report jetstream, and the log of the client that was refused",
        Speaker::Postgres => {
            "the database's own log (docker logs, or log_directory of postgresql.conf), its lines before the last FATAL"
        }
        Speaker::Redis => "redis-cli info persistence, df -h of its folder",
        Speaker::Systemd => "the unit's own lines: journalctl -u <unit> -b --no-pager | tail -100",
        Speaker::Kernel => "the program that the kernel names: its own log at the same second",
        Speaker::Wsl => "wsl --status and wsl --version in PowerShell; Event Viewer: Hyper-V-Compute",
        Speaker::Colima => "colima start --verbose, and ~/.colima/_lima/colima/ha.stderr.log",
        Speaker::Podman => "podman machine inspect, journalctl --user -u podman",
        Speaker::Game
        | Speaker::Node
        | Speaker::Java
        | Speaker::Python
        | Speaker::Go
        | Speaker::Dotnet
        | Speaker::Rust => {
            "why it ended the time before: kubectl logs --previous <pod> (docker logs <container>), and kubectl describe pod <pod>"
        }
        Speaker::Runner => "the step's full log with debugging on (ACTIONS_STEP_DEBUG)",
        Speaker::Unknown => {
            "kubectl describe pod <pod> and kubectl logs --previous <pod>; docker logs of a node; journalctl -b -p warning"
        }
    }
}
