//! The role measures this very machine.

use std::time::Duration;

use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{NodeReport, SUBJECT_NODES};
use crate::roles::monitor::run;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn it_reports_about_its_node_until_it_is_drained() {
    let (bus, shutdown) = (Bus::local(), Shutdown::new());
    let mut reports = bus.subscribe(SUBJECT_NODES).await.unwrap();
    let role = tokio::spawn(run(bus, "node-a".to_owned(), Readiness::default(), shutdown.clone()));
    let report: NodeReport = tokio::time::timeout(LIMIT, reports.next()).await.unwrap().unwrap();
    assert_eq!(report.node, "node-a");
    assert!(report.wake_late_p99_us < 60_000_000);
    shutdown.drain();
    tokio::time::timeout(LIMIT, role).await.unwrap().unwrap().unwrap();
}
