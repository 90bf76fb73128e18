//! Sentences about what an adapter keeps and says.

use std::time::Duration;

use cucumber::{then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::{
    Driven, Endpoint, Fault, FaultRule, Flaw, Item, Letter, Mood, Person, Quarry, Session, Shape,
    Stop, expect,
};

/// Messages in one window of the growth rule.
const TRAFFIC: usize = 200;
const WINDOW: Duration = Duration::from_secs(2);

#[when(expr = "people and AIOS have talked for a while")]
async fn talk(world: &mut World) {
    let talked = ordinary_talk(&mut world.session).await;
    world.drive(talked);
}

async fn ordinary_talk(session: &mut Session) -> Driven {
    for person in [Person::Owner, Person::Friend, Person::Stranger] {
        let text = session.cast.text();
        session.say(person, &text);
        send_all_kinds(session, person);
    }
    let text = session.cast.text();
    session.say(Person::Owner, &text);
    session.answer_last().await?;
    let long = long_answer(session);
    session.answer_with(&long).await
}

/// A text of AIOS that goes out in several chunks.
fn long_answer(session: &mut Session) -> String {
    let words = (0..200).map(|_| session.cast.body_word_of("an answer of AIOS") + " ");
    words.collect()
}

/// A file with a telling name, a voice message with a transcript, and a quotation.
fn send_all_kinds(session: &mut Session, person: Person) {
    let name = session.cast.body_word_of("a file name") + " report.pdf";
    let transcript = session.cast.text_of("a transcript");
    let quoting = Item::Quoting {
        text: session.cast.text(),
        title: session.cast.text_of("the title of a quotation"),
        quoted: session.cast.text_of("a quoted text"),
    };
    for item in [Item::File(name), Item::Voice(Some(transcript)), quoting] {
        let letter = Letter::new(session.cast.person(person), item);
        session.send(&letter);
    }
}

#[when(expr = "everything that can go wrong has gone wrong")]
async fn go_wrong(world: &mut World) {
    let went = misfortune(&mut world.session).await;
    world.drive(went);
}

async fn misfortune(session: &mut Session) -> Driven {
    // AIOS refuses an event.
    session.set_mood(Mood::RefusesNext);
    let text = session.cast.text();
    session.say(Person::Owner, &text);
    session.fence().await?;
    // The adapter crashes while AIOS leaves events unanswered.
    session.set_mood(Mood::Silent);
    let text = session.cast.text();
    session.say(Person::Owner, &text);
    send_all_kinds(session, Person::Friend);
    session
        .until("an event", |timeline| {
            expect::has_unsettled(timeline).then_some(())
        })
        .await?;
    session.kill().await?;
    session.set_mood(Mood::Open);
    session.run().await?;
    session.fence().await?;
    // AIOS is unavailable for a while.
    session.set_mood(Mood::Unavailable);
    let text = session.cast.text();
    session.say(Person::Friend, &text);
    session
        .until("another try", |timeline| {
            expect::was_offered_again(timeline).then_some(())
        })
        .await?;
    session.set_mood(Mood::Open);
    // Strangers and malformed messages.
    let text = session.cast.text();
    session.say(Person::Stranger, &text);
    send_all_kinds(session, Person::Stranger);
    let words = session.cast.text();
    let bad = serde_json::json!({"type": 1, "text_item": {"text": [words]}});
    let letter = Letter::new(&session.cast.owner, Item::Raw(bad));
    session.send(&letter);
    // WeChat refuses an answer in the middle.
    let text = session.cast.text();
    session.say(Person::Owner, &text);
    session.fence().await?;
    let refusal = Fault::BusinessError {
        code: -1,
        errmsg: Some("system error".into()),
        shape: Shape::Both,
    };
    session
        .wechat
        .set_fault(FaultRule::next(Endpoint::SendMessage, refusal))?;
    let own = session.last_from(&session.cast.owner.clone());
    let long = long_answer(session);
    session
        .send_to(Person::Owner, &long, own.as_deref())
        .await?;
    // AIOS sends an action that breaks the contract.
    let flaw = Flaw::of_action("an unknown word stands beside it");
    session
        .send_faulty(flaw.ok_or_else(|| Stop::kit("no such fault of an action"))?)
        .await?;
    // And then all is well again.
    session.answer_last().await
}

#[when(expr = "the adapter is stopped for good")]
async fn stops(world: &mut World) {
    let stopped = stop(&mut world.session).await;
    world.drive(stopped);
}

async fn stop(session: &mut Session) -> Driven {
    session.fence().await?;
    session.stop().await
}

#[when(expr = "AIOS asks for its health and its access rules")]
async fn asks(world: &mut World) {
    let asked = ask(&mut world.session).await;
    world.drive(asked);
}

async fn ask(session: &mut Session) -> Driven {
    // What it says now is about what it has taken in by then.
    session.let_arrive().await?;
    session.health().await?;
    session.audit().await
}

#[when(expr = "four windows pass, each with as many messages as the first")]
async fn windows_pass(world: &mut World) {
    let passed = windows(&mut world.session).await;
    world.drive(passed);
}

async fn windows(session: &mut Session) -> Driven {
    for _ in 0..4 {
        let letters: Vec<Letter> = (0..TRAFFIC)
            .map(|_| {
                let text = session.cast.text();
                Letter::new(&session.cast.owner, Item::Text(text))
            })
            .collect();
        session.send_at_once(&letters, None);
        session.fence().await?;
        session.advance(WINDOW).await?;
        session.fence().await?;
        session.measure_state()?;
    }
    Ok(())
}

#[then(expr = "no body is found in anything the adapter left behind")]
async fn no_body_in_files(bench: &mut Bench) {
    bench
        .first(async |session| session.hunt_files(&[Quarry::Bodies]).await)
        .await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "no body is found in anything the adapter said, but for the events that forward it")]
async fn no_body_in_words(bench: &mut Bench) {
    bench
        .first(async |session| session.hunt_words(&[Quarry::Bodies]).await)
        .await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "neither the credential nor a context is found in anything the adapter said")]
async fn no_secret_in_words(bench: &mut Bench) {
    bench
        .first(async |session| {
            session
                .hunt_words(&[Quarry::Credential, Quarry::Contexts])
                .await
        })
        .await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "the credential is found in nothing the adapter left behind")]
async fn no_credential_in_files(bench: &mut Bench) {
    bench
        .first(async |session| session.hunt_files(&[Quarry::Credential]).await)
        .await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "no context is found in anything the adapter left behind")]
async fn no_context_in_files(bench: &mut Bench) {
    bench
        .first(async |session| session.hunt_files(&[Quarry::Contexts]).await)
        .await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "what the adapter keeps has not grown with the messages")]
fn no_growth(bench: &mut Bench) {
    bench.judge_now(expect::state_does_not_grow);
}
