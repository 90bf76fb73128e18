//! A corpus of edits of our own schemas, each with its verdict in both directions and what shows it.

use aios_wechat::contract::Kind;
use aios_wechat::diff::{Answer, Comparer};
use aios_wechat::publish;
use serde_json::{Value, json};

use super::edit::{at, release, rename, require, set, take, word};

/// One change: its name, the document, the edit, and what shows it from old to new and from new to old: how
/// the witness differs from a smallest document of its kind. Empty: nothing breaks.
struct Change {
    name: &'static str,
    kind: Kind,
    edit: fn(&mut Value),
    shows: [&'static str; 2],
}

/// A smallest document of a kind.
fn smallest(kind: Kind) -> Value {
    match kind {
        Kind::Config => json!({
            "auth": {"allowlist": ["a"], "credential_ref": "secret://a"}, "channel_id": "a", "channel_type": "dialog",
            "config": {"cursor_key": "a"}, "enabled": true, "route": {"agent_id": "a", "workspace_id": "a"},
            "target": "wechat",
        }),
        Kind::Health => json!({"health": "healthy", "recent_errors": []}),
        Kind::InboundEvent => json!({
            "agent_id": "a", "channel_type": "dialog", "correlation_id": "a", "event_type": "status", "payload": {},
            "seq": 1, "session_id": "a", "status_code": "recovered", "stream_id": "a", "target": "wechat",
            "timestamp": "0000-01-01T00:00:00Z", "workspace_id": "a",
        }),
        Kind::OutboundAction => json!({
            "agent_id": "a", "channel_type": "dialog", "correlation_id": "a", "event_type": "status",
            "message_id": "a", "payload": {"recipient": "a"}, "seq": 1, "session_id": "a", "status_code": "idle",
            "stream_id": "a", "target": "wechat", "timestamp": "0000-01-01T00:00:00Z", "workspace_id": "a",
        }),
        Kind::Receipt => json!({
            "chunks_sent": 0, "chunks_total": 0, "correlation_id": "a", "message_id": "a", "status_code": "applied",
            "wechat_message_ids": [],
        }),
        Kind::Capabilities => json!({
            "adapter_id": "a", "adapter_version": "a", "health": "healthy", "supported_features": ["message"],
            "supported_targets": ["wechat"],
        }),
        Kind::Driver => json!({"id": 0, "jsonrpc": "2.0", "result": {}}),
        Kind::Secrets => json!({}),
        other => panic!("the corpus has no {other}"),
    }
}

#[rustfmt::skip]
const CORPUS: &[Change] = &[
    Change { name: "an optional member becomes required", kind: Kind::Config,
        shows: ["{}", ""],
        edit: |s| require(s, "/required", "policy") },
    Change { name: "a required member becomes optional", kind: Kind::Config,
        shows: ["", r#"{"enabled":null}"#],
        edit: |s| release(s, "/required", "enabled") },
    Change { name: "a nested member becomes required", kind: Kind::Config,
        shows: ["{}", ""],
        edit: |s| require(s, "/$defs/Config/required", "transport_mode") },
    Change { name: "a nested member becomes optional", kind: Kind::Config,
        shows: ["", r#"{"route":{"agent_id":null}}"#],
        edit: |s| release(s, "/$defs/Route/required", "agent_id") },
    Change { name: "a word is added to a closed set", kind: Kind::Config,
        shows: ["", r#"{"config":{"transport_mode":"socket"}}"#],
        edit: |s| word(s, "/$defs/TransportMode/enum", "socket") },
    Change { name: "a word is taken from a closed set", kind: Kind::Config,
        shows: [r#"{"config":{"transport_mode":"webhook"}}"#, ""],
        edit: |s| set(s, "/$defs/TransportMode", "enum", json!(["polling"])) },
    Change { name: "a word is replaced by another", kind: Kind::Config,
        shows: [r#"{"config":{"transport_mode":"webhook"}}"#, r#"{"config":{"transport_mode":"push"}}"#],
        edit: |s| set(s, "/$defs/TransportMode", "enum", json!(["polling", "push"])) },
    Change { name: "an upper bound falls by one", kind: Kind::Config,
        shows: [r#"{"config":{"message_chunk_limit":4000}}"#, ""],
        edit: |s| set(s, "/$defs/Config/properties/message_chunk_limit", "maximum", json!(3999)) },
    Change { name: "an upper bound rises by one", kind: Kind::Config,
        shows: ["", r#"{"config":{"message_chunk_limit":4001}}"#],
        edit: |s| set(s, "/$defs/Config/properties/message_chunk_limit", "maximum", json!(4001)) },
    Change { name: "a lower bound rises by one", kind: Kind::Config,
        shows: [r#"{"policy":{"dedup_window_sec":1}}"#, ""],
        edit: |s| set(s, "/$defs/Policy/properties/dedup_window_sec", "minimum", json!(2)) },
    Change { name: "a lower bound falls by one", kind: Kind::Config,
        shows: ["", r#"{"policy":{"dedup_window_sec":0}}"#],
        edit: |s| set(s, "/$defs/Policy/properties/dedup_window_sec", "minimum", json!(0)) },
    Change { name: "a longest text is one shorter", kind: Kind::Config,
        shows: [r#"{"display_name":"a×100"}"#, ""],
        edit: |s| set(s, "/$defs/DisplayName", "maxLength", json!(99)) },
    Change { name: "a longest text is one longer", kind: Kind::Config,
        shows: ["", r#"{"display_name":"a×101"}"#],
        edit: |s| set(s, "/$defs/DisplayName", "maxLength", json!(101)) },
    Change { name: "an empty text is admitted", kind: Kind::Config,
        shows: ["", r#"{"display_name":""}"#],
        edit: |s| set(s, "/$defs/DisplayName", "minLength", json!(0)) },
    Change { name: "a longest list is one shorter", kind: Kind::Config,
        shows: [r#"{"auth":{"allowlist":"entries×1000"}}"#, ""],
        edit: |s| set(s, "/$defs/Auth/properties/allowlist", "maxItems", json!(999)) },
    Change { name: "a longest list is one longer", kind: Kind::Config,
        shows: ["", r#"{"auth":{"allowlist":"entries×1001"}}"#],
        edit: |s| set(s, "/$defs/Auth/properties/allowlist", "maxItems", json!(1001)) },
    Change { name: "entries may repeat", kind: Kind::Config,
        shows: ["", r#"{"auth":{"allowlist":["a","a"]}}"#],
        edit: |s| drop(take(s, "/$defs/Auth/properties/allowlist", "uniqueItems")) },
    Change { name: "a pattern admits one letter less", kind: Kind::Config,
        shows: [r#"{"route":{"workspace_id":"a."}}"#, ""],
        edit: |s| set(s, "/$defs/Slug", "pattern", json!("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")) },
    Change { name: "a pattern admits one letter more", kind: Kind::Config,
        shows: ["", r#"{"route":{"workspace_id":"a~"}}"#],
        edit: |s| set(s, "/$defs/Slug", "pattern", json!("^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$")) },
    Change { name: "a pattern loses a letter in the middle of a range", kind: Kind::Config,
        shows: [r#"{"route":{"workspace_id":"am"}}"#, ""],
        edit: |s| set(s, "/$defs/Slug", "pattern", json!("^[A-Za-z0-9][A-Za-ln-z0-9._-]{0,63}$")) },
    Change { name: "a pattern admits one letter fewer in number", kind: Kind::Config,
        shows: [r#"{"route":{"workspace_id":"a×64"}}"#, ""],
        edit: |s| set(s, "/$defs/Slug", "pattern", json!("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")) },
    Change { name: "a pattern begins with another word", kind: Kind::Config,
        shows: ["{}", r#"{"auth":{"credential_ref":"vault://a"}}"#],
        edit: |s| set(s, "/$defs/CredentialRef", "pattern", json!("^vault://[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")) },
    Change { name: "a member is renamed", kind: Kind::Config,
        shows: ["{}", r#"{"config":{"cursor_key":null,"position_key":"a"}}"#],
        edit: |s| {
            rename(s, "/$defs/Config/properties", "cursor_key", "position_key");
            set(s, "/$defs/Config", "required", json!(["position_key"]));
        } },
    Change { name: "an optional member is renamed", kind: Kind::Config,
        shows: [r#"{"config":{"context_cache":true}}"#, r#"{"config":{"token_cache":true}}"#],
        edit: |s| rename(s, "/$defs/Config/properties", "context_cache", "token_cache") },
    Change { name: "an optional member is added to a closed document", kind: Kind::Config,
        shows: ["", r#"{"policy":{"quiet_hours":true}}"#],
        edit: |s| set(s, "/$defs/Policy/properties", "quiet_hours", json!({"type": "boolean"})) },
    Change { name: "a required member is added to a closed document", kind: Kind::Config,
        shows: ["{}", r#"{"route":{"region":""}}"#],
        edit: |s| {
            set(s, "/$defs/Route/properties", "region", json!({"type": "string"}));
            require(s, "/$defs/Route/required", "region");
        } },
    Change { name: "a member is removed from a closed document", kind: Kind::Config,
        shows: [r#"{"route":{"default":true}}"#, ""],
        edit: |s| drop(take(s, "/$defs/Route/properties", "default")) },
    Change { name: "a closed document is opened", kind: Kind::Config,
        shows: ["", r#"{"policy":{"":0}}"#],
        edit: |s| drop(take(s, "/$defs/Policy", "additionalProperties")) },
    Change { name: "a condition between members is dropped", kind: Kind::Config,
        shows: ["", r#"{"policy":{"owner_only":true}}"#],
        edit: |s| { take(s, "", "if"); take(s, "", "then"); } },
    Change { name: "a condition between members is added", kind: Kind::Config,
        shows: [r#"{"config":{"voice_to_text":true}}"#, ""],
        edit: |s| {
            set(s, "/$defs/Config", "if", json!({"properties": {"voice_to_text": {"const": true}}, "required": ["voice_to_text"]}));
            set(s, "/$defs/Config", "then", json!({"required": ["context_cache"]}));
        } },
    Change { name: "a type changes", kind: Kind::Config,
        shows: [r#"{"policy":{"owner_only":false}}"#, r#"{"policy":{"owner_only":""}}"#],
        edit: |s| set(s, "/$defs/Policy/properties", "owner_only", json!({"type": "string"})) },
    Change { name: "an integer becomes a number", kind: Kind::Health,
        shows: ["", r#"{"recent_errors":[{"code":"timeout","count":1.5,"first_at":"0000-01-01T00:00:00Z","last_at":"0000-01-01T00:00:00Z"}]}"#],
        edit: |s| set(s, "/$defs/RecentError/properties/count", "type", json!("number")) },
    Change { name: "a constant changes", kind: Kind::InboundEvent,
        shows: [r#"{"event_type":"message","status_code":"forwarded","message_id":"a","dedup_key":"a","payload":{"origin":"text","sender":"a","text":"a"}}"#, r#"{"target":"weixin","event_type":"message","status_code":"forwarded","message_id":"a","dedup_key":"a","payload":{"origin":"text","sender":"a","text":"a"}}"#],
        edit: |s| set(s, "/$defs/MessageEvent/properties/target", "const", json!("weixin")) },
    Change { name: "a branch is removed from a union", kind: Kind::InboundEvent,
        shows: [r#"{"event_type":"error","error_code":"timeout","status_code":"failed"}"#, ""],
        edit: |s| drop(at(s, "/oneOf").as_array_mut().unwrap().pop()) },
    Change { name: "a branch is added to a union", kind: Kind::OutboundAction,
        shows: ["", r#"{"event_type":"recall","status_code":null,"payload":{"text":"a"}}"#],
        edit: |s| {
            let mut recall = at(s, "/$defs/MessageAction").clone();
            recall["properties"]["event_type"] = json!({"const": "recall"});
            set(s, "/$defs", "RecallAction", recall);
            at(s, "/oneOf").as_array_mut().unwrap().push(json!({"$ref": "#/$defs/RecallAction"}));
        } },
    Change { name: "a member of one branch becomes required", kind: Kind::InboundEvent,
        shows: [r#"{"event_type":"attachment_meta","status_code":"forwarded","message_id":"a","dedup_key":"a","payload":{"sender":"a","attachments":[{"kind":"file"}]}}"#, ""],
        edit: |s| require(s, "/$defs/Attachment/required", "name") },
    Change { name: "a status word is added to one branch", kind: Kind::InboundEvent,
        shows: ["", r#"{"message_id":"a","dedup_key":"a","status_code":"recalled","payload":{"sender":"a"}}"#],
        edit: |s| word(s, "/$defs/MessageStatus/enum", "recalled") },
    Change { name: "a status word is taken from one branch", kind: Kind::InboundEvent,
        shows: ["{}", ""],
        edit: |s| release(s, "/$defs/ChannelStatus/enum", "recovered") },
    Change { name: "a condition on a receipt is dropped", kind: Kind::Receipt,
        shows: ["", r#"{"status_code":"partial"}"#],
        edit: |s| { take(s, "", "if"); take(s, "", "then"); take(s, "", "else"); } },
    Change { name: "a code is taken away", kind: Kind::Receipt,
        shows: [r#"{"status_code":"partial","error_code":"rate_limited"}"#, ""],
        edit: |s| release(s, "/$defs/Code/enum", "rate_limited") },
    Change { name: "a code is added", kind: Kind::Receipt,
        shows: ["", r#"{"status_code":"partial","error_code":"tired"}"#],
        edit: |s| word(s, "/$defs/Code/enum", "tired") },
    Change { name: "a longest list of ids is one shorter", kind: Kind::Receipt,
        shows: [r#"{"wechat_message_ids":"entries×65536"}"#, ""],
        edit: |s| set(s, "/properties/wechat_message_ids", "maxItems", json!(65535)) },
    Change { name: "names of members are freed", kind: Kind::Secrets,
        shows: ["", r#"{"":{"bot_id":"a","token":"a","user_id":"a"}}"#],
        edit: |s| drop(take(s, "", "propertyNames")) },
    Change { name: "a member of every account becomes optional", kind: Kind::Secrets,
        shows: ["", r#"{"secret://a":{"bot_id":"a","token":"a"}}"#],
        edit: |s| release(s, "/$defs/Account/required", "user_id") },
    Change { name: "what a list has to contain changes", kind: Kind::Capabilities,
        shows: ["", r#"{"supported_targets":[]}"#],
        edit: |s| drop(take(s, "/properties/supported_targets", "contains")) },
    Change { name: "params become optional in one line of many", kind: Kind::Driver,
        shows: ["", r#"{"method":"act","result":null}"#],
        edit: |s| release(s, "/$defs/ActRequest/required", "params") },
    Change { name: "what an error says is no longer tied to its code", kind: Kind::Driver,
        shows: ["", r#"{"id":null,"result":null,"error":{"code":-32001,"message":""}}"#],
        edit: |s| drop(take(s, "/$defs/RpcError", "allOf")) },
    Change { name: "only a description changes", kind: Kind::Config,
        shows: ["", ""],
        edit: |s| set(s, "", "description", json!("Something else.")) },
    Change { name: "only defaults and examples change", kind: Kind::Config,
        shows: ["", ""],
        edit: |s| { set(s, "/$defs/Policy/properties/dedup_window_sec", "default", json!(60)); set(s, "", "examples", json!([])); } },
    Change { name: "definitions are reorganised", kind: Kind::Config,
        shows: ["", ""],
        edit: |s| {
            let route = take(s, "/$defs", "Route");
            set(s, "/properties", "route", route);
        } },
    Change { name: "a definition is renamed", kind: Kind::Health,
        shows: ["", ""],
        edit: |s| {
            let text = s.to_string().replace("RecentError", "RememberedError");
            *s = serde_json::from_str(&text).unwrap();
        } },
    Change { name: "a constant is written as a set of one", kind: Kind::Config,
        shows: ["", ""],
        edit: |s| set(s, "/properties", "target", json!({"enum": ["wechat"]})) },
    Change { name: "words and branches are listed in another order", kind: Kind::InboundEvent,
        shows: ["", ""],
        edit: |s| { at(s, "/oneOf").as_array_mut().unwrap().reverse(); at(s, "/$defs/MessageStatus/enum").as_array_mut().unwrap().reverse(); } },
    Change { name: "a bound is said twice", kind: Kind::Config,
        shows: ["", ""],
        edit: |s| set(s, "/$defs/Policy/properties", "dedup_window_sec",
            json!({"type": "integer", "minimum": 1, "maximum": 604_800, "allOf": [{"minimum": 0}]})) },
];

/// Applies a merge patch; `a×3` stands for `aaa`.
fn patched(document: &mut Value, patch: &Value) {
    match (document, patch) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                match change {
                    Value::Null => drop(members.remove(name)),
                    change => patched(members.entry(name.clone()).or_insert(json!({})), change),
                }
            }
        }
        (document, Value::String(text)) if text.contains('×') => {
            let (letter, count) = text.split_once('×').unwrap();
            *document = letter.repeat(count.parse().unwrap()).into();
        }
        (document, patch) => *document = patch.clone(),
    }
}

/// Long lists stand for how long they are.
fn counted(document: &Value) -> Value {
    match document {
        Value::Array(entries) if entries.len() > 32 => "entries".repeat(entries.len()).into(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), counted(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Documents that are one part smaller.
fn smaller(document: &Value) -> Vec<Value> {
    match document {
        Value::Object(members) => {
            let without = members.keys().map(|gone| {
                members
                    .iter()
                    .filter(|(name, _)| *name != gone)
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect()
            });
            let within = members.iter().flat_map(|(name, value)| {
                smaller(value).into_iter().map(move |value| {
                    let mut members = members.clone();
                    members.insert(name.clone(), value);
                    Value::Object(members)
                })
            });
            without.chain(within).collect()
        }
        Value::Array(entries) => (0..entries.len().min(3))
            .map(|gone| {
                let mut entries = entries.clone();
                entries.remove(gone);
                entries.into()
            })
            .collect(),
        Value::String(text) => text
            .char_indices()
            .last()
            .map(|(at, _)| text[..at].into())
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

#[track_caller]
fn judged(name: &str, kind: Kind, answer: &Answer, shows: &str, [writer, reader]: [&Value; 2]) {
    let Answer::Breaks { witness, .. } = answer else {
        assert!(shows.is_empty() && answer.is_fine(), "{name}: {answer:?}");
        return;
    };
    assert!(!shows.is_empty(), "{name}: {witness}");
    let sides = [writer, reader].map(|schema| jsonschema::validator_for(schema).unwrap());
    let tells = |document: &Value| sides[0].is_valid(document) && !sides[1].is_valid(document);
    assert!(tells(witness), "{name}: {witness}");
    let mut expected = smallest(kind);
    patched(&mut expected, &serde_json::from_str(shows).unwrap());
    assert_eq!(counted(witness), expected, "{name}");
    // A list of 65536 is long because it has to be; to try every shorter one says no more.
    if witness.to_string().len() < 2_000 {
        for document in smaller(witness) {
            assert!(
                !tells(&document),
                "{name}: {document} is smaller than {witness}"
            );
        }
    }
}

#[test]
fn every_change_of_the_corpus_is_judged_right_with_a_smallest_witness() {
    assert!(CORPUS.len() >= 40, "{}", CORPUS.len());
    let mut comparer = Comparer::new(1);
    for Change {
        name,
        kind,
        edit,
        shows,
    } in CORPUS
    {
        let old = publish::schema(*kind);
        let mut new = old.clone();
        edit(&mut new);
        assert_ne!(old, new, "{name}: the edit changes nothing");
        judged(
            name,
            *kind,
            &comparer.one_way(&old, &new, None, &[]),
            shows[0],
            [&old, &new],
        );
        judged(
            name,
            *kind,
            &comparer.one_way(&new, &old, None, &[]),
            shows[1],
            [&new, &old],
        );
    }
}

#[test]
fn a_schema_and_itself_say_the_same() {
    let mut comparer = Comparer::new(1);
    for kind in Kind::ALL {
        let schema = publish::schema(*kind);
        assert_eq!(
            comparer.one_way(&schema, &schema, None, &[]),
            Answer::Same,
            "{kind}"
        );
    }
}
