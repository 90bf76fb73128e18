//! Hand-built reports, one for each thing a run can come to.

use aios_wechat::evidence::{Fact, Mismatch, Reply, SentMessage, Timeline, WireCall};
use aios_wechat::report::{
    AdapterIdentity, CaseResult, Claim, Counts, Identity, Options, Outcome, Report, RuleResult,
    StepResult,
};
use aios_wechat::suite::{CaseId, Level, RequirementId};
use serde_json::json;

/// What an adapter says that means harm: markup, a terminal's escape sequences, a direction mark.
pub(crate) const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J\x1b]0;owned\x07 \u{202e}dlrow & ' \" ]]> | `x` ::error::no";

pub(crate) fn id(text: &str) -> RequirementId {
    text.parse().expect("an id of the catalogue's form")
}

/// A rule without scenarios.
pub(crate) fn rule(id: &str, family: &str, level: Level, sentence: &str) -> RuleResult {
    RuleResult {
        id: self::id(id),
        family: family.to_owned(),
        level,
        sentence: sentence.to_owned(),
        source: "seed, Policy Expectations".to_owned(),
        outcome: Outcome::Untested,
        reason: None,
        why: None,
        baseline: None,
        resembles: None,
        scenarios: Vec::new(),
    }
}

/// The same rule with one scenario more.
pub(crate) fn with(mut rule: RuleResult, case: CaseResult) -> RuleResult {
    rule.scenarios.push(case);
    rule.outcome = Outcome::fold(rule.scenarios.iter().map(|case| case.outcome));
    rule
}

/// A scenario in which the owner's message reaches AIOS, and that came out as told.
pub(crate) fn case(rule: &str, name: &str, outcome: Outcome, message: &str) -> CaseResult {
    let mut timeline = Timeline::default();
    timeline.push(
        0,
        Fact::Step {
            text: "Given a running adapter".to_owned(),
        },
    );
    timeline.push(
        120,
        Fact::Launched {
            process: 1,
            control: false,
        },
    );
    timeline.push(
        900,
        asked("k1", "initialize", json!({"protocol_version": 1})),
    );
    timeline.push(
        2_100,
        told("k1", "initialize", json!({"protocol_version": 1})),
    );
    timeline.push(2_200, asked("k2", "start", json!({"state_dir": "…"})));
    timeline.push(2_900, called(1, 0));
    timeline.push(
        2_950,
        Fact::Parked {
            exchange: 1,
            position: 0,
        },
    );
    timeline.push(3_000, told("k2", "start", json!({})));
    timeline.push(
        3_100,
        Fact::Step {
            text: "When the owner sends a text".to_owned(),
        },
    );
    timeline.push(
        3_150,
        Fact::Sent {
            message: message_of("7481209347712834561"),
            fence: false,
        },
    );
    timeline.push(3_200, answered(1));
    let first = timeline.push(3_900, event("e1", 1, None));
    timeline.push(4_000, settled("e1"));
    timeline.push(4_300, called(2, 1));
    let judged = timeline.push(
        4_400,
        Fact::Step {
            text: "Then AIOS receives that message exactly once".to_owned(),
        },
    ) + 1;
    CaseResult {
        id: CaseId::new(&id(rule), name, None),
        name: name.to_owned(),
        outcome,
        message: message.to_owned(),
        baseline: None,
        mismatch: None,
        evidence: vec![first],
        steps: vec![
            step("Given a running adapter", 12, Outcome::Pass, None),
            step("When the owner sends a text", 13, Outcome::Pass, None),
            step(
                "Then AIOS receives that message exactly once",
                14,
                outcome,
                Some(judged),
            ),
        ],
        timeline,
        judged_at: None,
        seal: None,
        took_us: 4_500,
    }
}

/// The same, and AIOS gets the message twice.
pub(crate) fn twice(rule: &str, name: &str) -> CaseResult {
    let mut case = case(rule, name, Outcome::Fail, "");
    let mut timeline = Timeline::default();
    for entry in &case.timeline.entries()[..14] {
        timeline.push(entry.at_us, entry.what.clone());
    }
    timeline.push(
        4_350,
        Fact::Step {
            text: "And WeChat gives that message again".to_owned(),
        },
    );
    timeline.push(
        4_360,
        Fact::Redelivered {
            message: message_of("7481209347712834561"),
            of: "7481209347712834561".to_owned(),
        },
    );
    timeline.push(4_400, answered(2));
    timeline.push(
        4_500,
        Fact::Stderr {
            process: 1,
            line: "seen_ids: cache miss".to_owned(),
        },
    );
    timeline.push(
        4_600,
        Fact::Stderr {
            process: 1,
            line: format!("forwarding {EVIL}"),
        },
    );
    let second = timeline.push(4_900, event("e2", 2, None));
    timeline.push(5_000, settled("e2"));
    timeline.push(5_100, called(3, 2));
    timeline.push(
        5_200,
        Fact::FencePassed {
            message_id: Some("7481209347712834599".to_owned()),
        },
    );
    timeline.push(
        5_300,
        Fact::Step {
            text: "Then AIOS receives that message exactly once".to_owned(),
        },
    );
    let mismatch = Mismatch::new(
        "one event with the dedup key wx-91c2e0",
        "two of them, the second 1.0 ms after WeChat gave the message again",
        vec![11, second],
    );
    case.message = mismatch.to_string();
    case.mismatch = Some(mismatch);
    case.evidence = Vec::new();
    case.timeline = timeline;
    case.took_us = 5_400;
    case
}

fn step(text: &str, line: u32, outcome: Outcome, judged_at: Option<usize>) -> StepResult {
    StepResult {
        text: text.to_owned(),
        line,
        outcome,
        judged_at,
    }
}

fn message_of(id: &str) -> SentMessage {
    SentMessage {
        message_id: id.to_owned(),
        from: "wx-owner-001@im.wechat".to_owned(),
        text: Some("harbour 你好 🧭".to_owned()),
        group_id: None,
        client_id: "c-77".to_owned(),
        create_time_ms: 1_774_353_600_000,
        position: 1,
        items: vec![json!({"type": 1, "text_item": {"text": "harbour 你好 🧭"}})],
    }
}

fn asked(id: &str, method: &str, params: serde_json::Value) -> Fact {
    Fact::Asked {
        process: 1,
        id: id.to_owned(),
        method: method.to_owned(),
        params,
    }
}

fn told(id: &str, method: &str, result: serde_json::Value) -> Fact {
    Fact::Told {
        process: 1,
        id: id.to_owned(),
        method: method.to_owned(),
        result: Some(result),
        error: None,
    }
}

fn called(exchange: u64, position: u64) -> Fact {
    Fact::Called {
        call: WireCall {
            exchange,
            endpoint: "getupdates".to_owned(),
            authorized: true,
            trap: false,
            position: Some(position),
            body: None,
        },
    }
}

fn answered(exchange: u64) -> Fact {
    Fact::Answered {
        exchange,
        endpoint: "getupdates".to_owned(),
        status: 200,
        body: Some(json!({"ret": 0, "msgs": [{}], "get_updates_buf": "…"})),
        fault: None,
    }
}

fn event(id: &str, seq: u64, extra: Option<&str>) -> Fact {
    Fact::Event {
        process: 1,
        id: id.to_owned(),
        document: json!({
            "event_type": "message", "status_code": "forwarded", "seq": seq,
            "message_id": "7481209347712834561", "dedup_key": "wx-91c2e0",
            "payload": {"sender": "wx-owner-001@im.wechat", "origin": "text",
                        "text": extra.unwrap_or("harbour 你好 🧭")},
        }),
        findings: extra
            .map(|_| "/payload/text: not what was sent".to_owned())
            .into_iter()
            .collect(),
    }
}

fn settled(id: &str) -> Fact {
    Fact::Settled {
        process: 1,
        id: id.to_owned(),
        reply: Reply::Accepted,
    }
}

/// A report over these rules.
pub(crate) fn report(rules: Vec<RuleResult>) -> Report {
    let claim = Claim::of(&rules, false);
    Report {
        identity: Identity {
            spec: "v0".to_owned(),
            suite: "5f0c8e3b2a9d41c7".repeat(4),
            protocol_version: 1,
            kit: "0.1.0".to_owned(),
        },
        claim,
        summary: claim.summary(&rules, &[]),
        counts: Counts::of(&rules),
        seed: 7,
        containment: None,
        options: Options {
            subject: ["python3", "my adapter.py"].map(str::to_owned).to_vec(),
            rules: Vec::new(),
            level: "all".to_owned(),
            strict: false,
            patience: 1.0,
            jobs: 2,
            repeat: 1,
            containment: String::new(),
            shard: None,
        },
        adapter: Some(AdapterIdentity {
            adapter_id: "acme-wechat".to_owned(),
            adapter_version: "1.4.2".to_owned(),
            features: vec!["message".to_owned(), "attachment_meta".to_owned()],
        }),
        never_started: None,
        interrupted: false,
        unclaimed: Vec::new(),
        baseline: Vec::new(),
        rules,
        started_at: Some("2026-03-24T12:00:00Z".to_owned()),
        took_ms: 12_345,
    }
}

fn passing() -> Vec<RuleResult> {
    let lives = "rests on one event and its acceptance";
    vec![
        with(
            rule(
                "WX-ROUTE-001",
                "Routing",
                Level::Must,
                "The adapter MUST put the configured workspace and agent into every event",
            ),
            case("WX-ROUTE-001", "A text of the owner", Outcome::Pass, lives),
        ),
        with(
            rule(
                "WX-DEDUP-001",
                "Deduplication",
                Level::Must,
                "Where WeChat gives a message again within the window, the adapter MUST forward it once",
            ),
            case(
                "WX-DEDUP-001",
                "WeChat gives a message again",
                Outcome::Pass,
                lives,
            ),
        ),
    ]
}

/// CONFORMANT.
pub(crate) fn conformant() -> Report {
    report(passing())
}

/// CONFORMANT WITH NOTES: a SHOULD fails.
pub(crate) fn with_notes() -> Report {
    let mut rules = passing();
    rules.push(with(
        rule(
            "WX-DEDUP-005",
            "Deduplication",
            Level::Should,
            "The adapter SHOULD recognise a redelivery under a new transport id where the wire allows it",
        ),
        twice("WX-DEDUP-005", "The same message under a new id"),
    ));
    report(rules)
}

/// NOT CONFORMANT, with every outcome.
pub(crate) fn every_outcome() -> Report {
    let mut rules = passing();
    let mut failing = with(
        rule(
            "WX-DEDUP-002",
            "Deduplication",
            Level::Must,
            "Where WeChat gives a message again after a restart within the window, the adapter MUST forward it once",
        ),
        twice(
            "WX-DEDUP-002",
            "WeChat gives a message again after a restart",
        ),
    );
    failing.why =
        Some("WeChat redelivers after a lost answer; AIOS must not act twice.".to_owned());
    failing.resembles = Some(aios_wechat::report::Likeness {
        mutant: "forgets_over_restart".to_owned(),
        breaks: "keeps what it has seen in memory only".to_owned(),
    });
    let failing = with(
        failing,
        case(
            "WX-DEDUP-002",
            "WeChat keeps quiet after a restart",
            Outcome::Pass,
            "rests on one event",
        ),
    );
    rules.push(failing);
    let undecided = Mismatch::undecided(
        "a poll behind the fence",
        "no poll within 30 s, while the machine itself stood still for 1.4 s",
    );
    let told = undecided.to_string();
    let mut doubtful = case(
        "WX-CURSOR-001",
        "AIOS is slow",
        Outcome::Inconclusive,
        &told,
    );
    doubtful.mismatch = Some(undecided);
    rules.push(with(
        rule(
            "WX-CURSOR-001",
            "Cursor",
            Level::Must,
            "The adapter MUST acknowledge a position to WeChat only after AIOS accepted what came before it",
        ),
        doubtful,
    ));
    rules.push(with(
        rule(
            "WX-CURSOR-005",
            "Cursor",
            Level::Must,
            "Adapters with different cursor keys MUST never share a position",
        ),
        case(
            "WX-CURSOR-005",
            "Two keys",
            Outcome::Error,
            "the simulator could not bind a port: address in use",
        ),
    ));
    let mut unclaimed = rule(
        "WX-MEDIA-001",
        "Voice and attachments",
        Level::Should,
        "With `voice_to_text` the adapter SHOULD make a message of a voice message with a transcript",
    );
    unclaimed.outcome = Outcome::NotApplicable;
    unclaimed.reason = Some("voice_to_text is not claimed".to_owned());
    rules.push(unclaimed);
    let mut review = rule(
        "WX-BOUND-005",
        "Boundary",
        Level::Must,
        "Local workspace, CLI, IDE and agent runtime MUST stay authoritative",
    );
    review.reason = Some("only a person can judge it".to_owned());
    rules.push(review);
    let mut report = report(rules);
    report.unclaimed = vec!["voice_to_text".to_owned()];
    report.summary = report.claim.summary(&report.rules, &report.unclaimed);
    report
}

/// INCONCLUSIVE: a MUST could not be decided.
pub(crate) fn undecided() -> Report {
    let mut rules = every_outcome().rules;
    rules.retain(|rule| rule.outcome != Outcome::Fail && rule.outcome != Outcome::Error);
    report(rules)
}

/// A fault of the kit.
pub(crate) fn faulty_kit() -> Report {
    let mut rules = every_outcome().rules;
    rules.retain(|rule| matches!(rule.outcome, Outcome::Pass | Outcome::Error));
    report(rules)
}

/// PARTIAL.
pub(crate) fn partial() -> Report {
    let mut report = report(passing());
    for rule in &mut report.rules[1..] {
        rule.outcome = Outcome::Untested;
        rule.reason = Some("not selected".to_owned());
        rule.scenarios.clear();
    }
    report.options.rules = vec!["WX-ROUTE".to_owned()];
    report.claim = Claim::of(&report.rules, true);
    report.counts = Counts::of(&report.rules);
    report.summary = report.claim.summary(&report.rules, &[]);
    report
}

/// The adapter never started.
pub(crate) fn never_started() -> Report {
    let mut rules = every_outcome().rules;
    for rule in &mut rules {
        rule.scenarios.clear();
        rule.outcome = Outcome::Untested;
        rule.resembles = None;
        rule.reason = Some("the adapter never started".to_owned());
    }
    let mut report = report(rules);
    report.adapter = None;
    report.never_started = Some(format!(
        "line 1 of standard output is not JSON: `Starting up… {EVIL}`; print logs to standard error"
    ));
    report
}

/// An adapter whose every word means harm.
pub(crate) fn hostile() -> Report {
    let mut report = every_outcome();
    if let Some(adapter) = &mut report.adapter {
        EVIL.clone_into(&mut adapter.adapter_id);
        EVIL.clone_into(&mut adapter.adapter_version);
        adapter.features.push(EVIL.to_owned());
    }
    report.options.subject.push(EVIL.to_owned());
    for rule in &mut report.rules {
        for case in &mut rule.scenarios {
            case.message.push_str(EVIL);
            if let Some(mismatch) = &mut case.mismatch {
                mismatch.expected.push_str(EVIL);
                mismatch.observed.push_str(EVIL);
            }
            case.timeline.push(9_000, event(EVIL, 3, Some(EVIL)));
            case.timeline
                .push(9_000, told("k9", EVIL, json!({ "x": EVIL })));
            case.timeline.push(
                9_100,
                Fact::Violation {
                    process: 1,
                    expected: "a JSON-RPC message".to_owned(),
                    got: EVIL.to_owned(),
                },
            );
            case.timeline.push(
                9_200,
                Fact::Overstepped {
                    process: 1,
                    method: EVIL.to_owned(),
                },
            );
            case.timeline.push(
                9_300,
                Fact::Stderr {
                    process: 1,
                    line: EVIL.to_owned(),
                },
            );
            case.timeline.push(
                9_400,
                Fact::Ended {
                    process: 1,
                    how: EVIL.to_owned(),
                    asked: false,
                },
            );
        }
    }
    report
}
