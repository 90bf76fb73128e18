//! Judgement of the handshake and of the start.

use serde_json::Value;

use super::view::{View, shown};
use serde::de::DeserializeOwned;

use crate::contract::driver::{INVALID_PARAMS, InvalidParams};
use crate::contract::{self, AdapterVersion, Feature, HealthState, Slug};
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};
use crate::session::Flaw;

/// What the capability declaration is, and where it was seen.
fn declaration(timeline: &Timeline) -> Result<(usize, &Value), Mismatch> {
    let told = View::of(timeline).last_told("initialize")?;
    told.result
        .and_then(|result| result.get("capabilities"))
        .map(|capabilities| (told.at, capabilities))
        .ok_or_else(|| {
            Mismatch::new(
                "a handshake answered with a capability declaration",
                shown(told.result),
                vec![told.at],
            )
        })
}

/// The declaration names id, version, targets, features and health, in their shapes.
///
/// # Errors
/// A member is missing or misshapen.
pub fn declaration_is_complete(timeline: &Timeline) -> Judgement {
    let (at, declaration) = declaration(timeline)?;
    let words = |name: &str| {
        let list = declaration.get(name)?.as_array()?;
        list.iter().all(Value::is_string).then_some(())
    };
    let parts: [(&str, bool); 5] = [
        ("adapter_id", shaped::<Slug>(declaration, "adapter_id")),
        (
            "adapter_version",
            shaped::<AdapterVersion>(declaration, "adapter_version"),
        ),
        ("supported_targets", words("supported_targets").is_some()),
        ("supported_features", words("supported_features").is_some()),
        ("health", shaped::<HealthState>(declaration, "health")),
    ];
    match parts.iter().find(|(_, good)| !good) {
        None => Ok(vec![at]),
        Some((name, _)) => Err(Mismatch::new(
            format!("`{name}` in the capability declaration, in its shape"),
            shown(declaration.get(name)),
            vec![at],
        )),
    }
}

fn shaped<T: DeserializeOwned>(document: &Value, name: &str) -> bool {
    document
        .get(name)
        .is_some_and(|value| contract::decode::<T>(value).is_ok())
}

/// The declaration names WeChat among its targets.
///
/// # Errors
/// It does not.
pub fn declaration_names_wechat(timeline: &Timeline) -> Judgement {
    let (at, declaration) = declaration(timeline)?;
    let targets = declaration.get("supported_targets");
    let named = targets
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|target| target.as_str() == Some("wechat")));
    if named {
        Ok(vec![at])
    } else {
        Err(Mismatch::new(
            "`wechat` among the supported targets",
            shown(targets),
            vec![at],
        ))
    }
}

/// The declaration claims features of v0 only, and nothing beside them.
///
/// # Errors
/// It claims something else, or the one feature that everybody has is not claimed.
pub fn declaration_claims_known_features(timeline: &Timeline) -> Judgement {
    const MEMBERS: [&str; 5] = [
        "adapter_id",
        "adapter_version",
        "health",
        "supported_features",
        "supported_targets",
    ];
    let (at, declaration) = declaration(timeline)?;
    let features = declaration
        .get("supported_features")
        .and_then(Value::as_array);
    let features = features.ok_or_else(|| {
        Mismatch::new(
            "a list of features",
            shown(declaration.get("supported_features")),
            vec![at],
        )
    })?;
    let unknown = features.iter().find(|feature| {
        feature
            .as_str()
            .is_none_or(|name| !Feature::ALL.iter().any(|f| f.as_str() == name))
    });
    if let Some(unknown) = unknown {
        let known: Vec<&str> = Feature::ALL
            .iter()
            .map(|feature| feature.as_str())
            .collect();
        return Err(Mismatch::new(
            format!("features of v0 only: {}", known.join(", ")),
            format!("a claim of {unknown}"),
            vec![at],
        ));
    }
    let other = declaration.as_object().and_then(|object| {
        object
            .keys()
            .find(|member| !MEMBERS.contains(&member.as_str()))
    });
    if let Some(other) = other {
        return Err(Mismatch::new(
            format!("a declaration of {}", MEMBERS.join(", ")),
            format!("a further member `{other}`"),
            vec![at],
        ));
    }
    if features
        .iter()
        .any(|feature| feature.as_str() == Some("message"))
    {
        Ok(vec![at])
    } else {
        Err(Mismatch::new(
            "the feature `message`, which every adapter has",
            shown(declaration.get("supported_features")),
            vec![at],
        ))
    }
}

/// The first start of the scene was refused as a document that breaks the contract, with a
/// pointer to the fault.
///
/// # Errors
/// It was accepted, refused otherwise, or the pointer leads elsewhere.
pub fn start_is_refused_at_its_flaw(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let flaw = view.flaw();
    let told = view
        .told("start")
        .first()
        .copied()
        .ok_or_else(|| Mismatch::undecided("an answer to `start`", "there is none"))?;
    let at = vec![told.at];
    let expected = format!("`start` refused with -32602, since {flaw}");
    let Some(error) = told.error else {
        return Err(Mismatch::new(expected, "the start was accepted", at));
    };
    if error.get("code").and_then(Value::as_i64) != Some(INVALID_PARAMS.get()) {
        return Err(Mismatch::new(expected, format!("error {error}"), at));
    }
    let data = error.get("data").cloned().unwrap_or_default();
    let pointer = match contract::decode::<InvalidParams>(&data) {
        Ok(data) => data.pointer,
        Err(finding) => {
            return Err(Mismatch::new(
                "`data` with a `pointer` and a `message`",
                format!("{} ({finding})", shown(error.get("data"))),
                at,
            ));
        }
    };
    if Flaw::is_at(flaw, pointer.as_str()) {
        Ok(at)
    } else {
        Err(Mismatch::new(
            "a pointer to the faulty member or to the object it is missing from",
            format!("the pointer \"{pointer}\", while {flaw}"),
            at,
        ))
    }
}

/// Nothing was polled at the address of the refused start, while a faultless start afterwards
/// polled, forwarded and so gave the forbidden poll its chance.
///
/// # Errors
/// A poll was seen.
pub fn nothing_was_polled_for_the_refused(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let trapped = view.facts().find_map(|(at, fact)| match fact {
        Fact::Called { call } if call.trap => Some((at, call.endpoint.clone())),
        _ => None,
    });
    if let Some((at, endpoint)) = trapped {
        return Err(Mismatch::new(
            "no call to WeChat on behalf of a refused configuration",
            format!("a call of {endpoint}"),
            vec![at],
        ));
    }
    view.passed().next_back().map(|at| vec![at]).ok_or_else(|| {
        Mismatch::undecided("a window in which a poll had its chance", "there was none")
    })
}

/// The start was answered, no poll was made, and health is `stopped`.
///
/// # Errors
/// One of the three is otherwise.
pub fn started_silently(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let start = view.last_told("start")?;
    if let Some(error) = start.error {
        return Err(Mismatch::new(
            "the start of a disabled channel to be answered",
            format!("error {error}"),
            vec![start.at],
        ));
    }
    if let Some(at) = view.polls().next() {
        return Err(Mismatch::new(
            "no poll for a disabled channel",
            "a poll",
            vec![at],
        ));
    }
    let health = view.last_told("health")?;
    let state = health.result.and_then(|result| result.get("health"));
    if state.and_then(Value::as_str) == Some(HealthState::Stopped.as_str()) {
        Ok(vec![start.at, health.at])
    } else {
        Err(Mismatch::new(
            "the health `stopped`",
            shown(state),
            vec![health.at],
        ))
    }
}
