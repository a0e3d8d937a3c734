//! Volumes: who makes, attaches and mounts them.

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Volumes",
    section: "volumes",
    about: "A volume is made by a provisioner, attached by a driver, mounted by the kubelet or engine, and written by a process: the \
            message says which of the four failed. Nothing here deletes a claim; that deletes what is on it.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("csi-driver-not-registered", "the driver of a volume does not run on this node ({driver})")
        .cause("The plugin's pod is not on the node, or registers below another folder than the kubelet's (k3s: /var/lib/kubelet).")
        .tell("kubectl get csinode <node> -o yaml: without the driver is this; kubectl get pods -A -o wide | grep -i csi shows its pod")
        .fix("get the driver's pod on that node running (taints, nodeSelector, its log); kubeletDir in its chart for other kubelet folders")
        .log(r"driver name (?P<driver>\S+) not found in the list of registered CSI drivers|CSINode \S+ does not contain driver (?P<missing>\S+)|no CSI driver|csi\.sock.*(?:no such file|connection refused)", "attacher.MountDevice failed to create newCsiDriverClient: driver name ch.ctrox.csi.s3-driver not found in the list of registered CSI drivers")
        .certain(),
    Rule::new("csi-driver-incompatible", "a driver of volumes does not fit this version of the kubelet")
        .cause("The driver is older or newer than what this kubelet speaks.")
        .tell("kubectl get node (kubelet's version) against the versions that the driver's release notes name")
        .fix("the driver's version for this Kubernetes")
        .log(r"RegisterPlugin error|failed to get plugin info using RPC|unsupported CSI version|CSI.*plugin version .* (?:not supported|incompatible)", "RegisterPlugin error -- failed to get plugin info using RPC GetInfo at socket /var/lib/kubelet/plugins_registry/x-reg.sock"),
    Rule::new("volume-multi-attach", "a volume is still attached elsewhere ({volume})")
        .cause("ReadWriteOnce goes to one node at a time; the old pod has not ended, or its node is gone without letting go.")
        .answers(&["pvc-pending"])
        .tell("kubectl get pod -A -o wide | grep <the old pod>, kubectl get volumeattachment: the node that holds it")
        .fix("let the old pod end (strategy: Recreate for a Deployment with such a volume); a node that is gone for good: taint it node.kubernetes.io/out-of-service=nodeshutdown:NoExecute, which lets its volumes go")
        .log(r"Multi-Attach error for volume \x22?(?P<volume>[^\s\x22]+)|Volume is already (?:exclusively attached|used by pod)|volume .* is (?:already )?attached to (?:a different|another) node", "Multi-Attach error for volume \"pvc-3af18048\" Volume is already used by pod(s) room-0")
        .certain(),
    Rule::new("mount-helper-missing", "the node lacks the program that mounts this kind of file system ({type})")
        .cause("NFS, CIFS, iSCSI and others are mounted through a helper that comes in a package of its own.")
        .answers(&["pvc-pending", "kernel-module-missing"])
        .tell("ls /sbin/mount.* on the node")
        .fix("sudo apt-get install -y nfs-common (cifs-utils, open-iscsi) or sudo dnf install -y nfs-utils on every node")
        .log(r"bad option; for several filesystems \(e\.g\. nfs, cifs\) you might need|mount\.(?P<type>nfs4?|cifs|glusterfs|ceph)\b.*(?:not found|No such file)|need a /sbin/mount\.(?P<helper>\w+) helper|(?:iscsiadm|nsenter.*iscsi).*(?:not found|No such file|failed)|executable file not found.*(?:iscsiadm|mount\.)", "mount: /var/lib/kubelet/pods/x/volumes: bad option; for several filesystems (e.g. nfs, cifs) you might need a /sbin/mount.<type> helper program.")
        .certain(),
    Rule::new("mount-failed", "a volume cannot be mounted ({volume})")
        .cause("The server of the share refuses or does not answer, the path does not exist there, or the file system is damaged.")
        .answers(&["mount-config-missing", "pvc-pending", "nfs-unreachable"])
        .tell("the lines below `Output:` in the event; showmount -e <server>, or mount it by hand on the node")
        .fix("correct server, path or rights of the share")
        .log(r"mount\.nfs\S*: (?:access denied|Connection timed out|Connection refused|No such file|mounting .* failed|requested NFS version)|MountVolume\.(?:SetUp|MountDevice|WaitForAttach) failed for volume \x22(?P<volume>[^\x22]+)\x22 : (?:mount failed|rpc error|hostPath type check failed|failed to get|local volume|path .* does not exist)|wrong fs type, bad option, bad superblock|mount failed: exit status", "MountVolume.SetUp failed for volume \"maps\" : mount failed: exit status 32")
        .except("registered CSI drivers|helper program|secret \\x22|configmap \\x22|not found in the list")
        .general(),
    Rule::new("local-path-helper-failed", "local-path could not make the folder of a volume")
        .cause("It starts a helper pod on the node, and that one cannot be pulled, scheduled or finished.")
        .answers(&["pvc-pending"])
        .tell("kubectl -n kube-system get pods | grep helper-pod, and describe of it")
        .fix("get the helper's image (rancher/mirrored-library-busybox) onto the node; look at the folder's rights and space: /var/lib/rancher/k3s/storage")
        .log(r"failed to provision volume .*(?:create process timeout|helper|timeout after)|create process timeout after \d+ seconds|helper-pod-(?:create|delete)\S*.*(?:failed|error|timeout)|failed to create volume pvc-", "failed to provision volume with StorageClass \"local-path\": failed to create volume pvc-1: create process timeout after 120 seconds"),
    Rule::new("pvc-missing", "a pod names a claim that is not there ({claim})")
        .cause("It was not made in that namespace, or was deleted.")
        .answers(&["pvc-pending"])
        .tell("kubectl get pvc -A | grep {claim}")
        .fix("apply the manifest of the claim, or correct its name")
        .log(r"persistentvolumeclaim \x22(?P<claim>[^\x22]+)\x22 not found|persistentvolumeclaim \x22?[^\s\x22]+\x22? is being deleted", "0/1 nodes are available: persistentvolumeclaim \"ranking-data\" not found.")
        .certain(),
    Rule::new("pvc-unbound", "a claim waits for a volume")
        .cause("No class makes volumes by itself (no default class, a provisioner that does not run), or none that is there fits.")
        .answers(&["pvc-pending", "local-path-helper-failed"])
        .tell("kubectl describe pvc: its events name the class; kubectl get storageclass: (default) stands at one")
        .fix("name a class that is there (local-path on k3s), or get its provisioner's pod running")
        .log(r"unbound immediate PersistentVolumeClaims|didn't find available persistent volumes to bind|no storage class is set", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
    Rule::new("orphaned-pod-volumes", "folders of pods that are gone are left")
        .cause("The kubelet says so again and again and goes on.")
        .fix("nothing now; a restart of the node cleans most of them up")
        .log(r"[Oo]rphaned pod .*found, but|There were a total of \d+ errors similar to this", "orphaned pod \"3f2a\" found, but volume paths are still present on disk")
        .kind(Kind::Decoy),
    Rule::new("engine-mount-denied", "the engine may not mount")
        .cause("It runs in a container or user namespace without the right to mount, a security module forbids it, or its folder lies on a file system that cannot carry an overlay.")
        .answers(&["dind-ci", "snapshotter-overlay", "container-unprivileged"])
        .tell("grep CapEff /proc/self/status and stat -f -c %T of the engine's folder: no CAP_SYS_ADMIN, or overlayfs, is this")
        .fix("an engine in a container: --privileged and a volume for its folder (/var/lib/docker, /var/lib/containerd); else another storage driver (vfs, fuse-overlayfs, native)")
        .log(r"(?:failed to (?:mount|unmount|extract layer|convert whiteout)|error (?:creating|mounting) (?:overlay|layer)|fstype: (?:overlay|bind)|snapshotter).*(?:operation not permitted|permission denied|invalid argument)|failed to extract layer .*to overlayfs|failed to mount overlay|mount source: \x22overlay\x22|driver not supported: (?:overlay2|overlayfs)|overlayfs.* not supported over|filesystem on .* not supported as upperdir|mount: permission denied \(are you root", "failed to mount /var/lib/docker/tmpmounts/containerd-mount1: fstype: overlay, flags: 0, err: operation not permitted")
        .except("no space left|unexpected EOF|No such device|no such device|httpReadSeeker|snapshotter cannot be enabled"),
];
