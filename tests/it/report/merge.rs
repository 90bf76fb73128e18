//! Parts of a divided run, joined.

use aios_wechat::report::{Claim, MergeError, Outcome, Report, Shard};

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
fn a_missing_part_claims_nothing() {
    let [one, _] = parts();
    let merged = Report::merge(&[one]).unwrap();
    assert_eq!(merged.claim, Claim::Partial);
    assert!(merged.options.shard.is_some());
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
