//! Bursts and sustained rates.

use std::time::{Duration, Instant};

use super::{Bucket, Rate};

const RATE: Rate = Rate { per_second: 10.0, burst: 3.0 };

#[test]
fn a_burst_is_let_through_and_then_the_rate_holds() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start);
    let taken = (0..10).filter(|_| bucket.take(start)).count();
    assert_eq!(taken, 3);
    let later = start + Duration::from_secs(1);
    assert!(bucket.take(later));
    assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 2);
}

#[test]
fn a_steady_client_below_the_rate_is_never_stopped() {
    let start = Instant::now();
    let mut bucket = Bucket::new(RATE, start);
    assert!((1..1000).all(|n| bucket.take(start + Duration::from_millis(101) * n)));
}
