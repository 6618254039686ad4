//! `dispatch`: see the library.

fn main() -> std::process::ExitCode {
    dispatch_client::run(std::env::args_os())
}
