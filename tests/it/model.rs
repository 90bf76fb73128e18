//! The whole adapter against a small oracle: random stories of messages, outages, kills and restarts.
//!
//! `MODEL_CASES=10000 cargo test --release --test it model -- --nocapture` runs the long way;
//! `MODEL_SEED=…` begins elsewhere. A story that breaks a rule is made as small as it goes and printed.

mod aios;
mod letters;
mod oracle;
mod outbound;
mod process;
mod script;
mod wechat;
mod world;

use std::time::Instant;

use aios_wechat::mutant;
use process::Subject;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use script::{
    Call, Content, Damage, Entry, Failing, Ids, Kind, Mood, Order, Person, Reply, Script, Setup,
    Step, Tick, script,
};
use world::play;

/// How many stories the ordinary test run plays, and how many steps each has.
const SHARE: u64 = 60;
const STEPS: usize = 50;
/// How often at most a story is made smaller.
const SHRINKS: u32 = 400;
/// The seed of the first story; the next has the next.
const SEED: u64 = 20_260_324;

/// A story that broke a rule, at its smallest.
struct Found {
    story: Script,
    broken: String,
}

fn runner(seed: u64, shrinks: u32) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, rng)
}

fn story(seed: u64) -> Script {
    script(STEPS)
        .new_tree(&mut runner(seed, 0))
        .unwrap()
        .current()
}

/// Plays the story of a seed; if it breaks a rule that begins so, the smallest that does.
fn tell(subject: Subject, seed: u64, rule: &str, shrinks: u32) -> Option<Found> {
    let mut runner = runner(seed, shrinks);
    let tree = script(STEPS).new_tree(&mut runner).unwrap();
    let judged = runner.run_one(tree, |story| match play(subject, &story) {
        Err(broken) if broken.starts_with(rule) => Err(TestCaseError::fail(broken)),
        _ => Ok(()),
    });
    match judged {
        Ok(_) => None,
        Err(TestError::Fail(reason, story)) => Some(Found {
            story,
            broken: reason.message().to_owned(),
        }),
        Err(TestError::Abort(reason)) => panic!("seed {seed}: {reason}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the long run is asked for through the environment"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_story_makes_the_reference_break_a_rule() {
    let cases = number("MODEL_CASES").unwrap_or(SHARE);
    let first = number("MODEL_SEED").unwrap_or(SEED);
    let start = Instant::now();
    for seed in first..first + cases {
        if let Some(Found { story, broken }) = tell(Subject::Reference, seed, "", SHRINKS) {
            panic!("MODEL_SEED={seed} MODEL_CASES=1 breaks {broken}\n{story:#?}");
        }
    }
    println!(
        "{cases} stories of {STEPS} steps in {:.1?}",
        start.elapsed()
    );
}

fn plain_setup() -> Setup {
    Setup {
        owner: true,
        owner_only: false,
        pairing: false,
        cache: true,
        transcripts: false,
        window_sec: 60,
        chunk: 9,
    }
}

fn words(from: Person) -> Step {
    Step::Give(vec![Entry::New {
        from,
        content: Content::Words,
        group: false,
        ids: Ids::Both,
    }])
}

fn action(kind: Kind, to: Person) -> Step {
    Step::Act(Order {
        kind,
        to,
        reply: Reply::Newest,
        chunks: 2,
    })
}

fn holds(setup: Setup, steps: Vec<Step>) {
    let story = Script { setup, steps };
    assert_eq!(play(Subject::Reference, &story), Ok(()), "{story:#?}");
}

#[test]
fn an_old_message_beyond_the_window_does_not_bring_its_old_context_back() {
    let again = Entry::Again {
        back: 1,
        new_id: false,
    };
    let steps = vec![
        words(Person::Owner),
        Step::Tick(Tick::HalfWindows(5)),
        words(Person::Owner),
        Step::Give(vec![again]),
        action(Kind::Message, Person::Owner),
    ];
    holds(plain_setup(), steps);
}

#[test]
fn a_damaged_adapter_starts_although_neither_wechat_nor_aios_can_be_reached() {
    let fail = Step::Fail {
        call: Call::Poll,
        after: 0,
        how: Failing::Connection,
        times: 2,
    };
    let steps = vec![
        Step::Aios(Mood::Unavailable(2)),
        fail,
        Step::Damage(Damage::Half),
    ];
    holds(plain_setup(), steps);
}

#[test]
fn failing_polls_are_on_record_although_aios_is_unavailable() {
    let fail = Step::Fail {
        call: Call::Poll,
        after: 0,
        how: Failing::Connection,
        times: 2,
    };
    let outage = Step::Aios(Mood::Unavailable(2));
    let steps = vec![fail, outage, Step::Damage(Damage::Half), Step::Ask];
    holds(plain_setup(), steps);
}

#[test]
fn what_went_out_stays_on_the_receipt_when_the_person_is_denied_meanwhile() {
    let setup = Setup {
        pairing: true,
        ..plain_setup()
    };
    let fail = Step::Fail {
        call: Call::Send,
        after: 1,
        how: Failing::Lost,
        times: 1,
    };
    let steps = vec![
        words(Person::Friend),
        action(Kind::Approve, Person::Friend),
        words(Person::Friend),
        fail,
        action(Kind::Message, Person::Friend),
        action(Kind::Deny, Person::Friend),
        Step::Repeat(1),
    ];
    holds(setup, steps);
}

#[test]
fn what_was_told_while_time_passed_may_be_forgotten_as_early_as_it_may_have_been_told() {
    let setup = Setup {
        window_sec: 2,
        ..plain_setup()
    };
    let stall = Step::Fail {
        call: Call::Send,
        after: 1,
        how: Failing::Stalled { takes_effect: true },
        times: 2,
    };
    let steps = vec![
        stall,
        words(Person::Owner),
        action(Kind::Message, Person::Owner),
        Step::Tick(Tick::Ms(4_000)),
        Step::Repeat(0),
    ];
    holds(setup, steps);
}

#[test]
fn a_refused_context_that_comes_again_with_its_message_after_a_kill_may_be_tried_anew() {
    for kill in 0..12 {
        let setup = Setup {
            cache: false,
            ..plain_setup()
        };
        let refuse = Step::Fail {
            call: Call::Send,
            after: 0,
            how: Failing::Context,
            times: 1,
        };
        let again = action(Kind::Message, Person::Owner);
        let steps = vec![
            refuse,
            Step::Kill(kill),
            Step::Aios(Mood::Unavailable(3)),
            words(Person::Owner),
            again.clone(),
            again.clone(),
            again.clone(),
            again,
        ];
        holds(setup, steps);
    }
}

#[test]
fn what_is_passed_over_long_after_it_was_reported_is_known_from_then_on() {
    let setup = Setup {
        pairing: true,
        ..plain_setup()
    };
    let again = Step::Give(vec![Entry::Again {
        back: 0,
        new_id: true,
    }]);
    let steps = vec![
        words(Person::Friend),
        Step::Tick(Tick::Ms(24 * 60 * 60 * 1_000)),
        Step::ForgetPositions,
        Step::Restart,
        words(Person::Owner),
        action(Kind::Approve, Person::Friend),
        Step::Give(vec![Entry::Again {
            back: 1,
            new_id: true,
        }]),
        again,
    ];
    holds(setup, steps);
}

#[test]
fn a_refusal_that_a_kill_kept_from_aios_is_given_again_although_the_person_is_paired_meanwhile() {
    for kill in 0..12 {
        let setup = Setup {
            pairing: true,
            cache: false,
            ..plain_setup()
        };
        let steps = vec![
            Step::Kill(kill),
            words(Person::Friend),
            action(Kind::Message, Person::Friend),
            action(Kind::Approve, Person::Friend),
            Step::Repeat(1),
        ];
        holds(setup, steps);
    }
}

/// Mutants whose fault a story can show, with the rule that it then names. The ordinary run takes
/// the first few, the long way all.
const FOUND: &[(&str, &str)] = &[
    ("dedups-by-id-only", "WX-DEDUP"),
    ("acknowledges-too-early", "WX-CURSOR-001"),
    ("saves-the-cursor-first", "WX-CURSOR-001"),
    ("newest-first", "WX-ENV-009"),
    ("opens-after-a-friend", "WX-ACCESS"),
    ("keeps-a-transcript", "WX-STORE-001"),
    ("forwards-redeliveries", "WX-DEDUP"),
    ("forgets-keys-at-a-restart", "WX-DEDUP-001"),
    ("dedups-by-words", "WX-CURSOR-001"),
    ("never-forgets-a-message", "WX-CURSOR-001"),
    ("compares-ids-as-doubles", "WX-CURSOR-001"),
    ("fires-and-forgets", "WX-CURSOR-001"),
    ("gives-up-after-three-tries", "WX-CURSOR-001"),
    ("takes-groups-for-people", "WX-ACCESS"),
    ("forgets-pairings", "WX-ACCESS"),
    ("answers-with-the-first-token", "WX-CTX-001"),
    ("sends-every-repeat", "WX-OUT-004"),
    ("swaps-chunks", "WX-OUT-002"),
    ("queues-on-disk", "WX-STORE-001"),
];
const USUALLY: usize = 6;
/// How many stories may be needed to find a mutant out, and how long a smallest one may be.
const STORIES: u64 = 60;
const SHORT: usize = 15;

#[test]
fn a_broken_adapter_is_found_out_by_a_short_story() {
    let start = Instant::now();
    let usually = if number("MODEL_CASES").is_some() {
        FOUND.len()
    } else {
        USUALLY
    };
    let known = |(name, rule)| {
        (
            mutant::find(name).unwrap_or_else(|| panic!("no mutant {name}")),
            rule,
        )
    };
    let found: Vec<_> = FOUND.iter().copied().map(known).collect();
    for (mutant, rule) in &found[..usually] {
        let (name, subject) = (mutant.name, Subject::Mutant(mutant));
        let breaks = |seed: &u64| {
            let judged = play(subject, &story(*seed));
            judged.is_err_and(|broken| broken.starts_with(rule))
        };
        let seed = (SEED..SEED + STORIES).find(breaks);
        let seed = seed.unwrap_or_else(|| panic!("no story finds {name} out"));
        let Found { story, broken } = tell(subject, seed, rule, 150).unwrap();
        println!("{name}: seed {seed}, {} steps: {broken}", story.steps.len());
        assert!(story.steps.len() <= SHORT, "{name}: {story:#?}");
    }
    println!("{usually} mutants in {:.1?}", start.elapsed());
}
