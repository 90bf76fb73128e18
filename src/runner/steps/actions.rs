//! Sentences about what AIOS asks for, what its receipts say and what people read.

use cucumber::{given, then, when};

use super::person;
use crate::contract::ActionStatus;
use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::expect::{self, Which};
use crate::session::{Driven, Endpoint, Fault, FaultRule, Flaw, Person, Session, Shape, Stop};

#[given(expr = "an adapter running without a context cache")]
async fn running_without_cache(world: &mut World) {
    world.session.draft.integration.config.context_cache = Some(false);
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(expr = "an adapter running with a context cache")]
async fn running_with_cache(world: &mut World) {
    world.session.draft.integration.config.context_cache = Some(true);
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(expr = "an adapter running with a limit of {int} characters a message")]
async fn running_with_limit(world: &mut World, limit: i64) {
    let limit = crate::contract::ChunkLimit::try_from(limit).map_err(Stop::kit);
    if let Some(limit) = world.drive(limit) {
        world.session.draft.integration.config.message_chunk_limit = Some(limit);
        let ran = world.session.run().await;
        world.drive(ran);
    }
}

#[given(expr = "WeChat no longer takes the owner's context")]
async fn context_expires(world: &mut World) {
    let driven = expire(&mut world.session).await;
    world.drive(driven);
}

async fn expire(session: &mut Session) -> Driven {
    session.fence().await?;
    session.wechat.expire_context(&session.cast.owner);
    Ok(())
}

#[given(
    regex = r"^WeChat (refuses the next message(?: .+)?|hangs up on the next message|takes the next message and its answer is lost|takes the next message and gives it no id|limits the rate of the next message|refuses every message from the third on)$"
)]
async fn sends_fail(world: &mut World, how: String) {
    let driven = fail_sends(&mut world.session, &how).await;
    world.drive(driven);
}

async fn fail_sends(session: &mut Session, how: &str) -> Driven {
    session.fence().await?;
    let refusal = |shape| Fault::BusinessError {
        code: -1,
        errmsg: Some("system error".to_owned()),
        shape,
    };
    let next = |fault| FaultRule::next(Endpoint::SendMessage, fault);
    let rule = match how {
        "refuses the next message" | "refuses the next message with both of its error codes" => {
            next(refusal(Shape::Both))
        }
        "refuses the next message with its first error code only" => next(refusal(Shape::Ret)),
        "refuses the next message with its second error code only" => next(refusal(Shape::Errcode)),
        "refuses the next message with an empty answer" => next(Fault::EmptyBody {}),
        "refuses the next message with an answer that is a web page" => next(Fault::Html {}),
        "refuses the next message with a failure of its server" => next(Fault::HttpStatus {
            status: 500,
            retry_after_sec: None,
        }),
        "hangs up on the next message" => next(Fault::Close {}),
        "takes the next message and gives it no id" => next(Fault::Nameless {}),
        "takes the next message and its answer is lost" => next(Fault::LostAnswer {}),
        "limits the rate of the next message" => next(Fault::BusinessError {
            code: -2,
            errmsg: Some("freq limit".to_owned()),
            shape: Shape::Both,
        }),
        "refuses every message from the third on" => FaultRule {
            nth: 3,
            ..FaultRule::always(Endpoint::SendMessage, refusal(Shape::Both))
        },
        other => return Err(Stop::Kit(format!("no such failure: {other}"))),
    };
    session.wechat.set_fault(rule)
}

#[when(expr = "AIOS answers that message")]
async fn answers(world: &mut World) {
    let answered = world.session.answer_last().await;
    world.drive(answered);
}

#[when(regex = r"^AIOS sends a message to (the stranger|the friend)$")]
async fn sends_to(world: &mut World, whom: String) {
    let text = world.session.cast.text();
    let sent = world.session.send_to(person(&whom), &text, None).await;
    world.drive(sent);
}

#[when(expr = "AIOS answers the owner's first message")]
async fn answers_first(world: &mut World) {
    let owner = world.session.cast.owner.clone();
    let first = world.session.first_from(&owner);
    let text = world.session.cast.text();
    let sent = world
        .session
        .send_to(Person::Owner, &text, first.as_deref())
        .await;
    world.drive(sent);
}

#[when(expr = "AIOS writes to the owner unasked")]
async fn writes_first(world: &mut World) {
    let text = world.session.cast.text();
    let sent = world.session.send_to(Person::Owner, &text, None).await;
    world.drive(sent);
}

#[when(expr = "AIOS answers that message {int} more times")]
async fn answers_more(world: &mut World, times: usize) {
    for _ in 0..times {
        let text = world.session.cast.text();
        let answered = world.session.answer_with(&text).await;
        if world.drive(answered).is_none() {
            return;
        }
    }
}

#[when(expr = "AIOS answers that message with an error")]
async fn answers_with_error(world: &mut World) {
    let text = world.session.cast.text();
    let answered = world.session.answer_with_error(&text).await;
    world.drive(answered);
}

#[when(regex = r"^AIOS answers that message with (a text of .+)$")]
async fn answers_with_long_text(world: &mut World, words: String) {
    let text = long_text(&mut world.session, &words);
    if let Some(text) = world.drive(text) {
        let answered = world.session.answer_with(&text).await;
        world.drive(answered);
    }
}

/// A text that has to be cut, beginning with an unpredictable word.
fn long_text(session: &mut Session, words: &str) -> Driven<String> {
    let tag = session.cast.body_word();
    let fill = |unit: &str, count: usize| {
        let length = tag.chars().count();
        tag.chars()
            .chain(unit.chars().cycle())
            .take(length.max(count))
            .collect::<String>()
    };
    Ok(match words {
        // No unit divides the limit: every chunk is another one.
        "a text of 200 letters" => fill("abcdefg", 200),
        "a text of 150 Chinese characters" => fill("春眠不觉晓，处处闻啼鸟", 150),
        // Whole clusters: the tag, then 24 families of seven characters each.
        "a text of emoji joined into ones" => fill("👩\u{200d}👩\u{200d}👧\u{200d}👦", 10 + 7 * 24),
        "a text of letters with combining marks" => fill("e\u{301}", 200),
        "a text of lines and spaces" => fill("word \n\n  more\t", 200),
        "a text of letters under 100 marks each" => {
            let letter = format!("e{}", "\u{301}".repeat(100));
            format!("{letter} {tag} {letter} and more")
        }
        other => return Err(Stop::Kit(format!("no such text: {other}"))),
    })
}

#[when(regex = r"^AIOS (approves|denies) the friend$")]
async fn settles_pairing(world: &mut World, what: String) {
    let status = match what.as_str() {
        "approves" => ActionStatus::PairingApproved,
        _ => ActionStatus::PairingDenied,
    };
    let told = world.session.tell_status(Person::Friend, status).await;
    world.drive(told);
}

#[when(expr = "AIOS tells the owner that it is working")]
async fn tells_working(world: &mut World) {
    let told = world
        .session
        .tell_status(Person::Owner, ActionStatus::Working)
        .await;
    world.drive(told);
}

#[when(expr = "AIOS asks for approval")]
async fn asks_approval(world: &mut World) {
    let text = world.session.cast.text();
    let asked = world.session.ask_approval(&text).await;
    world.drive(asked);
}

#[when(expr = "AIOS repeats the action")]
async fn repeats(world: &mut World) {
    let repeated = world.session.repeat_action().await;
    world.drive(repeated);
}

#[when(expr = "AIOS repeats its first action")]
async fn repeats_first(world: &mut World) {
    let repeated = world.session.repeat_first_action().await;
    world.drive(repeated);
}

#[when(expr = "AIOS sends an action of a type that does not exist")]
async fn sends_unknown_type(world: &mut World) {
    send_faulty(world, "the type does not exist").await;
}

#[when(regex = r"^AIOS sends an action in which (.+)$")]
async fn sends_faulty(world: &mut World, words: String) {
    send_faulty(world, &words).await;
}

async fn send_faulty(world: &mut World, words: &str) {
    let flaw = Flaw::of_action(words)
        .ok_or_else(|| Stop::Kit(format!("no such fault of an action: {words}")));
    if let Some(flaw) = world.drive(flaw) {
        let sent = world.session.send_faulty(flaw).await;
        world.drive(sent);
    }
}

#[then(expr = "the receipt carries the ids of the action")]
fn receipt(bench: &mut Bench) {
    bench.judge_now(expect::receipt_carries_ids);
}

#[then(regex = r"^the answer reaches (the owner|the friend)$")]
fn answer_reaches(bench: &mut Bench, whom: String) {
    let reader = bench.person(person(&whom));
    bench.judge_now(|timeline| expect::action_reached(timeline, &reader));
}

#[then(expr = "the action is rejected with {string} and nothing reaches the stranger")]
async fn rejected(bench: &mut Bench, code: String) {
    bench
        .judge(|timeline| expect::action_rejected(timeline, &code))
        .await;
}

#[then(expr = "an answer to the owner is delivered")]
async fn owner_answered(bench: &mut Bench) {
    let owner = bench.person(Person::Owner);
    let sends = async |session: &mut Session| {
        let reply_to = session.last_from(&owner);
        let text = session.cast.text();
        session
            .send_to(Person::Owner, &text, reply_to.as_deref())
            .await
    };
    bench.first(sends).await;
    bench.judge_now(|timeline| expect::action_reached(timeline, &owner));
}

#[then(expr = "an answer to the owner's next message is delivered")]
async fn next_answered(bench: &mut Bench) {
    let answers = async |session: &mut Session| {
        let text = session.cast.text();
        session.say(Person::Owner, &text);
        session.answer_last().await
    };
    bench.first(answers).await;
    let owner = bench.person(Person::Owner);
    bench.judge_now(|timeline| expect::action_reached(timeline, &owner));
}

#[then(
    regex = r"^the answer reached the owner in the context of the owner's (first|last) message$"
)]
fn in_context(bench: &mut Bench, which: String) {
    let owner = bench.person(Person::Owner);
    let which = if which == "first" {
        Which::First
    } else {
        Which::Last
    };
    bench.judge_now(|timeline| expect::delivered_in_context(timeline, &owner, which));
}

#[then(expr = "the action is rejected with {string} and nothing was sent")]
fn rejected_and_not_sent(bench: &mut Bench, code: String) {
    bench.judge_now(|timeline| expect::action_rejected(timeline, &code));
}

#[then(expr = "every one of those answers is rejected for its context")]
fn rejected_for_context(bench: &mut Bench) {
    bench.judge_now(expect::rejected_for_context);
}

#[then(expr = "the refused context was used at most {int} times")]
fn context_used(bench: &mut Bench, limit: usize) {
    bench.judge_now(|timeline| expect::context_used_at_most(timeline, limit));
}

#[then(expr = "the action is applied and nothing was sent")]
fn applied(bench: &mut Bench) {
    bench.judge_now(expect::action_applied);
}

#[then(
    expr = "the request reaches the owner word for word, or is rejected as unsupported where it is not claimed"
)]
fn approval_or_unsupported(bench: &mut Bench) {
    let owner = bench.person(Person::Owner);
    bench.judge_now(|timeline| expect::approval_delivered_or_unsupported(timeline, &owner));
}

#[then(expr = "the request reached the owner word for word")]
fn approval_reached(bench: &mut Bench) {
    let owner = bench.person(Person::Owner);
    bench.judge_now(|timeline| expect::action_reached(timeline, &owner));
}

#[then(expr = "the action is refused with a pointer to the fault and nothing was sent")]
async fn refused_at(bench: &mut Bench) {
    bench.judge(expect::action_refused_at_its_flaw).await;
}

#[then(expr = "the owner reads the whole text in chunks within the limit")]
fn chunks(bench: &mut Bench) {
    bench.judge_now(expect::chunks_are_whole);
}

#[then(expr = "the receipt counts and names what the owner received")]
fn receipt_counts(bench: &mut Bench) {
    bench.judge_now(expect::receipt_counts_deliveries);
}

#[then(expr = "the receipt counts what the owner received and names nothing")]
fn receipt_names_nothing(bench: &mut Bench) {
    bench.judge_now(expect::receipt_names_nothing);
}

#[then(expr = "the receipt says that a part was delivered and counts it")]
fn partial(bench: &mut Bench) {
    // 200 letters at 40 a message.
    bench.judge_now(|timeline| expect::partly_delivered(timeline, 5));
}

#[then(expr = "the receipt does not say that the answer was delivered")]
fn not_delivered(bench: &mut Bench) {
    bench.judge_now(expect::not_claimed_delivered);
}

#[then(
    expr = "the receipt says that WeChat was unreachable, or that the answer was delivered after all"
)]
fn unreachable(bench: &mut Bench) {
    bench.judge_now(expect::unreachable_or_delivered);
}

#[then(expr = "the owner reads the answer once")]
fn read_once(bench: &mut Bench) {
    bench.judge_now(expect::read_once);
}

#[then(expr = "the owner has read each part of the text once")]
fn read_in_parts(bench: &mut Bench) {
    bench.judge_now(expect::read_in_parts);
}

#[then(expr = "both receipts refuse it for the same reason and nothing was sent")]
async fn refused_twice(bench: &mut Bench) {
    bench.judge(expect::refusal_stands).await;
}

#[then(expr = "the owner reads the answer once, and both receipts say that it was delivered")]
fn read_once_and_said(bench: &mut Bench) {
    bench.judge_now(expect::read_once);
    bench.judge_now(expect::all_receipts_delivered);
}

#[then(
    expr = "within 20 seconds the answer was delivered once, or is reported as limited with a time to try again"
)]
fn rate_limited(bench: &mut Bench) {
    bench.judge_now(expect::rate_limit_is_handled);
}
