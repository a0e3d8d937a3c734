//! What words alone say: refused, timed out, unknown, forbidden, full, read-only; and to whom.

use log_reader::Speaker;

use crate::doctor::rule::{Family, Rule};

pub const FAMILY: Family = Family {
    title: "General messages",
    section: "general-messages",
    about: "Where nothing more specific is known, the error's own word and its subject still say what happened. `refused`: the machine \
            is there and nobody listens at that port. `timeout`: nothing came back, mostly a firewall or a wrong address. \
            `no such host`: the name is not known to the server that was asked. None of them says why; the check leads there.",
    rules: RULES,
};

/// Who speaks for itself and not for a client of a cluster.
const RULES: &[Rule] = &[
    Rule::new("hostnetwork-dns", "a service's name is asked of the node's resolver ({name})")
        .cause("The name server in the line is the machine's own (127.0.0.53 and the like), which does not know services: a pod with hostNetwork, or a program outside the cluster.")
        .answers(&["service-name-unresolved"])
        .tell("grep -E 'hostNetwork|dnsPolicy' in the pod's manifest: hostNetwork: true without ClusterFirstWithHostNet is this")
        .fix("dnsPolicy: ClusterFirstWithHostNet on that pod; outside a cluster: an address that this machine resolves")
        .log(r"lookup (?P<name>[a-z0-9-]+(?:\.[a-z0-9-]+(?:\.svc(?:\.cluster\.local)?)?)?)\.? on (?:127\.0\.0\.\d+|\[::1\]):53: (?:no such host|server misbehaving)", "dial tcp: lookup game-postgres on 127.0.0.53:53: server misbehaving")
        .except("lookup \\S+\\.(?:com|io|org|net|dev|app|cloud|local|internal|de|cn|ai|sh|co|us|eu|localhost)\\.? on|lookup docker-?hub"),
    Rule::new("node-name-unresolved", "the API server does not know the name of a node ({name})")
        .cause("Logs, exec and metrics go to the kubelet by its node's name when the node has no address that resolves.")
        .answers(&["public-name-unresolved", "service-name-unresolved"])
        .tell("kubectl get node -o wide: INTERNAL-IP; nslookup of the name on the server")
        .fix("kubelet-preferred-address-types=InternalIP for the API server (metrics-server too), or the name in the server's /etc/hosts")
        .log(r"https://(?P<name>[a-z][\w.-]+):10250/.*(?:no such host|server misbehaving|i/o timeout)", "Error from server: Get \"https://node-2:10250/containerLogs/game/room-0/room\": dial tcp: lookup node-2 on 10.0.0.2:53: no such host"),
    Rule::new("k3d-host-internal-lost", "pods do not find the machine by name (host.k3d.internal)")
        .cause("k3d writes host.k3d.internal only when it starts the cluster itself; a restart of the engine loses it.")
        .tell("docker exec <node> grep host.k3d.internal /etc/hosts: no line is this")
        .fix("cargo xtask stop && cargo xtask start")
        .log(r"(?:bad address|no such host|could not resolve|ENOTFOUND|not known).*host\.k3d\.internal|host\.k3d\.internal.*(?:no such host|not known|ENOTFOUND|failure)", "wget: bad address 'host.k3d.internal:5432'")
        .certain(),
    Rule::new("wsl-dns", "names do not resolve in WSL ({name})")
        .cause("Windows answers WSL's questions (10.255.255.254), or a fixed server in resolv.conf is gone; behind some VPNs neither does.")
        .answers(&["public-name-unresolved"])
        .tell("nslookup github.com 1.1.1.1 in WSL: an answer means that only the configured resolver fails")
        .fix("dnsTunneling=true (or false) under [wsl2] in .wslconfig, then in PowerShell: wsl --shutdown")
        .log(r"lookup (?P<name>\S+) on (?:10\.255\.255\.254|172\.\d+\.\d+\.1):53: .*(?:i/o timeout|no such host|server misbehaving)", "dial tcp: lookup registry-1.docker.io on 10.255.255.254:53: i/o timeout")
        .except("cluster\\.local|\\.svc")
        .with(r"10\.255\.255\.254|microsoft-standard|\bWSL"),
    Rule::new("service-name-unresolved", "a name inside the cluster or compose project does not resolve ({name})")
        .cause("There is no service of that name in that namespace or network, it is not started yet, or the cluster's DNS does not answer.")
        .answers(&["database-unreachable", "nats-unreachable", "nginx-upstream-missing"])
        .tell("kubectl get svc -A | grep {name} (compose: docker compose ps); then nslookup {name} in a pod, and kubectl -n kube-system get pods -l k8s-app=kube-dns")
        .fix("correct the name (service.namespace), start the service first, or put both into one network")
        .log(r"lookup (?P<name>[a-z0-9_-]+(?:\.[a-z0-9-]+)?(?:\.svc\S*)?|\S+\.svc(?:\.\S+)?|\S+\.cluster\.local)\.?(?: on \S+)?: (?:no such host|.*i/o timeout|server misbehaving|Try again|Temporary failure)", "dial tcp: lookup nats.game-prod.svc.cluster.local on 10.43.0.10:53: no such host")
        .without(r":10250/")
        .except("lookup \\S+\\.(?:com|io|org|net|dev|app|cloud|de|cn|ai|sh|co|us|eu|internal)\\.?(?: on|:)|127\\.0\\.0\\.\\d+:53|10\\.255\\.255\\.254|:10250")
        .log(r"(?:getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<node>[a-z0-9_-]+)(?:[^.\w-]|$)|UnknownHostException: (?P<java>[a-z0-9_-]+)(?:[^.\w-]|$)|could not translate host name \x22(?P<pg>[^\x22]+)\x22|host (?:name )?['\x22]?(?P<host>[a-z0-9_-]+)['\x22]? (?:is )?(?:not known|unknown|could not be resolved))", "Error: getaddrinfo ENOTFOUND redis"),
    Rule::new("database-unreachable", "a database does not answer ({address})")
        .cause("It is not started, still starts, listens elsewhere (127.0.0.1 only, another port), or a firewall is between.")
        .answers(&["postgres-unreachable", "redis-unreachable", "service-without-endpoints"])
        .tell("pg_isready -h <host>, redis-cli -h <host> ping, or nc -vz <host> <port> from the same place; then the database's own log")
        .fix("start it or wait for it at start-up (a startupProbe, depends_on with a health check); localhost in a container is the container itself: name the service")
        .log(r"(?P<address>(?:[\w.-]+|\[[0-9a-f:]+\])?:(?:5432|5433|3306|6379|27017|26257|9042|1433|11211))\b.*(?:refused|timed out|\btimeout\b|unreachable|no route|closed the connection|connection closed)|(?:refused|timed? ?out|timeout|ECONNREFUSED|ETIMEDOUT)\b.*?(?P<subject>[\w.-]*:(?:5432|5433|3306|6379|27017|26257|9042|1433))\b|port (?P<port>5432|3306|6379|27017) failed: (?:Connection refused|timeout|Connection timed out)|could not connect to server: (?:Connection refused|No such file)|Can't connect to (?:MySQL|MariaDB|local MySQL) server|is the server running (?:on|locally)|MongoNetworkError|MongoServerSelectionError|No such file or directory Is the server running|(?:database|postgres|postgresql|mysql|redis)\b.*(?:connection refused|ECONNREFUSED|failed to connect to|unreachable|pool timed out)|P1001: Can't reach database", "connection to server at \"game-postgres\" (10.43.7.7), port 5432 failed: Connection refused"),
    Rule::new("volume-read-only-option", "a folder is mounted read-only ({path})")
        .cause("The root of the container, the volume or the mount is read-only on purpose (readOnlyRootFilesystem, readOnly, :ro); or, with errors of a disk in dmesg, because it failed.")
        .answers(&["disk-read-only-error", "sqlite-temp-folder"])
        .tell("grep ' ro[, ]' /proc/mounts where it runs, and dmesg | grep -iE 'i/o error|remount': an error there is the disk, none the option")
        .fix("an emptyDir or a writable volume for that folder; take readOnly (or :ro) off the mount that must be written")
        .log(r"(?:(?P<path>/[\w./-]+)['\x22]?:? .*)?(?:[Rr]ead-only file ?system|(?-i:\bEROFS\b)|os error 30\b)", "open /app/logs/game.log: read-only file system")
        .except(":r[ow]: |mount source path|read-only file system\\?|resolv\\.conf|EROFS unsupported|modprobe erofs|erofs: \\(device"),
    Rule::new("tmpfs-too-small", "a small file system in memory is full ({path})")
        .cause("It is a tmpfs or an emptyDir with a size limit, not the disk.")
        .answers(&["shm-too-small", "disk-full"])
        .tell("df -h of that path where the program runs: a tmpfs of some megabytes is this")
        .fix("raise sizeLimit of the emptyDir, or --tmpfs size=; write large files to a volume")
        .log(r"(?P<path>/(?:run|tmp|dev/shm|var/run)\b[^\s:\x22']*)['\x22]?:? .*(?:No space left|ENOSPC)|(?:emptyDir|ephemeral local storage) .*(?:exceeds the (?:total )?limit|usage exceeds)|Usage of EmptyDir volume .* exceeds", "write /tmp/upload-3f2a: no space left on device")
        .except("inotify|/dev/shm|/var/lib"),
    Rule::new("disk-full", "a file system is full ({path})")
        .cause("There is no block or no inode left on the file system of that path; with containers that is mostly the disk of the engine: images, logs, build caches, volumes.")
        .answers(&["disk-pressure", "tmpfs-too-small", "stuck-spurious-mounts", "github-actions-runner", "inotify-limits"])
        .tell("df -h and df -i of that path where the program runs, then docker system df: 100 % is this; space everywhere means mounts or watches ran out")
        .fix("remove what is not needed: old logs (journalctl --vacuum-size=500M), docker builder prune (only caches), unused images one by one; or enlarge the disk (of the virtual machine: Docker Desktop: Settings > Resources; colima start --disk)")
        .last_resort("docker image prune -a deletes every image that no container uses: they are pulled or built again; volumes stay")
        .log(r"(?:(?:write|open|mkdir|create|copy|fsync|extend|mount|rename)[^/]{0,24}(?P<path>/[^\s:\x22']+).*)?(?:[Nn]o space left on device|ENOSPC|[Dd]isk (?:is )?full|not enough (?:disk )?space|There is not enough space on the disk|os error 28\b|low on disk space|running out of disk space|(?:not enough|no|insufficient|too little) free disk space|[Dd]isk quota exceeded|database or disk is full|insufficient disk space|out of disk space)", "write /var/lib/docker/tmp/x: no space left on device")
        .except("inotify|shared memory segment|/dev/shm|directory watch|unshare|user namespace|(?:INF|INFO|level=info)"),
    Rule::new("volume-owner", "the process may not use a file or folder ({path})")
        .cause("It belongs to another user: volumes come with root as owner, images run as an ordinary user; SELinux and AppArmor refuse with the same words.")
        .answers(&["permission-denied", "selinux-denied", "unix-socket-path-denied"])
        .tell("ls -ldn of the path against id where the program runs; dmesg | grep -i denied for SELinux and AppArmor")
        .fix("securityContext.fsGroup (compose: user:, chown of the folder on the host) so that the user of the process owns it; :z on the mount for SELinux")
        .log(r"(?:\b(?:open|mkdir|creat(?:e|ing)|writ(?:e|ing)|access|unlink|chown|chmod|stat|touch|rm|cp|mv|opening|saving|save|scandir|rename|lock|AccessDenied)\b[^/\n]{0,40}['\x22`]?)(?P<path>/[^\s:'\x22`]+)['\x22`]?.*(?:[Pp]ermission denied|EACCES|[Oo]peration not permitted|EPERM|os error 13\b|AccessDeniedException|not writable|Access is denied|Access to the path)|(?:EACCES|EPERM): (?:permission denied|operation not permitted), (?:open|mkdir|unlink|rename|scandir|access|copyfile|rmdir|chown|chmod|symlink) '(?P<node>[^']+)'|PermissionError: \[Errno 1?3?\] (?:Permission denied|Operation not permitted): '(?P<python>[^']+)'|\[Errno 13\] Permission denied: '(?P<errno>[^']+)'|AccessDeniedException: (?P<java>/\S+)|Access to the path '(?P<dotnet>[^']+)' is denied|(?:directory|folder|file|path|/\S+) is not writable|(?P<plain>/(?:data|var|app|home|mnt|srv|opt|config|bitnami|usr/share|etc)/?[^\s:'\x22]*)['\x22]?: (?:Permission denied|Operation not permitted)", "mkdir: cannot create directory '/bitnami/redis/data': Permission denied")
        .except("mount|/proc/|docker\\.sock|/sys/|/dev/|PGDATA|postgresql/data. has|docker API|iptables|exec: |\\.sock|exec /|modprobe|runc|apparmor|pg_hba|exec user process|config\\.json|pg_stat|[Ss]andbox|apparmor=|publickey")
        .general(),
    Rule::new("kubelet-user-namespace", "the kubelet may not write settings of the kernel")
        .cause("It runs in an unprivileged container or a user namespace (LXC, rootless, nested), where /proc/sys and /dev/kmsg are not its own.")
        .answers(&["rootless-dev-kmsg", "container-unprivileged"])
        .tell("cat /proc/self/uid_map where it runs: anything but 0 0 4294967295 is a user namespace")
        .fix("--kubelet-arg=feature-gates=KubeletInUserNamespace=true (k3s --rootless sets it); LXC: a privileged container with lxc.apparmor.profile: unconfined and /dev/kmsg; Docker: --privileged")
        .log(r"(?:open|write)\S* /proc/sys/(?:kernel|vm)/\S+: (?:permission denied|read-only file system|operation not permitted)|enable KubeletInUserNamespace|open /proc/sys/kernel/\S+: read-only", "E0819 04:12:01.100333 611 kubelet.go:1688] \"Failed to start ContainerManager\" err=\"[open /proc/sys/kernel/panic_on_oops: permission denied, open /proc/sys/vm/overcommit_memory: permission denied]\"")
        .certain(),
    Rule::new("egress-timeout", "a connection to the internet does not come about ({host})")
        .cause("Nothing comes back: a firewall, a missing route, a proxy that must be used, or a server that is away.")
        .answers(&["registry-connection-cut", "crates-download-failed", "public-name-unresolved"])
        .tell("curl -sv --max-time 10 https://<host> from the same machine, and from inside a container: only the second failing is the engine's network")
        .fix("open the way or set HTTP_PROXY, HTTPS_PROXY and NO_PROXY; restart the engine after a change of network or VPN")
        .log(r"https?://(?P<host>(?:[\w-]+\.)+(?:com|io|org|net|dev|app|cloud|de|cn|ai|sh|co))\b\S*.*(?:i/o timeout|timed? ?out|TimeoutError|ETIMEDOUT|ECONNRESET|network is unreachable|no route to host|context deadline exceeded|Connection reset|\bEOF\b)|(?:curl|wget|fetch|Failed to connect to) \S*(?P<curl>(?:[\w-]+\.)+(?:com|io|org|net|dev))\b.*(?:timed? ?out|Couldn't connect|unreachable)", "Get \"https://api.github.com/repos/x\": dial tcp 140.82.121.6:443: i/o timeout")
        .except("/v2/|registry|docker|ghcr|quay|gcr\\.io|lookup")
        .general(),
    Rule::new("firewall-blocks", "packets to a machine or container are rejected ({address})")
        .cause("`no route to host` on a network that exists means that a firewall answers so, or that nobody has that address any more.")
        .answers(&["firewall-blocks-bridge", "cluster-service-ip-unreachable", "vpn-subnet-overlap", "k3d-node-ip-changed"])
        .tell("ip route get <address>, ip neigh show <address>: FAILED means nobody has it; a MAC means a firewall: sudo iptables -S | grep REJECT, ufw status")
        .fix("let the firewall pass the bridge's networks: sudo ufw allow from 172.16.0.0/12; sudo firewall-cmd --permanent --zone=trusted --add-interface=docker0 && sudo firewall-cmd --reload")
        .log(r"(?:(?:dial|connect|connecting)[^\n]*?(?P<address>[\d.]+(?::\d+)?)\b[^\n]*)?(?:no route to host|No route to host|Host is unreachable|EHOSTUNREACH|os error 113\b)", "dial tcp 172.22.0.2:6443: connect: no route to host")
        .except("dial tcp \\[")
        .general(),
    Rule::new("connection-refused", "nobody listens at {address}")
        .cause("The machine answered, and no program holds that port: it is not started, has ended, listens at another port or at 127.0.0.1 of another container. Mostly a consequence: its own log says why.")
        .answers(&["api-server-unavailable", "k3s-refused-6443", "database-unreachable", "probe-failed"])
        .tell("ss -ltnp on that machine or in that container; then the log of the program that should be there")
        .fix("start it, or correct the address: localhost in a container is the container itself")
        .log(r"(?:dial tcp|connect(?:ing)?(?: to)?|connection to|ECONNREFUSED|to|Failed to connect to|host)[ :\x22'(\[]*(?P<address>[\w.-]+(?:\]?:\d+| port \d+)).*(?:connection refused|actively refused|ECONNREFUSED)|connect ECONNREFUSED (?P<node>\S+)|[Cc]onnection refused|actively refused it|ECONNREFUSED|os error 111\b", "dial tcp 10.42.0.7:9000: connect: connection refused")
        .except(":6444|:6443|probe failed|sync|reflector|lease|leader")
        .possible()
        .general(),
    Rule::new("connection-timeout", "nothing comes back from {address}")
        .cause("A firewall drops the packets, the address is wrong, or the program there hangs.")
        .answers(&["egress-timeout", "cluster-service-ip-unreachable", "database-unreachable"])
        .tell("nc -vz <host> <port> from the same place: a timeout again is the way, an answer the program")
        .fix("open the way (firewall, security group, network policy), or correct the address")
        .log(r"(?:dial tcp|connect(?:ing)?(?: to)?|to) ?\[?(?P<address>[\w.-]+\]?:\d+).*(?:i/o timeout|timed? ?out|ETIMEDOUT)|connect ETIMEDOUT (?P<node>\S+)|Connection timed out|ETIMEDOUT|os error 110\b", "dial tcp 10.0.0.7:9000: i/o timeout")
        .except("0\\.0\\.0\\.0:|:6443|:6444|probe failed|lookup")
        .possible()
        .general(),
    Rule::new("bootstrap-client", "a program or service does not find its settings for the cluster")
        .cause("It is not in a cluster and has no kubeconfig.")
        .answers(&["kubeconfig-missing", "kubectl-no-kubeconfig"])
        .tell("echo $KUBECONFIG; ls ~/.kube/config; inside a pod: ls /var/run/secrets/kubernetes.io/serviceaccount")
        .fix("export KUBECONFIG=<file>; in a pod: automountServiceAccountToken: true")
        .log(r"unable to load in-cluster configuration|invalid configuration: no configuration has been provided|no configuration has been provided, try setting KUBERNETES_MASTER|stat \S*\.kube/config: no such file|error loading config file .*kube.*(?:no such file|permission denied)|Unable to read /etc/rancher/k3s/k3s\.yaml", "error: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable")
        .by(&[Speaker::Kubectl, Speaker::Helm, Speaker::K3s, Speaker::Go, Speaker::Game]),
];
