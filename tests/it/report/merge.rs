//! Parts of a divided run, joined.

use aios_wechat::adapter::Subject;
use aios_wechat::reference::Reference;
use aios_wechat::report::{Claim, MergeError, Outcome, Report, Shard};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;

use super::sample;

/// The parts of a run over all rules, each with every second rule.
fn parts() -> [Report; 2] {
    [1, 2].map(|number| {
        let mut report = sample::every_outcome();
        report.options.shard = Some(Shard { number, of: 2 });
        for (index, rule) in report.rules.iter_mut().enumerate() {
            let mine = index % 2 == usize::try_from(number - 1).unwrap();
            if !mine && !rule.scenarios.is_empty() {
                rule.scenarios.clear();
                rule.outcome = Outcome::Untested;
                rule.reason = Some("in another part".to_owned());
                rule.resembles = None;
            }
        }
        report.claim = Claim::Partial;
        report
    })
}

#[test]
fn all_parts_make_the_whole() {
    let [one, two] = parts();
    let merged = Report::merge(&[two, one]).unwrap();
    let mut whole = sample::every_outcome();
    whole.took_ms *= 2;
    assert_eq!(merged, whole);
}

#[test]
fn a_missing_part_is_named() {
    let [one, _] = parts();
    let refused = Report::merge(&[one]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "of 2 parts 2 is missing: a claim needs all of them"
    );
}

/// The reference's report on a few families, whole or in part.
fn run(suite: &Suite, shard: Option<Shard>) -> Report {
    let rules = ["WX-ROUTE", "WX-CAP"].map(|word| suite.matching(word));
    let run = Run {
        seed: 9,
        selection: Selection {
            rules: rules.into_iter().flatten().collect(),
            shard,
            ..Selection::default()
        },
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let subject = Subject::in_process(Reference::new);
    runtime
        .block_on(runner::run(suite, &subject, &run, &mut ()))
        .unwrap()
}

#[test]
fn parts_that_were_run_apart_make_the_report_of_a_run_in_one() {
    let suite = Suite::embedded().unwrap();
    let parts: Vec<Report> = (1..=3)
        .map(|number| run(&suite, Some(Shard { number, of: 3 })))
        .collect();
    for part in &parts {
        assert_eq!(part.claim, Claim::Partial);
        assert!(part.counts.pass > 0, "every part has something to do");
        assert_eq!(runner::verify(&suite, part), Ok(Vec::new()));
    }
    let merged = Report::merge(&parts).unwrap();
    assert_eq!(runner::verify(&suite, &merged), Ok(Vec::new()));
    let whole = run(&suite, None);
    assert_eq!(merged.without_times(), whole.without_times());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let [one, two] = parts();
    let refused = |change: fn(&mut Report)| {
        let mut two = two.clone();
        change(&mut two);
        Report::merge(&[one.clone(), two]).unwrap_err().to_string()
    };
    let texts = [
        refused(|report| report.identity.suite = "another".to_owned()),
        refused(|report| report.identity.kit = "9".to_owned()),
        refused(|report| report.adapter = None),
        refused(|report| report.seed = 8),
        refused(|report| report.options.strict = true),
        refused(|report| report.options.shard = None),
        refused(|report| report.options.shard = Some(Shard { number: 1, of: 2 })),
        refused(|report| report.options.shard = Some(Shard { number: 2, of: 3 })),
    ];
    assert_eq!(
        texts,
        [
            "report 2 differs from the first in the suite: parts of one run share it",
            "report 2 differs from the first in the versions: parts of one run share it",
            "report 2 differs from the first in the adapter: parts of one run share it",
            "report 2 differs from the first in the seed: parts of one run share it",
            "report 2 differs from the first in the options: parts of one run share it",
            "report 2 is not a part of a divided run (`run --shard K/N`)",
            "part 1 was given twice",
            "report 2 differs from the first in the options: parts of one run share it",
        ]
    );
    assert_eq!(Report::merge(&[]), Err(MergeError::Nothing));
}
