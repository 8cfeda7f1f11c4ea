//! centime: the binary. The one place that knows all the parts and puts them together.
//!
//! Map: `args` (the command line) · `settings` (defaults, file, environment, flags → validated configuration) · `serve` ·
//! `replay` (a file through the same path as POST) · `demo` · `journal` (verify, dump) · `submit` (many commands in flight,
//! each user's in order) · `alert` (alerts as lines) · `panics` · `web` (engine and HTTP side by side, until told to stop).

mod alert;
mod args;
mod demo;
mod journal;
mod logging;
mod metrics_page;
mod panics;
mod replay;
mod serve;
mod settings;
mod stop;
mod submit;
mod web;

use args::Action;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = settings::layers::parse(std::env::args_os());
    logging::start(&cli.log);
    panics::report();
    match run(cli.action) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("centime: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("centime-io").build()?;
    let result = match action {
        Action::Serve(args) => runtime.block_on(serve::run(&args)),
        Action::Replay(args) => runtime.block_on(replay::run(&args)),
        Action::Demo(args) => runtime.block_on(demo::run(&args)),
        Action::Journal(args) => journal::run(&args),
    };
    // A blocking call left behind (a name look-up, say) must not keep a stopped process alive.
    runtime.shutdown_background();
    result
}

/// Whoever read our output has seen enough (`centime replay … | head`): no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
