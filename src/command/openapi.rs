//! `spillway openapi`.

use std::process::ExitCode;

/// Arguments of `spillway openapi`.
#[derive(clap::Args)]
#[command(after_help = "\
It is what a running server gives at /api/v1/openapi.json. Programs for the API in other languages
can be made of it; the console's own is.

Example:
  spillway openapi > openapi.json")]
pub struct Args {}

/// Runs it.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    super::print(&(serde_json::to_string_pretty(&spillway::console::openapi())? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
