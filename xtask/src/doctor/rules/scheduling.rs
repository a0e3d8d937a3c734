//! Pods that cannot be scheduled, networked or reached: only logs and events show it.

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Scheduling and reach",
    section: "scheduling-and-reach",
    about: "Events say why a pod waits: `kubectl describe pod NAME | cargo xtask doctor --log -`.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("unschedulable-resources-taints", "no node takes the pod")
        .cause("The pod asks for more than is free, or nodes carry a taint: full, not ready, or drained. Each node of k3d counts the whole machine as its own.")
        .fix("kubectl describe node | grep -A8 -E 'Taints|Allocated'; lower resources.requests; kubectl uncordon <node>")
        .tell("kubectl describe node | grep -A8 -E 'Taints|Allocated'")
        .log(
            r"Insufficient (?P<resource>cpu|memory|ephemeral-storage)|had untolerated taint \{(?P<taint>[^}]+)\}|Too many pods",
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match PersistentVolume's node affinity.",
        )
        .except("disk-pressure"),
    Rule::new("sandbox-cni", "the pod gets no network")
        .cause("flannel is not up on that node: it has just started, or the kernel lacks vxlan, or a firewall is in the way.")
        .fix("wait a minute; then docker logs --tail 200 <node> 2>&1 | cargo xtask doctor --log -")
        .answers(&["flannel-pod-cidr-missing", "cni-config-missing"])
        .tell("kubectl -n kube-system get pods -o wide and the log of the network's pod on that node (k3s: journalctl -u k3s | grep flannel)")
        .log(
            r"failed to set ?up (?:pod )?(?:sandbox|network)|loadFlannelSubnetEnv|/run/flannel/subnet\.env: no such file|error adding pod .* to CNI network|plugin type=\x22?[\w-]+\x22? failed \((?:add|delete)\)|networkPlugin cni failed",
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"3f2a\": plugin type=\"flannel\" failed (add): open /run/flannel/subnet.env: no such file or directory",
        )
        .except("failed to find plugin|no IP addresses available|cni plugin not initialized|DeadlineExceeded|deadline exceeded")
        .general(),
    Rule::new("svclb-crash", "the load balancer of k3s crashes on a node")
        .cause("Its image picked the wrong backend of iptables for this kernel.")
        .fix("sudo modprobe -a nf_tables ip_tables iptable_nat iptable_filter on the machine; then kubectl -n kube-system delete pod -l svccontroller.k3s.cattle.io/svcname")
        .tell("kubectl -n kube-system logs <svclb pod>: a line of iptables is this")
        .log(
            r"svclb-\S+.*(?:CrashLoopBackOff|can't initialize iptables)",
            "svclb-gateway-7c1d2f3a-x2x9k   0/1     CrashLoopBackOff   6          9m",
        ),
    Rule::new("ingress-404", "the ingress has no rule for the request")
        .cause("The Host header is another one than the rule's, ingressClassName is wrong, or the service is in another namespace.")
        .fix("curl -H 'Host: <host of the rule>' http://127.0.0.1:8080/; kubectl get ingress -A")
        .tell("curl -H 'Host: <host of the rule>' at the same address: an answer is this")
        .log(r"^404 page not found$|HTTP/[\d.]+ 404 Not Found|default backend - 404", "404 page not found")
        .possible(),
    Rule::new("ingress-502-503-504", "the ingress reaches nobody behind a service")
        .cause("502: the program refused (wrong targetPort, or it listens on 127.0.0.1 only). 503: no ready pod. 504: no answer in time.")
        .fix("kubectl get endpointslices -A; compare targetPort with containerPort")
        .tell("kubectl get endpointslices -A: none ready for that service is a pod that is not ready")
        .log(
            r"\b502 Bad Gateway|503 Service (?:Temporarily )?Unavailable|^no available server$|504 Gateway Time-?out",
            "HTTP/1.1 502 Bad Gateway",
        )
        .except("cacerts|/v1-k3s/|docker|registry|/v2/")
        .possible(),
    Rule::new("websocket-drop", "a proxy between cuts WebSockets")
        .cause("Cut at a fixed time: 600 s without a word is k3d's load balancer, 180 or 60 s an ingress. All at once: a pod ended. At once with 400 or 426: the Upgrade header is lost.")
        .fix("look at the time between the drops; settings.defaultProxyTimeout in manifests/cluster/k3d.yaml; traefik: respondingTimeouts")
        .tell("the time between connecting and dropping: always the same is a proxy, all at once a pod that ended")
        .log(
            r"websocket.*\b(?:code[ =:]*1006|abnormal closure|connection reset without closing handshake|closed (?:abnormally|unexpectedly)|transport close|invalid frame header|Unexpected response code: (?:400|426|502|503|504))|Connection reset without closing handshake",
            "WebSocket connection closed: code=1006 reason=",
        )
        .at_start(),
    Rule::new("pvc-first-consumer", "a volume waits for its pod")
        .cause("local-path makes the folder where the pod lands: this is its normal state until then.")
        .fix("nothing: look for another line")
        .log(
            r"waiting for first consumer to be created before binding",
            "Normal  WaitForFirstConsumer  5s (x3 over 20s)  persistentvolume-controller  waiting for first consumer to be created before binding",
        )
        .kind(Kind::Decoy),
    Rule::new("cpu-quota-warning", "k3s says that it leaves CPU quotas out")
        .cause("It does so in nested set-ups and runs on.")
        .fix("nothing: look for another line")
        .log(r"Disabling CPU quotas", "level=warning msg=\"Disabling CPU quotas due to missing cpu controller or cpu.cfs_period_us\"")
        .kind(Kind::Decoy),
    Rule::new("pod-terminating", "a pod does not end")
        .cause("Its node is gone or not ready, a finalizer waits for somebody, or a volume does not come off.")
        .fix("kubectl get node, and bring its node back; kubectl describe pod names a finalizer or volume that waits")
        .last_resort("kubectl delete pod <pod> --grace-period=0 --force takes it out of the API: what it still writes is lost, and a volume may stay attached; kubectl delete node <gone> when its machine is gone for good")
        .tell("kubectl get node: NotReady is the node; kubectl get pod -o yaml | grep -A3 finalizers")
        .log(r"\s[01]/1\s+Terminating\s", "room-2                     1/1     Terminating         0          3h12m"),
    Rule::new("namespace-terminating", "a namespace does not end")
        .cause("Objects in it wait for a controller that is gone, or an API that does not answer hides them.")
        .fix("kubectl get apiservice | grep False, and repair what serves it; kubectl get of what the message names shows the finalizer")
        .last_resort("a k3d cluster: cargo xtask down && cargo xtask up; what its volumes hold is lost")
        .tell("kubectl get apiservice | grep False, and kubectl describe namespace: the conditions name what is left")
        .log(
            r"Some content in the namespace has finalizers remaining|Discovery failed for some groups|NamespaceDeletionDiscoveryFailure",
            "Some content in the namespace has finalizers remaining: foregroundDeletion in 1 resource instances",
        ),
    Rule::new("evicted-pods", "a node threw pods out")
        .cause("Its disk or memory was nearly full.")
        .fix("docker system df and free -h; free space or memory; pods of a Deployment come back by themselves")
        .tell("kubectl describe pod: the message names memory or ephemeral-storage")
        .log(
            r"\d/\d\s+Evicted\b|Warning\s+Evicted\b|Reason:\s+Evicted\b|Pod was evicted|The node was low on resource",
            "chat-6f7d9c5b8-2xkqp   0/1     Evicted   0          14m",
        )
        .except("low on resource")
        .general(),
    Rule::new("quota-exceeded", "a quota of the namespace is used up")
        .cause("A ResourceQuota limits what may be created in the namespace.")
        .fix("kubectl -n <namespace> describe quota; raise it, or ask for less")
        .log(
            r"exceeded quota: (?P<quota>[^,\s]+)",
            "Error creating: pods \"room-3\" is forbidden: exceeded quota: games, requested: requests.cpu=700m, used: requests.cpu=2, limited: requests.cpu=2",
        )
        .certain(),
];
