//! Properties of the reference adapter's pure parts, over inputs nobody thought of.

use std::collections::{BTreeMap, BTreeSet};

use aios_wechat::contract::{Id, Integration, MessageStatus, PairingState, from_bytes};
use aios_wechat::reference::context::ContextTokens;
use aios_wechat::reference::dedup::Dedup;
use aios_wechat::reference::gate::{Admission, Gate};
use aios_wechat::reference::ledger::{Ledger, Verdict};
use aios_wechat::reference::normalize::{Arrival, Content, Letter, Reader};
use aios_wechat::reference::render::chunks;
use aios_wechat::reference::state::StateDocument;
use aios_wechat::wire::Raw;
use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

fn integration(auth: &Value, policy: &Value, cache: bool) -> Integration {
    let mut auth = auth.clone();
    auth["credential_ref"] = "secret://a".into();
    let document = json!({
        "channel_id": "wx", "channel_type": "dialog", "target": "wechat", "enabled": true,
        "auth": auth, "config": {"cursor_key": "wx", "context_cache": cache},
        "route": {"workspace_id": "w", "agent_id": "a"}, "policy": policy,
    });
    from_bytes(document.to_string().as_bytes()).unwrap()
}

/// A few people, so that lists and senders meet often.
fn person() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["ann", "Ann", "ann ", "an", "annn", "bob", "eve"])
        .prop_map(str::to_owned)
}

fn id(text: &str) -> Id {
    Id::try_from(text).unwrap()
}

fn reader() -> Reader {
    Reader {
        bot_id: id("bot@im.bot"),
        voice_to_text: true,
    }
}

fn letter(json: &Value) -> Option<Letter> {
    match reader().read(&Raw::parse(&json.to_string()).unwrap()) {
        Arrival::Letter(letter) => Some(*letter),
        Arrival::NotALetter | Arrival::Unreadable => None,
    }
}

fn text_message(number: u64, from: &str, text: &str) -> Value {
    json!({
        "message_id": number, "from_user_id": from, "client_id": format!("c{number}"),
        "create_time_ms": 1_000 + number % 1_000_000_000_000, "message_type": 1, "message_state": 2,
        "context_token": format!("token {number}"),
        "item_list": [{"type": 1, "text_item": {"text": text}}],
    })
}

/// JSON of any shape, with the names that the wire has.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "message_id",
        "from_user_id",
        "client_id",
        "create_time_ms",
        "delete_time_ms",
        "group_id",
        "message_type",
        "message_state",
        "item_list",
        "context_token",
        "type",
        "text_item",
        "text",
        "voice_item",
        "image_item",
        "file_item",
        "file_name",
        "len",
        "ref_msg",
        "svr_id",
        "x",
    ]);
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn chunks_are_within_the_limit_and_joined_are_the_text(text in "\\PC{0,200}|[ae\u{301}\u{200d}👩‍👧\r\n]{0,200}", limit in 1_usize..40) {
        let chunks = chunks(&text, limit);
        prop_assert_eq!(chunks.concat(), text.clone());
        prop_assert!(chunks.iter().all(|chunk| (1..=limit).contains(&chunk.chars().count())));
        let mut cut = 0;
        let borders: BTreeSet<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        for pair in chunks.windows(2) {
            cut += pair[0].len();
            let torn = text.grapheme_indices(true).rfind(|(at, _)| *at < cut);
            let alone = torn.is_some_and(|(_, cluster)| cluster.chars().count() > limit);
            prop_assert!(borders.contains(&cut) || alone, "a cut inside a character at {}", cut);
        }
    }

    #[test]
    fn only_the_owner_and_the_listed_are_admitted(
        owner in prop::option::of(person()),
        listed in prop::collection::btree_set(person(), 0..4),
        owner_only: bool,
        sender in person(),
    ) {
        prop_assume!(owner.is_some() || (!listed.is_empty() && !owner_only));
        let mut auth = json!({"allowlist": listed});
        if let Some(owner) = &owner {
            auth["owner_user_id"] = owner.clone().into();
        }
        let gate = Gate::new(
            &integration(&auth, &json!({"owner_only": owner_only}), false),
            BTreeMap::new(),
        );
        let admitted = owner.as_ref() == Some(&sender) || (!owner_only && listed.contains(&sender));
        prop_assert_eq!(gate.admit(&id(&sender)) == Admission::Forward, admitted);
        prop_assert_eq!(gate.refusal(&id(&sender)).is_none(), admitted);
    }

    #[test]
    fn nobody_unpaired_is_forwarded(
        steps in prop::collection::vec((person(), 0_u8..4), 0..40),
    ) {
        let document = integration(
            &json!({"owner_user_id": "bob", "allowlist": ["ann", "Ann"]}),
            &json!({"pairing_required": true}),
            false,
        );
        let mut gate = Gate::new(&document, BTreeMap::new());
        let mut decided: BTreeMap<String, PairingState> = BTreeMap::new();
        for (now, (person, step)) in (0..).zip(steps) {
            let state = match step {
                0 => PairingState::Approved,
                1 => PairingState::Denied,
                2 => {
                    gate.hold(&id(&person), now);
                    continue;
                }
                _ => {
                    // A restart keeps what was decided.
                    let kept = gate.pairings().map(|(person, it)| (person.to_string(), it));
                    gate = Gate::new(&document, kept.collect());
                    continue;
                }
            };
            if gate.decide(&id(&person), state, now).is_ok() {
                decided.insert(person, state);
            }
        }
        for person in ["ann", "Ann", "eve"] {
            let approved = decided.get(person) == Some(&PairingState::Approved);
            prop_assert_eq!(gate.admit(&id(person)) == Admission::Forward, approved);
        }
        prop_assert_eq!(gate.admit(&id("bob")), Admission::Forward);
    }

    #[test]
    fn a_key_is_known_exactly_within_the_window_after_its_last_settlement(
        window in 1_i64..100,
        steps in prop::collection::vec((0_u8..5, 0_i64..40_000), 1..60),
    ) {
        let mut dedup = Dedup::with_window(window);
        let mut oracle: BTreeMap<u8, i64> = BTreeMap::new();
        let mut now = 0;
        for (key, pause) in steps {
            now += pause;
            let known = oracle.get(&key).is_some_and(|at| now - at < window * 1_000);
            prop_assert_eq!(dedup.knows(&key.to_string(), now), known);
            if !known {
                dedup.remember(&key.to_string(), now);
                oracle.insert(key, now);
            }
            dedup = Dedup::restored(window, dedup.settled().clone());
        }
        let fresh = oracle.values().filter(|at| now - **at < window * 1_000).count();
        prop_assert!(dedup.settled().len() <= fresh.max(1) + 4);
    }

    #[test]
    fn a_token_never_serves_another_person(
        cache: bool,
        steps in prop::collection::vec((person(), 0_u8..6, any::<bool>()), 1..40),
        peer in person(),
        reply_to in prop::option::of(0_u8..6),
    ) {
        let mut tokens = ContextTokens::restored(cache, BTreeMap::new());
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        let mut of_message: BTreeMap<u8, (String, String)> = BTreeMap::new();
        for (now, (person, message, refused)) in (0..).zip(steps) {
            let token = format!("{person} {now}");
            tokens.learn(&person, &message.to_string(), &token, now);
            newest.insert(person.clone(), token.clone());
            of_message.insert(message, (person.clone(), token.clone()));
            if refused {
                tokens.refuse(&token);
                newest.remove(&person);
                of_message.remove(&message);
            }
        }
        let asked = reply_to.map(|number| number.to_string());
        let expected = if cache {
            newest.get(&peer).cloned()
        } else {
            let held = reply_to.and_then(|number| of_message.get(&number));
            held.filter(|(person, _)| *person == peer).map(|(_, token)| token.clone())
        };
        prop_assert_eq!(tokens.usable(&peer, asked.as_deref()).map(str::to_owned), expected);
    }

    #[test]
    fn whatever_wechat_says_is_read_without_a_panic_and_alike_each_time(value in any_json()) {
        let raw = Raw::parse(&value.to_string()).unwrap();
        let arrival = reader().read(&raw);
        prop_assert_eq!(&arrival, &reader().read(&raw));
        if let Arrival::Letter(letter) = arrival {
            prop_assert_ne!(letter.sender.as_str(), "bot@im.bot");
        }
    }

    #[test]
    fn a_text_is_handed_on_character_for_character(text in "\\PC{1,60}|[\u{0}-\u{20}\u{200b}\u{202e}é👩‍👧]{1,60}", number in 1_u64..) {
        let letter = letter(&text_message(number, "ann", &text)).unwrap();
        prop_assert_eq!(letter.ids.message_id.as_str(), number.to_string());
        match letter.content {
            Content::Message(payload) => prop_assert_eq!(payload.text.expose(), text),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn dedup_keys_are_equal_exactly_for_equal_messages(
        a in (0_u64..3, person(), 0_u64..3, 0_u64..3),
        b in (0_u64..3, person(), 0_u64..3, 0_u64..3),
    ) {
        let key = |(number, from, client, time): &(u64, String, u64, u64)| {
            let mut message = text_message(100 + number, from, "hi");
            message["client_id"] = if *client == 0 { "".into() } else { client.to_string().into() };
            message["create_time_ms"] = (*time).into();
            letter(&message).unwrap().ids.dedup_key
        };
        let identity = |(number, from, client, time): &(u64, String, u64, u64)| {
            if *client == 0 || *time == 0 {
                (Some(*number), None)
            } else {
                (None, Some((from.clone(), *client, *time)))
            }
        };
        prop_assert_eq!(key(&a) == key(&b), identity(&a) == identity(&b));
    }

    /// The ledger as a whole: whatever comes in whatever order, over restarts, each message is
    /// forwarded once, nobody denied gets through, and nothing that was said is kept.
    #[test]
    fn a_ledger_forwards_each_admitted_message_once_and_keeps_no_word(
        steps in prop::collection::vec((1_u64..12, 0_u8..8), 1..60),
    ) {
        let document = integration(
            &json!({"owner_user_id": "ann", "allowlist": ["bob"]}),
            &json!({"dedup_window_sec": 3600}),
            false,
        );
        let mut ledger = Ledger::open(&document, StateDocument::default());
        let mut forwarded = BTreeSet::new();
        for (now, (number, step)) in (0..).zip(steps) {
            if step == 7 {
                ledger = Ledger::open(&document, ledger.document());
                continue;
            }
            let from = ["ann", "bob", "eve"][usize::try_from(number % 3).unwrap()];
            let Some(letter) = letter(&text_message(number, from, "SECRET WORDS")) else { continue };
            let verdict = ledger.judge(&letter, now);
            match &verdict {
                Verdict::Message(_) => {
                    prop_assert_ne!(from, "eve");
                    prop_assert!(!forwarded.contains(&number));
                }
                Verdict::Report { status, .. } => {
                    prop_assert_eq!((from, *status), ("eve", MessageStatus::AccessDenied));
                }
                Verdict::Known => prop_assert!(forwarded.contains(&number)),
                other => prop_assert!(false, "{:?}", other),
            }
            // A crash may come between judgement and settlement.
            if step > 1 && verdict != Verdict::Known {
                ledger.settle(&letter, &verdict, now);
                forwarded.insert(number);
            }
            let kept = serde_json::to_string(&ledger.document()).unwrap();
            prop_assert!(!kept.contains("SECRET") && !kept.contains("token"));
        }
    }

    #[test]
    fn a_position_moves_only_when_it_is_told_and_outlives_a_restart(
        cursors in prop::collection::vec("[a-z]{0,3}", 0..20),
    ) {
        let document = integration(&json!({"owner_user_id": "ann"}), &json!({}), false);
        let mut ledger = Ledger::open(&document, StateDocument::default());
        let mut position = String::new();
        for cursor in cursors {
            prop_assert_eq!(ledger.is_elsewhere(&cursor), !cursor.is_empty() && cursor != position);
            if ledger.is_elsewhere(&cursor) {
                ledger.move_to(cursor.clone());
                position = cursor;
            }
            ledger = Ledger::open(&document, ledger.document());
            prop_assert_eq!(ledger.cursor(), position.as_str());
        }
    }
}
