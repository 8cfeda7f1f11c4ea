//! Logs: to stderr, for people or for machines.

use crate::args::{LogArgs, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

pub(crate) fn start(args: &LogArgs) {
    let filter = EnvFilter::try_new(&args.log_filter).unwrap_or_else(|error| {
        eprintln!("centime: --log {:?} is no filter ({error}); logging at `info`", args.log_filter);
        EnvFilter::new("info")
    });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
}
