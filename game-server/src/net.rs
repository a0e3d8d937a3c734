//! Transports that carry frames they cannot read.

/// The admin port: /livez, /readyz, /metrics, /drain.
pub mod admin;
/// Deadlines that count only time in which this process ran.
pub mod awake;
/// What the kernel may hold for a stranger's socket.
pub mod buffers;
/// Publish, subscribe, request: in one process or over NATS.
pub mod bus;
/// Length-framed messages over a byte stream.
pub mod link;
/// Who is behind a balancer.
pub mod proxy_header;
/// Which proofs peers must bring.
pub mod requirement;
/// Signals: the first drains, the second ends, and a hang-up does neither.
pub mod shutdown;
/// Certificates from files, also renewed ones.
pub mod tls;
