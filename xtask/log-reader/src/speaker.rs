//! Who writes a line, as far as its form or its words tell.

macro_rules! speakers {
    ($($name:ident $word:literal),+ $(,)?) => {
        /// A program, or a part of one, that writes logs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub enum Speaker {
            #[default]
            Unknown,
            $($name),+
        }

        impl Speaker {
            /// As people call it; empty where nobody knows.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Unknown => "",
                    $(Self::$name => $word),+
                }
            }
        }
    };
}

speakers! {
    K3s "k3s", K3d "k3d", Kubelet "the kubelet", KubeProxy "kube-proxy", ApiServer "the API server",
    ControlPlane "the control plane", Etcd "etcd", Containerd "containerd", Docker "the Docker daemon",
    DockerCli "the docker CLI", Kubectl "kubectl", Helm "helm", Flannel "flannel", CoreDns "CoreDNS",
    MetricsServer "metrics-server", CertManager "cert-manager", Traefik "Traefik", Nginx "nginx",
    Nats "NATS", Postgres "PostgreSQL", Redis "Redis", Game "the game server", Node "Node.js", Java "Java",
    Python "Python", Go "a Go program", Dotnet ".NET", Rust "a Rust program", Systemd "systemd",
    Kernel "the kernel", Wsl "WSL", Colima "colima", Podman "podman", Agones "Agones", Runner "the CI runner",
}

/// Names that journald, compose and others put before a line, by what they begin with.
const NAMES: [(&str, Speaker); 46] = [
    ("k3s", Speaker::K3s),
    ("k3d", Speaker::K3d),
    ("rke2", Speaker::K3s),
    ("kubelet", Speaker::Kubelet),
    ("kube-proxy", Speaker::KubeProxy),
    ("kube-apiserver", Speaker::ApiServer),
    ("kube-controller", Speaker::ControlPlane),
    ("kube-scheduler", Speaker::ControlPlane),
    ("etcd", Speaker::Etcd),
    ("containerd", Speaker::Containerd),
    ("dockerd", Speaker::Docker),
    ("docker.service", Speaker::Systemd),
    ("com.docker", Speaker::Docker),
    ("docker", Speaker::Docker),
    ("rootlesskit", Speaker::Docker),
    ("kubectl", Speaker::Kubectl),
    ("helm", Speaker::Helm),
    ("flannel", Speaker::Flannel),
    ("kube-flannel", Speaker::Flannel),
    ("coredns", Speaker::CoreDns),
    ("metrics-server", Speaker::MetricsServer),
    ("cert-manager", Speaker::CertManager),
    ("traefik", Speaker::Traefik),
    ("nginx", Speaker::Nginx),
    ("ingress-nginx", Speaker::Nginx),
    ("nats", Speaker::Nats),
    ("postgres", Speaker::Postgres),
    ("postgresql", Speaker::Postgres),
    ("pgsql", Speaker::Postgres),
    ("redis", Speaker::Redis),
    ("valkey", Speaker::Redis),
    ("gateway", Speaker::Game),
    ("lobby", Speaker::Game),
    ("room", Speaker::Game),
    ("ranking", Speaker::Game),
    ("game-server", Speaker::Game),
    ("node", Speaker::Node),
    ("java", Speaker::Java),
    ("python", Speaker::Python),
    ("systemd", Speaker::Systemd),
    ("kernel", Speaker::Kernel),
    ("wsl", Speaker::Wsl),
    ("colima", Speaker::Colima),
    ("lima", Speaker::Colima),
    ("podman", Speaker::Podman),
    ("agones", Speaker::Agones),
];

impl Speaker {
    /// Of a name such as `k3s-agent`, `postgres-1` or `kube-flannel-ds-x2k9v`; the longest that fits.
    pub fn of_name(name: &[u8]) -> Self {
        let fits = |known: &str| {
            name.len() >= known.len()
                && name[..known.len()].eq_ignore_ascii_case(known.as_bytes())
                && name.get(known.len()).is_none_or(|next| !next.is_ascii_alphabetic())
        };
        let known = NAMES.iter().filter(|(known, _)| fits(known)).max_by_key(|(known, _)| known.len());
        known.map_or(Self::Unknown, |(_, speaker)| *speaker)
    }

    /// Of the source file that klog names.
    pub fn of_source(file: &[u8]) -> Self {
        match file {
            b"memcache.go" | b"request.go" | b"helpers.go" | b"discovery.go" => Self::Kubectl,
            b"proxier.go" | b"proxier_ipv6.go" | b"ipset.go" | b"conntrack.go" | b"server_others.go" => {
                Self::KubeProxy
            }
            b"scraper.go" => Self::MetricsServer,
            b"kubelet.go"
            | b"kubelet_node_status.go"
            | b"pod_workers.go"
            | b"container_manager_linux.go"
            | b"container_manager.go"
            | b"eviction_manager.go"
            | b"image_gc_manager.go"
            | b"kuberuntime_manager.go"
            | b"kuberuntime_sandbox.go"
            | b"remote_runtime.go"
            | b"remote_image.go"
            | b"log.go"
            | b"prober.go"
            | b"kubelet_network.go"
            | b"nestedpendingoperations.go"
            | b"cri_stats_provider.go"
            | b"kuberuntime_container.go"
            | b"kuberuntime_image.go"
            | b"cpu_manager.go"
            | b"fs.go" => Self::Kubelet,
            b"dispatcher.go" | b"handler_proxy.go" | b"available_controller.go" | b"instance.go" => {
                Self::ApiServer
            }
            b"leaderelection.go" | b"scheduler.go" | b"schedule_one.go" | b"horizontal.go" => {
                Self::ControlPlane
            }
            _ => Self::Unknown,
        }
    }
}
