//! The `aios-wechat` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    aios_wechat::cli::main()
}
