//! `hunt` as an operator uses it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::pack;

const WORDS: &str = "kwmzohtebradul";

/// Exit code, what was found, and what else was said.
fn hunt(folder: &Path, markers: impl AsRef<[u8]>, paths: &[&str]) -> (i32, String, String) {
    fs::write(folder.join("markers"), markers).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["hunt", "--marker-file", "markers"])
        .args(paths)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_find_is_told_without_its_neighbours_and_nothing_is_success() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("logs/a"), "nothing").unwrap();
    let (code, found, said) = hunt(folder.path(), WORDS, &["logs"]);
    assert_eq!((code, found.as_str()), (0, ""));
    assert!(
        said.contains("1 files, 7 bytes searched; 0 found"),
        "{said}"
    );
    let text = format!("private things {WORDS} more of them");
    fs::write(folder.path().join("logs/a"), text).unwrap();
    let named = format!("the plans\t{WORDS}\n");
    let (code, found, _) = hunt(folder.path(), named, &["logs"]);
    let expected = format!("logs/a: byte 15: the plans “{WORDS}”\n");
    assert_eq!((code, found), (1, expected));
}

#[test]
fn what_cannot_be_searched_is_said_before_anything_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("leak"), WORDS).unwrap();
    let (code, found, said) = hunt(folder.path(), WORDS, &["leak", "missing"]);
    assert_eq!((code, found.as_str()), (2, ""));
    assert!(
        said.contains("cannot search missing: No such file"),
        "{said}"
    );
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let (code, _, said) = hunt(folder.path(), WORDS, &["pipe"]);
    assert_eq!(code, 2);
    assert!(said.contains("neither a file nor a folder"), "{said}");
    // Below a folder a pipe has nothing but a name.
    fs::create_dir(folder.path().join("pipes")).unwrap();
    fs::rename(folder.path().join("pipe"), folder.path().join("pipes/pipe")).unwrap();
    assert_eq!(hunt(folder.path(), WORDS, &["pipes"]).0, 0);
}

#[test]
fn a_marker_file_that_holds_no_markers_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (markers, words) in [
        (&b""[..], "holds no marker"),
        (b"# nothing\n\n \n", "holds no marker"),
        (b"long enough\nabc\n", "line 2: a marker of fewer than 4"),
        (b"long enough\n\nb\xe9la\n", "line 3: not UTF-8"),
    ] {
        let (code, _, said) = hunt(folder.path(), markers, &["."]);
        assert!(code == 2 && said.contains(words), "{said}");
    }
}

#[test]
fn a_thousand_markers_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = fastrand::Rng::with_seed(4);
    let mut word = || -> String { (0..14).map(|_| rng.lowercase()).collect() };
    let markers: Vec<String> = (0..1000).map(|_| word()).collect();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let hex = markers[700].bytes().map(|byte| format!("{byte:02x}"));
    let text = format!("{} and {}, {}", markers[3], hex.collect::<String>(), word());
    fs::write(folder.path().join("logs/a"), text).unwrap();
    let (code, found, _) = hunt(folder.path(), markers.join("\n"), &["logs"]);
    let mut told: Vec<&str> = found
        .lines()
        .map(|line| line.split(": ").nth(2).unwrap())
        .collect();
    told.sort_unstable();
    let expected = [(4, ""), (701, " (hex)")];
    let expected = expected.map(|(line, how)| format!("line {line} “{}”{how}", markers[line - 1]));
    assert_eq!(
        (code, told),
        (1, expected.iter().map(String::as_str).collect())
    );
}

#[test]
fn a_larger_window_takes_more_of_what_is_packed() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = vec![b' '; 9 * 1024 * 1024];
    text.extend_from_slice(WORDS.as_bytes());
    fs::write(folder.path().join("a.gz"), pack::gzip(&text)).unwrap();
    let (code, found, said) = hunt(folder.path(), WORDS, &["--window", "1", "a.gz"]);
    assert_eq!((code, found.as_str()), (3, ""));
    let expected = "not searched whole: a.gz: gzip that holds more than is unpacked\n\
        more than --window 1 takes more of what is packed\n";
    assert!(said.starts_with(expected), "{said}");
    let (code, found, _) = hunt(folder.path(), WORDS, &["--window", "2", "a.gz"]);
    assert_eq!(code, 1);
    assert!(found.contains("gzip"), "{found}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    // It says that it is empty, and goes on for all addresses of the process.
    let (code, found, said) = hunt(folder.path(), WORDS, &["/proc/self/pagemap"]);
    assert_eq!((code, found.as_str()), (3, ""));
    assert!(said.contains("it goes on and on"), "{said}");
}
