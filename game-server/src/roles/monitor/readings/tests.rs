//! Texts as kernels write them.

use crate::roles::monitor::readings::{cpu_pressure_percent, cpu_stat_paths, p99, throttled_periods};

#[test]
fn pressure_is_the_ten_second_share_of_some() {
    let text = "some avg10=12.34 avg60=1.00 avg300=0.10 total=123\nfull avg10=99.00 avg60=0.00 avg300=0.00 total=0\n";
    assert_eq!(cpu_pressure_percent(text), Some(12.34));
    for odd in ["", "full avg10=1.00", "some avg60=1.00", "some avg10=much"] {
        assert_eq!(cpu_pressure_percent(odd), None, "{odd}");
    }
}

#[test]
fn throttling_reads_the_same_in_both_cgroup_versions() {
    let v1 = "nr_periods 10\nnr_throttled 3\nthrottled_time 500\n";
    let v2 = "usage_usec 1\nuser_usec 1\nsystem_usec 0\nnr_periods 10\nnr_throttled 3\nthrottled_usec 5\n";
    assert_eq!(throttled_periods(v1), Some(3));
    assert_eq!(throttled_periods(v2), Some(3));
    assert_eq!(throttled_periods("usage_usec 1\n"), None);
}

#[test]
fn the_own_cgroup_is_found_in_both_versions() {
    assert_eq!(
        cpu_stat_paths("0::/kubepods/pod1\n"),
        ["/sys/fs/cgroup/kubepods/pod1/cpu.stat", "/sys/fs/cgroup/cpu.stat"]
    );
    assert_eq!(cpu_stat_paths("0::/\n")[0], "/sys/fs/cgroup/cpu.stat");
    assert_eq!(
        cpu_stat_paths("5:cpuset:/\n4:cpu,cpuacct:/docker/a\n"),
        [
            "/sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.stat",
            "/sys/fs/cgroup/cpu/docker/a/cpu.stat",
            "/sys/fs/cgroup/cpu/cpu.stat"
        ]
    );
    assert!(cpu_stat_paths("nonsense").is_empty());
}

#[test]
fn the_99th_percentile_ignores_one_in_a_hundred() {
    let mut samples: Vec<u32> = (1..=100).rev().collect();
    assert_eq!(p99(&mut samples), 99);
    assert_eq!(p99(&mut [7]), 7);
    assert_eq!(p99(&mut []), 0);
}
