//! Sentences about the beginning and the end of an adapter, and about calls out of their time.

use cucumber::{given, then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::{Driven, Mood, Person, Session, Stop, expect};

#[given(expr = "an adapter that has been greeted and not started")]
async fn greeted(world: &mut World) {
    let launched = world.session.launch().await;
    world.drive(launched);
}

#[given(expr = "an adapter that has not been greeted")]
async fn not_greeted(world: &mut World) {
    let launched = world.session.launch_silently().await;
    world.drive(launched);
}

#[when(expr = "AIOS greets a new adapter in a version that nobody speaks")]
async fn greets_strangely(world: &mut World) {
    let greeted = world.session.shake_hands_in_an_unknown_version().await;
    world.drive(greeted);
}

#[when(
    regex = r"^AIOS comes too early with (a message|a question for the access rules|a new time|a start)$"
)]
async fn comes_early(world: &mut World, what: String) {
    if let Some(method) = world.drive(method(&what)) {
        let called = world.session.call_early(method).await;
        world.drive(called);
    }
}

#[then(
    regex = r"^(a message|a question for the access rules|a new time|a start) is refused, since the adapter is not started$"
)]
fn early_refused(bench: &mut Bench, what: String) {
    if let Some(method) = bench.drive(method(&what)) {
        bench.judge_now(|timeline| expect::early_call_is_refused(timeline, method));
    }
}

fn method(what: &str) -> Driven<&'static str> {
    Ok(match what {
        "a message" => "act",
        "a question for the access rules" => "audit",
        "a new time" => "advance",
        "a start" => "start",
        other => return Err(Stop::Kit(format!("no such call: {other}"))),
    })
}

#[then(regex = r"^the adapter works once it is (greeted and )?started$")]
async fn works_once_started(bench: &mut Bench, greeted: String) {
    let greet = !greeted.is_empty();
    bench
        .first(async |session| work(session, greet).await)
        .await;
    let owner = bench.person(Person::Owner);
    bench.judge_now(|timeline| expect::action_reached(timeline, &owner));
}

async fn work(session: &mut Session, greet: bool) -> Driven {
    if greet {
        session.shake_hands_after_all().await?;
    }
    session.start_well().await?;
    let text = session.cast.text();
    session.say(Person::Owner, &text);
    session.answer_last().await
}

#[when(expr = "AIOS starts the adapter a second time")]
async fn starts_twice(world: &mut World) {
    let driven = start_twice(&mut world.session).await;
    world.drive(driven);
}

async fn start_twice(session: &mut Session) -> Driven {
    session.fence().await?;
    session.start().await
}

#[then(expr = "the second start is refused")]
fn second_refused(bench: &mut Bench) {
    bench.judge_now(expect::second_start_is_refused);
}

#[then(expr = "a faultless start is accepted after the refused one")]
async fn good_after_refused(bench: &mut Bench) {
    let starts = async |session: &mut Session| {
        session.draft.flaw = None;
        session.start().await
    };
    bench.first(starts).await;
    bench.judge_now(expect::good_start_after_refused);
}

#[when(expr = "AIOS asks the adapter to stop while a poll is held")]
async fn stops_while_polling(world: &mut World) {
    let stopped = stop_while_polling(&mut world.session).await;
    world.drive(stopped);
}

async fn stop_while_polling(session: &mut Session) -> Driven {
    session.fence().await?;
    session.until_a_poll_is_held().await?;
    session.stop_only().await?;
    session.until_no_poll_is_held().await;
    session.end_input().await
}

#[then(expr = "the poll has ended and the adapter has stopped within the grace period")]
fn poll_ended(bench: &mut Bench) {
    bench.judge_now(expect::stop_ended_the_poll);
}

#[when(expr = "AIOS asks the adapter twice to stop")]
async fn stops_twice(world: &mut World) {
    let stopped = stop_twice(&mut world.session).await;
    world.drive(stopped);
}

async fn stop_twice(session: &mut Session) -> Driven {
    session.fence().await?;
    session.stop_twice().await
}

#[then(expr = "both times the adapter says that it has stopped")]
fn both_times(bench: &mut Bench) {
    bench.judge_now(expect::stop_may_be_repeated);
}

#[when(expr = "AIOS asks the adapter to stop")]
async fn stops(world: &mut World) {
    let stopped = stop(&mut world.session).await;
    world.drive(stopped);
}

async fn stop(session: &mut Session) -> Driven {
    session.fence().await?;
    session.until_a_poll_is_held().await?;
    session.stop_only().await
}

#[when(expr = "the adapter has had time for it")]
async fn has_had_time(world: &mut World) {
    world.session.linger().await;
}

#[then(expr = "nothing more comes from the adapter")]
fn nothing_more(bench: &mut Bench) {
    bench.judge_now(expect::silent_after_stop);
}

#[then(expr = "AIOS receives each message exactly once")]
async fn each_once(bench: &mut Bench) {
    bench.judge(expect::each_forwarded_once).await;
}

#[when(expr = "AIOS takes that event and at the same moment stops the adapter")]
async fn takes_and_stops(world: &mut World) {
    let driven = take_and_stop(&mut world.session).await;
    world.drive(driven);
}

async fn take_and_stop(session: &mut Session) -> Driven {
    session.set_mood(Mood::Open);
    session.stop().await
}

#[when(expr = "the adapter's input ends")]
async fn input_ends(world: &mut World) {
    let ended = world.session.end_input().await;
    world.drive(ended);
}

#[then(expr = "the adapter is gone and has left nothing running")]
fn gone(bench: &mut Bench) {
    bench.judge_now(expect::left_with_its_input);
}

#[then(expr = "it answers with the versions it speaks")]
fn versions(bench: &mut Bench) {
    bench.judge_now(expect::unknown_version_is_answered);
}

#[then(expr = "everything on its output belonged to the protocol")]
async fn pure_output(bench: &mut Bench) {
    bench.judge(expect::only_protocol).await;
}

#[when(expr = "AIOS answers that message once more")]
async fn begins_to_answer(world: &mut World) {
    let begun = world.session.begin_to_answer().await;
    world.drive(begun);
}

#[then(expr = "AIOS learns how the adapter is while the answer is still on its way")]
async fn health_meanwhile(bench: &mut Bench) {
    bench.first(Session::health).await;
    bench.judge_now(expect::health_did_not_wait);
}

#[then(expr = "the adapter stops within the grace period while the answer is still on its way")]
async fn stop_meanwhile(bench: &mut Bench) {
    bench.first(Session::stop_only).await;
    bench.judge_now(expect::stop_did_not_wait);
}
