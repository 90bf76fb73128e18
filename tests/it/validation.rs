//! `validate`: every fault of every invalid fixture, streams, and bytes of any kind.

use std::fmt::Write as _;
use std::path::PathBuf;

use aios_wechat::cli::Exit;
use aios_wechat::cli::validate::{FaultFormat, ValidateArgs, run};
use aios_wechat::contract::Kind;
use aios_wechat::publish::Judge;
use fastrand::Rng;
use serde_json::Value;

/// What a run printed, and how it ended.
struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

fn validate(kind: Kind, format: FaultFormat, files: &[PathBuf], input: &[u8]) -> Ran {
    let files = if files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        files.to_vec()
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ValidateArgs {
        kind,
        format,
        files,
    };
    let exit = run(&args, &mut &*input, &mut out, &mut err).unwrap();
    Ran {
        exit,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

fn fixtures(kind: Kind, folder: &str) -> Vec<PathBuf> {
    let folder = format!("{}/fixtures/{kind}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn message() -> Value {
    serde_json::from_str(include_str!(
        "../../fixtures/inbound-event/valid/message.json"
    ))
    .unwrap()
}

#[test]
fn every_invalid_fixture_has_a_reviewed_text_of_one_fault() {
    for kind in Kind::ALL {
        let mut said = String::new();
        for path in fixtures(*kind, "invalid") {
            let ran = validate(*kind, FaultFormat::Text, std::slice::from_ref(&path), b"");
            assert_eq!(ran.exit, Exit::Fault, "{}", path.display());
            let folder = format!("{}/", path.parent().unwrap().display());
            let text = ran.out.replace(&folder, "");
            assert_eq!(text.lines().count(), 1, "one fault a file: {text}");
            let _ = write!(said, "{text}");
        }
        if !said.is_empty() {
            insta::assert_snapshot!(format!("faults-of-{kind}"), said);
        }
    }
}

#[test]
fn every_valid_fixture_is_accepted_without_a_word() {
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Report) {
        let ran = validate(*kind, FaultFormat::Text, &fixtures(*kind, "valid"), b"");
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Success, ""), "{kind}");
    }
}

#[test]
fn a_stream_is_judged_a_line_at_a_time() {
    let good = message().to_string();
    let bad = good.replace("\"seq\":1", "\"seq\":0");
    let stream = format!("{good}\n\n{bad}\r\n{good}\nnot json\n{bad}");
    let ran = validate(
        Kind::InboundEvent,
        FaultFormat::Text,
        &[],
        stream.as_bytes(),
    );
    assert_eq!(ran.exit, Exit::Fault);
    let places: Vec<&str> = ran
        .out
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    let column = bad.find("\"seq\":0").unwrap() + 7;
    assert_eq!(
        places,
        [
            format!("<stdin>:3:{column}"),
            "<stdin>:5:2".to_owned(),
            format!("<stdin>:6:{column}")
        ]
    );
    assert_eq!(ran.err, "5 inbound-event documents, 3 faulty, 3 faults\n");
}

#[test]
fn every_fault_of_a_document_is_reported_in_the_order_of_the_text() {
    let text = r#"{
  "channel_id": "wx main",
  "channel_type": "dialog",
  "target": "telegram",
  "enabled": 1,
  "auth": { "allowList": [], "credential_ref": "token" },
  "config": { "cursor_key": "wx-main", "message_chunk_limit": 0 },
  "route": { "workspace_id": "ws-001" }
}"#;
    let ran = validate(Kind::Config, FaultFormat::Text, &[], text.as_bytes());
    insta::assert_snapshot!("all-faults-of-one-document", ran.out);
}

#[test]
fn faults_as_json_are_one_object_a_line() {
    let bad = message().to_string().replace("\"seq\":1", "\"seq\":0");
    let ran = validate(Kind::InboundEvent, FaultFormat::Json, &[], bad.as_bytes());
    let fault: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(fault["file"], "<stdin>");
    assert_eq!(fault["line"], 1);
    assert_eq!(fault["pointer"], "/seq");
    assert_eq!(fault["code"], "out_of_bounds");
    assert_eq!(fault["rule"], "WX-ENV-005");
    assert_eq!(
        fault["message"],
        "expected an integer from 1 to 9007199254740991"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_usage_error() {
    let ran = validate(
        Kind::Config,
        FaultFormat::Text,
        &[PathBuf::from("/nonexistent")],
        b"",
    );
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.starts_with("error: /nonexistent: "), "{}", ran.err);
}

#[test]
fn a_line_without_an_end_is_given_up_and_the_stream_goes_on() {
    let good = message().to_string();
    let stream = format!("{good}\n{}\n{good}\n", "x".repeat(3 << 20));
    let ran = validate(
        Kind::InboundEvent,
        FaultFormat::Text,
        &[],
        stream.as_bytes(),
    );
    assert_eq!(
        ran.out,
        "<stdin>:2:1: (root): expected at most 1048576 bytes [too_long]\n"
    );
    assert_eq!(ran.err, "3 inbound-event documents, 1 faulty, 1 fault\n");
}

#[test]
fn no_fault_shows_a_string_of_the_document() {
    for kind in Kind::ALL {
        for path in fixtures(*kind, "invalid") {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let ran = validate(*kind, FaultFormat::Text, &[path], b"");
            for secret in ["b7f1c0", "hello", "plan.pdf", "Run the migration"] {
                assert!(
                    !text.contains(secret) || !ran.out.contains(secret),
                    "{}",
                    ran.out
                );
            }
        }
    }
}

/// How many byte strings the ordinary test run throws at the judges.
const SHARE: usize = 5_000;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the long run is asked for through the environment"
)]
fn no_bytes_make_a_judge_panic_or_contradict_itself() {
    let cases = std::env::var("FUZZ_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let judges: Vec<(Kind, Judge)> = Kind::ALL
        .iter()
        .map(|kind| (*kind, Judge::of(*kind)))
        .collect();
    let corpus: Vec<Vec<u8>> = Kind::ALL
        .iter()
        .flat_map(|kind| [fixtures(*kind, "valid"), fixtures(*kind, "invalid")].concat())
        .map(|path| std::fs::read(path).unwrap())
        .filter(|bytes| bytes.len() < 4096)
        .collect();
    let mut rng = Rng::with_seed(3);
    for _ in 0..cases.unwrap_or(SHARE) {
        let mut bytes = corpus[rng.usize(..corpus.len())].clone();
        for _ in 0..rng.usize(1..6) {
            damage(&mut bytes, &corpus, &mut rng);
        }
        let (kind, judge) = &judges[rng.usize(..judges.len())];
        let faults = judge.faults(&bytes);
        assert_eq!(
            faults.is_empty(),
            judge.accepts(&bytes),
            "{kind}: {bytes:?}"
        );
    }
}

/// Flips, cuts, doubles or splices.
fn damage(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.usize(..=bytes.len());
    match rng.u8(..6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes.truncate(at),
        2 => bytes.insert(at, b"{}[]\",:\\0\n\xff\xf0u"[rng.usize(..13)]),
        3 => {
            let other = &corpus[rng.usize(..corpus.len())];
            let from = rng.usize(..=other.len());
            bytes.splice(at.., other[from..].iter().copied());
        }
        4 => {
            let tail = bytes[at..].to_vec();
            bytes.extend(tail);
            bytes.truncate(8192);
        }
        _ if at < bytes.len() => {
            bytes.remove(at);
        }
        _ => {}
    }
}
