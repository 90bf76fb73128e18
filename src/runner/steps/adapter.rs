//! Sentences about the adapter: its configuration, its life, what it declares.

use cucumber::{given, then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::{Driven, Flaw, Mood, Person, Session, Stop, allowlist, expect};

#[given(expr = "a configuration with every field")]
fn every_field(world: &mut World) {
    let draft = crate::session::Draft::full(&world.session.cast).map_err(Stop::Kit);
    if let Some(draft) = world.drive(draft) {
        world.session.draft = draft;
    }
}

#[given(expr = "a configuration with only the required fields")]
fn required_fields(world: &mut World) {
    let draft = crate::session::Draft::minimal(&world.session.cast).map_err(Stop::Kit);
    if let Some(draft) = world.drive(draft) {
        world.session.draft = draft;
    }
}

#[given(regex = r"^a configuration in which (.+)$")]
fn faulty(world: &mut World, words: String) {
    let driven = match Flaw::named(&words) {
        Some(flaw) => {
            flaw.prepare(&mut world.session.draft);
            Ok(())
        }
        None => Err(Stop::Kit(format!(
            "no such fault of a configuration: {words}"
        ))),
    };
    world.drive(driven);
}

#[given(expr = "a configuration of a channel that is not enabled")]
fn disabled(world: &mut World) {
    world.session.draft.integration.enabled = false;
}

#[given(expr = "a configuration that requires pairing")]
fn pairing(world: &mut World) {
    world.session.draft.policy().pairing_required = Some(true);
}

#[given(expr = "an address that is none of the adapter's business")]
async fn lure(world: &mut World) {
    let laid = world.session.lay_a_lure().await;
    world.drive(laid);
}

#[when(expr = "the owner sends a link to that address")]
fn lures_by_a_link(world: &mut World) {
    let sent = world.session.send_link_to_lure();
    world.drive(sent);
}

#[when(expr = "the owner sends a picture that lies at that address")]
fn lures_by_a_picture(world: &mut World) {
    let sent = world.session.send_picture_of_lure();
    world.drive(sent);
}

#[then(expr = "the adapter connected to no address but WeChat's")]
async fn stayed(bench: &mut Bench) {
    bench.judge(expect::stayed_with_its_transport).await;
}

#[given(expr = "a running adapter")]
async fn running(world: &mut World) {
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(expr = "an adapter running for the owner only, with the friend on its allowlist")]
async fn running_for_owner(world: &mut World) {
    world.session.draft.policy().owner_only = Some(true);
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(expr = "an adapter running with pairing")]
async fn running_with_pairing(world: &mut World) {
    world.session.draft.policy().pairing_required = Some(true);
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(expr = "an adapter running with voice to text")]
async fn running_with_voice(world: &mut World) {
    world.session.draft.integration.config.voice_to_text = Some(true);
    let ran = world.session.run().await;
    world.drive(ran);
}

#[given(regex = r"^an adapter running with (an empty allowlist|no allowlist)$")]
async fn running_without_allowlist(world: &mut World, which: String) {
    let list = match which.as_str() {
        "no allowlist" => Ok(None),
        _ => allowlist(&[]).map(Some).map_err(Stop::Kit),
    };
    if let Some(list) = world.drive(list) {
        world.session.draft.integration.auth.allowlist = list;
        let ran = world.session.run().await;
        world.drive(ran);
    }
}

#[when(expr = "AIOS starts the adapter")]
async fn starts(world: &mut World) {
    let driven = start(world).await;
    world.drive(driven);
}

async fn start(world: &mut World) -> Driven {
    world.session.launch().await?;
    if world.session.draft.flaw.is_some() {
        world.session.start_trapped().await
    } else {
        world.session.start().await
    }
}

#[when(regex = r"^the adapter is (stopped|killed) and started again$")]
async fn restarts(world: &mut World, how: String) {
    let driven = restart(world, &how).await;
    world.drive(driven);
}

async fn restart(world: &mut World, how: &str) -> Driven {
    let session = &mut world.session;
    if session.mood() == Mood::Open {
        session.fence().await?;
    }
    if how == "stopped" {
        session.stop().await?;
    } else {
        session.kill().await?;
    }
    session.run().await
}

#[then(expr = "the start is refused with a pointer to the fault")]
fn start_refused(bench: &mut Bench) {
    bench.judge_now(expect::start_is_refused_at_its_flaw);
}

#[then(expr = "the adapter did not poll before it had a faultless configuration")]
async fn not_polled(bench: &mut Bench) {
    let starts = async |session: &mut Session| {
        session.draft.flaw = None;
        session.start_again().await
    };
    bench.first(starts).await;
    bench
        .judge(expect::nothing_was_polled_for_the_refused)
        .await;
}

#[then(expr = "the adapter refuses to start, or holds back a friend who is not paired")]
async fn pairing_enforced(bench: &mut Bench) {
    let speaks = async |session: &mut Session| {
        if session.log.read(expect::last_start_error).is_some() {
            return Ok(());
        }
        let text = session.cast.text();
        session.say(Person::Friend, &text);
        session.fence().await
    };
    bench.first(speaks).await;
    bench.judge_now(expect::pairing_is_enforced_or_refused);
}

#[then(expr = "the adapter starts without polling and says that it is stopped")]
async fn silent_start(bench: &mut Bench) {
    bench.judge(expect::started_silently).await;
}

#[then(expr = "the adapter shows the owner, the allowlist and the policy it was given")]
async fn shows_access(bench: &mut Bench) {
    bench.first(Session::audit).await;
    bench.judge_now(expect::access_matches_configuration);
}

#[then(expr = "its declaration names id, version, targets, features and health")]
fn declares(bench: &mut Bench) {
    bench.judge_now(expect::declaration_is_complete);
}

#[then(expr = "its declaration names WeChat among its targets")]
fn declares_wechat(bench: &mut Bench) {
    bench.judge_now(expect::declaration_names_wechat);
}

#[then(expr = "its declaration claims only features of v0")]
fn declares_features(bench: &mut Bench) {
    bench.judge_now(expect::declaration_claims_known_features);
}
