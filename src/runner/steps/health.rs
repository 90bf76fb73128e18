//! Sentences about WeChat's bad days, and about how the adapter says that it fares.

use std::time::Duration;

use cucumber::{then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::{Driven, Endpoint, Mood, Session, Stop, Trouble, expect};

/// How long a hurry is looked for, milliseconds; less than the time that scenarios let pass.
const WINDOW_MS: i64 = 2_500;

#[when(regex = r"^WeChat (.+) each time the adapter polls$")]
async fn polls_fail(world: &mut World, words: String) {
    if let Some(trouble) = trouble(world, &words) {
        let spoilt = world.session.spoil_polls(trouble).await;
        world.drive(spoilt);
    }
}

#[when(regex = r"^WeChat (.+) each time the adapter sends$")]
fn sends_fail(world: &mut World, words: String) {
    if let Some(trouble) = trouble(world, &words) {
        let spoilt = world.session.spoil(Endpoint::SendMessage, trouble);
        world.drive(spoilt);
    }
}

fn trouble(world: &mut World, words: &str) -> Option<Trouble> {
    let trouble = Trouble::named(words);
    world.drive(trouble.ok_or_else(|| Stop::Kit(format!("no such trouble of WeChat: {words}"))))
}

#[when(expr = "WeChat fails its polls in several ways, each on two occasions")]
async fn fails_in_several_ways(world: &mut World) {
    let failed = fail_in_several_ways(&mut world.session).await;
    world.drive(failed);
}

async fn fail_in_several_ways(session: &mut Session) -> Driven {
    for trouble in [Trouble::OutOfOrder, Trouble::SaysNothing] {
        for _ in 0..2 {
            session.spoil_polls(trouble).await?;
            session.mend().await?;
            session.let_pass(Duration::from_millis(200)).await?;
        }
    }
    Ok(())
}

#[when(expr = "the login expires")]
async fn login_expires(world: &mut World) {
    let passed = world.session.fence().await;
    if world.drive(passed).is_some() {
        world.session.wechat.expire_login();
    }
}

#[when(expr = "WeChat works again")]
async fn works_again(world: &mut World) {
    let mended = world.session.mend().await;
    world.drive(mended);
}

#[when(expr = "a moment later WeChat works again, and AIOS is available")]
async fn both_work_again(world: &mut World) {
    let driven = let_both_work_again(&mut world.session).await;
    world.drive(driven);
}

async fn let_both_work_again(session: &mut Session) -> Driven {
    // Too short for a third failure in a row, after which an adapter may pause for long.
    session.let_pass(Duration::from_millis(100)).await?;
    session.set_mood(Mood::Open);
    session.mend().await
}

#[when(expr = "AIOS answers that message at once")]
async fn answers_at_once(world: &mut World) {
    let answered = world.session.answer_at_once().await;
    world.drive(answered);
}

#[when(expr = "AIOS tries in vain to answer that message")]
async fn answers_in_vain(world: &mut World) {
    let answered = world.session.answer_in_vain().await;
    world.drive(answered);
}

#[when(expr = "AIOS asks how the adapter is")]
async fn asks(world: &mut World) {
    let asked = world.session.health().await;
    world.drive(asked);
}

#[then(expr = "the adapter is not healthy while that lasts")]
async fn not_healthy(bench: &mut Bench) {
    bench.first(Session::watch_trouble).await;
    bench.judge_now(expect::not_healthy_while_failing);
}

#[then(expr = "the adapter is healthy and shows no error")]
async fn well(bench: &mut Bench) {
    bench.first(fence_and_ask).await;
    bench.judge_now(expect::well_while_nothing_fails);
}

#[then(expr = "its recent errors still show it when WeChat works again")]
async fn still_shown(bench: &mut Bench) {
    bench.first(mend_and_ask).await;
    bench.judge_now(expect::failures_are_on_record);
}

async fn mend_and_ask(session: &mut Session) -> Driven {
    session.mend().await?;
    session.health().await
}

#[then(expr = "the adapter is healthy again without a restart")]
async fn healthy_again(bench: &mut Bench) {
    bench.first(Session::watch_recovery).await;
    bench.judge_now(expect::healthy_again);
}

#[then(expr = "its recent errors hold codes, times and counts and nothing else")]
async fn metadata(bench: &mut Bench) {
    bench.first(Session::health).await;
    bench.judge_now(expect::errors_are_metadata);
}

#[then(expr = "the adapter is unhealthy, since its login has expired")]
async fn expired(bench: &mut Bench) {
    bench.first(Session::health).await;
    bench.judge_now(expect::expired_is_shown);
}

#[then(expr = "it polled at most once a second")]
fn once_a_second(bench: &mut Bench) {
    bench.judge_now(|timeline| expect::unhurried_after_expiry(timeline, 1_000, WINDOW_MS));
}

#[then(expr = "it did not try to log in")]
fn no_login(bench: &mut Bench) {
    bench.judge_now(expect::no_login_attempted);
}

#[then(expr = "from the second failure in a row on, its polls are at least 200 milliseconds apart")]
fn unhurried(bench: &mut Bench) {
    bench.judge_now(|timeline| expect::unhurried_while_failing(timeline, 200, WINDOW_MS));
}

#[then(expr = "the time it last saw WeChat has moved to its last successful poll")]
async fn seen_moved(bench: &mut Bench) {
    bench.first(fence_and_ask).await;
    bench.judge_now(expect::last_seen_moved);
}

async fn fence_and_ask(session: &mut Session) -> Driven {
    session.fence().await?;
    session.health().await
}

#[then(expr = "the time it last saw WeChat has not moved")]
async fn seen_stood(bench: &mut Bench) {
    bench.first(Session::health).await;
    bench.judge_now(expect::last_seen_stood);
}
