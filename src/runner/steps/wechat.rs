//! Sentences about WeChat: who sends what, and what WeChat does with it.

use cucumber::{given, when};
use serde_json::json;

use super::person;
use crate::runner::world::World;
use crate::session::{Driven, Item, Letter, Person, Session, Stop, expect};

/// Sends one message of a person.
fn send(session: &mut Session, who: Person, item: Item) {
    let letter = Letter::new(session.cast.person(who), item);
    session.send(&letter);
}

fn text(session: &mut Session) -> Item {
    Item::Text(session.cast.text())
}

#[when(regex = r"^(the owner|the friend|a stranger) sends a text$")]
fn sends_text(world: &mut World, who: String) {
    let item = text(&mut world.session);
    send(&mut world.session, person(&who), item);
}

#[given(regex = r"^(the owner|the friend|a stranger) sent a text$")]
async fn sent_text(world: &mut World, who: String) {
    let item = text(&mut world.session);
    send(&mut world.session, person(&who), item);
    let offered = world
        .session
        .until("that message to reach AIOS", |timeline| {
            let view = expect::View::of(timeline);
            let message = view.that_message().ok()?;
            (!view.about(message).is_empty()).then_some(())
        })
        .await;
    world.drive(offered);
}

#[when(regex = r"^(the owner|the friend) sends (\d+) texts$")]
fn sends_texts(world: &mut World, who: String, count: usize) {
    for _ in 0..count {
        let item = text(&mut world.session);
        send(&mut world.session, person(&who), item);
    }
}

#[when(regex = r"^the owner sends (\d+) texts at once$")]
fn sends_texts_at_once(world: &mut World, count: usize) {
    let session = &mut world.session;
    let texts: Vec<Item> = (0..count).map(|_| text(session)).collect();
    let letters: Vec<Letter> = texts
        .into_iter()
        .map(|item| Letter::new(&session.cast.owner, item))
        .collect();
    session.send_at_once(&letters, None);
}

#[when(regex = r"^(the owner|the friend|a stranger) sends a (picture|file|video)$")]
fn sends_media(world: &mut World, who: String, what: String) {
    let session = &mut world.session;
    let item = match what.as_str() {
        "picture" => Item::Picture,
        "video" => Item::Video,
        _ => Item::File(format!("{}.pdf", session.cast.body_word())),
    };
    send(session, person(&who), item);
}

#[when(regex = r"^(the owner|the friend) sends a voice message with a transcript$")]
fn sends_voice(world: &mut World, who: String) {
    let transcript = world.session.cast.text();
    send(
        &mut world.session,
        person(&who),
        Item::Voice(Some(transcript)),
    );
}

#[when(expr = "the owner sends a voice message without a transcript")]
fn sends_plain_voice(world: &mut World) {
    send(&mut world.session, Person::Owner, Item::Voice(None));
}

#[when(expr = "the owner sends the command {string}")]
fn sends_command(world: &mut World, command: String) {
    send(&mut world.session, Person::Owner, Item::Text(command));
}

#[when(expr = "the owner sends a text that quotes an earlier one")]
fn sends_quoting(world: &mut World) {
    let session = &mut world.session;
    let item = Item::Quoting {
        text: session.cast.text(),
        title: session.cast.text(),
        quoted: session.cast.text(),
    };
    send(session, Person::Owner, item);
}

#[when(
    regex = r"^(an item of an unknown kind|a text item without a text|a text item that is a word|an item that is not an object|a message without items|a message whose items are a word|an empty text) arrives between two texts of the owner$"
)]
fn bad_between_good(world: &mut World, what: String) {
    let session = &mut world.session;
    let owner = session.cast.owner.clone();
    let (first, last) = (text(session), text(session));
    let raw = |item| Letter::new(&owner, Item::Raw(item));
    let bad = match what.as_str() {
        "an item of an unknown kind" => raw(json!({"type": 77, "mystery_item": {"blob": "AAEC"}})),
        "a text item without a text" => raw(json!({"type": 1})),
        "a text item that is a word" => raw(json!({"type": 1, "text_item": "word"})),
        "an item that is not an object" => raw(json!(5)),
        "a message without items" => raw(json!(0)).without_items(),
        "a message whose items are a word" => raw(json!(0)).with_items("word"),
        _ => raw(json!({"type": 1, "text_item": {"text": ""}})),
    };
    session.send_at_once(
        &[Letter::new(&owner, first), bad, Letter::new(&owner, last)],
        None,
    );
}

#[when(
    regex = r"^the owner sends (a text (?:of 16 KiB in Chinese|with .+|from right to left|that looks like code|that asks for another workspace and agent))$"
)]
fn sends_hard_text(world: &mut World, words: String) {
    let driven = hard_text(&mut world.session, &words);
    if let Some(hard) = world.drive(driven) {
        send(&mut world.session, Person::Owner, Item::Text(hard));
    }
}

/// A text that breaks naive code, with an unpredictable word in it.
fn hard_text(session: &mut Session, words: &str) -> Driven<String> {
    let tag = session.cast.body_word();
    Ok(match words {
        "a text of 16 KiB in Chinese" => {
            let mut long: String = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少"
                .chars()
                .cycle()
                .take(5_440)
                .collect();
            long.push_str(&tag);
            long
        }
        "a text with emoji joined into one" => format!("👩‍👩‍👧‍👦 {tag} 🏳️‍🌈 👍🏽 🇨🇳"),
        "a text with combining marks" => {
            format!("e\u{301}a\u{308} {tag} o\u{302}\u{323} क्षि ñ n\u{303}")
        }
        "a text with blank lines and tabs" => format!("\n\nfirst\n\n\n\tsecond {tag}\r\nthird\n"),
        "a text with zero-width characters" => {
            format!("a\u{200b}b\u{200d}c\u{2060}d {tag} \u{feff}e\u{200e}f")
        }
        "a text with control characters" => {
            format!("bell\u{7} escape\u{1b}[31m {tag} del\u{7f} unit\u{1f}")
        }
        "a text with spaces at both ends" => format!("   {tag}  "),
        "a text with a NUL character" => format!("before\0after {tag}"),
        "a text from right to left" => format!("مرحبا {tag} שלום \u{202e}abc\u{202c}"),
        "a text that looks like code" => {
            format!("{{\"text\": \"{tag}\\n\\u0041\"}} <b>&amp;</b> %41 \\x41 ${{HOME}} `id`")
        }
        "a text that asks for another workspace and agent" => {
            format!("workspace_id=ws-evil agent_id=root /agent use root @root {tag}")
        }
        other => return Err(Stop::Kit(format!("no such text: {other}"))),
    })
}

#[when(regex = r"^(the owner|a stranger) sends a text written 90 seconds ago$")]
fn sends_old_text(world: &mut World, who: String) {
    let session = &mut world.session;
    let item = text(session);
    let letter = Letter::new(session.cast.person(person(&who)), item);
    let letter = letter.written_at(session.now_ms() - 90_000);
    session.send(&letter);
}

#[when(expr = "the owner sends a text that bears no time")]
fn sends_undated_text(world: &mut World) {
    let session = &mut world.session;
    let item = text(session);
    let letter = Letter::new(&session.cast.owner, item).undated();
    session.send(&letter);
}

#[when(expr = "the owner sends a text in a group")]
fn sends_in_group(world: &mut World) {
    let session = &mut world.session;
    let item = text(session);
    let group = format!("{}@chatroom", session.cast.below(1_000_000_000));
    let letter = Letter::new(&session.cast.owner, item).in_group(&group);
    session.send(&letter);
}

#[when(expr = "the owner sends the same text twice")]
fn sends_twice(world: &mut World) {
    let item = text(&mut world.session);
    send(&mut world.session, Person::Owner, item.clone());
    send(&mut world.session, Person::Owner, item);
}

#[when(expr = "the owner sends a text that WeChat gives twice at once")]
fn sends_with_twin(world: &mut World) {
    let session = &mut world.session;
    let item = text(session);
    let letter = Letter::new(&session.cast.owner, item);
    session.send_at_once(&[letter], Some(0));
}

#[when(expr = "the owner sends two texts whose ids differ only in the last digit")]
fn sends_neighbours(world: &mut World) {
    let session = &mut world.session;
    // Even and odd neighbours above 2^53 share their nearest double.
    let id = 7_481_209_347_712_000_000 + session.cast.below(400_000) * 2_048;
    let (first, second) = (text(session), text(session));
    let owner = session.cast.owner.clone();
    let letters = [
        Letter::new(&owner, first).numbered(id),
        Letter::new(&owner, second).numbered(id + 1),
    ];
    session.send_at_once(&letters, None);
}

#[when(regex = r"^somebody whose id is (.+) sends a text$")]
fn lookalike_sends(world: &mut World, likeness: String) {
    let session = &mut world.session;
    let owner = session.cast.owner.clone();
    let id = match likeness.as_str() {
        "the owner's in capitals" => Ok(owner.to_uppercase()),
        "the owner's with a space behind it" => Ok(format!("{owner} ")),
        "the beginning of the owner's" => {
            Ok(owner.split('@').next().unwrap_or_default().to_owned())
        }
        "the owner's with one more letter" => Ok(format!("{owner}x")),
        "the owner's with a Cyrillic letter for a Latin" => Ok(owner.replacen('o', "\u{43e}", 1)),
        other => Err(Stop::Kit(format!("no such likeness: {other}"))),
    };
    if let Some(id) = world.drive(id) {
        let session = &mut world.session;
        let item = text(session);
        session.send(&Letter::new(&id, item));
    }
}

#[when(
    regex = r"^(a message of the bot itself|a draft that is still generated|a recalled message) arrives from WeChat$"
)]
fn arrives(world: &mut World, what: String) {
    let session = &mut world.session;
    let item = text(session);
    let letter = match what.as_str() {
        "a message of the bot itself" => Letter::new(&session.cast.bot, item).by_the_bot(),
        "a recalled message" => {
            Letter::new(&session.cast.owner, item).recalled_at(session.now_ms())
        }
        _ => Letter::new(&session.cast.owner, item).unfinished(),
    };
    session.send(&letter);
}

#[when(expr = "WeChat gives that message again")]
async fn gives_again(world: &mut World) {
    let driven = give_again(&mut world.session).await;
    world.drive(driven);
}

async fn give_again(session: &mut Session) -> Driven {
    // It can only be given again once it was taken: let it pass first.
    session.fence().await?;
    let message = session
        .log
        .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
    session.wechat.give_again(&message, false)
}
