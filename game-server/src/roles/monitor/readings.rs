//! What the kernel writes about pressure and throttling, and percentiles: text in, numbers out.

/// The `some avg10` share of `/proc/pressure/cpu`, 0 to 100.
pub fn cpu_pressure_percent(pressure: &str) -> Option<f32> {
    let some = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    let share: f32 = some.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()?;
    share.is_finite().then_some(share)
}

/// `nr_throttled` of a `cpu.stat`, the same word in cgroup v1 and v2.
pub fn throttled_periods(cpu_stat: &str) -> Option<u64> {
    let value = cpu_stat.lines().find_map(|line| line.strip_prefix("nr_throttled "))?;
    value.trim().parse().ok()
}

/// Where this process's `cpu.stat` may be, best guess first, from `/proc/self/cgroup`. Inside a container the path in
/// there may be the host's, so the root of the mount is tried as well.
pub fn cpu_stat_paths(own_cgroup: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for line in own_cgroup.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_end_matches('/');
        if controllers.is_empty() {
            paths.push(format!("/sys/fs/cgroup{path}/cpu.stat"));
            paths.push("/sys/fs/cgroup/cpu.stat".to_owned());
        } else if controllers.split(',').any(|controller| controller == "cpu") {
            paths.push(format!("/sys/fs/cgroup/{controllers}{path}/cpu.stat"));
            paths.push(format!("/sys/fs/cgroup/cpu{path}/cpu.stat"));
            paths.push("/sys/fs/cgroup/cpu/cpu.stat".to_owned());
        }
    }
    paths
}

/// The 99th percentile by nearest rank; 0 for none.
pub fn p99(samples: &mut [u32]) -> u32 {
    samples.sort_unstable();
    let rank = (samples.len() * 99).div_ceil(100);
    rank.checked_sub(1).and_then(|index| samples.get(index)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
