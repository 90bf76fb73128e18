//! The faces of reports under the schemas that other programs read them by.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aios_wechat::adapter::Subject;
use aios_wechat::mutant;
use aios_wechat::reference::Reference;
use aios_wechat::report::{Baseline, Format, Report};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;

use crate::Outcome;
use crate::browser::sample;
use crate::place::{Absent, broken, finish, repository};
use crate::{node, python};

/// JUnit by the schema of Jenkins, CTRF by its own, and `report.json` by ours, with ajv.
pub(crate) fn hold_by_their_schemas() -> Outcome {
    let folder = written("faces")?;
    let packages = node::packages_of("faces", &repository("tests/foreign/faces"))?;
    let script = packages.script(&repository("tests/foreign/faces/faces.mjs"))?;
    judged(
        Command::new("node")
            .arg(script)
            .args([schema(), folder.clone()]),
    )
}

/// `report.json` by our schema, with jsonschema.
pub(crate) fn hold_by_jsonschema() -> Outcome {
    let folder = written("faces-python")?;
    let python = python::interpreter(
        "schemas-python",
        &repository("tests/foreign/schemas/requirements.txt"),
    )?;
    judged(
        Command::new(python)
            .arg(repository("tests/foreign/schemas/reports.py"))
            .args([schema(), folder]),
    )
}

fn schema() -> PathBuf {
    repository("spec/schema/report.schema.json")
}

fn judged(command: &mut Command) -> Outcome {
    let output = finish(command)?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(broken(String::from_utf8_lossy(&said)))
}

/// A folder with the faces of every hand-built report and of two real ones.
fn written(name: &str) -> Result<PathBuf, Absent> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).map_err(broken)?;
    let mut reports = vec![
        ("conformant", sample::conformant()),
        ("with-notes", sample::with_notes()),
        ("every-outcome", sample::every_outcome()),
        ("undecided", sample::undecided()),
        ("faulty-kit", sample::faulty_kit()),
        ("partial", sample::partial()),
        ("never-started", sample::never_started()),
        ("hostile", sample::hostile()),
    ];
    let rules = ["WX-CAP", "WX-DEDUP", "WX-OUT"];
    let reference = Subject::in_process(Reference::new);
    let broken_one =
        mutant::find("forwards-redeliveries").ok_or_else(|| broken("no such mutant"))?;
    reports.push(("reference", run(&reference, &rules)?));
    let mut mutant = run(&broken_one.subject(), &rules)?;
    reports.push(("mutant", mutant.clone()));
    let declared = r#"{"entries": [{"id": "WX-DEDUP-001", "reason": "known"}, {"id": "WX-CAP-001", "reason": "gone"}]}"#;
    let declared: Baseline = serde_json::from_str(declared).map_err(broken)?;
    let day = jiff::civil::date(2026, 3, 24);
    mutant.declare(&declared, day);
    reports.push(("declared", mutant));
    for (name, report) in reports {
        for (format, ending) in [
            (Format::Json, "report.json"),
            (Format::Junit, "junit.xml"),
            (Format::Ctrf, "ctrf.json"),
        ] {
            let face = format.render(&report).map_err(broken)?;
            fs::write(folder.join(format!("{name}.{ending}")), face).map_err(broken)?;
        }
    }
    Ok(folder)
}

fn run(subject: &Subject, rules: &[&str]) -> Result<Report, Absent> {
    let suite = Suite::embedded().map_err(|problems| broken(format!("{problems:?}")))?;
    let run = Run {
        selection: Selection::of(rules.iter().copied()).map_err(broken)?,
        seed: 7,
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(broken)?;
    runtime
        .block_on(runner::run(&suite, subject, &run, &mut ()))
        .map_err(|problems| broken(format!("{problems:?}")))
}
