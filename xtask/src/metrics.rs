//! Figures in the text format of Prometheus, as the admin ports give them.

#[cfg(test)]
mod tests;

/// One scrape.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    samples: Vec<Sample>,
}

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: String,
    value: f64,
}

impl Metrics {
    /// Lines that are no samples are skipped.
    pub fn parse(text: &str) -> Self {
        Self { samples: text.lines().filter_map(parse_line).collect() }
    }

    /// Adds a second scrape, of another pod.
    pub fn extend(&mut self, other: Self) {
        self.samples.extend(other.samples);
    }

    /// Sum over all series of a name; `None` when there is none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        let mut values =
            self.samples.iter().filter(|sample| sample.name == name).map(|sample| sample.value).peekable();
        values.peek()?;
        Some(values.sum())
    }

    /// Upper bound of the bucket that holds the quantile of a histogram; `None` without observations.
    pub fn quantile(&self, name: &str, quantile: f64) -> Option<f64> {
        let bucket_name = format!("{name}_bucket");
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for sample in self.samples.iter().filter(|sample| sample.name == bucket_name) {
            let bound = label(&sample.labels, "le")?;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            match buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                Some((_, count)) => *count += sample.value,
                None => buckets.push((bound, sample.value)),
            }
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = buckets.last().map(|(_, count)| *count).filter(|total| *total > 0.0)?;
        buckets.iter().find(|(_, count)| *count >= total * quantile).map(|(bound, _)| *bound)
    }
}

fn parse_line(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (series, value) = line.trim().rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').to_owned();
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

/// The value of one label; ours hold neither commas nor quotes.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels.split(',').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}
