//! What programs keep: PostgreSQL, SQLite, Redis, NATS, etcd, and the volumes below them.

use log_reader::Speaker;

use crate::doctor::rule::{Family, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "Databases and queues",
    section: "databases-and-queues",
    about: "A store that does not start says why in its own log, mostly in one line; what the game or a client says about it \
            (refused, timeout) only follows. Nothing here asks you to delete a data folder before a copy of it is safe.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("shm-too-small", "/dev/shm of the container is too small")
        .cause("Containers get 64 MB there unless told otherwise; PostgreSQL's parallel queries, browsers and others share memory through it. The disk is not full.")
        .answers(&["tmpfs-too-small"])
        .tell("df -h /dev/shm inside the container: 64M is this")
        .fix("docker: --shm-size=256m or shm_size: 256m; Kubernetes: an emptyDir with medium: Memory mounted at /dev/shm")
        .log(
            r"could not (?:resize|open|map) shared memory segment.*No space left on device|/dev/shm.*(?:No space left|ENOSPC|too small|out of space)|(?:Creating|shared memory).*(?:in )?/dev/shm.*(?:No such process|failed)",
            "ERROR:  could not resize shared memory segment \"/PostgreSQL.638321836\" to 16777216 bytes: No space left on device",
        )
        .certain(),
    Rule::new("postgres-lost-found", "PostgreSQL's folder is the root of a volume and not empty")
        .cause("The volume holds lost+found (or a mount point), and PostgreSQL initialises only an empty folder.")
        .tell("ls -la of the mount: lost+found alone is this; PG_VERSION means that data lies there")
        .fix("PGDATA=/var/lib/postgresql/data/pgdata (a folder below the mount), or subPath: on the volumeMount")
        .log(
            r"initdb: error: directory .* exists but is not empty|contains a lost\+found directory|Using a mount point directly as the data directory is not recommended",
            "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty",
        )
        .certain(),
    Rule::new("postgres-volume-layout", "the image of PostgreSQL 18 and later wants its volume at another place")
        .cause("From 18 on data lies in /var/lib/postgresql/<major>/docker, and the volume belongs at /var/lib/postgresql; the old place /var/lib/postgresql/data is refused.")
        .answers(&["postgres-data-incompatible"])
        .tell("the mounts of the container: …/data is this")
        .fix("mount the volume at /var/lib/postgresql; data of an older major version stays as it is and is moved by pg_upgrade or dump and restore")
        .log(
            r"in 18\+, these Docker images are configured|there appears to be PostgreSQL data in.*(?:unused mount|/var/lib/postgresql/data)|/var/lib/postgresql/data \(unused mount/volume\)|pg_ctlcluster compatible format",
            "Error: in 18+, these Docker images are configured to store database data in a format which is compatible with \"pg_ctlcluster\"",
        )
        .certain(),
    Rule::new("postgres-data-incompatible", "the data were made by another major version of PostgreSQL")
        .cause("A major version does not read the folder of another; an image tag without a version moved on by itself.")
        .tell("cat PG_VERSION in the data folder against postgres --version")
        .fix("go back to the image of that version (postgres:<PG_VERSION>), dump (pg_dumpall), and restore into the new one; or pg_upgrade")
        .log(
            r"data directory was initialized by PostgreSQL version (?P<had>\S+),? which is not compatible|database files are incompatible with server|The database cluster was initialized with",
            "DETAIL:  The data directory was initialized by PostgreSQL version 15, which is not compatible with this version 16.2.",
        )
        .certain(),
    Rule::new("postgres-permissions", "PostgreSQL refuses its data folder because of its owner or mode")
        .cause("The folder must belong to the user that runs the server, with mode 0700 or 0750; a volume of a host folder or an fsGroup changed it.")
        .answers(&["volume-owner"])
        .tell("ls -ldn of the data folder against id inside the container (999 or 70 for the images)")
        .fix("chown -R 999:999 and chmod 0700 the folder (uid of the image), or securityContext.fsGroup and a subfolder as PGDATA")
        .log(
            r"data directory .* has (?:wrong ownership|invalid permissions)|(?:initdb|chown|chmod|mkdir|find).*(?:/postgres|pgdata|pg_data|postgresql/data)\S* ?:? ?.*(?:Permission denied|Operation not permitted)|could not (?:change permissions of|access|create|open) (?:directory|file) \x22[^\x22]*(?:postgres|pgdata|global|base|pg_)[^\x22]*\x22: (?:Permission denied|Operation not permitted)",
            "FATAL:  data directory \"/var/lib/postgresql/data\" has wrong ownership",
        ),
    Rule::new("postgres-wal-corrupt", "PostgreSQL's log of changes or control file is damaged or missing")
        .cause("The machine lost power or the disk failed or filled while it wrote, or the folder was copied while the server ran.")
        .answers(&["disk-io-error"])
        .tell("df -h and dmesg | grep -i error first; a full or failing disk must be mended before anything else")
        .fix("stop it, keep a copy of the whole folder, and restore the last backup")
        .last_resort("without a backup, on a copy: pg_resetwal -f <data folder>; the last transactions are lost and the rest must be dumped and checked")
        .log(
            r"could not locate a valid checkpoint record|invalid (?:primary )?checkpoint record|could not locate required checkpoint record|invalid page in block|PANIC: .*(?:could not (?:locate|write|open|fsync)|WAL)|could not open file \x22?(?:global/pg_control|pg_wal/|base/|pg_xact)|requested WAL segment \S+ has already been removed|invalid magic number \S+ in (?:log|WAL)",
            "PANIC:  could not locate a valid checkpoint record",
        )
        .except("No space left|Permission denied|requested WAL segment|LOG: "),
    Rule::new("postgres-connections", "PostgreSQL has no connection left")
        .cause("Every client, pool and replica together open more than max_connections; idle ones count.")
        .tell("select usename, state, count(*) from pg_stat_activity group by 1,2 shows who holds them")
        .fix("smaller pools (connections per process × processes below max_connections), a pooler such as PgBouncer, or a larger max_connections with the memory for it")
        .log(
            r"sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)|(?:1040|08004|[Mm]y[Ss][Qq][Ll]|[Pp]ostgres|[Ss]equelize|database)\S*.*Too many connections|(?:increase|raise|reached|exceed\w*) (?:the )?\W?max_connections|no more connections allowed|query_wait_timeout|ER_CON_COUNT_ERROR",
            "FATAL:  sorry, too many clients already",
        )
        .except("LOG:|INFO|max_connections = |level=info")
        .certain(),
    Rule::new("postgres-auth", "PostgreSQL refuses the user, password, database or address ({user})")
        .cause("The password is not the one that the database was made with (POSTGRES_PASSWORD counts only for an empty folder), the role or database does not exist, or pg_hba.conf does not allow the address.")
        .tell("psql with the same URL from the same place; \\du and \\l as an administrator list roles and databases")
        .fix("ALTER ROLE … PASSWORD to what the program uses (or correct the Secret); CREATE DATABASE or ROLE; a line in pg_hba.conf for that network")
        .log(
            r#"password authentication failed for user "(?P<user>[^"]+)"|no pg_hba\.conf entry for|role "(?P<role>[^"]+)" does not exist|(?:peer|ident|scram|md5|gss|ldap) authentication failed for user \x22|database "(?P<database>[^"]+)" does not exist|role "[^"]+" is not permitted to log in|Role \\?"[^"]+\\?" does not exist|no password supplied|\b28P01\b|SASL: SCRAM|superuser password is not specified|Database is uninitialized and superuser"#,
            "FATAL:  password authentication failed for user \"game\"",
        )
        .certain(),
    Rule::new("mysql-auth", "MySQL refuses the user, password or host")
        .cause("The password or host is not what the account was made with; MYSQL_ROOT_PASSWORD counts only for an empty folder.")
        .answers(&["database-auth"])
        .tell("mysql -h <host> -u <user> -p from the same place")
        .fix("ALTER USER … IDENTIFIED BY to what the program uses, or correct the Secret")
        .log(r"Access denied for user '(?P<user>[^']*)'@|ER_ACCESS_DENIED_ERROR|ER_NOT_SUPPORTED_AUTH_MODE|Host '[^']*' is not allowed to connect", "ERROR 1045 (28000): Access denied for user 'game'@'10.42.0.7' (using password: YES)")
        .certain(),
    Rule::new("sqlite-temp-folder", "SQLite has no folder for temporary files")
        .cause("The root of the container is read-only and /tmp is not writable: SQLITE_IOERR_GETTEMPPATH (6410).")
        .answers(&["volume-read-only-option"])
        .tell("touch /tmp/x inside the container: refused is this")
        .fix("an emptyDir at /tmp, or SQLITE_TMPDIR to a writable folder")
        .log(
            r"(?:disk I/O error|sqlite\S*|SQLITE_IOERR).*\(6410\)|IOERR_GETTEMPPATH|unable to open (?:a )?temporary database file",
            "open sqlite: disk I/O error (6410)",
        )
        .certain(),
    Rule::new("sqlite-locked", "somebody else holds SQLite's lock")
        .cause("Another process writes the same file, a transaction stays open, or the file lies on a network file system, where locks do not work.")
        .answers(&["datastore-slow"])
        .tell("fuser -v <file> lists who has it open; stat -f -c %T <file>: nfs, cifs or 9p is the file system")
        .fix("one writer; PRAGMA busy_timeout=5000 and journal_mode=WAL; the file on a local disk")
        .log(r"database (?:table )?is locked|SQLITE_BUSY|SQLITE_LOCKED|sqlite3?\.OperationalError: database is locked", "sqlite3.OperationalError: database is locked")
        .certain(),
    Rule::new("sqlite-cannot-open", "SQLite cannot open or write its file")
        .cause("Its folder is not there, belongs to another user, or is mounted read-only: SQLite writes beside its file.")
        .answers(&["volume-owner", "volume-read-only-option"])
        .tell("ls -ldn of the folder against id of the process; touch a file there")
        .fix("make the folder, and give it to the user of the process (fsGroup, chown); mount it writable")
        .log(r"unable to open database file|SQLITE_CANTOPEN|attempt to write a readonly database|SQLITE_READONLY", "Error: SQLITE_CANTOPEN: unable to open database file"),
    Rule::new("redis-rdb-version", "Redis cannot read a file that a newer one wrote")
        .cause("The file was written by a newer Redis or by Valkey; older ones do not know its format.")
        .tell("head -c 9 dump.rdb (REDIS0012) against the version of the server")
        .fix("run the version that wrote it (or newer, of the same family); to go back, copy the data through a replica or redis-cli --pipe")
        .log(r"Can't handle RDB format version|Wrong signature trying to load DB|The RDB (?:preamble|file) .* version", "1:M 08 Dec 2025 15:08:43.050 # Can't handle RDB format version 80")
        .certain(),
    Rule::new("redis-aof-corrupt", "Redis' append-only file is damaged")
        .cause("It was cut by a crash or a full disk.")
        .answers(&["redis-rdb-version"])
        .tell("redis-check-aof <file> says where it breaks; df -h says whether the disk was full")
        .fix("keep a copy, then redis-check-aof --fix <file> (what comes after the break is lost), and start again")
        .log(r"Bad file format reading the append only file|Unexpected end of file reading the append only|AOF (?:file )?.*(?:corrupt|is truncated)|AOF loading aborted|redis-check-aof", "1:M # Bad file format reading the append only file: make a backup of your AOF file, then use ./redis-check-aof --fix <filename>")
        .except("Can't handle RDB|loaded anyway|aof-load-truncated"),
    Rule::new("redis-write-refused", "Redis cannot save and refuses writes")
        .cause("A snapshot failed: its folder is full, read-only, of another owner, or gone; memory for the fork may be short.")
        .answers(&["volume-read-only-option", "redis-data-dir-gone", "volume-owner", "disk-full", "redis-exposed-attacked"])
        .tell("redis-cli config get dir, then df -h and ls -ld of that folder; a dir such as /etc or /var/spool/cron was set by an attacker")
        .fix("free space or correct the owner of the folder; a Redis that is open to the internet: bind it to 127.0.0.1 and set a password at once")
        .log(r"MISCONF Redis is configured to save|Failed opening (?:the )?(?:temp )?RDB file|Write error saving DB on disk|Background saving error|Error moving temp DB file", "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk."),
    Rule::new("redis-auth", "Redis refuses the client")
        .cause("The password is missing or wrong, or protected mode lets only the machine itself in.")
        .tell("redis-cli -h <host> -a <password> ping from the same place: PONG means it is right")
        .fix("give the client requirepass' password (user and password with ACLs), or set one when protected mode refuses")
        .log(r"NOAUTH Authentication required|WRONGPASS|invalid username-password pair|DENIED Redis is running in protected mode|NOPERM|ERR AUTH <password> called without", "ReplyError: NOAUTH Authentication required.")
        .certain(),
    Rule::new("redis-noise", "Redis advises about the machine")
        .cause("It runs as well without.")
        .fix("nothing: look for another line")
        .log(r"Memory overcommit must be enabled|vm\.overcommit_memory|Transparent Huge Pages|TCP backlog setting of|no config file specified", "1:C # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition.")
        .kind(Kind::Decoy),
    Rule::new("nats-jetstream-storage", "JetStream has less storage than streams reserve")
        .cause("max_bytes of the streams times their replicas is more than max_file_store (or max_memory_store) of the servers, or than the volume.")
        .tell("nats server report jetstream, nats account info: reserved against limit")
        .fix("raise max_file_store (chart: config.jetstream.fileStore.pvc.size) with the volume, or give streams a smaller max_bytes")
        .log(r"insufficient (?:storage|memory) resources|(?:nats|stream|account|err_code)\S*.*\((?:10047|10028)\)|resource limits exceeded for account|nats: .*maximum (?:bytes|storage) exceeded|JetStream resource limits exceeded|no suitable peers for placement|JetStream out of (?:file|memory) resources", "nats: error: could not create Stream: insufficient storage resources available (10047)")
        .certain(),
    Rule::new("nats-store-corrupt", "JetStream's files are damaged or missing")
        .cause("The machine lost power, the disk filled, or two servers used one folder.")
        .tell("df -h of store_dir, and dmesg | grep -i error; then nats stream report: replicas that lag")
        .fix("mend the disk; a replicated stream heals from its peers after a restart of that server")
        .last_resort("when there is one copy only: move the stream's folder away and restore a backup (nats stream restore); its messages are lost without one")
        .log(r"(?:Filestore|(?:stream|consumer) [\x22'][\w-]+|jetstream).*(?:corrupt|bad checksum|checksum mismatch|state .* (?:outdated|invalid)|error recovering|could not recover)|Error (?:recovering|opening) (?:stream|consumer)|Error reading meta ?file|(?:loadBlock|message block|msg block).*(?:error|missing|corrupt)|block data missing|Failed to apply snapshot", "[ERR]   Error recreating stream \"events\": could not recover state: corrupt state"),
    Rule::new("nats-raft-not-current", "JetStream has no leader, or this server lags behind")
        .cause("Fewer than half of the servers see each other: not enough run, names do not resolve, or the cluster was resized without peers being removed.")
        .answers(&["nats-unreachable"])
        .tell("nats server report jetstream: the meta group's leader and who is offline")
        .fix("get the missing servers up and their routes (port 6222) through; servers that are gone for good: nats server raft peer-remove <name>")
        .log(r"JetStream (?:system temporarily unavailable|is not current|cluster .*no (?:metadata|meta) leader|has not established contact with a meta leader|not currently available)|no (?:meta|metadata) leader|Healthcheck failed: .*(?:JetStream|current)|nats: .*\(10008\)|Waiting for routing to be established|RAFT .*(?:Falling behind|not current)", "[WRN] Healthcheck failed: \"JetStream has not established contact with a meta leader\"")
        .at_start(),
    Rule::new("nats-auth", "NATS refuses the client")
        .cause("User, password, token, key or account is not what the server's configuration has, or a subject is not allowed.")
        .tell("nats --server nats://<user>:<password>@<host>:4222 rtt with the same credentials")
        .fix("correct the credentials of the client (Secret, .creds file), or the permissions of its user")
        .log(r"Authorization Violation|(?:cid:\d+|rid:\d+|nats)\S*.*authentication (?:error|expired|revoked|timeout)|Permissions Violation|nats: .*(?:authorization|authentication)|User Authentication (?:Expired|Revoked)", "nats: error: nats: Authorization Violation")
        .by(&[Speaker::Nats, Speaker::Game, Speaker::Go, Speaker::Node, Speaker::Rust, Speaker::Java, Speaker::Python]),
    Rule::new("nats-unreachable", "NATS does not answer")
        .cause("No server runs at that address, it does not resolve, or a firewall is between.")
        .answers(&["service-name-unresolved"])
        .tell("nats --server nats://<host>:4222 rtt from the same place, and kubectl get endpointslices of its service")
        .fix("start it, correct the address, or wait for it at start-up: its own log says why it is not there")
        .log(r"nats: no servers available|no responders available|:4222.*(?:refused|timed? ?out|no such host|no route|unreachable)|\bnats\b.*connection refused|(?:connect|dial|route).*:(?:4222|6222)\b.*(?:refused|timeout|failed)", "Error: nats: no servers available for connection"),
    Rule::new("etcd-nospace", "etcd has used its quota and refuses writes")
        .cause("Its database reached quota-backend-bytes (2 GiB by default); until it is made smaller the cluster can only be read.")
        .tell("etcdctl alarm list: NOSPACE; etcdctl endpoint status -w table: DB SIZE")
        .fix("etcdctl compact <revision>, etcdctl defrag, etcdctl alarm disarm, in that order; a larger --quota-backend-bytes")
        .log(r"mvcc: database space exceeded|alarm:NOSPACE|database space exceeded", "etcdserver: mvcc: database space exceeded")
        .certain(),
    Rule::new("etcd-raft-log-lost", "a member of etcd has lost part of its log")
        .cause("Its folder was lost, emptied or taken back (a snapshot of the machine, a full disk, a crash), while the cluster went on.")
        .answers(&["containerd-database-corrupt", "etcd-member-lost"])
        .tell("etcdctl member list and endpoint status of the others: they agree and this one is behind")
        .fix("keep a copy of its folder; restore the disk if that was it")
        .last_resort("remove the member and add it again empty (etcdctl member remove, member add): its copy is lost, the others' stay; with one member only, restore a snapshot")
        .log(r"tocommit\(\d+\) is out of range|Was the raft log corrupted, truncated, or lost|raft: .*(?:is out of range|unexpected)|failed to find (?:raft|database) snapshot|\bwal: .*(?:slice bounds|unexpected EOF)|snap/db file .*(?:missing|not found)", "raft: tocommit(65072) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?")
        .certain(),
    Rule::new("etcd-member-lost", "etcd has no majority, or does not know this member")
        .cause("Too many members are away, or this one was removed, renamed or moved to another address while it was down.")
        .answers(&["etcd-raft-log-lost"])
        .tell("etcdctl member list and etcdctl endpoint health --cluster")
        .fix("get the other members up (their ports 2379 and 2380 reachable); when a majority is gone for good, k3s server --cluster-reset on the best one keeps its data")
        .last_resort("join the others anew after a reset: what only they had is lost")
        .log(r"the member has been permanently removed|member (?:ID )?[0-9a-f]{8,16} (?:has been removed|not found)|etcd.*cluster ID mismatch|etcd cluster join failed|no leader\b.*etcd|etcdserver: (?:no leader|leader changed|not enough started members|unhealthy cluster|re-configuration failed|too many learner|request timed out, possibly due to (?:previous leader failure|connection lost))|lost leader|is starting a new election at term|failed to join etcd|error validating (?:peerURLs|existing)|duplicate node name found|member count is unequal|failed to reach the peerURL", "{\"level\":\"fatal\",\"caller\":\"etcdmain/etcd.go:204\",\"msg\":\"discovery failed\",\"error\":\"member count is unequal\"}")
        .at_start()
        .except("level=info|\"level\":\"info\""),
    Rule::new("etcd-slow-disk", "etcd's disk or machine is too slow")
        .cause("etcd writes to disk before it answers; a slow or shared disk, or a busy processor, makes it late, and leaders are lost.")
        .answers(&["datastore-slow"])
        .tell("etcdctl check perf, or fio with fdatasync: 99 % below 10 ms is wanted; iostat -x 1 for %util")
        .fix("an SSD of its own for etcd, fewer neighbours on the machine; k3s with one server does without etcd")
        .log(r"slow fdatasync|apply (?:entries|request)? ?took too long|waiting for ReadIndex response took too long|leader failed to send out heartbeat on time|read-only range request .* took too long|disk (?:is )?(?:probably )?too slow|server is likely overloaded", "{\"level\":\"warn\",\"caller\":\"wal/wal.go:805\",\"msg\":\"slow fdatasync\",\"took\":\"1.2s\",\"expected-duration\":\"1s\"}")
        .at_start(),
    Rule::new("datastore-slow", "the store of k3s answers too slowly")
        .cause("The disk, the processor or the database under the API is too slow or overloaded; leases are lost and parts restart.")
        .answers(&["etcd-slow-disk", "low-memory", "api-server-unavailable"])
        .tell("iostat -x 1 and top on the server while it happens; the times of `Slow SQL` or `took too long` lines")
        .fix("a faster disk (no SD card), more memory or fewer pods; an external database near by")
        .log(r"Slow SQL|Trace\[\d+\]: \x22(?:List|Create|Get|Update|GuaranteedUpdate|Patch).*total time: \d{4,}|etcdserver: request timed out|leader ?election lost|failed to renew lease|error retrieving resource lock .*(?:deadline|timeout|timed out)|Failed to update lock.*(?:deadline|timeout|timed out)|Fatal.*leaderelection lost", "I0410 trace.go:205] Trace[317409798]: \"Create\" url:/api/v1/namespaces (10-Apr-2022 21:18:14.864) (total time: 10000ms):")
        .at_start(),
    Rule::new("postgres-schema", "the database lacks a table, column or extension that the program expects ({name})")
        .cause("The migrations have not run, ran on another database, or are of another version.")
        .answers(&["app-config-missing", "exit-1-app-error"])
        .tell("\\dt and \\dx in psql on the same database")
        .fix("run the program's migrations, or connect it to the right database; install the extension's package for an extension")
        .log(r"(?:relation|column|function|schema|type) \x22(?P<name>[^\x22]+)\x22 does not exist|extension \x22(?P<extension>[^\x22]+)\x22 is not available|no such table: (?P<table>\S+)|Table '(?P<mysql>[^']+)' doesn't exist|Unknown database '", "ERROR:  relation \"matches\" does not exist at character 15")
        .except("migration|databasechangelog|schema_(?:history|version)|schema_info|alembic_version"),
    Rule::new("postgres-rights", "the role may not use an object of the database ({object})")
        .cause("It belongs to another role, and nobody granted the right; from PostgreSQL 15 on nobody may create in schema public by default.")
        .answers(&["postgres-auth"])
        .tell("\\dp and \\dn+ in psql")
        .fix("GRANT what is needed (GRANT ALL ON SCHEMA public TO <role>), or make the role the owner of the database")
        .log(r"permission denied for (?:table|schema|database|sequence|function|relation) (?P<object>\S+)|must be owner of (?:table|schema|database|relation|extension|sequence|view|function|type)|must be superuser to (?:create|alter|drop|execute|set|copy|comment)", "ERROR:  permission denied for schema public")
        .certain(),
    Rule::new("postgres-replica-behind", "a replica needs changes that the primary no longer has")
        .cause("It was away longer than the primary keeps its log.")
        .tell("select * from pg_replication_slots on the primary")
        .fix("make the replica anew from a base backup (its own copy only); a replication slot or a larger wal_keep_size for the next time")
        .log(r"requested WAL segment \S+ has already been removed|requested starting point .* is ahead of", "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed")
        .certain(),
    Rule::new("nats-jetstream-off", "JetStream or what is asked of it is not there")
        .cause("The server runs without JetStream, the account may not use it, or the stream or consumer was not made.")
        .tell("nats account info, nats stream ls")
        .fix("jetstream { store_dir } in the server's configuration (-js), or make the stream before it is used")
        .log(r"JetStream (?:is )?not enabled|(?:nats|jetstream|js)\b.*(?:stream|consumer) not found|(?:nats|stream|consumer|account)\S*.*\(100(?:39|59|76|14)\)|no stream matches subject|nats: no response from stream", "nats: error: JetStream not enabled for account (10039)"),
    Rule::new("nats-slow-consumer", "a client of NATS reads too slowly")
        .cause("It does not take messages as fast as they come; the server drops it.")
        .tell("nats server report connections --sort pending")
        .fix("more consumers, less work in the callback, or a pull consumer of JetStream")
        .log(r"Slow Consumer", "[WRN] 10.42.0.7:50312 - cid:12 - Slow Consumer Detected: WriteDeadline of 10s exceeded")
        .certain(),
    Rule::new("redis-memory", "Redis reached the memory that it may use")
        .cause("maxmemory is reached and the policy is noeviction.")
        .answers(&["container-memory-limit"])
        .tell("redis-cli info memory: used_memory against maxmemory")
        .fix("raise maxmemory with the container's limit, or a policy such as allkeys-lru for caches")
        .log(r"OOM command not allowed when used memory", "ReplyError: OOM command not allowed when used memory > 'maxmemory'.")
        .certain(),
    Rule::new("redis-replica", "Redis is a replica or its cluster is down")
        .cause("Writes go to a replica, or not every part of the cluster has a master.")
        .tell("redis-cli info replication, redis-cli cluster info")
        .fix("connect to the master (through sentinel or the service of the master), or get the missing nodes up")
        .log(r"READONLY You can't write against a read only replica|CLUSTERDOWN|MASTERDOWN|NOREPLICAS", "ReplyError: READONLY You can't write against a read only replica.")
        .certain(),
];
