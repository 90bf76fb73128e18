//! Our pages in a browser that nobody sees: what people do with them, in Chromium and by axe-core.

#[path = "../it/report/sample.rs"]
pub(crate) mod sample;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aios_wechat::report::Format;

use crate::Outcome;
use crate::node;
use crate::place::{Absent, broken, finish, repository};

/// Where a Chromium is found.
const PROGRAMS: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// The page of a report can be filtered, linked to and read, by whom it may be, and obeys nobody.
pub(crate) fn report_page() -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-page");
    fs::create_dir_all(&folder).map_err(broken)?;
    let mut arguments = Vec::new();
    for (name, report) in [
        ("every", sample::every_outcome()),
        ("hostile", sample::hostile()),
    ] {
        let path = folder.join(format!("{name}.html"));
        let page = Format::Html.render(&report).map_err(broken)?;
        fs::write(&path, page).map_err(broken)?;
        arguments.push(path);
    }
    arguments.push(folder);
    drive("report.mjs", &arguments)
}

/// On the page of the simulated WeChat people chat, set faults and read the journal, whatever the
/// width and with or without a mouse, and what anybody writes stays words.
pub(crate) fn simulator_page() -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulator-page");
    fs::create_dir_all(&folder).map_err(broken)?;
    let wechat = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["simulate", "--hold", "5"])
        .stdout(Stdio::piped())
        .spawn();
    let mut wechat = Running(wechat.map_err(broken)?);
    let mut line = String::new();
    let out = wechat.0.stdout.take().ok_or_else(|| broken("no output"))?;
    BufReader::new(out).read_line(&mut line).map_err(broken)?;
    drive("simulate.mjs", &[PathBuf::from(line.trim()), folder])
}

/// A program that ends with whoever holds it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is for the test to notice.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a script of `tests/foreign/browser`: it gets the browser's path and then `arguments`, and
/// ends with an error if a check does not hold.
pub(crate) fn drive(script: &str, arguments: &[PathBuf]) -> Outcome {
    let program = PROGRAMS
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .ok_or_else(|| Absent::Missing("there is no Chromium".to_owned()))?;
    let folder = repository("tests/foreign/browser");
    let packages = node::packages_of("browser", &folder)?;
    packages.script(&folder.join("browser.mjs"))?;
    let script = packages.script(&folder.join(script))?;
    let output = finish(
        Command::new("node")
            .arg(script)
            .arg(program)
            .args(arguments),
    )?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(broken(String::from_utf8_lossy(&said)))
}
