//! `spillway call`.

use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway call`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs it.
pub fn run(_config: Option<&Path>, _args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
