//! `init` writes an adapter that is well and passes the first rules, and writes over nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn kit(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_python_adapter_begins_well_and_passes_the_first_rules() {
    let folder = TempDir::new().unwrap();
    let made = kit(folder.path(), &["init", "--lang", "python", "mine"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("aios-wechat doctor -- python3 adapter.py"));
    let mine = folder.path().join("mine");
    let python = crate::doctor::python();
    let examined = kit(&mine, &["doctor", "--", &python, "adapter.py"]);
    assert_eq!(
        examined.status.code(),
        Some(0),
        "{}",
        text(&examined.stdout)
    );
    let first = [
        "run", "WX-CAP", "WX-ENV", "WX-ROUTE", "WX-BOUND", "WX-LIFE", "--jobs", "2", "--",
    ];
    let judged = kit(&mine, &[&first[..], &[&python, "adapter.py"]].concat());
    assert_eq!(judged.status.code(), Some(0), "{}", text(&judged.stdout));
    assert!(
        !text(&judged.stdout).contains("inconclusive"),
        "{}",
        text(&judged.stdout)
    );
}

#[test]
fn every_language_gets_a_configuration_a_workflow_and_a_readme() {
    let folder = TempDir::new().unwrap();
    for lang in ["python", "node", "go", "rust"] {
        let made = kit(folder.path(), &["init", "--lang", lang, lang]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let place = folder.path().join(lang);
        let valid = kit(&place, &["validate", "--as", "config", "channel.json"]);
        assert_eq!(valid.status.code(), Some(0), "{}", text(&valid.stdout));
        for file in ["README.md", ".github/workflows/conformance.yml"] {
            let written = fs::read_to_string(place.join(file)).unwrap();
            assert!(written.contains("aios-wechat run "), "{written}");
            assert!(!written.contains('{'), "a gap was not filled: {written}");
        }
    }
}

#[test]
fn a_folder_that_holds_anything_is_left_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let refused = kit(folder.path(), &["init", "--lang", "python", "."]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("is not empty"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let refused = kit(folder.path(), &["init", "--lang", "python", "notes.txt"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("cannot write to notes.txt"));
    let refused = kit(folder.path(), &["init", "--lang", "cobol", "mine"]);
    assert_eq!(refused.status.code(), Some(2));
}
