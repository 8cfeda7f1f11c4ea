//! Where a replay's words go: results to stdout, progress to stderr.

use super::summary::Summary;
use crate::alert;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};

/// A bar over the bytes of the file; invisible unless stderr is a terminal.
pub(super) fn bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:32} {percent:>3} %  {bytes}/{total_bytes}  {elapsed}, {eta} left")
            .expect("the template is a constant that parses");
    ProgressBar::new(bytes).with_style(style)
}

/// Prints alerts and the summary.
pub(super) struct Output {
    json: bool,
    colours: bool,
    bar: ProgressBar,
}

impl Output {
    pub(super) fn new(json: bool, bar: ProgressBar) -> Self {
        Self { json, colours: io::stdout().is_terminal(), bar }
    }

    /// Prints alerts (envelopes), a line each.
    pub(super) fn alerts(&self, alerts: &[String]) -> io::Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        self.aside(|| {
            let mut out = io::stdout().lock();
            for envelope in alerts {
                if self.json {
                    writeln!(out, "{envelope}")?;
                } else {
                    writeln!(out, "{}", alert::line(envelope, self.colours))?;
                }
            }
            Ok(())
        })
    }

    /// Lets something else be printed while the bar is out of the way.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Ends with the summary: to stdout, unless that is for JSON only.
    pub(super) fn summary(&self, summary: &Summary) -> io::Result<()> {
        self.bar.finish_and_clear();
        if self.json { writeln!(io::stderr(), "{summary}") } else { writeln!(io::stdout(), "{summary}") }
    }
}
