//! `dispatchd`: the command line of the reference server.

fn main() -> std::process::ExitCode {
    dispatch_server::command::run(std::env::args_os())
}
