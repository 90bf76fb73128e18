//! House rules that no compiler enforces: first lines, names, commands in prose, words that must not be here.

use std::collections::BTreeMap;
use std::process::Command;

use crate::tree;

/// Words that say nothing about what a thing is.
const BANNED: &[&str] = &[
    "manager", "helper", "helpers", "util", "utils", "common", "misc", "base", "handler",
];

/// Verbs that say nothing about what a function does.
const BARE_VERBS: &[&str] = &["do", "process", "handle"];

/// What must not stand anywhere in the repository. Cut in two, so that this file does not name them.
const FOREIGN: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("sub", "agent"),
    ("sub-", "agent"),
    ("language ", "model"),
    ("anth", "ropic"),
    ("chat", "gpt"),
    ("arti", "factory"),
    ("BRIEF", ".md"),
    ("/tmp/", "bash_jobs"),
];

#[test]
fn every_rust_file_opens_with_what_it_is() {
    let mut files = tree::rust("src");
    files.extend(tree::rust("tests"));
    assert!(files.len() > 50);
    for path in files {
        let text = tree::text(&path);
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.len() > 12,
            "{path}: its first line says nothing"
        );
    }
}

#[test]
fn no_name_is_one_that_says_nothing() {
    let mut wrong = Vec::new();
    for path in tree::rust("src").into_iter().chain(tree::rust("tests")) {
        for part in path.trim_end_matches(".rs").split('/') {
            if part.split('_').any(|word| BANNED.contains(&word)) {
                wrong.push(format!("{path}: the file is named {part}"));
            }
        }
        for (line, code) in tree::code(&path) {
            let words: Vec<&str> = tree::words(&code).collect();
            for pair in words.windows(2) {
                let bad = match pair[0] {
                    "struct" | "enum" | "trait" => {
                        // What is the noun counts: a `BaseUrl` is a URL.
                        let noun = camel(pair[1]).pop().unwrap_or_default();
                        pair[1] == "Data" || BANNED.contains(&noun.as_str())
                    }
                    "mod" => pair[1].split('_').any(|word| BANNED.contains(&word)),
                    "fn" => {
                        BARE_VERBS.contains(&pair[1])
                            || pair[1]
                                .split('_')
                                .next_back()
                                .is_some_and(|w| BANNED.contains(&w))
                    }
                    _ => false,
                };
                if bad && !code.trim_start().starts_with('"') {
                    wrong.push(format!("{path}:{line}: {} {}", pair[0], pair[1]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words of a type's name, in small letters.
fn camel(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        if c.is_uppercase() || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut wrong = Vec::new();
    for path in tree::files("") {
        let Ok(text) = std::fs::read_to_string(tree::root().join(&path)) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            let small = line.to_lowercase();
            for (head, tail) in FOREIGN {
                let word = format!("{head}{tail}").to_lowercase();
                if small.contains(&word) {
                    wrong.push(format!("{path}:{}: {word}", index + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the program says to these arguments.
fn said(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(arguments)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines of prose that show a command of ours, cut into words.
fn shown_commands() -> Vec<(String, Vec<String>)> {
    let prose = tree::files("").into_iter().filter(|path| {
        std::path::Path::new(path)
            .extension()
            .is_some_and(|end| end == "md")
    });
    let mut commands = Vec::new();
    for path in prose {
        let text = tree::text(&path);
        let fenced = text.lines().enumerate().filter_map(|(index, line)| {
            let line = line.trim().trim_start_matches("$ ");
            Some((
                index + 1,
                line.strip_prefix("aios-wechat ")
                    .or(line.strip_prefix("cargo run -- "))?,
            ))
        });
        let inline = text.lines().enumerate().flat_map(|(index, line)| {
            line.split('`')
                .skip(1)
                .step_by(2)
                .filter_map(move |code| Some((index + 1, code.strip_prefix("aios-wechat ")?)))
        });
        for (line, words) in fenced.chain(inline) {
            let words = words.split(" -- ").next().unwrap_or(words);
            let words = words.split(['|', '#', '>']).next().unwrap_or(words);
            let words = words.split_whitespace().map(str::to_owned).collect();
            commands.push((format!("{path}:{line}"), words));
        }
    }
    commands
}

#[test]
fn commands_shown_in_prose_exist() {
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut help = |path: &[String]| {
        let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
        words.push("--help");
        helps
            .entry(path.to_vec())
            .or_insert_with(|| said(&words))
            .clone()
    };
    for (place, words) in shown_commands() {
        let Some(first) = words.first().filter(|word| !word.starts_with('-')) else {
            continue;
        };
        let mut path = vec![first.clone()];
        let mut text = help(&path).unwrap_or_else(|| panic!("{place}: there is no `{first}`"));
        if text.contains("\nCommands:") {
            path.extend(words.get(1).cloned());
            text =
                help(&path).unwrap_or_else(|| panic!("{place}: there is no `{}`", path.join(" ")));
        }
        for option in words
            .iter()
            .filter(|word| word.starts_with("--") && word.len() > 2)
        {
            let name = option.split('=').next().unwrap_or(option);
            assert!(
                text.contains(name),
                "{place}: `{}` has no {name}",
                path.join(" ")
            );
        }
    }
}

#[test]
fn every_feature_file_is_embedded_and_every_embedded_one_exists() {
    let embedded: Vec<String> = aios_wechat::suite::FEATURES
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    let mut sorted = embedded.clone();
    sorted.sort();
    let on_disk: Vec<String> = tree::files("features")
        .into_iter()
        .filter(|path| {
            std::path::Path::new(path)
                .extension()
                .is_some_and(|end| end == "feature")
        })
        .collect();
    assert_eq!(
        sorted, on_disk,
        "add the row to FEATURES in src/suite/embedded.rs"
    );
}
