//! The floors: which module may use which, and which crate is known where.

use std::collections::BTreeSet;

use crate::tree;

/// A module, its floor, and what it may use inside the crate.
const FLOORS: &[(&str, u8, &[&str])] = &[
    ("contract", 0, &[]),
    ("hunt", 0, &[]),
    ("confine", 0, &[]),
    ("wire", 1, &[]),
    ("evidence", 1, &["contract"]),
    ("suite", 1, &["contract"]),
    ("simulator", 2, &["wire"]),
    ("adapter", 2, &["confine", "contract"]),
    ("report", 2, &["contract", "evidence", "suite"]),
    ("reference", 3, &["adapter", "contract", "wire"]),
    ("mutant", 4, &["adapter", "contract", "reference", "wire"]),
    (
        "session",
        4,
        &[
            "adapter",
            "contract",
            "evidence",
            "hunt",
            "simulator",
            "wire",
        ],
    ),
    (
        "runner",
        5,
        &[
            "adapter", "contract", "evidence", "report", "session", "suite",
        ],
    ),
    ("diff", 5, &["contract", "suite"]),
    ("doctor", 3, &["adapter", "contract", "simulator", "wire"]),
    (
        "publish",
        5,
        &["adapter", "contract", "report", "simulator", "suite"],
    ),
    (
        "proof",
        6,
        &[
            "adapter",
            "contract",
            "evidence",
            "mutant",
            "reference",
            "report",
            "runner",
            "suite",
        ],
    ),
    (
        "cli",
        7,
        &[
            "adapter",
            "confine",
            "contract",
            "diff",
            "doctor",
            "evidence",
            "hunt",
            "mutant",
            "proof",
            "publish",
            "reference",
            "report",
            "runner",
            "session",
            "simulator",
            "suite",
            "wire",
        ],
    ),
];

/// A crate that only some modules may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("axum", &["simulator"]),
    ("clap", &["cli"]),
    ("cucumber", &["runner"]),
    ("gherkin", &["runner", "suite"]),
    ("hyper", &["reference", "simulator"]),
    ("jsonschema", &["contract", "diff"]),
    ("landlock", &["confine"]),
    ("maud", &["report"]),
    ("quick_junit", &["report"]),
    ("regex_syntax", &["diff"]),
    ("reqwest", &["reference"]),
    ("tempfile", &["doctor", "proof", "reference", "session"]),
    (
        "tokio",
        &[
            "adapter",
            "cli",
            "doctor",
            "mutant",
            "proof",
            "reference",
            "runner",
            "session",
            "simulator",
        ],
    ),
];

/// What pure floors may not name: they neither read nor write nor wait.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
];
const PURE: &[&str] = &["contract", "diff", "evidence", "report", "suite", "wire"];

/// The module that a file of `src` belongs to; `lib.rs`, `main.rs` and the build script belong to
/// none.
fn module(path: &str) -> Option<String> {
    let inner = path.strip_prefix("src/")?;
    let first = inner.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main", "build"].contains(&name)).then(|| name.to_owned())
}

fn modules() -> BTreeSet<String> {
    tree::rust("src")
        .iter()
        .filter_map(|path| module(path))
        .collect()
}

/// The modules of the crate that a file names as `crate::…`, with the line.
fn named(path: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut group = false;
    for (number, line) in tree::code(path) {
        let mut rest = line.as_str();
        if group {
            // A `use crate::{` over several lines: every line opens with a module's name.
            if let Some(word) = tree::words(rest).next() {
                found.push((number, word.to_owned()));
            }
            group = !rest.trim_start().starts_with('}');
        }
        while let Some((_, tail)) = rest.split_once("crate::") {
            if let Some(inner) = tail.strip_prefix('{') {
                let (inside, closed) = inner
                    .split_once("};")
                    .map_or((inner, false), |(i, _)| (i, true));
                let heads = inside
                    .split(',')
                    .filter_map(|part| tree::words(part).next());
                found.extend(heads.map(|word| (number, word.to_owned())));
                group = !closed;
            } else if let Some(word) = tree::words(tail).next() {
                found.push((number, word.to_owned()));
            }
            rest = tail;
        }
    }
    found
}

#[test]
fn every_module_has_a_floor_and_lies_above_what_it_may_use() {
    for name in modules() {
        assert!(
            FLOORS.iter().any(|(module, ..)| *module == name),
            "src/{name} has no floor: add it to FLOORS and say why in the commit"
        );
    }
    let floor = |name: &str| {
        FLOORS
            .iter()
            .find(|(module, ..)| *module == name)
            .unwrap()
            .1
    };
    for (name, own, uses) in FLOORS {
        for used in *uses {
            assert!(floor(used) < *own, "{name} lies not above {used}");
        }
    }
}

#[test]
fn a_module_uses_only_the_floors_below_it() {
    let known = modules();
    let mut wrong = Vec::new();
    for path in tree::rust("src") {
        let Some(own) = module(&path) else { continue };
        let Some((_, _, uses)) = FLOORS.iter().find(|(module, ..)| *module == own) else {
            continue;
        };
        for (line, used) in named(&path) {
            if known.contains(&used) && used != own && !uses.contains(&used.as_str()) {
                wrong.push(format!("{path}:{line}: {own} may not use {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_path_climbs_out_of_its_module_by_super() {
    let mut wrong = Vec::new();
    for path in tree::rust("src")
        .into_iter()
        .filter(|path| module(path).is_some())
    {
        let parts = path
            .trim_start_matches("src/")
            .trim_end_matches(".rs")
            .split('/');
        let depth = parts.filter(|part| *part != "mod").count();
        for (number, line) in tree::code(&path) {
            // A `mod tests` inside the file is one deeper.
            let inner = usize::from(line.starts_with(' '));
            if line.contains(&"super::".repeat(depth + inner)) {
                wrong.push(format!("{path}:{number}: write crate:: instead"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn confined_crates_stay_where_they_are_known() {
    let mut wrong = Vec::new();
    for path in tree::rust("src") {
        let Some(own) = module(&path) else { continue };
        for (number, line) in tree::code(&path) {
            for (name, homes) in CONFINED {
                let named = line.match_indices(&format!("{name}::")).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c))
                });
                if named && !homes.contains(&own.as_str()) {
                    wrong.push(format!(
                        "{path}:{number}: {name} is confined to {}",
                        homes.join(", ")
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_floors_have_no_effects() {
    let mut wrong = Vec::new();
    for path in tree::rust("src") {
        let Some(own) = module(&path).filter(|own| PURE.contains(&own.as_str())) else {
            continue;
        };
        for (number, line) in tree::code(&path) {
            for effect in EFFECTS {
                if line.contains(effect) {
                    wrong.push(format!("{path}:{number}: {own} is pure and names {effect}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_paths_sees_groups_and_single_uses() {
    // This file holds no such path, so the reader is shown one of the crate itself.
    let path = "src/runner/mod.rs";
    let names: BTreeSet<String> = named(path).into_iter().map(|(_, name)| name).collect();
    for name in ["adapter", "contract", "report", "session", "suite"] {
        assert!(names.contains(name), "{path} uses {name}");
    }
}
