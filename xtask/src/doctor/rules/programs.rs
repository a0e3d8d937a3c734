//! Programs of every runtime: ports, files, libraries, memory, their own crashes.

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Programs",
    section: "programs",
    about: "The same few things end programs in every language: a port that is taken, a file or module that is not there, a setting \
            that is missing, memory, a bug of their own. Each runtime has its own words for them.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("windows-reserved-ports", "Windows has reserved the port")
        .cause("Hyper-V reserves ranges of ports, and services of Windows take some; Linux cannot see either.")
        .tell("netsh interface ipv4 show excludedportrange protocol=tcp in PowerShell: a range that holds the port is this")
        .fix("another port: --port 18080; or in an administrator's PowerShell: net stop winnat; net start winnat")
        .log(
            r"forbidden by its access permissions|access a socket in a way forbidden|WSAEACCES|(?:os error|WinError) 10013",
            "Error response from daemon: Ports are not available: listen tcp 0.0.0.0:6550: bind: An attempt was made to access a socket in a way forbidden by its access permissions.",
        )
        .certain(),
    Rule::new("port-taken-by-process", "somebody listens at the program's port already ({port})")
        .cause("Another program, or an earlier one of the same that has not ended, holds the port; only one can listen.")
        .answers(&["port-in-use", "api-port-in-use"])
        .tell("sudo ss -ltnp 'sport = :{port}' (macOS: lsof -nP -iTCP:{port} -sTCP:LISTEN; Windows: netstat -ano | findstr :{port}); docker ps --filter publish={port}")
        .fix("end the one that it shows, or give one of the two another port")
        .log(
            r#"EADDRINUSE:? ?(?:,|:)? ?(?:address already in use)?[^0-9]*(?:[\d.]+|::|\[::\]|\*)?:?(?P<port>\d{2,5})?"#,
            "Error: listen EADDRINUSE: address already in use :::2567",
        )
        .certain()
        .log(
            r#"(?:Bind for \S+:(?P<published>\d+) failed: )?port is already allocated|(?:listen|bind|listening|exposing port|bind on)\b.*?:?(?P<port>\d{2,5})?\b[^0-9]*(?:bind: )?(?:address already in use|Only one usage of each socket address)|failed to bind host port.*(?:address already in use)|ports are not available.*Only one usage"#,
            "Error response from daemon: driver failed programming external connectivity on endpoint k3d-game-serverlb (9f3a): Bind for 0.0.0.0:8080 failed: port is already allocated",
        )
        .except("forbidden by its access|\\.sock\\b")
        .certain()
        .log(
            r#"Address already in use|address in use|os error (?:98|48)\b|errno(?:=|: ?| )-?(?:98|48)\b|WSAEADDRINUSE|os error 10048|\[WinError 10048\]|BindException|Failed to bind to address|port (?P<port>\d+) (?:is )?(?:already (?:in use|allocated|taken)|in use|was already in use|is not available)|Only one usage of each socket address|could not bind (?:to|on|IPv\d|TCP|UDP|socket|listen|server|port|address)|Could not create server TCP listening socket|ports? (?:\d+ )?(?:is|are) (?:already )?(?:in use|taken)|Couldn't bind (?:to|server|socket|port|listen|IPv\d)|FAILED TO BIND TO PORT|Error listening on port|Perhaps a server is already running on that port"#,
            "OSError: [Errno 98] Address already in use",
        )
        .except("forbidden by its access|Permission denied|Cannot assign requested|could not bind to all|address not available|\\.sock\\b|trying (?:another|\\d)|instead|[Ll][Dd][Aa][Pp]|Address family|errno: 97|[Nn]ext available"),
    Rule::new("stale-unix-socket", "a socket file is left over, or another process holds it")
        .cause("The program ended without removing its Unix socket, or runs twice.")
        .answers(&["port-taken-by-process", "unix-socket-path-denied"])
        .tell("ss -lxp | grep <path>: nobody listening there means that the file is left over")
        .fix("with nobody listening, remove that socket file and start again; else end the other one")
        .log(r"(?:bind|listen)\S*[^\n]*\.sock\S*:? .*(?:address already in use|File exists)|lock file \x22?\S+\x22? already exists|Another process .* (?:holds|is using) the socket|Is another (?:instance|postmaster)", "listen unix /run/docker.sock: bind: address already in use"),
    Rule::new("unix-socket-path-denied", "the program may not make its socket or pid file ({path})")
        .cause("The folder belongs to another user, or is not there.")
        .answers(&["volume-owner", "volume-read-only-option"])
        .tell("ls -ld of the folder against the user of the process")
        .fix("make the folder for that user (RuntimeDirectory= in the unit, an emptyDir), or name another path")
        .log(r"cannot bind (?:to )?(?:UNIX|unix) socket.*(?:Permission denied|Read-only)|(?P<path>/\S+\.(?:sock|pid|lock))\x22?:? .*(?:[Pp]ermission denied|Read-only file system|EACCES|EROFS)|could not create lock file \x22(?P<lock>[^\x22]+)\x22: (?:Permission denied|No such file|Read-only)", "could not create lock file \"/var/run/postgresql/.s.PGSQL.5432.lock\": Permission denied")
        .except("docker\\.sock|containerd\\.sock|podman\\.sock|docker API|[Dd]ocker daemon"),
    Rule::new("privileged-port-denied", "an ordinary user may not listen below port 1024 ({port})")
        .cause("Low ports belong to root, or to who has NET_BIND_SERVICE.")
        .answers(&["port-privileged", "port-rootless"])
        .tell("sysctl net.ipv4.ip_unprivileged_port_start, and id of the process")
        .fix("a port from 1024 on, and the service maps 80 to it; or the capability NET_BIND_SERVICE; or sysctl net.ipv4.ip_unprivileged_port_start=80")
        .log(r"\b(?:bind|listen(?:ing)?|binding to)\b.*?:?(?P<port>\d{1,3})?\b.*(?:[Pp]ermission denied|EACCES|\(13: Permission denied\))|EACCES: permission denied (?:0\.0\.0\.0|::|127)|listen EACCES|cannot expose privileged port (?P<privileged>\d+)", "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)")
        .except("\\.sock|forbidden|/dev/|\\bunix |mount|role"),
    Rule::new("address-not-available", "the address to listen at is not one of this machine ({address})")
        .cause("EADDRNOTAVAIL: inside a container only its own addresses and 0.0.0.0 exist; IPv6 may be off; an address of the cloud is not on the interface.")
        .tell("ip addr in the same container or machine: the address is not there")
        .fix("listen at 0.0.0.0 (or ::), and advertise the other address where the program can")
        .log(r"(?:bind|listen|EADDRNOTAVAIL)\S*.*(?:Cannot assign requested address|EADDRNOTAVAIL|can't assign requested address|address not available|requested address is not valid)|EADDRNOTAVAIL:? .*(?P<address>[\d.]+):\d+|os error 99\b|Address (?:family )?not (?:available|supported by protocol)|socket\(\) \[::\]:\d+ failed", "listen tcp 203.0.113.7:7777: bind: cannot assign requested address")
        .certain(),
    Rule::new("node-heap-limit", "Node.js reached the limit of its heap")
        .cause("V8 has a limit of its own (by the machine's memory, at most about 4 GB), whatever the container may use.")
        .answers(&["container-memory-limit"])
        .tell("node -p 'v8.getHeapStatistics().heap_size_limit/2**20' against what the program needs")
        .fix("NODE_OPTIONS=--max-old-space-size=<MB, below the container's limit>; find the leak with --heapsnapshot-near-heap-limit=1")
        .log(r"JavaScript heap out of memory|Reached heap limit|Ineffective mark-compacts near heap limit|ERR_WORKER_OUT_OF_MEMORY", "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")
        .certain(),
    Rule::new("java-heap-limit", "Java reached the limit of its heap")
        .cause("-Xmx (a quarter of the container's memory unless set) is less than the program needs.")
        .answers(&["container-memory-limit"])
        .tell("jcmd 1 GC.heap_info, or -XX:+PrintFlagsFinal | grep MaxHeapSize")
        .fix("-XX:MaxRAMPercentage=75 with a larger limit of the container, or find the leak: -XX:+HeapDumpOnOutOfMemoryError")
        .log(r"java\.lang\.OutOfMemoryError|GC overhead limit exceeded|There is insufficient memory for the Java Runtime", "java.lang.OutOfMemoryError: Java heap space")
        .certain(),
    Rule::new("java-version-too-old", "the program needs a newer Java")
        .cause("Its classes were compiled for a later version than the one that runs them.")
        .tell("java -version: 52 is 8, 55 is 11, 61 is 17, 65 is 21")
        .fix("an image or JAVA_HOME with the version that the message asks for")
        .log(r"UnsupportedClassVersionError|has been compiled by a more recent version of the Java|Unsupported class file major version|requires (?:running the server with )?Java \d+|Unsupported Java detected", "java.lang.UnsupportedClassVersionError: net/minecraft/server/Main has been compiled by a more recent version of the Java Runtime (class file version 65.0)")
        .certain(),
    Rule::new("node-module-missing", "Node.js does not find what it is to run ({module})")
        .cause("The dependency is not installed in the image (or the volume hides node_modules), the build did not run, or the path is wrong.")
        .answers(&["exit-1-app-error"])
        .tell("ls node_modules/<name> or the file of that name inside the container")
        .fix("npm ci in the image, build before start, no volume over node_modules; correct the start command")
        .log(r"(?:Error: )?Cannot find (?:module|package) '(?P<module>[^']+)'|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|npm ERR! (?:missing script|enoent)|npm (?:error|ERR!) Missing script", "Error: Cannot find module '/app/dist/index.js'")
        .certain(),
    Rule::new("python-module-missing", "Python does not find a module ({module})")
        .cause("It is not installed in this environment or image, or the path does not lead to it.")
        .answers(&["exit-1-app-error", "app-dependency-missing"])
        .tell("python -c 'import {module}' in the container")
        .fix("add it to requirements and build the image again; correct PYTHONPATH")
        .log(r"ModuleNotFoundError: No module named '(?P<module>[^']+)'|ImportError: (?:cannot import name|No module named)", "ModuleNotFoundError: No module named 'redis'")
        .certain(),
    Rule::new("glibc-too-old", "the program needs a newer C library than the system has ({version})")
        .cause("It was linked on a newer distribution than the one that it runs on.")
        .answers(&["exit-126-127-command"])
        .tell("ldd --version in the image against the version in the line")
        .fix("build on the older distribution, a newer base image, or link statically (target x86_64-unknown-linux-musl)")
        .log(r"version [`']?(?P<version>(?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)'? not found", "/app/server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /app/server)")
        .certain(),
    Rule::new("library-missing", "a library that the program is linked against is not there ({library})")
        .cause("The image lacks its package, or is made for another C library (musl, glibc).")
        .answers(&["exit-126-127-command", "rust-native-library-missing"])
        .tell("ldd <program> | grep 'not found'")
        .fix("install the package that holds it in the image, or link statically")
        .log(r"error while loading shared libraries: (?P<library>\S+?):|Error loading shared library (?P<musl>\S+?):|cannot open shared object file: No such file|Library not loaded: |DllNotFoundException|image not found.*dylib|libnvidia\S*\.so\S*: cannot open", "/app/server: error while loading shared libraries: libssl.so.1.1: cannot open shared object file: No such file or directory")
        .except("libnvidia|nvidia-container|runc|docker-credential|steamclient|Fallback handler|dlopen|ALSA|preload")
        .certain(),
    Rule::new("nvidia-driver-missing", "the driver of NVIDIA is not visible to the engine")
        .cause("The driver is not installed on the machine (or not in the runtime's root), or the container toolkit is not set up.")
        .answers(&["container-runtime-misconfigured"])
        .tell("nvidia-smi on the machine")
        .fix("install the driver, then nvidia-container-toolkit and nvidia-ctk runtime configure; restart the engine")
        .log(r"nvidia-container-cli: |libnvidia-ml\.so\S*: cannot open|NVIDIA-SMI has failed|could not select device driver .*gpu|Failed to initialize NVML|no NVIDIA GPU", "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file"),
    Rule::new("cpu-feature-missing", "the program uses instructions that this processor does not have")
        .cause("It was built for newer processors (AVX, x86-64-v2 or v3, -C target-cpu=native), or runs emulated.")
        .answers(&["exit-139-segv"])
        .tell("grep -o -m1 -E 'avx2?|sse4_2' /proc/cpuinfo on the node; exit code 132 is the same")
        .fix("a build for older processors (mongo 4.4 instead of 5, images -baseline), no target-cpu=native; a virtual machine with the host's processor type")
        .log(r"[Ii]llegal instruction|SIGILL|CPU does not support x86-64-v\d|trap invalid opcode|requires a CPU with AVX|(?:Exit Code:\s+|exitCode\x22?:\s*|exited with code )132\b|AVX (?:support|instructions?) (?:is |are )?(?:required|not)|CPU lacks|Fatal glibc error: CPU", "Fatal glibc error: CPU does not support x86-64-v2")
        .certain(),
    Rule::new("gunicorn-worker-timeout", "a worker of gunicorn did not answer in time")
        .cause("A request takes longer than --timeout (30 s), or the worker hangs or is short of memory.")
        .tell("the path of the request before it in the access log; memory of the container at that time")
        .fix("make the request shorter or asynchronous, --timeout 120, more workers or memory")
        .log(r"WORKER TIMEOUT|Worker \(pid:\d+\) was sent SIGKILL! Perhaps out of memory", "[2024-03-01 10:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:12)")
        .certain(),
    Rule::new("app-config-missing", "a setting that the program needs is missing ({name})")
        .cause("An environment variable or a file of settings is not given to it: not in the manifest, the Secret or the .env file that it reads.")
        .answers(&["exit-1-app-error"])
        .tell("env inside the container, or kubectl exec <pod> -- printenv {name}: no line is this")
        .fix("set it (env: or envFrom: in the manifest, environment: in compose) and start again")
        .log(r"(?:\benv(?:ironment)?(?: var(?:iable)?)?s?|\bvariable|\bsetting|\bconfig(?:uration)?(?: (?:key|value|option))?)\b[^:\n]{0,40}?(?-i:(?P<name>[A-Z][A-Z0-9_]{2,}))[`'\x22]?\s+(?:is |was |must be |not )?(?:required|missing|not set|not found|not defined|undefined|must be set|unset|empty)|(?:environment|env) var(?:iable)?s? (?:is|was|are|were) (?:required|missing|not set|not defined|undefined|unset)|KeyError: '(?-i:(?P<key>[A-Z][A-Z0-9_]{2,}))'|Missing required (?:environment|env|config)\S*|required (?:environment variable|flag|key|option) \S+ (?:is )?(?:not set|missing|not found)|environment variable not found|(?-i:\bNotPresent\b)|(?-i:(?P<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z][A-Z0-9]{3,})) (?:environment variable )?(?:is not set|must be set|not set|is required|is missing)|Could not resolve placeholder '(?P<placeholder>[^']+)'", "KeyError: 'API_BASE_URL'")
        .except("/proc/|level=(?:info|warning)|^warn|KUBECONFIG|In-cluster|DOCKER_|not set\\. Defaulting|deprecated|Defaulting to|[Uu]sing default|\\bTERM\\b|[Oo]ptional|[Ff]alling back|\\bok$")
        .general(),
    Rule::new("config-invalid", "the program does not accept its settings")
        .cause("A value or key in its file or flags is wrong: a typing mistake, or a key of another version.")
        .tell("the file and line in the message; most programs have a check: nginx -t, nats-server -t, traefik --check")
        .fix("correct that line and start again")
        .log(r"nginx: \[emerg\] (?:unknown directive|unexpected|invalid|directive|\x22\w+\x22 directive|.*is not (?:terminated|allowed))|\[emerg\] \d+#\d+: (?:unknown directive|unexpected|invalid|.*directive is not|.*is not terminated)|(?:failed|unable|error)[^:]{0,30} (?:to )?(?:parse|decode|unmarshal|load|read)(?:ing)? (?:the )?config[^:]*:|yaml: (?:line \d+|unmarshal errors)|error (?:converting|parsing) YAML|(?:^|[^.]\b)toml: (?:line|expected|cannot|incomplete|invalid|key)|unknown (?:flag|field|option|argument|shorthand flag): ?|error: unexpected argument|unrecognized (?:arguments?|option|configuration parameter)|flag provided but not defined|Configuration (?:error\b|is invalid)|invalid configuration", "nginx: [emerg] directive \"worker_processes\" is not terminated by \";\" in /etc/nginx/nginx.conf:4")
        .except("no configuration has been provided|KUBECONFIG|strict decoding|^Warning: unknown field|Unauthorized")
        .general()
        .answers(&["nginx-config-syntax", "app-config-missing", "exit-1-app-error", "manifests-refused"]),
    Rule::new("nginx-upstream-missing", "nginx does not find or reach what stands behind it ({upstream})")
        .cause("The name of the upstream does not resolve when nginx starts, or no server of it answers.")
        .answers(&["service-name-unresolved", "proxy-backend-down", "k3d-serverlb-stuck", "service-without-endpoints"])
        .tell("getent hosts <name> inside the container, and docker ps or kubectl get endpointslices of that service")
        .fix("start the upstream first (depends_on, the same network, the right namespace), or resolve it late: resolver and a variable in proxy_pass")
        .log(r"host not found in (?:upstream )?\x22(?P<upstream>[^\x22]+)\x22|no live upstreams|upstream .* could not be resolved", "nginx: [emerg] host not found in upstream \"lobby:8080\" in /etc/nginx/conf.d/default.conf:4")
        .except("upstream .k3d-")
        .certain(),
    Rule::new("proxy-backend-down", "what stands behind the proxy does not answer ({upstream})")
        .cause("The program behind it has ended, listens elsewhere (another port, 127.0.0.1 only), or is too slow.")
        .answers(&["ingress-502-503-504", "nginx-upstream-missing", "service-without-endpoints"])
        .tell("curl that upstream from the proxy's own container; the log of that program")
        .fix("get it running; listen at 0.0.0.0 and the port that the proxy names; proxy_read_timeout for what is slow by nature")
        .log(r"connect\(\) failed \(\d+: .*upstream: \x22?(?P<upstream>[^\x22,]+)|upstream (?:timed out|prematurely closed|sent (?:too big|no valid))|recv\(\) failed .*upstream|all (?:servers|backends) (?:for|in|of|are) .* (?:failed|down)|has no server available|dial tcp .*502 Bad Gateway|'502 Bad Gateway' caused by|'504 Gateway Timeout' caused by|lookup .*: no such host.*proxy", "2024/03/01 10:00:00 [error] 16#16: *23 connect() failed (111: Connection refused) while connecting to upstream, client: 172.22.0.1, upstream: \"http://10.42.0.7:8080/\"")
        .except("upstream: \\x22?172\\.\\S*:6443|(?:unreachable|No route).*:6443")
        .general(),
    Rule::new("service-without-endpoints", "a service has nobody behind it ({service})")
        .cause("Its selector matches no pod, or none of them is ready.")
        .answers(&["ingress-502-503-504", "proxy-backend-down", "traefik-service-missing"])
        .tell("kubectl get endpointslices -l kubernetes.io/service-name=<service>, and the labels of the pods against the selector")
        .fix("correct the selector, or get the pods ready: kubectl describe pod")
        .log(r"Skipping service: no endpoints found.*?serviceName=(?P<service>\S+)|no endpoints (?:found|available) for service \x22?(?P<named>[^\s\x22]*)|does not have any active Endpoint|subset not found|no ready endpoints|endpoints? \x22?(?P<missing>[^\s\x22]+)\x22? not found|Skipping service: no endpoints", "level=error msg=\"Skipping service: no endpoints found\" namespace=game serviceName=lobby")
        .except("webhook"),
    Rule::new("traefik-service-missing", "a router of Traefik names something that nobody defines ({name})")
        .cause("The service, middleware or entry point has another name, namespace or provider (@docker, @file, @kubernetescrd).")
        .answers(&["ingress-404"])
        .tell("Traefik's dashboard or /api/rawdata: the list of services and middlewares with their providers")
        .fix("correct the name with its provider, or make what it names")
        .log(r"the service \x22(?P<name>[^\x22]+)\x22 does not exist|middleware \x22(?P<middleware>[^\x22]+)\x22 does not exist|EntryPoint doesn't exist|entryPoint \x22[^\x22]*\x22 doesn't exist|kubernetes service not found: (?P<service>\S+)|(?:service|middleware|TLS options?) \S+ not found.*(?:ingress|router|traefik)|service port not found", "level=error msg=\"the service \\\"lobby@docker\\\" does not exist\" entryPointName=web routerName=lobby@docker"),
    Rule::new("agones-health", "a game server does not tell Agones that it is well")
        .cause("The program calls Ready() or Health() too late or not at all, does not reach the SDK sidecar at 9357, or has ended.")
        .answers(&["probe-failed"])
        .tell("kubectl describe gameserver: Unhealthy and its events; kubectl logs <pod> -c agones-gameserver-sidecar")
        .fix("call Health() each few seconds from start on; a larger initialDelaySeconds and failureThreshold of health: in the GameServer")
        .log(r"GameServer (?:has gone|is) (?:Unhealthy|not healthy)|GameServer.*Unhealthy|Issue with Gameserver pod|(?:agones|sdk-?server|gameserver|:9357|:9358).*(?:health ?check failed|unhealthy|could not (?:connect|send|initialize)|deadline exceeded|connection refused)|Could not connect to (?:the )?(?:agones )?sdk|No gRPC (?:request|connection).*health", "{\"severity\":\"warning\",\"message\":\"GameServer has gone Unhealthy\",\"gsKey\":\"game/room-x2k9v\"}")
        .except("webhook")
        .general(),
    Rule::new("app-panic", "the program crashed by a bug of its own ({place})")
        .cause("It met a state that it does not handle; the first lines of the trace that are its own code say where.")
        .answers(&["rust-panic", "exit-1-app-error", "exit-139-segv"])
        .tell("the topmost line of the trace that is not of the runtime or a library")
        .fix("look for that line in the program's issues, try its newest version; of your own program: correct it there (RUST_BACKTRACE=1 shows the way)")
        .log(r"thread '[^']*'(?: \(\d+\))? panicked at (?P<place>\S+?):?(?:\s|,|$)|thread '[^']*' panicked", "thread 'main' panicked at game-server/src/roles/room.rs:41:17:")
        .log(r"panic: (?:runtime error|assignment to entry|send on closed|interface conversion|close of|reflect|[a-z])|fatal error: (?:concurrent map|all goroutines are asleep|unexpected signal|stack overflow)|invalid memory address or nil pointer", "panic: runtime error: invalid memory address or nil pointer dereference")
        .except("out of memory|already freed|freepages|address already in use|tocommit|listen tcp|no such file|permission denied|dial tcp|connection refused|should panic")
        .general()
        .without(r"go\.etcd\.io/bbolt")
        .log(r"Unhandled exception\. |Exception in thread \x22|NullPointerException|(?:^|\s)(?:TypeError|ReferenceError|AttributeError|IndexError): |Segmentation fault|core dumped|status=11/SEGV|signal: segmentation|double free|stack smashing|\bSIGABRT\b|assertion failed|Assertion `[^']+' failed|UnhandledPromiseRejection|Uncaught Exception|FATAL: uncaught", "TypeError: Cannot read properties of undefined (reading 'room')")
        .except("OutOfMemory|EADDRINUSE|ECONNREFUSED|EACCES|UnknownHost|ConnectException|bbolt|BindException|✓|✔|√|\\bok\\b|[Pp]assed|SQLException|SQLState|CommunicationsException|FileNotFound|NoSuchFile|AccessDenied|ClassNotFound|UnsupportedClassVersion|ApplicationContextException|BeanCreation")
        .general(),
    Rule::new("rust-toolchain-too-old", "a crate needs a newer Rust ({needs})")
        .cause("The toolchain of this machine or image is older than the crate's rust-version or edition.")
        .tell("rustc --version against the version in the line")
        .fix("rustup update (a newer rust image in the Dockerfile); or hold the crate: cargo update -p <crate> --precise <older version>")
        .log(r"requires rustc (?P<needs>[\d.]+)|feature `(?P<edition>edition\d+)` is required|rustc [\d.]+\S* is not supported by|requires the Cargo feature called|lock file version \x22?\d\x22? (?:was found|requires)|is not stabilized in this version of Cargo", "error: package `time v0.3.47` cannot be built because it requires rustc 1.88.0 or newer, while the currently active rustc version is 1.76.0")
        .certain(),
    Rule::new("rust-linker-missing", "there is no linker for rustc ({linker})")
        .cause("The C compiler or the cross linker of the target is not installed.")
        .answers(&["compiler-missing"])
        .tell("which cc; for another target: the linker that .cargo/config.toml names")
        .fix("Debian, Ubuntu: sudo apt-get install -y build-essential (musl-tools, gcc-aarch64-linux-gnu for targets). Fedora: sudo dnf install -y gcc. macOS: xcode-select --install. Windows: the C++ build tools of Visual Studio")
        .log(r"linker `(?P<linker>[^`]+)` not found|failed to find tool .*(?:cc|gcc|clang|g\+\+)\S*|is `?(?:cc|gcc|c\+\+)`? (?:not )?installed|the msvc targets depend on the msvc linker", "error: linker `cc` not found")
        .certain(),
    Rule::new("rust-native-library-missing", "a native library for a crate is not installed ({library})")
        .cause("A -sys crate looks for the library through pkg-config or the linker.")
        .tell("pkg-config --libs {library}")
        .fix("install its development package (libssl-dev, libpq-dev, protobuf-compiler, cmake, pkg-config), or the crate's vendored feature")
        .log(r"(?:system )?library `(?P<library>[^`]+)` required by crate|Could not find directory of OpenSSL|pkg-config (?:exited|command could not be found|has not been configured)|unable to find library -l(?P<linked>\S+)|cannot find -l(?P<ld>\S+)|Could not find `?protoc|is `?(?:cmake|protoc)`? (?:not )?installed|Package (?P<package>\S+) was not found in the pkg-config", "The system library `openssl` required by crate `openssl-sys` was not found.")
        .certain(),
    Rule::new("steam-update-failed", "SteamCMD could not install or update the server")
        .cause("Its servers did not answer, the disk or memory was too small, or the state of the app says an update stopped half-way.")
        .answers(&["disk-full"])
        .tell("df -h of the folder; the state number: 0x202 is no space, 0x602 or 0x606 the network or a cut download")
        .fix("free space, then run it again; appmanifest_<id>.acf names what it holds")
        .log(r"Error! App '\d+' state is 0x\w+|Failed to install app|SteamCMD .*fail|ERROR! Failed to install|Steam needs to be online", "Error! App '2394010' state is 0x202 after update job."),
    Rule::new("platform-warning", "the image is of another architecture and runs emulated")
        .cause("A warning: it works where emulation is set up, slower.")
        .fix("nothing: look for another line")
        .log(r"requested image's platform \(\S+\) does not match the detected host platform", "WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8) and no specific platform was requested")
        .kind(Kind::Decoy),
    Rule::new("postgres-noise", "PostgreSQL starts, ends or is asked too early")
        .cause("Clients ask before it is up; a stop that was asked for ends their connections.")
        .fix("nothing: look for another line")
        .log(r"the database system is starting up|the database system is shutting down|terminating connection due to administrator command|incomplete startup packet|invalid length of startup packet|unexpected EOF on client connection|could not receive data from client|database system was not properly shut down; automatic recovery|replication terminated by primary", "FATAL:  the database system is starting up")
        .kind(Kind::Decoy),

    Rule::new("eula-not-accepted", "the licence of the game server is not accepted")
        .cause("Minecraft servers start only after eula=true.")
        .tell("cat eula.txt")
        .fix("read it, then EULA=TRUE for the container, or eula=true in eula.txt")
        .log(r"You need to agree to the EULA", "[main/INFO]: You need to agree to the EULA in order to run the server. Go to eula.txt for more info.")
        .certain(),
    Rule::new("world-locked", "another server has the world or its data open")
        .cause("It still runs, or ended without letting go of the lock.")
        .answers(&["stale-unix-socket", "port-taken-by-process"])
        .tell("ps aux | grep java, docker ps: a second server is this")
        .fix("end the other server and wait until it has saved")
        .log(r"session\.lock.*(?:already locked|locked)|DirectoryLock|another instance (?:is|of) .*running|Resource temporarily unavailable.*lock|failed to (?:acquire|obtain) node lock", "net.minecraft.util.DirectoryLock$LockException: /data/world/session.lock: already locked (possibly by other Minecraft instance?)"),
    Rule::new("node-version", "this version of Node.js does not fit")
        .cause("The program or a native module asks for another version than the one that runs it.")
        .answers(&["exit-1-app-error", "app-panic"])
        .tell("node --version against engines in package.json")
        .fix("the image of that version; npm rebuild for native modules")
        .log(r"NODE_MODULE_VERSION \d+|compiled against a different Node\.js version|npm (?:ERR!|error) .*EBADENGINE|ERR_REQUIRE_ESM|The engine \x22node\x22 is incompatible|requires Node(?:\.js)? (?:version )?>?=?\s?v?\d+", "was compiled against a different Node.js version using NODE_MODULE_VERSION 115."),
    Rule::new("dotnet-runtime-missing", "the .NET that the program needs is not installed")
        .cause("It is built for another version of the framework than the image has.")
        .tell("dotnet --list-runtimes")
        .fix("the image of that version (mcr.microsoft.com/dotnet/aspnet), or publish self-contained")
        .log(r"You must install or update \.NET to run this application|It was not possible to find any compatible framework version|The framework 'Microsoft\.\S+', version", "You must install or update .NET to run this application.")
        .certain(),
    Rule::new("go-plugin-version-mismatch", "a plugin was built with other versions than its program")
        .cause("Go loads a plugin only when every package and the toolchain are the same.")
        .tell("go version -m of both files")
        .fix("build both together")
        .log(r"plugin was built with a different version of package|plugin\.Open\(", "plugin.Open(\"plugin/nakama\"): plugin was built with a different version of package google.golang.org/protobuf")
        .certain(),
    Rule::new("file-missing", "a file that the program needs is not there ({file})")
        .cause("It is not in the image, not mounted, or the path is meant from another folder.")
        .answers(&["app-config-missing", "exit-1-app-error", "certificate-file-missing", "exit-126-127-command"])
        .tell("ls of that path where the program runs")
        .fix("mount or copy it there, or correct the path")
        .log(r"(?:ENOENT: no such file or directory,? (?:open|stat|lstat|scandir|access)? ?'(?P<file>[^']+)'|FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<python>[^']+)'|FileNotFoundException: (?P<java>\S+)|Unable to access jarfile (?P<jar>\S+)|Could not find or load main class (?P<class>\S+)|can't open file '(?P<script>[^']+)'|(?:open|stat|read|load(?:ing)?|reading) (?P<go>[/.][^\s:]+): no such file or directory|Could not find file '(?P<dotnet>[^']+)')", "FileNotFoundError: [Errno 2] No such file or directory: '/app/settings.yaml'")
        .except("docker\\.sock|/proc/|/sys/|/dev/|subnet\\.env|\\.sock|nf_conntrack|/cgroup|kubelet_internal|resolv\\.conf|level=(?:info|warning)")
        .general(),
];
