//! Kubernetes itself: k3s, the kubelet, its runtime, DNS, webhooks, accounts, tools.

use log_reader::Speaker;

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Kubernetes and k3s",
    section: "kubernetes-and-k3s",
    about: "k3s ends with one line of `level=fatal`; the kubelet with `E… Failed to …`. What stands before them, about 6443 or 6444 \
            that refuses, is the start that everything goes through and means nothing.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("k3s-token-mismatch", "the token is not the one that the cluster was made with")
        .cause("--token or K3S_TOKEN differs from the one with which the data of the server was encrypted, or with which the server runs.")
        .answers(&["k3s-token-malformed"])
        .tell("sudo cat /var/lib/rancher/k3s/server/token on the server, against the token that this node is given")
        .fix("start with the token that the cluster has: K3S_TOKEN or token: in /etc/rancher/k3s/config.yaml")
        .last_resort("a new cluster with the new token: every object of the old one is lost with /var/lib/rancher/k3s/server/db; keep a copy of that folder")
        .log(
            r"bootstrap data already found and encrypted with different token|token CA hash does not match|failed to (?:normalize (?:server )?token|validate (?:server token|token.*(?:K10|CA hash|:6443)))|not authorized.*(?:cacerts|server-bootstrap)|(?:/v1-k3s/|/cacerts).*401 Unauthorized|failed to get CA certs.*(?:401|not authorized)|https://\S+:6443/v1-k3s/\S+: 40[13]",
            "level=fatal msg=\"starting kubernetes: preparing server: bootstrap data already found and encrypted with different token\"",
        )
        .except("[Nn]ode password|node-passwd|duplicate hostname|invalid token format|must be in the format")
        .without(r"password rejected|password validation failed|duplicate hostname")
        .certain(),
    Rule::new("k3s-token-malformed", "the token has no form that k3s knows")
        .cause("It must be a plain password or K10<hash>::<user>:<password>; quotes, line ends or half a token get in easily.")
        .answers(&["k3s-token-mismatch"])
        .tell("printf %s \"$K3S_TOKEN\" | od -c | tail -3: a \\n, a quote or a missing part is this")
        .fix("copy the whole line of /var/lib/rancher/k3s/server/node-token, without quotes and line end")
        .log(
            r"(?:invalid token CA hash length|(?:server|cluster|agent|preparing|K3S_TOKEN).*invalid token format|token (?:does not include a CA hash\b.*invalid|must be in the format)|failed to parse (?:server |node |join )token|token is not in the valid form|invalid bootstrap token)",
            "level=fatal msg=\"starting kubernetes: preparing server: failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>: invalid token format\"",
        ),
    Rule::new("node-password-rejected", "the server knows another password of this node")
        .cause("The node was made again under its old name, or two machines have the same name; the server keeps the first one's secret.")
        .tell("kubectl get nodes: is there another machine of that name? hostname on both")
        .fix("give the node a name of its own: --node-name or --with-node-id")
        .last_resort("when the old node is gone for good: kubectl delete node <node> and its secret <node>.node-password.k3s in kube-system (its record and labels are lost), then restart the node")
        .log(
            r"Node password rejected|node[- ]password validation failed|unable to verify (?:node )?(?:password|hash) for node|password.*hash does not match|duplicate hostname or contents of",
            "Failed to retrieve agent config: Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry",
        )
        .certain(),
    Rule::new("api-server-unavailable", "the server of the cluster is not ready: its own log says why")
        .cause("It answers 503 or refuses because it still starts, or has ended. The reason stands in its log, not in this one.")
        .answers(&["k3s-refused-6443", "datastore-slow"])
        .tell("kubectl get --raw='/readyz?verbose' on the server names the part that is not ready")
        .fix("read the server's log: docker logs --tail 200 <cluster>-server-0, or journalctl -u k3s -b on the server, into cargo xtask doctor --log -")
        .log(
            r"failed to get CA certs: .*503|/cacerts: 503|/v1-k3s/\S+: 503|apiserver not ready|the server is currently unable to handle the request$|kube-?api ?server is not ready|failed to validate connection to cluster at .*(?:503|refused|timeout|deadline|EOF)|Unable to connect to the server: (?:net/http: TLS handshake timeout|unexpected EOF|EOF|http2: client connection lost|read tcp .*|context deadline exceeded)|namespaces \x22kube-system\x22 is forbidden: not yet ready to handle request",
            "level=fatal msg=\"starting kubernetes: preparing server: failed to get CA certs: https://k3d-test2-server-0:6443/cacerts: 503 Service Unavailable\"",
        )
        .except("metrics\\.k8s\\.io|get resource list for")
        .log(
            r"(?:failed to (?:get CA certs|validate)|Waiting to retrieve (?:agent )?config).*:6443.*(?:connection refused|i/o timeout|no route to host|context deadline|EOF)",
            "level=error msg=\"failed to get CA certs: Get \\\"https://127.0.0.1:6444/cacerts\\\": read tcp 127.0.0.1:51234->127.0.0.1:6443: i/o timeout\"",
        )
        .at_start(),
    Rule::new("cluster-service-ip-unreachable", "the API's address inside the cluster does not answer ({address})")
        .cause("Pods reach the API through a service address that kube-proxy makes; it does not where the packet filter refuses rules, flannel is not up, a firewall drops what crosses nodes, or another network has the same range.")
        .answers(&["firewall-blocks-bridge", "sandbox-cni"])
        .tell("curl -k https://{address}:443/version on the node: an answer there and none in pods is the network of pods; none at all is kube-proxy")
        .fix("journalctl -u k3s | grep -iE 'proxier|iptables|flannel' says what was refused; let the firewall pass 10.42.0.0/16 and 10.43.0.0/16 (ufw, firewalld)")
        .log(
            r"(?:dial tcp|https://|connect to|connecting to)[ :/\[]*(?P<address>10\.(?:43|96|152\.183|233|32|100|0)\.(?:\d+\.)?\d*1)[\]]?:443.*(?:i/o timeout|no route to host|connection refused|connection timed out|network is unreachable|context deadline exceeded|EHOSTUNREACH|ETIMEDOUT)",
            "E0420 07:09:22 main.go:231] Failed to create SubnetManager: error retrieving pod spec: Get https://10.43.0.1:443/api/v1/namespaces/kube-system/pods/x: dial tcp 10.43.0.1:443: i/o timeout",
        )
        .at_start(),
    Rule::new("flannel-pod-cidr-missing", "flannel gets no range of addresses for the node")
        .cause("The node has no podCIDR: the controller that hands them out was started without --cluster-cidr (kubeadm: without --pod-network-cidr), the range is used up, or flannel's network is another.")
        .tell("kubectl get node -o jsonpath='{.items[*].spec.podCIDR}': empty is this")
        .fix("kubeadm: podSubnet in the ClusterConfiguration equal to Network of kube-flannel-cfg; k3s hands them out itself: restart the server")
        .log(
            r"node .* pod cidr not assigned|pod ?CIDR not (?:assigned|available|found)|Error registering network: failed to acquire lease|CIDR allocation failed|no podCidr for node",
            "E0609 01:26:47.532844 1 main.go:291] Error registering network: failed to acquire lease: node \"192.168.6.228\" pod cidr not assigned",
        )
        .certain(),
    Rule::new("cni-config-missing", "the node has no network for pods yet")
        .cause("Nothing lies in /etc/cni/net.d (k3s: agent/etc/cni/net.d): no network plugin is installed, or its pod does not run.")
        .answers(&["sandbox-cni", "node-not-ready"])
        .tell("ls /etc/cni/net.d and kubectl -n kube-system get pods -o wide: an empty folder with a failing plugin pod is that pod's fault")
        .fix("install a network (flannel, Calico, Cilium), or read the log of the plugin's pod on that node")
        .log(
            r"cni plugin not initialized|no networks? found in /etc/cni|NetworkPluginNotReady|network plugin is not ready: cni config uninitialized|no network config found in /etc/cni",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        )
        .at_start()
        .except("failed to load cni during init|cni config load failed|Unable to update cni config"),
    Rule::new("cni-binary-missing", "the network's plugin is not on the node ({plugin})")
        .cause("The configuration names a program that is not in the plugins' folder (/opt/cni/bin).")
        .answers(&["sandbox-cni"])
        .tell("ls /opt/cni/bin on the node")
        .fix("install the plugins (package kubernetes-cni or containernetworking-plugins), or let the network's installer run again")
        .log(
            r#"failed to find plugin "?(?P<plugin>[\w.-]+)"? in path"#,
            "plugin type=\"loopback\" failed (add): failed to find plugin \"loopback\" in path [/opt/cni/bin]",
        )
        .certain(),
    Rule::new("pod-ip-pool-exhausted", "the node has no address left for another pod")
        .cause("Its range is used up, or addresses of pods that are gone were never given back.")
        .answers(&["sandbox-cni"])
        .tell("ls /var/lib/cni/networks/*/ | wc -l against kubectl get pods -A -o wide on that node: many more files than pods is a leak")
        .fix("restart the node when files are left over (it cleans up); else a larger range, or fewer pods a node")
        .log(
            r"no (?:IP addresses|more (?:IPs|IP addresses)|available IP) ?(?:addresses )?available|failed to allocate for range|IPAM.*(?:exhausted|no free)|out of (?:IPs?\b|IP addresses|addresses in)",
            "plugin type=\"host-local\" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.42.0.1-10.42.0.254",
        ),
    Rule::new("containerd-cri-disabled", "containerd runs without its part for Kubernetes")
        .cause("Packages of Docker switch it off: disabled_plugins = [\"cri\"] in /etc/containerd/config.toml; or the socket belongs to something else.")
        .tell("grep disabled_plugins /etc/containerd/config.toml: cri in it is this")
        .fix("take cri out of disabled_plugins (or containerd config default | sudo tee /etc/containerd/config.toml), sudo systemctl restart containerd")
        .log(
            r"unknown service runtime\.v1(?:alpha2)?\.(?:Runtime|Image)Service|validate service connection: .*(?:CRI v1|unimplemented)|container runtime is not running.*cri",
            "[ERROR CRI]: container runtime is not running: validate service connection: CRI v1 runtime API is not implemented for endpoint \"unix:///var/run/containerd/containerd.sock\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService",
        )
        .certain(),
    Rule::new("containerd-database-corrupt", "a database file of the runtime is damaged")
        .cause("The machine lost power, or the disk failed, while it was written (bbolt: meta.db of containerd, db of etcd).")
        .answers(&["disk-io-error", "etcd-raft-log-lost"])
        .tell("dmesg | grep -iE 'i/o error|ext4|xfs' and df -h first: a failing or full disk must be mended before anything else")
        .fix("start it once more after the disk is well; when the same lines come, stop it and keep a copy of the folder that it names")
        .last_resort("move /var/lib/rancher/k3s/agent/containerd (or /var/lib/containerd/io.containerd.metadata.v1.bolt) away and start: images are pulled again and containers made anew; local-only images are lost. For etcd restore a snapshot: k3s server --cluster-reset --cluster-reset-restore-path=<snapshot>")
        .log(
            r"SIGSEGV|invalid memory address or nil pointer|unexpected fault address|panic: ",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x7b3c5c]",
        )
        .with(r"go\.etcd\.io/bbolt")
        .log(
            r"(?:bbolt|meta\.db|boltdb|backend|database (?:file|path)|(?:open|load|recover) (?:\w+ )?database|member/snap/db|state\.db).*(?:invalid (?:database|page|freelist)|checksum error|file size too small|is corrupt|page \d+ already freed|version mismatch)|panic: (?:page \d+ already freed|invalid (?:page|freelist)|freepages)|freelist .*(?:corrupt|invalid)|assertion failed: Page expected|database disk image is malformed|wal: crc mismatch|walpb: crc mismatch|snap: crc mismatch|failed to (?:open|recover) .*(?:crc mismatch|database)",
            "panic: freepages: failed to get all reachable pages (page 1234: multiple references)",
        )
        .except("kafka|elasticsearch|redis|postgres|collation|region file|chunk"),
    Rule::new("container-name-reserved", "the runtime still holds the name of an earlier attempt")
        .cause("The first attempt takes longer than the kubelet waits (a slow disk, a large volume whose owners are changed, a hung hook), and each retry finds the name taken.")
        .answers(&["sandbox-create-timeout"])
        .tell("the pod's first event names what is slow; iostat -x 1 on the node: %util near 100 is the disk")
        .fix("wait; then find what is slow: fsGroupChangePolicy: OnRootMismatch for large volumes, a faster disk, fewer pods at once")
        .log(
            r"failed to reserve (?:sandbox|container) name|name \x22?\S+ is reserved for \x22?[0-9a-f]{6}",
            "Error: failed to reserve container name \"room_room-0_game-prod_3f2a_0\": name is reserved for \"9b1c\"",
        )
        .certain(),
    Rule::new("sandbox-create-timeout", "making a pod's sandbox takes longer than allowed")
        .cause("The network plugin hangs, or the disk or runtime is too slow.")
        .tell("crictl pods and journalctl -u containerd (k3s: containerd.log): the last line of that sandbox says what hangs")
        .fix("restart the network plugin's pod on that node; look at the disk: iostat -x 1")
        .log(
            r"Failed to create pod sandbox: .*(?:context deadline exceeded|DeadlineExceeded)|RunPodSandbox.*(?:context deadline exceeded|DeadlineExceeded)",
            "Warning  FailedCreatePodSandBox  kubelet  Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        ),
    Rule::new("runc-broken", "the program that starts containers cannot run itself")
        .cause("runc, crun or the shim is missing, of another version, or built for a library that is not there.")
        .tell("runc --version (k3s: /var/lib/rancher/k3s/data/current/bin/runc --version)")
        .fix("install it again from the same source as containerd or Docker (package runc or containerd.io), then restart the engine")
        .log(
            r"runc: (?:symbol lookup error|error while loading shared libraries|undefined symbol)|(?:runc|crun|containerd-shim\S*)\x22?: (?:executable file not found|exec format error|no such file)|runtime \x22[^\x22]*(?:runc|crun)\x22 binary not installed|error while loading shared libraries.*libseccomp",
            "runc: symbol lookup error: runc: undefined symbol: seccomp_api_get",
        ),
    Rule::new("container-runtime-misconfigured", "a runtime that containers ask for is not set up ({runtime})")
        .cause("A pod or container names a runtime (nvidia, kata, gvisor) that the engine does not know or cannot start.")
        .answers(&["nvidia-driver-missing"])
        .tell("docker info | grep -i runtimes, or grep -A3 runtimes in containerd's config.toml")
        .fix("set the runtime up (nvidia-ctk runtime configure, then restart the engine), or leave it out")
        .log(
            r"(?:no runtime for \x22?(?P<runtime>[\w-]+)\x22? is configured|unknown or invalid runtime name: (?P<named>\S+)|RuntimeHandler \x22(?P<handler>[^\x22]+)\x22 not supported)",
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for \"nvidia\" is configured",
        )
        .certain(),
    Rule::new("coredns-loop", "CoreDNS asks itself")
        .cause("The node's /etc/resolv.conf names a resolver at 127.0.0.x (systemd-resolved, dnsmasq). Inside the pod that address is CoreDNS, and every question comes back.")
        .tell("cat /etc/resolv.conf on the node: nameserver 127.0.0.53 or ::1 is this")
        .fix("give the kubelet the real one: k3s --resolv-conf=/run/systemd/resolve/resolv.conf (kubelet: resolvConf), or a real name server in /etc/resolv.conf; restart k3s, then CoreDNS")
        .log(r"plugin/loop: Loop \(.*\) detected|Loop .* detected for zone", "[FATAL] plugin/loop: Loop (127.0.0.1:60941 -> :53) detected for zone \".\", see https://coredns.io/plugins/loop#troubleshooting.")
        .certain(),
    Rule::new("dns-upstream-unreachable", "CoreDNS gets no answer from the name server that it asks ({server})")
        .cause("It forwards what it does not know to the node's name servers, and those do not answer pods: a firewall, no way out, or a server that is gone.")
        .answers(&["public-name-unresolved", "dns-no-nameserver", "wsl-dns"])
        .tell("nslookup github.com {server} on the node: no answer there either is the network; an answer is a firewall between pods and it")
        .fix("name a server that answers in the node's /etc/resolv.conf (or forward . 1.1.1.1 in the coredns ConfigMap), restart CoreDNS; let the firewall pass UDP 53 from 10.42.0.0/16")
        .log(
            r"plugin/errors: \d .*(?:read udp .*->(?P<server>[\d.]+):53: (?:i/o timeout|read: |.*refused|.*no route)|dial udp|dial tcp .*:53)|plugin/forward: no nameservers found",
            "[ERROR] plugin/errors: 2 github.com. A: read udp 10.42.0.7:41422->192.0.2.53:53: i/o timeout",
        ),
    Rule::new("webhook-service-missing", "a webhook names a service that is not there ({service})")
        .cause("Its configuration is left over from something that was removed, or it was installed into another namespace.")
        .answers(&["webhook-unreachable"])
        .tell("kubectl get validatingwebhookconfiguration,mutatingwebhookconfiguration, and kubectl get svc -A | grep {service}")
        .fix("install again what owns it, or correct the namespace")
        .last_resort("when nothing of it is left in the cluster: kubectl delete validatingwebhookconfiguration <name> (its checks are lost)")
        .log(
            r#"failed calling webhook.*service "(?P<service>[^"]+)" not found"#,
            "Internal error occurred: failed calling webhook \"validate.nginx.ingress.kubernetes.io\": failed to call webhook: Post \"https://ingress-nginx-controller-admission.ingress-nginx.svc:443/networking/v1/ingresses?timeout=10s\": service \"ingress-nginx-controller-admission\" not found",
        )
        .certain(),
    Rule::new("webhook-unreachable", "the API server does not reach a webhook ({webhook})")
        .cause("The pod behind it is not ready, or a firewall or network policy lets the API server not through to its port (8443, 9443, 8081 …); with private nodes the control plane needs a rule of its own.")
        .answers(&["service-without-endpoints"])
        .tell("kubectl get endpointslices of its namespace: none ready is the pod; ready ones mean the way from the API server")
        .fix("get its pod running (kubectl describe pod, logs); else open the webhook's target port from the control plane to the nodes; right after an install, wait a minute")
        .log(
            r#"failed(?: to call| calling) (?:admission |conversion )?webhook "?(?P<webhook>[^": ]+)"?.*(?:connection refused|context deadline exceeded|no endpoints available|i/o timeout|Timeout exceeded|no route to host|EOF|Address is not allowed|proxy error|connection reset|dial tcp|net/http: request canceled|502|503|server is currently unable)"#,
            "Error from server (InternalError): error when creating \"fleet.yaml\": Internal error occurred: failed calling webhook \"mutations.agones.dev\": failed to call webhook: Post \"https://agones-controller-service.agones-system.svc:443/mutate?timeout=30s\": context deadline exceeded",
        )
        .except("x509|service \"[^\"]+\" not found")
        .certain()
        .log(
            r"conversion webhook for .* failed: .*(?:connection refused|deadline exceeded|timeout|no endpoints|EOF)",
            "conversion webhook for agones.dev/v1 failed: Post \"https://agones.agones-system.svc:443/convert?timeout=30s\": dial tcp 10.43.7.7:443: connect: connection refused",
        ),
    Rule::new("serviceaccount-missing", "a pod names a service account that is not there ({account})")
        .cause("It was not made in that namespace, or not yet.")
        .answers(&["rbac-forbidden"])
        .tell("kubectl get serviceaccount -A | grep {account}")
        .fix("kubectl -n <namespace> create serviceaccount {account}, or apply the manifest that holds it first")
        .log(
            r#"error looking up service account \S+/(?P<account>[\w.-]+)|serviceaccounts? "(?P<named>[^"]+)" not found"#,
            "pods \"factorio\" is forbidden: error looking up service account factorio/agones-sdk: serviceaccount \"agones-sdk\" not found",
        )
        .certain(),
    Rule::new("rbac-forbidden", "an account may not do what it tries ({user}: {verb} {resource})")
        .cause("No Role or ClusterRole that is bound to it allows that verb on that resource in that namespace.")
        .tell("kubectl auth can-i {verb} {resource} --as={user} -A: no is this")
        .fix("kubectl create clusterrolebinding or rolebinding for that account with a role that allows it; charts: rbac.create=true")
        .log(
            r#"(?:is forbidden: )?User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)""#,
            "Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:game-prod:lobby\" cannot list resource \"pods\" in API group \"\" in the namespace \"game-prod\"",
        )
        .at_start()
        .except("system:(?:node:|kube-scheduler|kube-controller-manager|kube-proxy|k3s)|not yet ready|User \"system:anonymous\"|RBAC: (?:clusterrole|role)\\S* .* not found")
        .certain(),
    Rule::new("kubelet-client-rejected", "the API does not recognise this kubelet")
        .cause("Its client certificate is missing, expired or of another cluster, so that it is nobody (system:anonymous).")
        .answers(&["kubeconfig-credentials-rejected", "rbac-forbidden"])
        .tell("openssl x509 -noout -subject -enddate -in /var/lib/kubelet/pki/kubelet-client-current.pem (k3s: /var/lib/rancher/k3s/agent/client-kubelet.crt)")
        .fix("join the node again with a valid token; k3s: restart it, which issues certificates anew")
        .log(
            r#"User "system:anonymous" cannot|nodes? "[^"]*" is forbidden: User "system:anonymous"|Unable to register node.*Unauthorized"#,
            "E0301 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes is forbidden: User \\\"system:anonymous\\\" cannot create resource \\\"nodes\\\"\"",
        )
        .at_start()
        .by(&[Speaker::Kubelet, Speaker::K3s]),
    Rule::new("api-version-removed", "the cluster does not know this API ({version})")
        .cause("The version of the API was removed from Kubernetes, or belongs to an extension that is not installed.")
        .answers(&["crd-missing", "manifests-refused"])
        .tell("kubectl api-versions | grep <group>: without the version is this")
        .fix("write the version that it lists (Ingress: networking.k8s.io/v1, PodDisruptionBudget: policy/v1, CronJob: batch/v1, HorizontalPodAutoscaler: autoscaling/v2); kubectl convert helps")
        .log(
            r#"no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>(?:extensions|apps|batch|policy|autoscaling|networking\.k8s\.io|rbac\.authorization\.k8s\.io|apiextensions\.k8s\.io|admissionregistration\.k8s\.io|certificates\.k8s\.io|discovery\.k8s\.io|storage\.k8s\.io|flowcontrol\.\S+)/v[^"]+)""#,
            "error: unable to recognize \"ingress.yaml\": no matches for kind \"Ingress\" in version \"extensions/v1beta1\"",
        )
        .certain(),
    Rule::new("crd-missing", "the cluster does not know this kind ({kind})")
        .cause("The custom resource definition is not installed, or was applied a moment ago in the same step.")
        .answers(&["api-version-removed"])
        .tell("kubectl get crd | grep -i {kind}: no line is this")
        .fix("install what brings the definition first (its chart or crds.yaml), wait until it is established, then apply again")
        .log(
            r#"no matches for kind "(?P<kind>[^"]+)"|ensure CRDs are installed first|the server could not find the requested resource \((?:get|post|list|patch) (?P<resource>\S+)|customresourcedefinitions?\S* "?\S+"? not found|doesn't have a resource type "(?P<type>[^"]+)""#,
            "error: resource mapping not found for name: \"fleet\" namespace: \"\" from \"fleet.yaml\": no matches for kind \"Fleet\" in version \"agones.dev/v1\" ensure CRDs are installed first",
        )
        .except("in version \"(?:extensions|apps|batch|policy|autoscaling|networking\\.k8s\\.io|rbac\\.|apiextensions|admissionreg)"),
    Rule::new("annotation-too-long", "the object is too large for kubectl apply")
        .cause("apply keeps a copy of the object in an annotation, which may have 262144 bytes.")
        .tell("wc -c of the manifest: near or above 256 kB is this")
        .fix("kubectl apply --server-side (or kubectl create / replace)")
        .log(r"metadata\.annotations: Too long|annotations.*must have at most 262144 bytes", "The CustomResourceDefinition \"fleets.agones.dev\" is invalid: metadata.annotations: Too long: must have at most 262144 bytes")
        .certain(),
    Rule::new("helm-operation-pending", "a release of Helm is held by an operation that never ended")
        .cause("An earlier install or upgrade was interrupted, and its state says pending.")
        .answers(&["helm-release-locked"])
        .tell("helm history <release> -n <namespace>: pending-install, pending-upgrade or pending-rollback at the end is this")
        .fix("helm rollback <release> <last good revision> -n <namespace>")
        .log(r"another operation \(install/upgrade/rollback\) is in progress|has no deployed releases", "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress")
        .certain(),
    Rule::new("helm-ownership-conflict", "an object exists that this release of Helm does not own ({object})")
        .cause("It was made by hand or by another release: Helm takes over only what carries its labels.")
        .tell("kubectl get of that object with -o yaml: the meta.helm.sh annotations name the owner, or are not there")
        .fix("label and annotate it for this release (app.kubernetes.io/managed-by=Helm, meta.helm.sh/release-name, -namespace), or give one of the two another name")
        .log(
            r"invalid ownership metadata|exists and cannot be imported into the current release|cannot re-use a name that is still in use|rendered manifests contain a resource that already exists",
            "Error: INSTALLATION FAILED: Unable to continue with install: ServiceAccount \"lobby\" in namespace \"game\" exists and cannot be imported into the current release: invalid ownership metadata",
        )
        .certain(),
    Rule::new("k3s-startup-noise", "the start of k3s, before its parts have found each other")
        .cause("Until the API is up, every part of k3s asks it and is refused; certificates are made anew and the old ones are complained about.")
        .fix("nothing: look for another line")
        .log(
            r"dial tcp (?:127\.0\.0\.1|\[::1\]):6444: connect: connection refused|http: TLS handshake error from 127\.0\.0\.1:\d+: remote error: tls: bad certificate|Waiting for (?:API server|control-plane node|cloud-controller-manager)|User \x22?system:node:\S+ cannot",
            "E1202 09:14:04.301200 4121 reflector.go:204] \"Failed to watch\" err=\"failed to list *v1.Node: Get \\\"https://127.0.0.1:6444/api/v1/nodes\\\": dial tcp 127.0.0.1:6444: connect: connection refused\"",
        )
        .kind(Kind::Decoy),

    Rule::new("serviceaccount-token-invalid", "the API does not accept a pod's token")
        .cause("The token is of another cluster (its keys were made anew), expired, or the clock is off.")
        .answers(&["kubeconfig-credentials-rejected", "rbac-forbidden"])
        .tell("date on both nodes; kubectl get pod -o yaml | grep -A3 token: projected tokens are renewed by the kubelet")
        .fix("start the pods again, so that they get new tokens (kubectl rollout restart); old Secrets of that type are made anew by the controller")
        .log(r"(?:authenticate the request|\[)[^\n]*invalid bearer token|service account token has (?:expired|been invalidated)|the server has asked for the client to provide credentials.*(?:serviceaccount|in-cluster)|^error: Unauthorized|(?:k8s\.io|reflector|\*v\d\.|leader ?election|lease|apiserver|list|watch).*: Unauthorized$", "Failed to list *v1.Service: Unauthorized")
        .at_start()
        .except("registry|pull|/v2/|git|http 401|manifest"),
    Rule::new("metrics-server-missing", "nobody serves the metrics of nodes and pods")
        .cause("metrics-server is not installed, switched off (--disable=metrics-server), or not ready.")
        .answers(&["hpa-unknown", "metrics-server-kubelet-cert"])
        .tell("kubectl get apiservice v1beta1.metrics.k8s.io: not there, or False with the reason")
        .fix("install it (k3s brings it), or read the log of its pod")
        .log(r"Metrics API not available|the server could not find the requested resource \(get (?:pods|nodes|services http:heapster:)\.?metrics|no metrics returned from resource metrics API", "error: Metrics API not available"),
    Rule::new("kubelet-version-skew", "kubelet and control plane are too far apart")
        .cause("A kubelet must not be newer than the API, and at most three minor versions older.")
        .tell("kubectl get nodes against kubectl version")
        .fix("upgrade the servers first, then the agents, a minor version at a time")
        .log(r"the kubelet version is (?:higher|too)|kubelet.*(?:newer|older) than (?:the )?control plane", "[ERROR KubeletVersion]: the kubelet version is higher than the control plane version"),
    Rule::new("kubelet-reserved-cgroup-missing", "the kubelet cannot keep resources back for the system ({group})")
        .cause("kubeReservedCgroup or systemReservedCgroup names a group that does not exist.")
        .tell("ls /sys/fs/cgroup of that name")
        .fix("make the slice (systemd), or leave the setting out of enforceNodeAllocatable")
        .log(r"Failed to enforce (?:Kube|System) Reserved Cgroup Limits on \x22?(?P<group>[^\s\x22]+)|Failed to enforce .*(?:Reserved|Allocatable).*does not exist", "Failed to start ContainerManager\" err=\"Failed to enforce Kube Reserved Cgroup Limits on \\\"/kubelet.slice\\\": [\\\"kubelet\\\"] cgroup does not exist")
        .certain(),
    Rule::new("swap-on", "the kubelet refuses a machine with swap")
        .cause("Swap is on, and failSwapOn is not set to false.")
        .tell("swapon --show: a line is this")
        .fix("sudo swapoff -a and take it out of /etc/fstab; or failSwapOn: false with a memorySwap behaviour")
        .log(r"running with swap on is not supported|\[ERROR Swap\]|swap is enabled; production deployments should disable swap|failed to run Kubelet: .*swap", "failed to run Kubelet: running with swap on is not supported, please disable swap")
        .certain(),
    Rule::new("kubeadm-leftovers", "an earlier cluster left its files")
        .cause("kubeadm refuses to begin where another cluster has been.")
        .tell("ls /etc/kubernetes/manifests /var/lib/etcd: whose are they, and is that cluster still needed")
        .fix("when it is needed, join or start it instead of making another")
        .last_resort("kubeadm reset removes the earlier cluster from this machine; its etcd, with every object, is lost")
        .log(r"\[ERROR (?:FileAvailable|DirAvailable)-+", "[ERROR FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml]: /etc/kubernetes/manifests/kube-apiserver.yaml already exists")
        .certain(),
    Rule::new("k3s-settings-mismatch", "the servers of a cluster have different settings ({settings})")
        .cause("Flags such as cluster CIDR, disable or secrets encryption must be the same on every server.")
        .tell("the names in the line, in /etc/rancher/k3s/config.yaml and the unit of both servers")
        .fix("give this server the same as the first")
        .log(r"critical configuration (?:value )?mismatch|failed to validate server configuration: (?P<settings>.*)", "level=fatal msg=\"starting kubernetes: preparing server: failed to validate server configuration: critical configuration value mismatch between servers\"")
        .certain(),
    Rule::new("needs-root", "the program must run as root")
        .cause("It changes the system and was started by an ordinary user.")
        .answers(&["kubelet-user-namespace"])
        .tell("id -u: anything but 0 is this")
        .fix("start it with sudo, or in its rootless mode where it has one")
        .log(r"must (?:be run|run|be executed) (?:as|with) root|need(?:s)? to be (?:run as )?root|run this (?:script|command|program) (?:as|with) (?:root|sudo)|permission denied.*are you root|requires root privileges|This command must be run as root|Please run as root", "level=fatal msg=\"must run as root unless --rootless is specified\"")
        .except("iptables|mount:|nf_tables|docker"),
    Rule::new("kubelet-not-healthy", "the kubelet does not answer its health check")
        .cause("It ends or hangs; its own log says why.")
        .tell("systemctl status kubelet")
        .fix("journalctl -u kubelet -b --no-pager | cargo xtask doctor --log -")
        .log(r"The kubelet is not (?:running|healthy)|localhost:10248/healthz|127\.0\.0\.1:10248/healthz|\[kubelet-check\]", "[kubelet-check] It seems like the kubelet isn't running or healthy.")
        .kind(Kind::Consequence),
    Rule::new("node-not-ready", "a node is not ready ({node})")
        .cause("Its kubelet does not report: it ended, the machine is off, or the network between is cut.")
        .answers(&["cni-config-missing", "k3d-node-down"])
        .tell("kubectl describe node: the condition Ready and its message")
        .fix("read that node's own log: docker logs --tail 200 <node>, or journalctl -u k3s-agent -u kubelet on it")
        .log(r"\bNodeNotReady\b|Kubelet stopped posting node status|Node (?P<node>\S+) status is now: NodeNotReady|\sNotReady(?:,SchedulingDisabled)?\s+(?:<none>|control-plane|master|worker|agent|etcd)|node\.kubernetes\.io/unreachable|NodeStatusUnknown", "node-2   NotReady   <none>   3h12m   v1.34.4+k3s1")
        .except("op=Exists|for \\d+s|key: |\"key\"|[Tt]oleration")
        .at_start(),
    Rule::new("pod-security-refused", "the namespace does not allow such pods")
        .cause("Its pod security level (baseline, restricted) forbids what the manifest asks for; the message lists it.")
        .answers(&["rbac-forbidden"])
        .tell("kubectl get namespace <namespace> -o yaml | grep pod-security")
        .fix("give the pod the securityContext that the message asks for, or the namespace another level")
        .log(r"violates PodSecurity \x22(?P<level>[^\x22]+)\x22|unable to validate against any (?:pod security policy|security context constraint)", "pods \"room-0\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false")
        .certain(),
    Rule::new("field-immutable", "a field cannot be changed after the object was made")
        .cause("Selectors, volumeClaimTemplates, clusterIP and the template of a Job stay as they are.")
        .answers(&["manifests-refused"])
        .tell("kubectl diff -f <file> shows which field")
        .fix("put the old value back, or give the object another name")
        .last_resort("delete the object and apply it again: its pods end, and what only it held is lost; --cascade=orphan keeps its pods")
        .log(r"field is immutable|updates to statefulset spec for fields other than|spec: Forbidden: (?:pod updates may not|is immutable)", "The Deployment \"lobby\" is invalid: spec.selector: Invalid value: field is immutable")
        .certain(),
    Rule::new("namespace-missing", "a namespace is not there ({namespace})")
        .cause("The manifest names it, and nobody made it.")
        .tell("kubectl get namespace {namespace}")
        .fix("kubectl create namespace {namespace}, or apply its manifest first (helm: --create-namespace)")
        .log(r"namespaces \x22(?P<namespace>[^\x22]+)\x22 not found", "Error from server (NotFound): error when creating \"room.yaml\": namespaces \"game-prod\" not found"),
];
