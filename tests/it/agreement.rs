//! Agreement: the types, the fast verdict and the published schema accept exactly the same documents.
//!
//! `AGREEMENT_CASES=1000000 cargo test --release --test it agreement -- --nocapture` runs the long way.

mod mutate;

use std::collections::BTreeMap;

use aios_wechat::contract::driver::Line;
use aios_wechat::contract::{self, Document, Kind};
use aios_wechat::publish::{self, Judge};
use aios_wechat::report::Baseline;
use fastrand::Rng;
use jsonschema::Validator;
use mutate::{Pool, Tree};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How many mutated documents the ordinary test run judges.
const SHARE: u64 = 4_000;

/// One kind of document as the three judges see it.
struct Judged {
    kind: Kind,
    corpus: Vec<Value>,
    schema: Validator,
    judge: Judge,
    types: fn(&Value) -> Result<(), String>,
    verdict: Option<fn(&str) -> bool>,
}

fn types<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    contract::decode::<T>(value)
        .map(|_| ())
        .map_err(|finding| finding.to_string())
}

fn judged<T: Document>() -> Judged {
    let verdict: fn(&str) -> bool = |text| contract::is_valid::<T>(text);
    Judged {
        verdict: Some(verdict),
        ..judged_as::<T>(T::KIND)
    }
}

fn judged_as<T: DeserializeOwned>(kind: Kind) -> Judged {
    let schema = jsonschema::draft202012::new(&publish::schema(kind)).unwrap();
    Judged {
        kind,
        corpus: fixtures(kind, "valid"),
        schema,
        judge: Judge::of(kind),
        types: types::<T>,
        verdict: None,
    }
}

fn all_judged() -> Vec<Judged> {
    vec![
        judged::<contract::Integration>(),
        judged::<contract::InboundEvent>(),
        judged::<contract::OutboundAction>(),
        judged::<contract::Receipt>(),
        judged::<contract::Capabilities>(),
        judged::<contract::Health>(),
        judged::<contract::AccessState>(),
        judged::<contract::AuditRecord>(),
        judged::<contract::Secrets>(),
        judged::<contract::Start>(),
        judged::<Line>(),
        judged_as::<Baseline>(Kind::Baseline),
    ]
}

fn texts(kind: Kind, folder: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fixtures/{kind}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn fixtures(kind: Kind, folder: &str) -> Vec<Value> {
    texts(kind, folder)
        .iter()
        .filter_map(|text| contract::parse(text).ok())
        .collect()
}

/// What a run of mutations came to, a kind at a time.
#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    not_text: u64,
}

fn judge(judged: &Judged, text: &str, tally: &mut Tally) {
    let fast = judged.verdict.map(|verdict| verdict(text));
    let faults = judged.judge.faults(text.as_bytes());
    let Ok(value) = contract::parse(text.as_bytes()) else {
        assert!(!faults.is_empty(), "no fault is named: {text}");
        assert_ne!(
            fast,
            Some(true),
            "the fast verdict accepts a faulty text: {text}"
        );
        tally.not_text += 1;
        return;
    };
    let types = (judged.types)(&value);
    let schema = judged.schema.is_valid(&value);
    assert_eq!(
        types.is_ok(),
        schema,
        "{}: types {types:?}, schema {schema}: {text}",
        judged.kind
    );
    if let Some(fast) = fast {
        assert_eq!(
            fast,
            types.is_ok(),
            "{}: verdict {fast}, types {types:?}: {text}",
            judged.kind
        );
    }
    assert_eq!(
        faults.is_empty(),
        schema,
        "{}: {faults:?}: {text}",
        judged.kind
    );
    for fault in &faults {
        // The explanation comes from the schema, not from the types' one finding.
        assert!(!fault.pointer.is_empty() || fault.line.is_some(), "{fault}");
        let (at, member) = fault.pointer.rsplit_once('/').unwrap_or_default();
        let around = value.pointer(if fault.pointer.is_empty() { "" } else { at });
        assert!(
            around.is_some(),
            "{}: no such place `{}` ({member}): {text}",
            judged.kind,
            fault.pointer
        );
    }
    *if schema {
        &mut tally.accepted
    } else {
        &mut tally.refused
    } += 1;
}

fn run(seed: u64, cases: u64) -> BTreeMap<Kind, Tally> {
    let all = all_judged();
    let corpus: Vec<Value> = all
        .iter()
        .flat_map(|judged| judged.corpus.clone())
        .collect();
    let pool = Pool::of(&corpus);
    let mut rng = Rng::with_seed(seed);
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    for _ in 0..cases {
        let judged = &all[rng.usize(..all.len())];
        let mut tree = Tree::of(&judged.corpus[rng.usize(..judged.corpus.len())]);
        for _ in 0..rng.usize(1..4) {
            pool.mutate(&mut tree, &mut rng);
        }
        let mut text = String::new();
        tree.print(&mut text);
        judge(judged, &text, tallies.entry(judged.kind).or_default());
    }
    tallies
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the long run is asked for through the environment"
)]
fn types_verdict_and_schema_agree_on_mutated_documents() {
    let cases = std::env::var("AGREEMENT_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let tallies = run(20_260_324, cases.unwrap_or(SHARE));
    let mut sum = Tally::default();
    for (kind, tally) in &tallies {
        println!(
            "{:16} accepted {:8} refused {:8} not text {:8}",
            kind.as_str(),
            tally.accepted,
            tally.refused,
            tally.not_text
        );
        assert!(
            tally.accepted * 50 > tally.refused,
            "{kind}: too few valid documents to mean much"
        );
        sum.accepted += tally.accepted;
        sum.refused += tally.refused;
        sum.not_text += tally.not_text;
    }
    println!(
        "{} documents: {} accepted, {} refused, {} not text; no disagreement",
        sum.accepted + sum.refused + sum.not_text,
        sum.accepted,
        sum.refused,
        sum.not_text
    );
}

#[test]
fn types_and_schema_agree_on_every_fixture() {
    for judged in all_judged() {
        for value in &judged.corpus {
            assert_eq!((judged.types)(value), Ok(()), "{value}");
            judge(&judged, &value.to_string(), &mut Tally::default());
        }
        for value in fixtures(judged.kind, "invalid") {
            assert!((judged.types)(&value).is_err(), "{value}");
            judge(&judged, &value.to_string(), &mut Tally::default());
        }
    }
}

#[test]
fn every_schema_is_valid_under_the_meta_schema_and_so_are_its_examples() {
    for kind in Kind::ALL {
        let schema = publish::schema(*kind);
        assert!(jsonschema::meta::is_valid(&schema), "{kind}");
        assert_eq!(schema["$id"], kind.urn());
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert!(validator.is_valid(example), "{kind}: {example}");
        }
    }
}
