//! What is below: the kernel's memory, disks, systemd, virtual machines of engines, CI runners.

use log_reader::Speaker;

use crate::doctor::rule::{Family, Rule};

pub const FAMILY: Family = Family {
    title: "Machine and system",
    section: "machine-and-system",
    about: "The kernel tells of memory and disks in dmesg, systemd of programs that it could not start. An engine in a virtual \
            machine (Docker Desktop, Colima, podman machine) is down when its machine is, whatever the client says about sockets.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("container-memory-limit", "a container reached its own memory limit ({task})")
        .cause("The kernel ended it because of the limit of its group, not because the machine was short of memory.")
        .answers(&["exit-137-oom", "exit-137"])
        .tell("kubectl describe pod: Last State OOMKilled; docker inspect -f '{{.State.OOMKilled}}'")
        .fix("raise resources.limits.memory (docker: --memory), or find the leak: kubectl top pod")
        .log(r"constraint=CONSTRAINT_MEMCG.*task=(?P<task>[^,]+)|Memory cgroup out of memory: Kill(?:ed)? process \d+ \((?P<name>[^)]+)\)|oom_memcg=/kubepods", "Memory cgroup out of memory: Killed process 63214 (room) total-vm:3149468kB, anon-rss:164992kB")
        .certain()
        .log(r"OOMKilled|OOM[- ]killed", "    Last State:  Terminated  Reason: OOMKilled  Exit Code: 137")
        .except("OOMKilled.{0,5}false"),
    Rule::new("userspace-oom-killer", "a daemon that guards memory ended the program")
        .cause("systemd-oomd, earlyoom or the like act before the kernel does, by pressure or by what is free.")
        .answers(&["machine-out-of-memory", "low-memory"])
        .tell("journalctl -u systemd-oomd -u earlyoom -b")
        .fix("more memory or swap; or exempt the unit: ManagedOOMPreference=avoid")
        .log(r"systemd-oomd.*Killed|earlyoom.*sending SIG\w+ to|Killed \S+ due to memory (?:used|pressure)|OOM controller triggered", "systemd-oomd[712]: Killed /user.slice/user-1000.slice/docker.scope due to memory pressure for /user.slice being 62% > 50%")
        .certain(),
    Rule::new("machine-out-of-memory", "the whole machine ran out of memory ({task} was ended)")
        .cause("All programs together wanted more than there is; the kernel ended the one with the worst score.")
        .answers(&["low-memory", "exit-137"])
        .tell("free -h and dmesg | grep -i 'out of memory': constraint=CONSTRAINT_NONE or global_oom")
        .fix("end what is not needed, add memory or swap, give pods limits; Docker Desktop: Settings > Resources; WSL: memory= in .wslconfig")
        .log(r"CONSTRAINT_NONE.*task=(?P<task>[^,]+)|global_oom|(?:^|\] |: )Out of memory: Kill(?:ed)? process \d+ \((?P<name>[^)]+)\)|invoked oom-killer", "[ 1234.567890] Out of memory: Killed process 4121 (k3s-server) total-vm:2345678kB, anon-rss:1234567kB")
        .except("Memory cgroup|CONSTRAINT_MEMCG")
        .without("CONSTRAINT_MEMCG|Memory cgroup out of memory"),
    Rule::new("disk-io-error", "a disk gives errors ({device})")
        .cause("The device is failing, was taken away, or its pool is full; what lies on it may be damaged.")
        .answers(&["disk-read-only-error"])
        .tell("dmesg | grep -iE 'i/o error|nvme|ata[0-9]|ext4|xfs', sudo smartctl -a /dev/<disk>")
        .fix("save what is on it first; then replace the disk, or enlarge the pool (thin pool, image of the virtual machine)")
        .log(r"(?:Buffer I/O error|I/O error,? (?:on )?dev(?:ice)?|EXT4-fs \S+ I/O error)(?: on)?,? ?(?:dev(?:ice)? )?(?P<device>[a-z]+\d*)?|[Ii]nput/output error|blk_update_request|EXT4-fs error|XFS \([^)]+\): (?:metadata I/O|Corruption|log I/O)|BTRFS (?:error|critical)|critical medium error|\bEIO: |os error 5\)", "[ 8123.456] EXT4-fs error (device sda2): ext4_find_entry:1455: inode #2: comm k3s: reading directory lblock 0")
        .except("6410|disk I/O error|IOERR|\\b(?:fd|sr)0\\b"),
    Rule::new("disk-read-only-error", "a file system became read-only after an error")
        .cause("The kernel stops writing when a disk or file system fails, so that it gets no worse. On WSL the virtual disk was filled or not closed well.")
        .answers(&["disk-io-error"])
        .tell("grep ' ro[, ]' /proc/mounts and dmesg | grep -iE 'remount|error': an error before it is this")
        .fix("save what is there; fsck the device while it is not mounted (WSL: wsl --shutdown, then wsl --mount --bare and e2fsck); replace a failing disk")
        .log(r"Remounting filesystem read-only|re-?mounted read-only|Filesystem has been shut down|forced readonly|Aborting journal on device", "[ 8123.456] EXT4-fs (sdc): Remounting filesystem read-only")
        .certain(),
    Rule::new("systemd-exec-missing", "systemd cannot run the program of a unit")
        .cause("203/EXEC: the file is not there, not executable, of another architecture, or its #! names something that is not there; SELinux may refuse it below /home.")
        .tell("systemctl cat <unit> | grep ExecStart, then ls -lZ of that path and run it by hand")
        .fix("correct the path, chmod +x, or move the program to /usr/local/bin (restorecon -v on SELinux); sudo systemctl daemon-reload")
        .log(r"status=\d+/EXEC|Failed at step EXEC spawning (?P<file>\S+):|Failed to locate executable", "game.service: Main process exited, code=exited, status=203/EXEC")
        .certain(),
    Rule::new("systemd-user-missing", "the user or group of a unit does not exist")
        .cause("217/USER: User= or Group= names nobody of this system.")
        .tell("systemctl cat <unit> | grep -E 'User|Group', then getent passwd <user>")
        .fix("sudo useradd --system <user>, or correct the unit; sudo systemctl daemon-reload")
        .log(r"status=\d+/(?:USER|GROUP)|Failed to determine (?:user|group) credentials|Failed at step (?:USER|GROUP) ", "game.service: Main process exited, code=exited, status=217/USER")
        .certain(),
    Rule::new("systemd-unit-chdir", "the working folder of a unit does not exist")
        .cause("200/CHDIR: WorkingDirectory= is not there or not readable for the unit's user.")
        .tell("systemctl cat <unit> | grep WorkingDirectory, then sudo -u <user> ls of it")
        .fix("make the folder, or correct the unit; sudo systemctl daemon-reload")
        .log(r"status=\d+/CHDIR|Changing to the requested working directory failed|Failed at step CHDIR", "game.service: Main process exited, code=exited, status=200/CHDIR")
        .certain(),
    Rule::new("systemd-user-namespaces", "systemd or the kernel does not allow user namespaces or groups of control")
        .cause("A unit, a container or a rootless engine may not make namespaces (217/USER aside: 226/NAMESPACE, 219/CGROUP), or the kernel has them switched off.")
        .answers(&["apparmor-userns-restricted", "apparmor-userns", "cgroup-delegation-rootless"])
        .tell("sysctl user.max_user_namespaces kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns: 0, 0 or 1 is this")
        .fix("sudo sysctl -w user.max_user_namespaces=28633 (RHEL 7: also namespace.unpriv_enable=1 on the kernel command line); kernel.apparmor_restrict_unprivileged_userns=0 or a profile for the program; Delegate=yes for a unit that makes groups")
        .log(r"status=\d+/NAMESPACE|Failed (?:to set up mount namespacing|at step NAMESPACE)|can't get final child's PID from pipe|unshare.*(?:Operation not permitted|failed|No space left)|clone.*user namespace|new[ug]idmap.*(?:not found|failed|denied|not permitted|write)|user namespaces? (?:are )?not (?:enabled|supported|available)|failed to (?:create|start) .*user ?namespace|write /proc/self/(?:uid|gid)_map|CLONE_NEWUSER", "docker: Error response from daemon: runc create failed: unable to start container process: can't get final child's PID from pipe: EOF: unknown"),
    Rule::new("apparmor-userns-restricted", "AppArmor does not let this program make user namespaces")
        .cause("Ubuntu from 23.10 on restricts them to programs with a profile; rootless engines and sandboxes are made of them.")
        .answers(&["apparmor-userns", "systemd-user-namespaces"])
        .tell("sysctl kernel.apparmor_restrict_unprivileged_userns: 1 is this")
        .fix("a profile for the program (see the message of dockerd-rootless-setuptool.sh), or sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
        .log(r"fork/exec /proc/self/exe: operation not permitted|apparmor_restrict_unprivileged_userns|apparmor=.DENIED. operation=.userns_create|unprivileged_userns.*denied", "[rootlesskit:parent] error: failed to start the child: fork/exec /proc/self/exe: operation not permitted")
        .certain(),
    Rule::new("engine-vm-down", "the virtual machine of the engine does not run")
        .cause("Docker Desktop, Colima, podman machine, OrbStack and Rancher Desktop keep the engine in a virtual machine; it is not started, or did not start.")
        .answers(&["docker-daemon-down", "docker-endpoint", "vm-driver-unsupported", "vm-network-helper-failed", "engine-vm-state-stale", "podman-engine"])
        .tell("colima status, podman machine list, docker desktop status: stopped is this; starting and ending at once: the log that the line names (ha.stderr.log)")
        .fix("start it: open Docker Desktop, colima start, podman machine start; when it hangs half-way: colima stop --force && colima start, podman machine stop && start")
        .log(r"error starting vm|exiting, status=\{Running:false|\[hostagent\].*(?:fatal|failed|exited|error)|(?:vfkit|krunkit|qemu|gvproxy|limactl)\S* (?:exited|terminated|error|stopped) unexpectedly|vm (?:already|is not) running|machine .* (?:is not running|did not transition into running|failed to start)|(?:lima|colima)\S* (?:instance )?.*is not running|instance \x22?(?:colima|default|podman|rancher\S*)\x22? (?:is )?not running", "FATA[0002] error starting vm: error at 'starting': exit status 1")
        .log(r"(?:Cannot connect to the Docker daemon at|failed to connect to the docker API at|dial) ?(?:unix:?(?://)?)? ?\S*(?:\.colima|\.docker/(?:run|desktop)|\.orbstack|\.rd/|podman-machine|lima)\S*", "Cannot connect to the Docker daemon at unix:///Users/ana/.colima/default/docker.sock. Is the docker daemon running?")
        .log(r"(?:docker_?engine\w*|dockerDesktop\w*Engine).*(?:cannot find the file|file specified|daemon is (?:not )?running|connection refused|no such file|EOF$)|daemon is not running.*docker_?engine", "error during connect: this error may indicate that the docker daemon is not running: Get \"http://%2F%2F.%2Fpipe%2Fdocker_engine/v1.24/version\": open //./pipe/docker_engine: The system cannot find the file specified.")
        .except("Server:|API version")
        .log(r"(?:unable to connect to|cannot connect to) Podman", "Cannot connect to Podman. Please verify your connection to the Linux system using `podman system connection list`")
        .log(r"Docker Desktop is (?:unable to start|not running)|(?:virtual machine|\bVM|hypervisor|Docker (?:backend|[Ee]ngine)) (?:failed to start|stopped unexpectedly|could not be started|has unexpectedly)|Docker Desktop - Unexpected WSL error|engine linux/(?:wsl|hyperv) failed to (?:start|run)|com\.docker\.(?:backend|vmnetd|virtualization)\S*.*(?:exited|failed to start|not running)", "Docker Desktop is unable to start"),
    Rule::new("vm-helper-not-on-path", "a helper of the engine's virtual machine is not on PATH ({program})")
        .cause("The program that starts the machine calls others (vfkit, krunkit, qemu, gvproxy, limactl) and does not find one.")
        .answers(&["engine-vm-down"])
        .tell("which {program}")
        .fix("install it (brew install vfkit qemu lima), or add its folder to PATH (helper_binaries_dir in containers.conf)")
        .log(r#"exec: "?(?P<program>vfkit|krunkit|qemu-(?:system-\w+|img)|gvproxy|limactl|lima|docker-machine\S*|socket_vmnet|virtiofsd)"?: executable file not found|could not find "(?P<helper>gvproxy|vfkit|krunkit|qemu\S*|netavark|aardvark-dns)"|lima (?:compatibility )?.*(?:not found|not installed)"#, "Error: exec: \"vfkit\": executable file not found in $PATH")
        .certain(),
    Rule::new("vm-driver-unsupported", "the virtual machine's driver does not run on this system")
        .cause("The system is too old for it, the processor's virtualisation is off or nested without support, or the helper is of another architecture.")
        .answers(&["engine-vm-down", "windows-wsl-not-installed"])
        .tell("macOS: sw_vers and uname -m; Linux: ls /dev/kvm; Windows: systeminfo | findstr Hyper-V")
        .fix("another driver (colima start --vm-type=qemu or vz), a newer system, or virtualisation on in the firmware")
        .log(r"Virtualization is not (?:available|supported|enabled)|HV_(?:UNSUPPORTED|DENIED|ERROR)|(?:\bvz\b|vmType|vm driver|limactl).*(?:not supported|requires macOS|unsupported)|/dev/kvm.*(?:No such file|Permission denied|not found)|VT-x is (?:not available|disabled)|nested virtualization (?:is )?(?:not|required|disabled|must)|hypervisor is not (?:present|running)|bad CPU type in executable|VZErrorDomain", "Could not access KVM kernel module: No such file or directory; /dev/kvm: No such file or directory"),
    Rule::new("mount-path-not-shared", "the engine does not see the folder of a bind mount ({path})")
        .cause("Its virtual machine (or snap, or another machine) shares only some folders with this one, or may not make the path.")
        .answers(&["engine-mount-denied", "docker-snap"])
        .tell("docker run --rm -v <folder>:/x alpine ls /x: empty or an error, while ls here shows files, is this")
        .fix("a folder below your home; Docker Desktop: Settings > Resources > File sharing; Colima: --mount <folder>:w; snap's Docker sees only your home: use Docker's own package")
        .log(r#"error while creating mount source path '?(?P<path>[^':]+)'?|mounts denied|is not shared from (?:the host|OS X)|Mounts denied|bind source path does not exist: (?P<missing>\S+)|invalid mount config for type "bind""#, "Error response from daemon: error while creating mount source path '/host_mnt/Volumes/x': mkdir /host_mnt/Volumes: operation not permitted")
        .except("snap/docker|snap\\.docker"),
    Rule::new("bind-mount-type-mismatch", "a bind mount puts a folder where a file is, or the reverse")
        .cause("The source did not exist, so Docker made an empty folder of its name; or the path in the container is the other kind.")
        .tell("ls -ld of the source on this machine: a folder where you meant a file is this")
        .fix("remove that empty folder, put the file there, and make the container again")
        .log(r"Are you trying to mount a directory onto a file|not a directory: unknown.*mount|mounting .*: not a directory|error mounting .* to rootfs at .*: (?:not a directory|is a directory)|EISDIR|Is a directory \(os error 21\)|read .*: is a directory", "error mounting \"/home/ana/nginx.conf\" to rootfs at \"/etc/nginx/nginx.conf\": not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?"),
    Rule::new("volume-mount-syntax", "a mount path carries Docker's :ro or :rw")
        .cause("`path:ro` is how docker -v writes it; in mountPath of a pod, or in --mount, the suffix becomes part of the name.")
        .answers(&["volume-read-only-option"])
        .tell("grep -n ':r[ow]' in the manifest")
        .fix("mountPath without it, and readOnly: true beside")
        .log(r"/[\w./-]+:r[ow]\b[^,]*: (?:read-only file system|no such file|not a directory|permission denied)|mountPath: Invalid value: .*must not contain ':'", "mkdir /run/containerd/io.containerd.runtime.v2.task/k8s.io/test/rootfs/sys/fs/cgroup:ro: read-only file system")
        .certain(),
    Rule::new("ci-runner-lost", "the CI runner was stopped or lost")
        .cause("Its machine ran out of memory, was preempted or shut down, or the network to the service broke; the job itself did nothing wrong.")
        .answers(&["machine-out-of-memory"])
        .tell("the step's memory: free -m in a loop beside it; the service's status page")
        .fix("run it again; fewer parallel jobs (CARGO_BUILD_JOBS=2) or a larger runner when it comes back")
        .log(r"The runner has received a shutdown signal|runner.*lost communication with the server|The hosted runner .* lost|The self-hosted runner.*lost|ERROR: Job failed \(system failure\)|runner system failure|##\[error\]The operation was canceled", "The runner has received a shutdown signal. This can happen when the runner service is stopped, or a manually started runner is canceled."),
    Rule::new("windows-wsl-not-installed", "WSL or what it needs of Windows is missing or off")
        .cause("The virtual machine platform is off, virtualisation is off in the firmware, or WSL itself is broken or not installed.")
        .answers(&["wsl-too-old", "engine-vm-down", "wsl-disk-unavailable"])
        .tell("wsl --status in PowerShell, and Task Manager > Performance > CPU: Virtualization")
        .fix("as administrator: wsl --install --no-distribution, dism /online /enable-feature /featurename:VirtualMachinePlatform /all; virtualisation on in the firmware; restart Windows")
        .log(r"HCS_E_HYPERV_NOT_INSTALLED|WSL_E_(?:WSL_OPTIONAL_COMPONENT_REQUIRED|VIRTUAL_MACHINE_PLATFORM_REQUIRED|DEFAULT_DISTRO_NOT_FOUND)|0x80370102|0x8007019e|0x80370114|0x800701bc|0x80040326|REGDB_E_CLASSNOTREG|The Windows Subsystem for Linux (?:is not installed|optional component is not enabled|must be updated)|virtual machine could not be started because a required feature is not installed|(?:enable|install).{0,20}Virtual Machine Platform|Virtual Machine Platform\S* .{0,20}(?:not|disabled|required)|WSL 2 requires an update|WSL 2 installation is incomplete|HCS_E_(?:SERVICE_NOT_AVAILABLE|CONNECTION_TIMEOUT)|Wsl/Service/(?:CreateInstance|RegisterDistro)/\S+", "Error code: Wsl/Service/CreateInstance/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED")
        .except("MountVhd|MountDisk|ERROR_FILE_NOT_FOUND|ERROR_SHARING_VIOLATION|E_ACCESSDENIED"),
    Rule::new("wsl-disk-unavailable", "WSL cannot attach its virtual disk")
        .cause("The file is gone, held by another program, encrypted or compressed, or access is denied.")
        .tell("wsl --list --verbose, and whether ext4.vhdx lies where the registry says (HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss, BasePath)")
        .fix("wsl --shutdown, end what holds the file (backup, antivirus, Hyper-V manager), take compression off the folder; then start again")
        .log(r"(?:MountVhd|MountDisk|AttachDisk|Failed to attach disk|ext4\.vhdx|docker_data\.vhdx).*(?:ERROR_|E_ACCESSDENIED|0x8|cannot|failed|exit code)|Failed to attach disk .*vhdx|Wsl/Service/\S*(?:MountVhd|AttachDisk|MountDisk)\S*", "Failed to attach disk 'C:\\Users\\ana\\ext4.vhdx' to WSL2: The system cannot find the path specified. Error code: Wsl/Service/CreateInstance/MountVhd/HCS/ERROR_PATH_NOT_FOUND")
        .except("Invalid command line option"),
    Rule::new("wsl-too-old", "the WSL of this Windows is too old")
        .cause("The version that comes with Windows lacks what the engine asks for.")
        .answers(&["windows-wsl-not-installed"])
        .tell("wsl --version in PowerShell: an error instead of a version is the old one")
        .fix("wsl --update (or --web-download), then wsl --shutdown")
        .log(r"wsl\.exe.*Invalid command line option|Invalid command line option: -|wsl (?:version|--update).*(?:too old|required|needs)|WSL (?:is too old|version .* (?:is )?too old|update failed|needs updating)|wslUpdateRequired", "running WSL command wsl.exe --mount --bare --vhd docker_data.vhdx: Invalid command line option: --mount")
        .certain(),
    Rule::new("wsl-network-config-failed", "WSL could not set up its network")
        .cause("The mode that .wslconfig asks for (mirrored, virtioproxy) is not known to this Windows, or its host network service failed.")
        .tell("wsl --version and winver; Get-Service hns in PowerShell")
        .fix("networkingMode=nat under [wsl2] in .wslconfig, wsl --shutdown; Restart-Service hns -Force as administrator")
        .log(r"Failed to configure network \(networkingMode|^wsl: .*(?:NAT|networkingMode|Netzwerk|network)|Fallback auf NAT|falling back to networkingMode|CreateInstance/CreateVm/ConfigureNetworking|HNS/0x|Mirrored networking mode is not supported", "wsl: Failed to configure network (networkingMode Nat). To disable networking, set `wsl2.networkingMode=None`")
        .except("localhost.[Pp]roxy|localhost proxies")
        .certain(),
    Rule::new("docker-daemon-config-invalid", "the daemon does not accept its configuration ({key})")
        .cause("daemon.json is no JSON, has a key that this version does not know, or repeats a flag of the unit.")
        .tell("sudo dockerd --validate")
        .fix("correct /etc/docker/daemon.json (or take the flag out of the unit: systemctl cat docker), then sudo systemctl restart docker")
        .log(r#"unable to configure the Docker daemon with file|directives don't match any configuration option: (?P<key>\S+)|the following directives are specified both as a flag and in the configuration file|invalid character .* (?:daemon\.json|config)|daemon\.json: "#, "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string")
        .certain()
        .by(&[Speaker::Docker, Speaker::DockerCli, Speaker::Systemd]),
    Rule::new("cgroups-not-mounted", "the control groups are not mounted")
        .cause("The kernel lacks them, or nobody mounted /sys/fs/cgroup (a container, a chroot, an old init).")
        .answers(&["cgroup-memory-controller-missing", "dind-ci"])
        .tell("mount | grep cgroup: no line is this")
        .fix("start the container with --privileged --cgroupns=host and /sys/fs/cgroup; on a machine: systemd mounts them, cgroupfs-mount for others")
        .log(r"Devices cgroup isn't mounted|cgroups?: cgroup mountpoint does not exist|no cgroup mount found in mountinfo|cgroup mountpoint.*not found|failed to mount cgroup|cgroups? (?:is|are) not mounted", "failed to start daemon: Devices cgroup isn't mounted")
        .certain(),
];
