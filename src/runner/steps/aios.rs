//! Sentences about AIOS: how it receives, what it asks for, what it got.

use cucumber::{given, then, when};

use crate::runner::world::World;
use crate::session::expect::{self, Sameness};
use crate::session::{Mood, Person};

#[given(expr = "AIOS is unavailable")]
fn unavailable(world: &mut World) {
    world.session.set_mood(Mood::Unavailable);
}

#[given(expr = "AIOS leaves events unanswered")]
fn silent(world: &mut World) {
    world.session.set_mood(Mood::Silent);
}

#[when(expr = "AIOS is available again after the adapter tried twice")]
async fn available_again(world: &mut World) {
    let tried = world
        .session
        .until("the adapter to try twice", |timeline| (expect::tries(timeline) >= 2).then_some(()))
        .await;
    world.session.set_mood(Mood::Open);
    world.drive(tried);
}

#[when(expr = "AIOS answers that message")]
async fn answers(world: &mut World) {
    let answered = world.session.answer_last().await;
    world.drive(answered);
}

#[when(expr = "AIOS sends a message to the stranger")]
async fn sends_to_stranger(world: &mut World) {
    let text = world.session.cast.text();
    let sent = world.session.send_to(Person::Stranger, &text, None).await;
    world.drive(sent);
}

#[then(expr = "a text from the owner reaches AIOS")]
async fn owner_gets_through(world: &mut World) {
    let text = world.session.cast.text();
    world.session.say(Person::Owner, &text);
    world.judge(expect::forwarded_unchanged).await;
}

#[then(expr = "that message reaches AIOS with its text unchanged")]
async fn unchanged(world: &mut World) {
    world.judge(expect::forwarded_unchanged).await;
}

#[then(expr = "AIOS receives that message exactly once")]
async fn exactly_once(world: &mut World) {
    world.judge(expect::forwarded_exactly_once).await;
}

#[then(expr = "AIOS receives both messages")]
async fn both(world: &mut World) {
    world.judge(expect::all_forwarded).await;
}

#[then(expr = "each message id is handed on digit for digit")]
async fn digits(world: &mut World) {
    world.judge(expect::ids_digit_for_digit).await;
}

#[then(expr = "those messages reach AIOS in the order they were sent")]
async fn order(world: &mut World) {
    world.judge(expect::in_order).await;
}

#[then(expr = "that message is not forwarded")]
async fn not_forwarded(world: &mut World) {
    world.judge(expect::not_forwarded).await;
}

#[then(expr = "only the owner's message is forwarded")]
async fn only_owner(world: &mut World) {
    let owner = world.session.cast.owner.clone();
    world.judge(|timeline| expect::forwarded_only_from(timeline, &[&owner])).await;
}

#[then(expr = "the owner's and the friend's messages are forwarded, the stranger's is not")]
async fn owner_and_friend(world: &mut World) {
    let (owner, friend) = (world.session.cast.owner.clone(), world.session.cast.friend.clone());
    world.judge(|timeline| expect::forwarded_only_from(timeline, &[&owner, &friend])).await;
}

#[then(expr = "that message is reported as denied and its body goes nowhere")]
async fn denied(world: &mut World) {
    world.judge(|timeline| expect::reported_without_body(timeline, "access_denied")).await;
}

#[then(expr = "that message is reported as a group message and its body goes nowhere")]
async fn group(world: &mut World) {
    world.judge(|timeline| expect::reported_without_body(timeline, "group_message")).await;
}

#[then(regex = r"^AIOS is offered that message again(, identical but for the retry count| with the same dedup key| with the same correlation id)$")]
async fn offered_again(world: &mut World, how: String) {
    let same = match how.as_str() {
        " with the same dedup key" => Sameness::DedupKey,
        " with the same correlation id" => Sameness::Correlation,
        _ => Sameness::Identical,
    };
    if world.session.mood() == Mood::Silent {
        // Whoever was killed over an unanswered event has nothing to wait for: the fence decides.
        world.session.set_mood(Mood::Open);
        world.judge(|timeline| expect::offered_again(timeline, same)).await;
        return;
    }
    let offered = world
        .session
        .until("the message to be offered to AIOS again", |timeline| {
            expect::was_offered_again(timeline).then_some(())
        })
        .await;
    world.session.set_mood(Mood::Open);
    if world.drive(offered).is_some() {
        world.judge_now(|timeline| expect::offered_again(timeline, same));
    }
}

#[then(expr = "every event carries the required envelope fields")]
async fn required_fields(world: &mut World) {
    world.judge(expect::required_fields).await;
}

#[then(expr = "every event names the channel {string} and the target {string}")]
async fn channel_and_target(world: &mut World, channel: String, target: String) {
    world.judge(|timeline| expect::channel_and_target(timeline, &channel, &target)).await;
}

#[then(expr = "every event is of one of the four inbound types")]
async fn inbound_types(world: &mut World) {
    world.judge(expect::inbound_types).await;
}

#[then(expr = "every event is valid by the published schema")]
async fn valid(world: &mut World) {
    world.judge(expect::valid_by_schema).await;
}

#[then(expr = "every event about a message names that message and a dedup key")]
async fn ids(world: &mut World) {
    world.judge(expect::message_ids).await;
}

#[then(expr = "an audit record can be derived from every event without its body")]
async fn audit_records(world: &mut World) {
    world.judge(expect::audit_records).await;
}

#[then(expr = "every event carries the configured workspace and agent")]
async fn route(world: &mut World) {
    world.judge(expect::configured_route).await;
}

#[then(expr = "all events carry one and the same route")]
async fn one_route(world: &mut World) {
    world.judge(expect::one_route).await;
}

#[then(expr = "messages of one person share a session and different people have different ones")]
async fn sessions(world: &mut World) {
    world.judge(expect::sessions_follow_people).await;
}

#[then(expr = "the numbers of first sendings increase within each stream")]
async fn numbers(world: &mut World) {
    world.judge(expect::numbers_increase).await;
}

#[then(expr = "the stream of the second process is a new one")]
async fn stream(world: &mut World) {
    world.judge(expect::stream_is_new).await;
}

#[then(expr = "each of those messages has a correlation id of its own")]
async fn correlation(world: &mut World) {
    world.judge(expect::correlation_ids_differ).await;
}

#[then(expr = "the event is dated with the time of that message")]
async fn dated(world: &mut World) {
    world.judge(expect::dated_with_message).await;
}

#[then(expr = "the receipt carries the ids of the action")]
fn receipt(world: &mut World) {
    world.judge_now(expect::receipt_carries_ids);
}

#[then(expr = "the answer reaches the owner")]
fn answer_reaches(world: &mut World) {
    let owner = world.session.cast.owner.clone();
    world.judge_now(|timeline| expect::action_reached(timeline, &owner));
}

#[then(expr = "the action is rejected with {string} and nothing reaches the stranger")]
async fn rejected(world: &mut World, code: String) {
    world.judge(|timeline| expect::action_rejected(timeline, &code)).await;
}

#[then(expr = "an answer to the owner is delivered")]
async fn owner_answered(world: &mut World) {
    let owner = world.session.cast.owner.clone();
    let reply_to = world.session.last_from(&owner);
    let text = world.session.cast.text();
    let sent = world.session.send_to(Person::Owner, &text, reply_to.as_deref()).await;
    if world.drive(sent).is_some() {
        world.judge_now(|timeline| expect::action_reached(timeline, &owner));
    }
}
