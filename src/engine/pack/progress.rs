//! What a person sees while packs are fetched: lines, and a bar where there is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Where progress is told.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// Lines on standard error, and bars when that is a terminal.
    Terminal,
    /// Nowhere.
    Silent,
}

impl Progress {
    /// True when bars may be drawn.
    pub(super) fn draws(self) -> bool {
        matches!(self, Progress::Terminal) && std::io::stderr().is_terminal()
    }

    /// Says one line.
    pub(super) fn line(self, text: &str) {
        if matches!(self, Progress::Terminal) {
            eprintln!("{text}");
        }
    }

    /// A bar for a transfer of `bytes_total` bytes (0 when unknown).
    pub(super) fn bar(self, bytes_total: u64) -> ProgressBar {
        if !self.draws() {
            return ProgressBar::with_draw_target(Some(bytes_total), ProgressDrawTarget::hidden());
        }
        let template = "  {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let bar = ProgressBar::new(bytes_total);
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()),
        );
        bar
    }
}
