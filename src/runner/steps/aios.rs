//! Sentences about AIOS: how it receives, what it asks for, what it got.

use cucumber::{given, then, when};

use crate::runner::bench::Bench;
use crate::runner::world::World;
use crate::session::expect::{self, Sameness};
use crate::session::{Driven, Mood, Person, Session};

#[given(expr = "AIOS is unavailable")]
fn unavailable(world: &mut World) {
    world.session.set_mood(Mood::Unavailable);
}

#[given(expr = "AIOS leaves events unanswered")]
fn silent(world: &mut World) {
    world.session.set_mood(Mood::Silent);
}

#[when(regex = r"^AIOS is available again after the adapter tried twice$")]
async fn available_again(world: &mut World) {
    let tried = world
        .session
        .until("the adapter to try twice", |timeline| {
            (expect::tries(timeline) >= 2).then_some(())
        })
        .await;
    world.session.set_mood(Mood::Open);
    world.drive(tried);
}

#[then(expr = "a text from the owner reaches AIOS")]
async fn owner_gets_through(bench: &mut Bench) {
    let speaks = async |session: &mut Session| {
        let text = session.cast.text();
        session.say(Person::Owner, &text);
        session.fence().await
    };
    bench.first(speaks).await;
    bench.judge_now(expect::forwarded_unchanged);
}

#[then(expr = "that message reaches AIOS with its text unchanged")]
async fn unchanged(bench: &mut Bench) {
    bench.judge(expect::forwarded_unchanged).await;
}

#[then(expr = "AIOS receives that message exactly once")]
async fn exactly_once(bench: &mut Bench) {
    bench.judge(expect::forwarded_exactly_once).await;
}

#[then(expr = "AIOS receives both messages")]
async fn both(bench: &mut Bench) {
    bench.judge(expect::all_forwarded).await;
}

#[then(expr = "each message id is handed on digit for digit")]
async fn digits(bench: &mut Bench) {
    bench.judge(expect::ids_digit_for_digit).await;
}

#[then(expr = "those messages reach AIOS in the order they were sent")]
async fn order(bench: &mut Bench) {
    bench.judge(expect::in_order).await;
}

#[then(expr = "that message is not forwarded")]
async fn not_forwarded(bench: &mut Bench) {
    bench.judge(expect::not_forwarded).await;
}

#[then(expr = "only the owner's message is forwarded")]
async fn only_owner(bench: &mut Bench) {
    let owner = bench.person(Person::Owner);
    bench
        .judge(|timeline| expect::forwarded_only_from(timeline, &[&owner]))
        .await;
}

#[then(expr = "the owner's and the friend's messages are forwarded, the stranger's is not")]
async fn owner_and_friend(bench: &mut Bench) {
    let (owner, friend) = (bench.person(Person::Owner), bench.person(Person::Friend));
    bench
        .judge(|timeline| expect::forwarded_only_from(timeline, &[&owner, &friend]))
        .await;
}

#[then(expr = "that message is reported as denied and its body goes nowhere")]
async fn denied(bench: &mut Bench) {
    bench
        .judge(|timeline| expect::reported_without_body(timeline, "access_denied"))
        .await;
}

#[then(expr = "that message is reported as a group message and its body goes nowhere")]
async fn group(bench: &mut Bench) {
    bench
        .judge(|timeline| expect::reported_without_body(timeline, "group_message"))
        .await;
}

#[then(
    regex = r"^AIOS is offered that message again(, identical but for the retry count| with the same dedup key| with the same correlation id)$"
)]
async fn offered_again(bench: &mut Bench, how: String) {
    let same = match how.as_str() {
        " with the same dedup key" => Sameness::DedupKey,
        " with the same correlation id" => Sameness::Correlation,
        _ => Sameness::Identical,
    };
    bench.first(opens_again).await;
    bench.judge_now(|timeline| expect::offered_again(timeline, same));
}

async fn opens_again(session: &mut Session) -> Driven {
    if session.mood() == Mood::Silent {
        // Whoever was killed over an unanswered event has nothing to wait for: the fence decides.
        session.set_mood(Mood::Open);
        return session.fence().await;
    }
    let offered = session
        .until("the message to be offered to AIOS again", |timeline| {
            expect::was_offered_again(timeline).then_some(())
        })
        .await;
    session.set_mood(Mood::Open);
    offered
}

#[then(expr = "every event carries the required envelope fields")]
async fn required_fields(bench: &mut Bench) {
    bench.judge(expect::required_fields).await;
}

#[then(expr = "every event names the channel {string} and the target {string}")]
async fn channel_and_target(bench: &mut Bench, channel: String, target: String) {
    bench
        .judge(|timeline| expect::channel_and_target(timeline, &channel, &target))
        .await;
}

#[then(expr = "every event is of one of the four inbound types")]
async fn inbound_types(bench: &mut Bench) {
    bench.judge(expect::inbound_types).await;
}

#[then(expr = "every event is valid by the published schema")]
async fn valid(bench: &mut Bench) {
    bench.judge(expect::valid_by_schema).await;
}

#[then(expr = "every event about a message names that message and a dedup key")]
async fn ids(bench: &mut Bench) {
    bench.judge(expect::message_ids).await;
}

#[then(expr = "an audit record can be derived from every event without its body")]
async fn audit_records(bench: &mut Bench) {
    bench.judge(expect::audit_records).await;
}

#[then(expr = "every event carries the configured workspace and agent")]
async fn route(bench: &mut Bench) {
    bench.judge(expect::configured_route).await;
}

#[then(expr = "all events carry one and the same route")]
async fn one_route(bench: &mut Bench) {
    bench.judge(expect::one_route).await;
}

#[then(expr = "messages of one person share a session and different people have different ones")]
async fn sessions(bench: &mut Bench) {
    bench.judge(expect::sessions_follow_people).await;
}

#[then(expr = "the numbers of first sendings increase within each stream")]
async fn numbers(bench: &mut Bench) {
    bench.judge(expect::numbers_increase).await;
}

#[then(expr = "the stream of the second process is a new one")]
async fn stream(bench: &mut Bench) {
    bench.judge(expect::stream_is_new).await;
}

#[then(expr = "each of those messages has a correlation id of its own")]
async fn correlation(bench: &mut Bench) {
    bench.judge(expect::correlation_ids_differ).await;
}

#[then(expr = "the event is dated with the time of that message")]
async fn dated(bench: &mut Bench) {
    bench.judge(expect::dated_with_message).await;
}

#[then(expr = "the event is dated with the time at which that message arrived")]
async fn dated_on_arrival(bench: &mut Bench) {
    bench.judge(expect::dated_with_arrival).await;
}

#[then(expr = "the friend is reported as unpaired once and nothing of it is forwarded")]
async fn unpaired_once(bench: &mut Bench) {
    bench.judge(expect::held_and_reported_once).await;
}

#[then(expr = "the friend's last message is forwarded, the first is not")]
async fn last_forwarded(bench: &mut Bench) {
    bench.judge(expect::only_last_forwarded).await;
}

#[then(expr = "that message reaches AIOS as a message whose text is the transcript")]
async fn transcript(bench: &mut Bench) {
    bench.judge(expect::transcript_forwarded).await;
}

#[then(regex = r"^that message reaches AIOS as metadata of a (image|file|video|voice)$")]
async fn metadata(bench: &mut Bench, kind: String) {
    bench
        .judge(|timeline| expect::metadata_forwarded(timeline, &kind))
        .await;
}

#[then(expr = "no event holds what opens or fetches an attachment")]
async fn nothing_opens(bench: &mut Bench) {
    bench.judge(expect::nothing_opens_attachments).await;
}

#[then(expr = "the quoted words go nowhere")]
async fn quoted_nowhere(bench: &mut Bench) {
    bench.judge(expect::quoted_words_go_nowhere).await;
}

#[then(expr = "it is not said to quote another")]
fn quotes_nothing(bench: &mut Bench) {
    bench.judge_now(expect::quotes_nothing);
}

#[then(expr = "both texts reach AIOS")]
async fn texts_reach(bench: &mut Bench) {
    bench.judge(expect::texts_forwarded).await;
}

#[then(expr = "the bad message is reported")]
async fn bad_reported(bench: &mut Bench) {
    bench.judge(expect::others_reported).await;
}

#[then(expr = "the adapter asked AIOS for nothing")]
async fn asked_nothing(bench: &mut Bench) {
    bench.judge(expect::asked_for_nothing).await;
}

#[then(expr = "nothing was sent to anybody")]
async fn nothing_sent(bench: &mut Bench) {
    bench.judge(expect::nothing_was_sent).await;
}

#[then(expr = "AIOS received nothing but the owner's own messages")]
async fn only_people(bench: &mut Bench) {
    bench.judge(expect::only_people_spoke).await;
}
