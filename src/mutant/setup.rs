//! Mutants of the configuration and of the declaration (WX-CONF, WX-CAP).

use serde_json::{Map, Value, json};

use super::Mutant;
use super::parts::{Parts, integration, refusal, results, twisted};
use super::twist::{Fate, Reply, Twist};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "stumbles-over-optional-fields",
        breaks: "It refuses a configuration that has a display name.",
        rule: "WX-CONF-001",
        reason: "expected the access state; observed error … the adapter is not started",
        also: &[],
        make: || twisted(StumblesOverOptionalFields),
    },
    Mutant {
        name: "ignores-unknown-words",
        breaks: "It drops what it does not know from a configuration instead of refusing it.",
        rule: "WX-CONF-002",
        reason: "expected `start` refused with -32602, since an unknown word stands … ; observed the start was accepted",
        also: &[],
        make: || integration(prune),
    },
    Mutant {
        name: "makes-up-a-route",
        breaks: "It fills in a default where the route lacks its workspace or agent.",
        rule: "WX-CONF-003",
        reason: "expected `start` refused with -32602, since \"workspace_id\" is missing; observed the start was accepted",
        also: &[],
        make: || integration(make_up_route),
    },
    Mutant {
        name: "takes-a-written-credential",
        breaks: "It accepts a credential that is written out where a reference belongs.",
        rule: "WX-CONF-004",
        reason: "expected `start` refused with -32602, since the credential is written out; observed the start was accepted",
        also: &[],
        make: || twisted(TakesWrittenCredential),
    },
    Mutant {
        name: "ignores-the-pairing-policy",
        breaks: "It does not know pairing, and starts all the same where it is required.",
        rule: "WX-CONF-005",
        reason: "Pairing is enforced or refused: expected the body of a message that is not forwarded to go nowhere; observed … of it in what the adapter said",
        also: &[],
        make: || twisted(IgnoresPairing::default()),
    },
    Mutant {
        name: "polls-when-disabled",
        breaks: "It polls for a channel that is not enabled.",
        rule: "WX-CONF-006",
        reason: "expected no poll for a disabled channel; observed a poll",
        also: &[],
        make: || twisted(PollsWhenDisabled::default()),
    },
    Mutant {
        name: "starts-without-its-secret",
        breaks: "It starts although no secret is given for its credential reference.",
        rule: "WX-CONF-007",
        reason: "expected `start` refused with -32602, since the credential has no secret; observed the start was accepted",
        also: &[],
        make: || twisted(StartsWithoutSecret),
    },
    Mutant {
        name: "declares-no-version",
        breaks: "It leaves its version out of the declaration.",
        rule: "WX-CAP-001",
        reason: "expected `adapter_version` in the capability declaration, in its shape; observed nothing",
        also: &[],
        make: || declares(|declaration| drop(declaration.remove("adapter_version"))),
    },
    Mutant {
        name: "declares-another-target",
        breaks: "It declares Telegram as its only target.",
        rule: "WX-CAP-002",
        reason: "expected `wechat` among the supported targets; observed [\"telegram\"]",
        also: &[],
        make: || declares(|it| drop(it.insert("supported_targets".into(), json!(["telegram"])))),
    },
    Mutant {
        name: "claims-the-routing",
        breaks: "It claims to route, which AIOS alone does.",
        rule: "WX-CAP-003",
        reason: "expected features of v0 only: … ; observed a claim of \"routing\"",
        also: &[],
        make: || {
            declares(|declaration| {
                if let Some(Value::Array(features)) = declaration.get_mut("supported_features") {
                    features.push("routing".into());
                }
            })
        },
    },
];

fn declares(change: impl Fn(&mut Map<String, Value>) + Send + 'static) -> Parts {
    results("initialize", move |_, result| {
        if let Some(Value::Object(declaration)) = result.get_mut("capabilities") {
            change(declaration);
        }
    })
}

struct StumblesOverOptionalFields;
impl Twist for StumblesOverOptionalFields {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let named = params
            .pointer("/integration/display_name")
            .is_some_and(Value::is_string);
        if method == "start" && named {
            Fate::Answer(Err(refusal("/integration/display_name", "unknown member")))
        } else {
            Fate::Pass
        }
    }
}

fn prune(integration: &mut Value) {
    const KNOWN: [&str; 9] = [
        "channel_id",
        "channel_type",
        "target",
        "display_name",
        "enabled",
        "auth",
        "config",
        "route",
        "policy",
    ];
    const POLICY: [&str; 3] = ["owner_only", "pairing_required", "dedup_window_sec"];
    if let Value::Object(members) = integration {
        members.retain(|name, _| KNOWN.contains(&name.as_str()));
    }
    if let Some(Value::Object(members)) = integration.get_mut("policy") {
        members.retain(|name, _| POLICY.contains(&name.as_str()));
    }
}

fn make_up_route(integration: &mut Value) {
    if integration.get("route").is_none() {
        integration["route"] = json!({});
    }
    for part in ["workspace_id", "agent_id"] {
        if integration["route"].get(part).is_none() {
            integration["route"][part] = "default".into();
        }
    }
}

struct TakesWrittenCredential;
impl Twist for TakesWrittenCredential {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            let known = params["secrets"]
                .as_object()
                .and_then(|all| all.keys().next())
                .cloned();
            let written = &mut params["integration"]["auth"]["credential_ref"];
            let is_reference = written
                .as_str()
                .is_some_and(|text| text.starts_with("secret://"));
            if let (false, Some(known)) = (is_reference, known) {
                *written = known.into();
            }
        }
        Fate::Pass
    }
}

#[derive(Default)]
struct IgnoresPairing {
    policy: Value,
}
impl Twist for IgnoresPairing {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start"
            && let Some(policy) = params.pointer_mut("/integration/policy")
        {
            self.policy = policy.clone();
            if policy.get("pairing_required").is_some() {
                policy["pairing_required"] = false.into();
            }
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        match (method, reply) {
            ("initialize", Ok(result)) => {
                let features = result.pointer_mut("/capabilities/supported_features");
                if let Some(Value::Array(features)) = features {
                    features.retain(|feature| feature != "pairing");
                }
            }
            ("audit", Ok(result)) => result["policy"] = super::parts::effective(&self.policy),
            _ => {}
        }
    }
}

#[derive(Default)]
struct PollsWhenDisabled {
    disabled: bool,
}
impl Twist for PollsWhenDisabled {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if let Some(enabled) = params.pointer_mut("/integration/enabled")
            && method == "start"
            && enabled == false
        {
            *enabled = true.into();
            self.disabled = true;
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("health", Ok(health), true) = (method, reply, self.disabled) {
            health["health"] = "stopped".into();
        }
    }
}

struct StartsWithoutSecret;
impl Twist for StartsWithoutSecret {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            let reference = params.pointer("/integration/auth/credential_ref");
            let reference = reference
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if params["secrets"].get(&reference).is_none() {
                params["secrets"][reference] =
                    json!({"token": "none", "bot_id": "none@im.bot", "user_id": "none"});
            }
        }
        Fate::Pass
    }
}
