//! The fixtures: what each folder promises, and that `spec/schema/README.md` names what no schema can say.

use std::path::{Path, PathBuf};

use aios_wechat::contract::Kind;
use aios_wechat::publish::{self, Judge};
use aios_wechat::wire::{MessageItem, Reading, WeixinMessage, read};
use serde_json::Value;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn what_lies_beyond_the_schema_is_accepted_by_it_and_named_in_its_page() {
    let page = include_str!("../../spec/schema/README.md");
    let mut seen = 0;
    for kind in Kind::ALL {
        let schema = jsonschema::draft202012::new(&publish::schema(*kind)).unwrap();
        let judge = Judge::of(*kind);
        for path in files(&format!("{kind}/beyond-schema")) {
            let text = std::fs::read(&path).unwrap();
            let document: Value = serde_json::from_slice(&text).unwrap();
            assert!(schema.is_valid(&document), "{}", path.display());
            assert!(judge.accepts(&text), "{}", path.display());
            let name = format!("`{kind}/{}`", stem(&path));
            assert!(
                page.contains(&name),
                "spec/schema/README.md does not name {name}"
            );
            seen += 1;
        }
    }
    let named = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|name| name.contains('/'))
        .count();
    assert_eq!(
        named, seen,
        "spec/schema/README.md names a fixture that is not there"
    );
}

#[test]
fn every_kind_has_valid_and_invalid_fixtures() {
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Report) {
        assert!(!files(&format!("{kind}/valid")).is_empty(), "{kind}");
        assert!(!files(&format!("{kind}/invalid")).is_empty(), "{kind}");
    }
}

#[test]
fn every_wire_fixture_is_a_message_as_wechat_speaks_it() {
    let mut seen = 0;
    for path in files("wire") {
        let text = std::fs::read_to_string(&path).unwrap();
        let Reading { value, faults } = read::<WeixinMessage>(&text);
        assert_eq!(faults.len(), 0, "{}: {faults:?}", path.display());
        let damaged = value
            .items()
            .filter(|item: &Reading<MessageItem>| !item.faults.is_empty());
        let expected = usize::from(stem(&path) == "malformed-item-among-good-ones");
        assert_eq!(damaged.count(), expected, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 19);
}
