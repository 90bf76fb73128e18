//! Containment: what a process started within bounds can do, and that the kit stays free. Where
//! the kernel contains nothing, that nothing is claimed.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use aios_wechat::adapter::{CommandLine, Subject};
use aios_wechat::confine::{Bounds, Reach, within};
use aios_wechat::report::{Outcome, Report};
use aios_wechat::runner::{self, Containment, Run, Selection};
use aios_wechat::suite::Suite;

/// Whether a shell within the bounds succeeds.
fn succeeds(bounds: &Bounds, script: &str) -> bool {
    within(bounds, Reach::of_this_system(), || {
        Command::new("bash").args(["-c", script]).output().unwrap()
    })
    .unwrap()
    .status
    .success()
}

fn writing(path: &Path) -> String {
    format!("echo words > {}", path.display())
}

fn connecting(listener: &TcpListener) -> String {
    let port = listener.local_addr().unwrap().port();
    format!("exec 3<>/dev/tcp/127.0.0.1/{port}")
}

#[test]
fn what_is_started_within_bounds_writes_inside_them_and_nowhere_else() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bounds = Bounds {
        folders: vec![inside.path().to_owned()],
        ports: Vec::new(),
    };
    let contained = Reach::of_this_system().writes;
    assert!(succeeds(&bounds, &writing(&inside.path().join("file"))));
    assert!(succeeds(&bounds, "echo words > /dev/null"));
    let file = outside.path().join("file");
    assert_eq!(succeeds(&bounds, &writing(&file)), !contained);
    fs::write(&file, "old").unwrap();
    let truncates = format!(": > {0}; test -s {0}", file.display());
    assert_eq!(succeeds(&bounds, &truncates), contained);
    let moves = format!(
        "mv {} {}",
        inside.path().join("file").display(),
        file.display()
    );
    assert_eq!(succeeds(&bounds, &moves), !contained);
    // The kit itself is as free as before.
    fs::write(file, "words").unwrap();
}

#[test]
fn what_is_started_within_bounds_connects_to_the_ports_named_and_no_other() {
    let (named, other) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let bounds = Bounds {
        folders: Vec::new(),
        ports: vec![named.local_addr().unwrap().port()],
    };
    let contained = Reach::of_this_system().connections;
    assert!(succeeds(&bounds, &connecting(&named)));
    assert_eq!(succeeds(&bounds, &connecting(&other)), !contained);
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_started() {
    let bounds = Bounds {
        folders: vec!["/nowhere/at/all".into()],
        ports: Vec::new(),
    };
    let reach = Reach::of_this_system();
    let mut started = false;
    let done = within(&bounds, reach, || started = true);
    assert_eq!((done.is_err(), started), (reach.writes, !reach.writes));
}

/// The built-in reference adapter as a command.
const REFERENCE: [&str; 2] = [env!("CARGO_BIN_EXE_aios-wechat"), "reference"];

/// A run of one rule.
fn judged(rule: &str, command: &[&str], containment: Containment) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let command = CommandLine::new(command, folder.path()).env("PATH", "/usr/bin:/bin");
    let subject = Subject::command(command);
    let run = Run {
        selection: Selection {
            rules: [rule.parse().unwrap()].into(),
            ..Selection::default()
        },
        containment,
        ..Run::default()
    };
    let suite = Suite::embedded().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(runner::run(&suite, &subject, &run, &mut ()))
        .unwrap()
}

#[test]
fn a_rule_that_needs_containment_passes_only_with_it_and_the_report_tells() {
    let contained = Reach::of_this_system().connections;
    for containment in [Containment::Auto, Containment::Off] {
        let report = judged("WX-BOUND-004", &REFERENCE, containment);
        let prevents = contained && containment == Containment::Auto;
        let told = report.containment.as_ref().unwrap();
        assert_eq!(told.connections, prevents);
        assert_eq!(told.prevented.is_empty(), !prevents);
        assert!(told.open.iter().any(|way| way == "UDP"));
        let rules = report.rules.iter();
        let judged = rules.filter(|rule| !rule.scenarios.is_empty());
        let outcomes: Vec<_> = judged
            .map(|rule| (rule.outcome, rule.reason.clone()))
            .collect();
        let expected = if prevents {
            (Outcome::Pass, None)
        } else {
            let why = told.reason.as_ref().unwrap();
            (Outcome::Untested, Some(format!("not contained: {why}")))
        };
        assert_eq!(outcomes, [expected]);
    }
}

#[test]
fn a_body_in_the_shared_folder_is_found_without_containment_and_prevented_with_it() {
    let shared = tempfile::tempdir().unwrap();
    let file = shared.path().join("bodies.log");
    // Whatever it says to AIOS, it also adds to a file that outlives it.
    let script = format!("'{}' reference | tee -a '{}'", REFERENCE[0], file.display());
    let command = ["sh", "-c", &script];
    let outcome = |containment| {
        let report = judged("WX-STORE-001", &command, containment);
        let rule = report
            .rules
            .into_iter()
            .find(|rule| !rule.scenarios.is_empty())
            .unwrap();
        (rule.outcome, rule.scenarios[0].message.clone())
    };
    if Reach::of_this_system().writes {
        assert_eq!(outcome(Containment::Auto).0, Outcome::Pass);
        assert!(!file.exists());
    }
    let (outcome, message) = outcome(Containment::Off);
    assert_eq!(outcome, Outcome::Fail);
    assert!(message.contains(&file.display().to_string()), "{message}");
}
