//! `spec diff` as it is typed: folders, git revisions, formats, exit codes, fixtures.

use std::path::Path;
use std::process::{Command, Output};

use super::gate::{files, in_schemas};

fn diff(root: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["spec", "diff"])
        .args(words)
        .current_dir(root)
        .output()
        .unwrap()
}

fn git(root: &Path, words: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=nobody",
            "-c",
            "user.email=nobody@example.org",
        ])
        .args(words)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn write(root: &Path, changed: bool) {
    let mut files = files();
    if changed {
        in_schemas(&mut files, |parts| {
            if let Some(policy) = parts.get_mut("Policy") {
                policy["properties"]["quiet_hours"] = serde_json::json!({"type": "boolean"});
            }
        });
    }
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

#[track_caller]
fn ends(output: &Output, code: i32, says: &str) {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(says), "expected `{says}`:\n{text}");
}

#[test]
fn folders_and_revisions_are_compared_and_every_trouble_is_told() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().join("old"), place.path().join("new"));
    write(&old, false);
    write(&new, true);
    let (from, to) = (old.to_str().unwrap(), new.to_str().unwrap());
    ends(
        &diff(&old, &[from, from]),
        0,
        "nothing that adapters can notice changed",
    );
    ends(&diff(&old, &[from, to]), 4, "adapters in the field break");
    ends(&diff(&old, &[from, "features"]), 2, "there are no schemas");
    ends(
        &diff(&old, &[from, "nowhere"]),
        2,
        "no such folder and no such git revision",
    );
    ends(
        &diff(&old, &[from, to, "--waivers", "nowhere.json"]),
        2,
        "nowhere.json",
    );

    let json = diff(&old, &[from, to, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        json["documents"][0]["ways"][0]["answer"]["witness"]["policy"]["quiet_hours"],
        true
    );

    let fixtures = place.path().join("fixtures");
    let words = [
        from,
        to,
        "--format",
        "markdown",
        "--write-fixtures",
        fixtures.to_str().unwrap(),
    ];
    ends(&diff(&old, &words), 4, "### Left to do");
    let fixture = fixtures.join("config/valid/policy-quiet-hours-by-additional-properties.json");
    let fixture: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    assert_eq!(fixture["policy"]["quiet_hours"], true);

    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("git is not here: revisions are not tried");
        return;
    }
    git(&old, &["init", "-q"]);
    git(&old, &["add", "."]);
    git(&old, &["commit", "-qm", "one"]);
    write(&old, true);
    git(&old, &["commit", "-qam", "two"]);
    ends(
        &diff(&old, &["HEAD", "HEAD"]),
        0,
        "nothing that adapters can notice changed",
    );
    ends(
        &diff(&old, &["HEAD~1", "HEAD"]),
        4,
        "adapters in the field break",
    );
    // The working tree is the default, and its generated files are held against the program.
    ends(&diff(&old, &["HEAD~1"]), 4, "the working tree");
    ends(
        &diff(&old, &["HEAD~1"]),
        4,
        "generated files are out of date",
    );
    ends(
        &diff(&old, &["--", "--version"]),
        2,
        "no such folder and no such git revision",
    );
}
