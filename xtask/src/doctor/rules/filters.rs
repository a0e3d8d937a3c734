//! Packet filters and kernel modules: what Docker, kube-proxy, flannel and k3s ask of the kernel.

use crate::doctor::rule::Level::{Info, Silent};
use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Packet filters and modules",
    section: "packet-filters-and-modules",
    about: "Docker, kube-proxy and flannel write rules through iptables or nft, and the kernel must have the module behind each. \
            After a kernel upgrade without a restart none can be loaded; minimal kernels and containers lack some for good; and a \
            firewall that is reloaded takes Docker's chains away.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("docker-chains-flushed", "Docker's chains are gone from the packet filter")
        .cause("A firewall was reloaded, or somebody flushed iptables, while the engine ran: Docker makes its chains only when it starts.")
        .tell("sudo iptables -t nat -S DOCKER: `No chain/target/match by that name` is this")
        .fix("sudo systemctl restart docker, which makes the chains again (containers restart with it unless live-restore is on); let the firewall not flush what is Docker's")
        .log(
            r"(?:-A|-I|-C|-D) DOCKER\S* .*No chain/target/match by that name|DOCKER\S*.*Chain 'DOCKER\S*' does not exist|No chain/target/match by that name.*DOCKER|unable to (?:enable|add|remove|program) \S* ?(?:DNAT|SKIP DNAT|ACCEPT|MASQUERADE|NAT) ?rule.*No chain",
            "Error response from daemon: driver failed programming external connectivity on endpoint gateway: (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 3128 -j DNAT --to-destination 192.168.176.3:8888 ! -i br-ef84430b1457: iptables: No chain/target/match by that name.",
        )
        .certain()
        .log(
            r"DOCKER-ISOLATION-STAGE-\d.*(?:No chain|does not exist|failed)|Failed to Setup IP tables: Unable to enable",
            "Error response from daemon: Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-3f2a -j RETURN: iptables: No chain/target/match by that name.",
        ),
    Rule::new("netfilter-not-permitted", "this process may not touch the packet filter")
        .cause("It runs without root, or in a container without NET_ADMIN.")
        .answers(&["container-unprivileged", "dind-ci"])
        .tell("grep CapEff /proc/self/status in it: bit 12 is NET_ADMIN")
        .fix("run it as root, with --cap-add NET_ADMIN (or --privileged for an engine in a container)")
        .log(
            r"(?:iptables|ip6tables|nft|ipset|ebtables).*(?:Permission denied \(you must be root\)|Operation not permitted|Could not fetch rule set generation id: Permission denied|you must be root)",
            "iptables v1.8.7 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)",
        )
        .certain(),
    Rule::new("iptables-extension-missing", "the kernel lacks what a rule of the packet filter asks for ({extension})")
        .cause("The module behind the extension is not there: an old, minimal or hardened kernel, or one that was upgraded and not yet restarted.")
        .answers(&["kernel-module-missing", "iptables-legacy-missing"])
        .tell("uname -r against ls /lib/modules: a folder of another version only means that a restart is due; modprobe -n xt_{extension} says whether the module exists")
        .fix("sudo modprobe -a ip_set xt_set xt_comment xt_multiport xt_conntrack xt_addrtype xt_mark nft_compat nft_reject ipt_REJECT; sudo reboot after a kernel upgrade; Fedora, RHEL: sudo dnf install kernel-modules-extra; Raspberry Pi: sudo apt install linux-modules-extra-raspi. Docker 28.0.0 asks for ip_set: 28.0.1 does not")
        .log(
            r"Extension (?P<extension>\S+) revision \d+ not supported, missing kernel module|Couldn't load (?:match|target) [`'](?P<target>\w+)|(?:iptables|ip6tables|ipset|nft)\S*:? .*unknown option \x22?--(?P<option>[\w-]+)",
            "Warning: Extension REJECT revision 0 not supported, missing kernel module?",
        )
        .log(
            r"Kernel error received: (?:set type not supported|Invalid argument)|ipset.*(?:Cannot open session to kernel|Kernel support protocol)|RULE_(?:INSERT|APPEND|REPLACE|DELETE) failed \((?:No such file or directory|Invalid argument|Operation not supported)\)|CHAIN_ADD failed|TABLE_ADD failed|Error: Could not process rule: No such file",
            "iptables v1.8.10 (nf_tables):  RULE_APPEND failed (No such file or directory): rule in chain PREROUTING",
        )
        .log(
            r"iptables(?:-restore)?\S*:? .*(?:No chain/target/match by that name|Table does not exist \(do you need to insmod)|can't initialize ip6?tables table",
            "iptables v1.8.4 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
        )
        .except("DOCKER|svclb"),
    Rule::new("bridge-netfilter-missing", "br_netfilter is not loaded: bridged packets pass the firewall by")
        .check([Info, Silent, Silent], super::kernel::bridge_netfilter_missing)
        .repair(&["modprobe", "br_netfilter"])
        .cause("Without the module services do not answer pods of the same node, and flannel, kubeadm and kube-proxy refuse to start. A container cannot load it: the machine below must.")
        .answers(&["kernel-module-missing", "sysctl-net-forwarding-off"])
        .tell("ls /proc/sys/net/bridge/: not there is this")
        .fix("sudo modprobe br_netfilter on the machine itself; keep it: echo br_netfilter | sudo tee /etc/modules-load.d/k3s.conf")
        .log(
            r"bridge-nf-call-ip6?tables:? (?:no such file|does not exist)|Failed to check br_netfilter|bridge-nf-call-ip6?tables.*(?:No such file or directory|does not exist)|bridge-nf-call-iptables (?:contents are )?not set to 1",
            "E0421 15:41:32.571222 1 main.go:278] Failed to check br_netfilter: stat /proc/sys/net/bridge/bridge-nf-call-iptables: no such file or directory",
        )
        .except("level=(?:info|warning)|^W")
        .certain(),
    Rule::new("sysctl-net-forwarding-off", "the kernel does not forward packets")
        .cause("net.ipv4.ip_forward is 0: pods and containers reach nothing outside.")
        .answers(&["ip-forward-off"])
        .tell("sysctl net.ipv4.ip_forward: 0 is this")
        .fix("sudo sysctl -w net.ipv4.ip_forward=1; keep it: echo net.ipv4.ip_forward=1 | sudo tee /etc/sysctl.d/99-forward.conf")
        .log(
            r"ip_forward (?:contents are )?not set to 1|ip_forward.*(?:is not (?:set|enabled)|disabled)|IPv4 forwarding is (?:disabled|off)",
            "[ERROR FileContent--proc-sys-net-ipv4-ip_forward]: /proc/sys/net/ipv4/ip_forward contents are not set to 1",
        ),
    Rule::new("kernel-module-missing", "a kernel module is not there ({module})")
        .cause("The running kernel has no such module: a minimal kernel, a package that is not installed, or an upgrade whose restart is due, after which nothing new can be loaded.")
        .answers(&["kernel-modules-dir-gone", "vxlan-missing", "iptables-extension-missing", "overlay-missing", "bridge-netfilter-missing"])
        .tell("uname -r against ls /lib/modules: no folder of that name means that a restart is due; else modinfo {module} says whether it exists")
        .fix("sudo reboot after a kernel upgrade; sudo modprobe {module}; packages: linux-modules-extra-$(uname -r) (Ubuntu), linux-modules-extra-raspi, kernel-modules-extra (Fedora, RHEL)")
        .log(
            r"modprobe: FATAL: Module (?P<module>\S+) not found in directory|modprobe: ERROR: could not insert '(?P<folder>[^']*)|could not insert '?(?P<inserted>\w+)'?:|(?:kernel )?module (?P<name>(?:ip_|ip6|xt_|nf_|nft_|br_|overlay|vxlan|wireguard|iptable|ipset|veth)\w*)\S* (?:is )?(?:not (?:found|loaded|available)|missing)",
            "modprobe: FATAL: Module br_netfilter not found in directory /lib/modules/6.9.1-arch1-1",
        )
        .except("level=(?:info|warning)|Module (?:configs|aufs|zfs|btrfs)\\b")
        .log(
            r"(?:(?:failed to|could not) (?:create|add|ensure|setup|set up)|error (?:creating|adding)|cannot create).*?(?:wireguard|veth|bridge|dummy|ipvlan|macvlan).*(?:operation not supported|not supported|unknown device type|no such device)|Unknown device type",
            "level=fatal msg=\"flannel exited: could not create wireguard interface: operation not supported\"",
        )
        .log(
            r"overlayfs: (?:unrecognized|unknown)|unknown filesystem type '(?P<filesystem>overlay|fuse|nfs4?|btrfs)|mount.*overlay.*(?:no such device|unknown filesystem)",
            "failed to mount overlay: no such device",
        ),
    Rule::new("conntrack-table-full", "the table of connections is full")
        .cause("The kernel tracks every connection and drops new ones without a word when the table is full.")
        .answers(&["conntrack-full"])
        .tell("cat /proc/sys/net/netfilter/nf_conntrack_count against nf_conntrack_max")
        .fix("sudo sysctl -w net.netfilter.nf_conntrack_max=262144; keep it in /etc/sysctl.d; find who opens so many: sudo conntrack -L | awk '{print $5}' | sort | uniq -c | sort -n | tail")
        .log(r"nf_conntrack: table full|conntrack.*table (?:is )?full", "[ 8123.456] nf_conntrack: nf_conntrack: table full, dropping packet")
        .certain(),
    Rule::new("engine-network-unavailable", "the engine could not make its network")
        .cause("Docker ends when the packet filter refuses its first rules; the part behind the colon says which and why.")
        .tell("the same line, its last part: iptables' own words")
        .fix("journalctl -u docker -b --no-pager | cargo xtask doctor --log -, with the lines after this one")
        .log(
            r"failed to start daemon: Error initializing network controller",
            "failed to start daemon: Error initializing network controller: error obtaining controller instance",
        )
        .kind(Kind::Consequence),
    Rule::new("kube-proxy-config-invalid", "kube-proxy's rules are refused because of its settings")
        .cause("Its cluster CIDR, mode or addresses are empty or wrong, so that iptables gets an argument that it cannot read.")
        .tell("kubectl -n kube-system get configmap kube-proxy -o yaml | grep -i cidr: empty or not the pods' network is this")
        .fix("set clusterCIDR (k3s: --cluster-cidr) to the pods' network and restart kube-proxy")
        .log(
            r"iptables-restore.*(?:host/network .* not found|Bad argument|invalid mask)|host/network `?[^' ]*'? not found|proxyMode.*(?:invalid|unknown)|invalid configuration: .*kube-?proxy",
            "iptables-restore v1.8.7: host/network `' not found",
        ),
    Rule::new("no-default-route", "the machine has no default route")
        .cause("It is offline, its network is not up yet, or the route was removed; k3s takes the node's address from the interface of that route.")
        .tell("ip route show default: no line is this")
        .fix("bring the network up (nmcli, netplan apply); on a machine that is meant to be offline: sudo ip route add default via <an address of its own network>, or --node-ip and --flannel-iface for k3s")
        .log(
            r"no default routes? (?:found|available)|unable to (?:select (?:an )?IP|find (?:a )?default (?:route|interface|network interface))|failed to get default (?:interface|gateway|route)|Unable to find default (?:route|gateway)|could not find default (?:route|interface|gateway)|failed to find default interface",
            "level=fatal msg=\"no default routes found in \\\"/proc/net/route\\\" or \\\"/proc/net/ipv6_route\\\"\"",
        )
        .certain(),
];
