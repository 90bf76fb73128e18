//! A report without what differs between two runs of the same seed.

use super::model::Report;
use crate::evidence::Timeline;

impl Report {
    /// The same report with all times at zero.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.took_ms = 0;
        self.started_at = None;
        for case in self.rules.iter_mut().flat_map(|rule| &mut rule.scenarios) {
            case.took_us = 0;
            let mut timeline = Timeline::default();
            for entry in case.timeline.entries() {
                timeline.push(0, entry.what.clone());
            }
            case.timeline = timeline;
        }
        self
    }
}
