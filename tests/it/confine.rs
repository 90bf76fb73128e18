//! Containment: what a process started within bounds can do, and that the kit stays free. Where
//! the kernel contains nothing, that nothing is claimed.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use aios_wechat::adapter::{CommandLine, Subject};
use aios_wechat::confine::{Bounds, Reach, restrict};
use aios_wechat::report::{Outcome, Report};
use aios_wechat::runner::{self, Containment, Run, Selection};
use aios_wechat::suite::Suite;
use tempfile::TempDir;

use crate::doctor::python;

/// Does something on a thread of its own that was put within the bounds.
fn within<T: Send>(bounds: &Bounds, reach: Reach, act: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let confined = scope.spawn(|| restrict(bounds, reach).map(|()| act()));
        confined.join().unwrap()
    })
}

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
    judged_in(folder.path(), rule, command, containment)
}

/// What one run leaves where everybody writes, another one of its seed at the same time would find.
static SEED: AtomicU32 = AtomicU32::new(1000);

/// The same of a command that runs in a folder.
fn judged_in(folder: &Path, rule: &str, command: &[&str], containment: Containment) -> Report {
    let caller = tempfile::tempdir().unwrap();
    let command = CommandLine::new(command, caller.path()).env("PATH", "/usr/bin:/bin");
    let subject = Subject::command(command.cwd(folder));
    let run = Run {
        seed: SEED.fetch_add(1, Ordering::Relaxed),
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

/// The only rule that ran: its outcome and what was said.
fn outcome(report: &Report) -> (Outcome, String) {
    let rule = report.rules.iter().find(|rule| !rule.scenarios.is_empty());
    let rule = rule.unwrap();
    (rule.outcome, rule.scenarios[0].message.clone())
}

/// An adapter in Python that keeps bodies in `file` and calls a port, and the folder it lives in.
struct Hoarder {
    folder: TempDir,
    port: TcpListener,
    command: Vec<String>,
}

impl Hoarder {
    fn new(file: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo");
        for name in ["hoarder.py", "keeping.py"] {
            fs::copy(zoo.join(name), folder.path().join(name)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        port.set_nonblocking(true).unwrap();
        let program = folder.path().join("hoarder.py");
        let mut command = vec![python(), program.to_str().unwrap().to_owned()];
        command.push(file.to_str().unwrap().to_owned());
        command.push(port.local_addr().unwrap().port().to_string());
        command.extend(REFERENCE.map(str::to_owned));
        Self {
            folder,
            port,
            command,
        }
    }

    fn judged(&self, containment: Containment) -> Report {
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        judged_in(self.folder.path(), "WX-STORE-001", &command, containment)
    }

    /// Whether it has called since the last time.
    fn has_called(&self) -> bool {
        let mut called = false;
        while self.port.accept().is_ok() {
            called = true;
        }
        called
    }
}

#[test]
fn what_an_adapter_keeps_for_everybody_and_whom_it_calls_is_prevented_and_named() {
    let shared = tempfile::tempdir_in("/tmp").unwrap();
    let file = shared.path().join("bodies.log");
    let hoarder = Hoarder::new(&file);
    let compiled = hoarder.folder.path().join("__pycache__");
    let reach = Reach::of_this_system();
    if reach.is_whole() {
        // It swallows every refusal, and its interpreter does without what it cannot compile.
        let report = hoarder.judged(Containment::Auto);
        assert_eq!(outcome(&report).0, Outcome::Pass, "{}", outcome(&report).1);
        assert!(!file.exists() && !compiled.exists() && !hoarder.has_called());
        let told = report.containment.unwrap();
        assert_eq!(
            told.prevented[..2],
            [
                "writes outside the sandbox folders",
                "TCP connections elsewhere than to WeChat"
            ]
        );
    }
    let report = hoarder.judged(Containment::Off);
    let (outcome, message) = outcome(&report);
    assert_eq!(outcome, Outcome::Fail);
    let place = format!("in {}, at byte ", file.display());
    assert!(message.contains(&place), "{message}");
    assert!(compiled.exists() && hoarder.has_called());
    let told = report.containment.unwrap();
    assert_eq!(told.reason.as_deref(), Some("it was switched off"));
    assert!(told.prevented.is_empty());
}

#[test]
fn what_an_adapter_keeps_where_it_runs_is_found_without_containment() {
    // Not among the folders that everybody writes in.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let script = format!("'{}' reference | tee -a kept.log", REFERENCE[0]);
    let command = ["sh", "-c", &script];
    let report = judged_in(place.path(), "WX-STORE-001", &command, Containment::Off);
    let (outcome, message) = outcome(&report);
    assert_eq!(outcome, Outcome::Fail);
    let file = place.path().join("kept.log");
    assert!(message.contains(&file.display().to_string()), "{message}");
}

#[test]
fn whoever_requires_containment_gets_it_or_a_refusal() {
    let run = |subject: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(REFERENCE[0])
            .args(["run", "WX-CAP-001", "--containment", "require"])
            .args(subject)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = run(&["--reference"]);
    assert_eq!(code, Some(2));
    let why = "the adapter cannot be contained: it runs inside the kit's own process";
    assert!(said.contains(why), "{said}");
    let (code, said) = run(&["--", REFERENCE[0], REFERENCE[1]]);
    if Reach::of_this_system().is_whole() {
        assert_eq!(code, Some(0), "{said}");
    } else {
        assert_eq!(code, Some(2));
        assert!(said.contains("cannot be contained"), "{said}");
    }
}
