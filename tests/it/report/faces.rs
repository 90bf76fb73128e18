//! Every face for machines and build servers, as reviewed snapshots.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aios_wechat::contract::Kind;
use aios_wechat::publish;
use aios_wechat::report::{Format, Outcome, Report, html, json};

use super::sample;

fn samples() -> [(&'static str, Report); 8] {
    [
        ("conformant", sample::conformant()),
        ("with_notes", sample::with_notes()),
        ("every_outcome", sample::every_outcome()),
        ("undecided", sample::undecided()),
        ("faulty_kit", sample::faulty_kit()),
        ("partial", sample::partial()),
        ("never_started", sample::never_started()),
        ("hostile", sample::hostile()),
    ]
}

fn of(name: &str) -> Report {
    samples().into_iter().find(|(of, _)| *of == name).unwrap().1
}

#[test]
fn junit_tells_every_outcome() {
    insta::assert_snapshot!(Format::Junit.render(&of("every_outcome")).unwrap());
    insta::assert_snapshot!(Format::Junit.render(&of("never_started")).unwrap());
}

#[test]
fn ctrf_tells_every_outcome() {
    insta::assert_snapshot!(Format::Ctrf.render(&of("every_outcome")).unwrap());
}

#[test]
fn a_job_summary_tells_what_did_not_pass() {
    insta::assert_snapshot!(Format::Markdown.render(&of("every_outcome")).unwrap());
    insta::assert_snapshot!(Format::Markdown.render(&of("never_started")).unwrap());
}

#[test]
fn annotations_are_errors_warnings_and_the_claim() {
    insta::assert_snapshot!(Format::Github.render(&of("every_outcome")).unwrap());
    insta::assert_snapshot!(Format::Github.render(&of("with_notes")).unwrap());
}

#[test]
fn every_face_for_people_tells_every_claim_and_outcome() {
    let mut told = String::new();
    let (mut claims, mut outcomes) = (BTreeSet::new(), BTreeSet::new());
    for (name, report) in samples() {
        let claim = report.claim.words();
        claims.insert(claim);
        for format in [
            Format::Terminal,
            Format::Markdown,
            Format::Github,
            Format::Html,
            Format::Ctrf,
            Format::Badge,
        ] {
            let face = format.render(&report).unwrap();
            // A badge is quiet about it, in small letters.
            let says = |line: &&str| line.to_uppercase().contains(claim);
            let line = face.lines().find(says);
            let line = line.unwrap_or_else(|| panic!("{name}: {format:?} does not say {claim}"));
            writeln!(told, "{name} {format:?}: {}", line.trim()).unwrap();
        }
        let news = report.rules.iter().filter(|rule| rule.is_selected());
        for outcome in news.map(|rule| rule.outcome) {
            outcomes.insert(outcome);
            let words = outcome.as_str().replace('_', " ");
            for format in [
                Format::Terminal,
                Format::Markdown,
                Format::Html,
                Format::Junit,
                Format::Ctrf,
            ] {
                let face = format
                    .render(&report)
                    .unwrap()
                    .to_lowercase()
                    .replace('_', " ");
                // An adapter that never started is told of once, and not by rule.
                assert!(
                    report.never_started.is_some() || face.contains(&words),
                    "{name}: {format:?}: {words}"
                );
            }
        }
    }
    assert_eq!((claims.len(), outcomes.len()), (5, Outcome::ALL.len()));
    insta::assert_snapshot!(told);
}

#[test]
fn a_badge_quotes_the_claim() {
    let badges: Vec<String> = samples()
        .iter()
        .map(|(name, report)| format!("{name} {}", Format::Badge.render(report).unwrap()))
        .collect();
    insta::assert_snapshot!(badges.concat());
}

#[test]
fn the_page_tells_every_outcome() {
    let page = html::render(&of("every_outcome"));
    let (_, body) = page.split_once("<body>").unwrap();
    insta::assert_snapshot!(body);
}

#[test]
fn a_report_validates_against_its_schema_and_comes_back_as_it_was() {
    let schema = publish::schema(Kind::Report);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, report) in samples() {
        let text = json::render(&report).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        assert_eq!(json::read(&text).unwrap(), report, "{name}");
    }
}

#[test]
fn a_document_that_is_no_report_is_refused_with_its_place() {
    let text = json::render(&sample::conformant())
        .unwrap()
        .replacen("\"seed\"", "\"seedling\"", 1);
    let error = json::read(&text).unwrap_err();
    assert!(
        error.line() > 1 && error.to_string().contains("seedling"),
        "{error}"
    );
}

#[test]
fn a_format_is_read_by_the_name_it_has() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert!(
        "pdf"
            .parse::<Format>()
            .unwrap_err()
            .contains("json, junit, html")
    );
}
