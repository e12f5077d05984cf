//! `spillway doctor`: each prerequisite, and the command that mends what is missing; and how many
//! calls this machine holds.

mod capacity;

use spillway::config::Config;
use spillway::doctor::{self, Check, Outcome};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Measure for a minute how many calls this machine holds, and propose limits.calls_max.
    #[arg(long)]
    capacity: bool,
    #[command(flatten)]
    measured: capacity::Args,
}

/// Runs it: exit status 1 when something needed is missing.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    if args.capacity {
        return capacity::run(config, &args.measured, args.json);
    }
    let checks = doctor::examine(&config);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&checks)?);
    } else {
        checks.iter().for_each(print);
    }
    let missing = checks.iter().filter(|c| c.fails()).count();
    if missing == 0 {
        if !args.json {
            println!("\nEverything needed is here.");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !args.json {
        println!("\n{missing} needed: missing. The commands above mend it.");
    }
    Ok(ExitCode::FAILURE)
}

fn print(check: &Check) {
    match &check.outcome {
        Outcome::Present { detail } => println!("ok       {:28} {detail}", check.name),
        Outcome::Missing { detail, mend } => {
            let word = if check.needed { "MISSING" } else { "absent" };
            println!("{word:8} {:28} {detail}", check.name);
            println!("         {:28} -> {mend}", "");
        }
    }
}
