//! One measurement, as it is told: always of the same form, so that programs can compare.

use serde::Serialize;

/// One line. A ratio over 1 means that ours is better than the peer's.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    bench: &'static str,
    metric: String,
    unit: &'static str,
    /// The median over all runs.
    ours: f64,
    peer: Option<&'static str>,
    theirs: Option<f64>,
    ratio: Option<f64>,
    min: f64,
    max: f64,
    runs: usize,
}

/// What stands above the table.
pub(crate) const HEADING: &str = "bench       metric                                        median        min        max  unit  runs";

impl Row {
    /// Sums up runs that have no peer.
    pub(crate) fn alone(
        bench: &'static str,
        metric: impl Into<String>,
        unit: &'static str,
        mut runs: Vec<f64>,
    ) -> Self {
        runs.sort_by(f64::total_cmp);
        Self {
            bench,
            metric: metric.into(),
            unit,
            ours: quantile(&runs, 50),
            peer: None,
            theirs: None,
            ratio: None,
            min: quantile(&runs, 0),
            max: quantile(&runs, 100),
            runs: runs.len(),
        }
    }

    /// Sums up runs beside those of a peer, in which less is better.
    pub(crate) fn against(
        bench: &'static str,
        metric: impl Into<String>,
        unit: &'static str,
        runs: Vec<f64>,
        peer: &'static str,
        mut theirs: Vec<f64>,
    ) -> Self {
        theirs.sort_by(f64::total_cmp);
        let theirs = quantile(&theirs, 50);
        let alone = Self::alone(bench, metric, unit, runs);
        Self {
            peer: Some(peer),
            theirs: Some(theirs),
            ratio: Some(theirs / alone.ours),
            ..alone
        }
    }

    /// The same where more is better.
    pub(crate) fn against_more(
        bench: &'static str,
        metric: impl Into<String>,
        unit: &'static str,
        runs: Vec<f64>,
        peer: &'static str,
        theirs: Vec<f64>,
    ) -> Self {
        let row = Self::against(bench, metric, unit, runs, peer, theirs);
        Self {
            ratio: row.ratio.map(f64::recip),
            ..row
        }
    }

    /// The row of the table.
    pub(crate) fn line(&self) -> String {
        let Self {
            bench,
            metric,
            unit,
            ours,
            min,
            max,
            runs,
            peer,
            theirs,
            ratio,
        } = self;
        let row = format!(
            "{bench:<11} {metric:<43} {ours:>8.3} {min:>10.3} {max:>10.3}  {unit:<5} {runs:>4}"
        );
        match (peer, theirs, ratio) {
            (Some(peer), Some(theirs), Some(ratio)) => {
                format!("{row}  {ratio:.2} times as good as {peer} ({theirs:.3})")
            }
            _ => row,
        }
    }
}

/// The value below which so many of a hundred sorted values lie; not a number without any.
pub(crate) fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let index = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_median_and_extremes() {
        let row = Row::alone("a", "b", "ms", vec![3.0, 1.0, 2.0]);
        assert_eq!((row.ours, row.min, row.max, row.runs), (2.0, 1.0, 3.0, 3));
        let text = serde_json::to_string(&row).unwrap();
        assert!(
            text.contains(r#""peer":null,"theirs":null,"ratio":null"#),
            "{text}"
        );
    }
}
