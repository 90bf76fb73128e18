//! Mutants of the route and of the session (WX-ROUTE).

use serde_json::Value;

use super::Mutant;
use super::parts::events;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "reports-to-a-default-workspace",
        breaks: "It sends status events to a workspace of its own choice.",
        rule: "WX-ROUTE-001",
        reason: "expected the configured route, workspace_id \"ws- … ; observed workspace_id \"default\"",
        also: &[],
        make: || {
            events(|event| {
                if event["event_type"] == "status" {
                    event["workspace_id"] = "default".into();
                }
            })
        },
    },
    Mutant {
        name: "routes-files-elsewhere",
        breaks: "It sends files to another agent than texts.",
        rule: "WX-ROUTE-002",
        reason: "expected the route of the first event, … ; observed … agent_id \"files\"",
        also: &[],
        make: || {
            events(|event| {
                if event.pointer("/payload/attachments/0/kind") == Some(&"file".into()) {
                    event["agent_id"] = "files".into();
                }
            })
        },
    },
    Mutant {
        name: "obeys-agent-commands",
        breaks: "It changes the agent when a text asks for it.",
        rule: "WX-ROUTE-003",
        reason: "expected the configured route, … ; observed … agent_id \"root\"",
        also: &[],
        make: || {
            events(|event| {
                let text = event.pointer("/payload/text").and_then(Value::as_str);
                let asked = text.and_then(|text| text.split("agent_id=").nth(1));
                let wanted = asked.and_then(|rest| rest.split_whitespace().next());
                if let Some(wanted) = wanted.map(str::to_owned) {
                    event["agent_id"] = wanted.into();
                }
            })
        },
    },
    Mutant {
        name: "one-session-for-all",
        breaks: "It puts everybody into one session.",
        rule: "WX-ROUTE-004",
        reason: "expected a session of its own for each conversation; observed … share s-wechat",
        also: &[],
        make: || events(|event| event["session_id"] = "s-wechat".into()),
    },
    Mutant {
        name: "a-session-for-each-start",
        breaks: "It gives a conversation another session after a restart.",
        rule: "WX-ROUTE-004",
        reason: "expected the session s- … -st-1- … ; observed s- … -st-2-",
        also: &[],
        make: || {
            events(|event| {
                let stream = event["stream_id"].as_str().unwrap_or_default();
                let session = event["session_id"].as_str().unwrap_or_default();
                event["session_id"] = format!("{session}-{stream}").into();
            })
        },
    },
];
