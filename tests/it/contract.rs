//! The documents of the contract: what is valid decodes and survives the round trip.

use aios_wechat::contract::{self, Document, Fault, Finding};

fn round_trip<T: Document>() {
    let folder = format!("{}/fixtures/{}/valid", env!("CARGO_MANIFEST_DIR"), T::KIND);
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let given = contract::parse(&std::fs::read(&path).unwrap()).unwrap();
        let document: T =
            contract::decode(&given).unwrap_or_else(|f| panic!("{}: {f}", path.display()));
        // `60.0` is the integer 60: the same document, spelled in another way.
        let written = serde_json::to_value(&document).unwrap();
        assert_eq!(
            spelled_alike(&written),
            spelled_alike(&given),
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen > 0, "no fixtures in {folder}");
}

/// The document with every integral number written as an integer.
fn spelled_alike(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "integers of the contract fit"
            )]
            Some(float) if number.as_i64().is_none() && float.fract() == 0.0 => {
                (float as i64).into()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(spelled_alike).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), spelled_alike(member)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn every_valid_document_survives_the_round_trip() {
    round_trip::<contract::Integration>();
    round_trip::<contract::InboundEvent>();
    round_trip::<contract::OutboundAction>();
    round_trip::<contract::Receipt>();
    round_trip::<contract::Capabilities>();
    round_trip::<contract::Health>();
    round_trip::<contract::AccessState>();
    round_trip::<contract::Secrets>();
    round_trip::<contract::Start>();
}

fn refused<T: Document>(text: &str) -> Finding {
    match contract::from_bytes::<T>(text.as_bytes()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(finding) => finding,
    }
}

#[test]
fn a_finding_points_at_the_member_or_at_what_it_is_missing_from() {
    let valid = include_str!("../../fixtures/inbound-event/valid/message.json");
    for (from, to, pointer, code) in [
        (
            "\"text\": \"hello\"",
            "\"text\": \"\"",
            "/payload/text",
            Fault::OutOfBounds,
        ),
        (
            "\"text\": \"hello\"",
            "\"txet\": \"hello\"",
            "/payload/txet",
            Fault::UnknownMember,
        ),
        ("\"seq\": 1", "\"seq\": 0", "/seq", Fault::OutOfBounds),
        (
            "\"origin\": \"text\",",
            "",
            "/payload",
            Fault::MissingMember,
        ),
        (
            "\"forwarded\"",
            "\"recovered\"",
            "/status_code",
            Fault::UnknownWord,
        ),
        (
            "\"dedup_key\": \"wx-91c2e0\",",
            "",
            "",
            Fault::MissingMember,
        ),
        ("\"seq\": 1", "\"seq\": null", "/seq", Fault::Null),
    ] {
        let faulty = valid.replace(from, to);
        assert_ne!(faulty, valid);
        let finding = refused::<contract::InboundEvent>(&faulty);
        assert_eq!(
            (finding.pointer.as_str(), finding.code),
            (pointer, code),
            "{finding}"
        );
    }
}

#[test]
fn a_mistyped_member_of_the_policy_does_not_fail_open() {
    let valid = include_str!("../../fixtures/config/valid/full.json");
    let finding = refused::<contract::Integration>(&valid.replace("owner_only", "owner_olny"));
    assert_eq!(finding.pointer, "/policy/owner_olny");
    assert_eq!(finding.hint.as_deref(), Some("did you mean `owner_only`?"));
}

#[test]
fn bodies_and_secrets_are_masked_wherever_they_are_printed() {
    let event: contract::InboundEvent = contract::from_bytes(include_bytes!(
        "../../fixtures/inbound-event/valid/message.json"
    ))
    .unwrap();
    assert!(!format!("{event:?}").contains("hello"));
    let start: contract::Start =
        contract::from_bytes(include_bytes!("../../fixtures/start/valid/full.json")).unwrap();
    assert!(!format!("{start:?}").contains("b7f1c0"));
}
