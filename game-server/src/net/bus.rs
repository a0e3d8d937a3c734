//! Publish, subscribe, request: in one process or over NATS.
