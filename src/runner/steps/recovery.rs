//! Sentences about positions, restarts, damage and the dedup window.

use std::time::Duration;

use cucumber::{given, then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::expect::{self, Resumption};
use crate::session::{Damage, Driven, Mood, Quarry, Session, Stop};

/// Beyond this, time is moved at once where it can be moved.
const JUMP: Duration = Duration::from_secs(10);

#[given(expr = "AIOS takes one event and leaves the next unanswered")]
fn takes_one(world: &mut World) {
    world.session.set_mood(Mood::SilentAfter(1));
}

#[given(expr = "AIOS refuses the next event")]
fn refuses_next(world: &mut World) {
    world.session.set_mood(Mood::RefusesNext);
}

#[when(expr = "AIOS has left one unanswered")]
async fn left_one(world: &mut World) {
    let left = world.session.one_left_open().await;
    world.drive(left);
}

#[when(expr = "AIOS answers what it left open")]
fn answers_open(world: &mut World) {
    world.session.set_mood(Mood::Open);
}

#[when(regex = r"^AIOS is available again after the adapter tried (\d+) times$")]
async fn available_after(world: &mut World, often: usize) {
    let tried = world
        .session
        .until("the adapter to try so often", |timeline| {
            (expect::tries(timeline) >= often).then_some(())
        })
        .await;
    world.session.set_mood(Mood::Open);
    world.drive(tried);
}

#[given(regex = r"^an adapter running with a dedup window of (\d+) (seconds?|hours?)$")]
async fn running_with_window(world: &mut World, count: u64, unit: String) {
    let window = i64::try_from(span(count, &unit).as_secs()).map_err(Stop::kit);
    let window = window.and_then(|window| window.try_into().map_err(Stop::kit));
    if let Some(window) = world.drive(window) {
        world.session.draft.policy().dedup_window_sec = Some(window);
        let ran = world.session.run().await;
        world.drive(ran);
    }
}

fn span(count: u64, unit: &str) -> Duration {
    Duration::from_secs(if unit.starts_with("hour") {
        count * 3_600
    } else {
        count
    })
}

#[when(regex = r"^(\d+) (seconds?|hours?) pass(?:es)?$")]
async fn time_passes(world: &mut World, count: u64, unit: String) {
    let time = span(count, &unit);
    let passed = if time > JUMP {
        world.session.advance(time).await
    } else {
        world.session.let_pass(time).await
    };
    world.drive(passed);
}

#[when(expr = "the adapter is killed")]
async fn killed(world: &mut World) {
    let killed = kill_seen(&mut world.session).await;
    world.drive(killed);
}

/// Kills the adapter once what was sent has had its chance to reach it: earlier, it would be chance
/// what is lost. What did not reach it is for the judging steps to say.
async fn kill_seen(session: &mut Session) -> Driven {
    match session.mood() {
        Mood::Open => session.let_arrive().await?,
        Mood::Silent | Mood::SilentAfter(_) => {
            if let Err(Stop::Kit(fault)) = session.one_left_open().await {
                return Err(Stop::Kit(fault));
            }
        }
        Mood::Unavailable | Mood::RefusesNext => {}
    }
    session.kill().await
}

#[when(expr = "the adapter is started again")]
async fn started_again(world: &mut World) {
    let ran = world.session.run().await;
    world.drive(ran);
}

#[when(regex = r"^the adapter is stopped and started again under (another|the first) cursor key$")]
async fn restarted_under(world: &mut World, which: String) {
    let key = if which == "another" {
        "wx-other"
    } else {
        "wx-main"
    };
    let driven = restart_under(&mut world.session, key).await;
    world.drive(driven);
}

async fn restart_under(session: &mut Session, key: &str) -> Driven {
    session.fence().await?;
    session.stop().await?;
    session.set_cursor_key(key)?;
    session.run().await
}

#[when(
    regex = r"^the adapter is (stopped|killed), everything it keeps is (cut in half|overwritten|removed), and it is started again$"
)]
async fn damaged(world: &mut World, how: String, damage: String) {
    let damage = match damage.as_str() {
        "cut in half" => Damage::Truncated,
        "overwritten" => Damage::Overwritten,
        _ => Damage::Removed,
    };
    let driven = damage_between(&mut world.session, &how, damage).await;
    world.drive(driven);
}

async fn damage_between(session: &mut Session, how: &str, damage: Damage) -> Driven {
    session.fence().await?;
    end(session, how).await?;
    session.damage(damage)?;
    session.run().await
}

async fn end(session: &mut Session, how: &str) -> Driven {
    if how == "killed" {
        session.kill().await
    } else {
        session.stop().await
    }
}

#[when(expr = "WeChat forgets every position")]
async fn forgets(world: &mut World) {
    let passed = world.session.fence().await;
    if world.drive(passed).is_some() {
        world.session.wechat.forget_positions();
    }
}

#[when(expr = "WeChat answers a poll without a new position")]
async fn answers_without_position(world: &mut World) {
    let answered = world.session.answer_without_position().await;
    world.drive(answered);
}

#[when(expr = "the adapter is stopped, WeChat forgets every position, and it is started again")]
async fn forgets_between(world: &mut World) {
    let driven = forget_between(&mut world.session).await;
    world.drive(driven);
}

async fn forget_between(session: &mut Session) -> Driven {
    session.fence().await?;
    session.stop().await?;
    session.wechat.forget_positions();
    session.run().await?;
    // What is sent next is to come after what the adapter has to say about its lost position.
    session.settle_in().await
}

#[when(expr = "WeChat gives that message again under a new id")]
async fn gives_again_renamed(world: &mut World) {
    let driven = give_again_renamed(&mut world.session).await;
    world.drive(driven);
}

async fn give_again_renamed(session: &mut Session) -> Driven {
    session.fence().await?;
    let message = session
        .log
        .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
    session.wechat.give_again(&message, true)
}

#[then(expr = "no position was acknowledged before AIOS had taken what came before it")]
async fn acknowledged(bench: &mut Bench) {
    bench.judge(expect::acknowledged_after_acceptance).await;
}

#[then(expr = "AIOS takes every message, in the order they were sent")]
async fn takes_in_order(bench: &mut Bench) {
    bench.judge(expect::all_accepted_in_order).await;
}

#[then(expr = "no poll went back behind an earlier one")]
fn never_back(bench: &mut Bench) {
    bench.judge_now(expect::polls_never_go_back);
}

#[then(regex = r"^its first poll goes on from the last position( or an earlier one)?$")]
async fn goes_on(bench: &mut Bench, earlier: String) {
    let how = if earlier.is_empty() {
        Resumption::Last
    } else {
        Resumption::LastOrEarlier
    };
    bench.judge(|timeline| expect::goes_on(timeline, how)).await;
}

#[then(expr = "positions under different cursor keys stay apart")]
async fn apart(bench: &mut Bench) {
    bench.judge(expect::positions_stay_apart).await;
}

#[then(
    regex = r"^AIOS was offered (them again|nothing again but) under the dedup keys? of the first time$"
)]
async fn same_keys(bench: &mut Bench, which: String) {
    let needed = which == "them again";
    bench
        .judge(|timeline| expect::one_key_for_each(timeline, needed))
        .await;
}

#[then(expr = "the refused message was offered once, and nothing else was held up")]
async fn refused_once(bench: &mut Bench) {
    bench.judge(expect::refused_once).await;
}

#[then(expr = "the adapter reports {string} among its recent errors")]
async fn reports(bench: &mut Bench, code: String) {
    bench.first(ask_for_health).await;
    bench.judge_now(|timeline| expect::reported(timeline, &code));
}

async fn ask_for_health(session: &mut Session) -> Driven {
    session.fence().await?;
    session.health().await
}

#[then(expr = "nothing that the adapter keeps holds the text of a message")]
async fn files_hold_nothing(bench: &mut Bench) {
    let searches = async |session: &mut Session| {
        session.fence().await?;
        session.hunt_files(&[Quarry::Bodies]).await
    };
    bench.first(searches).await;
    bench.judge_now(expect::nothing_was_found);
}

#[then(expr = "it was forwarded once, as the window was not over")]
async fn within(bench: &mut Bench) {
    bench.judge(expect::known_within_the_window).await;
}

#[then(expr = "it is forwarded again, as the window is over")]
async fn beyond(bench: &mut Bench) {
    bench.judge(expect::forgotten_beyond_the_window).await;
}
