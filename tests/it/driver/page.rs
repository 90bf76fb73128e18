//! The page for adapter authors: every line of its dialogues is what the contract says.

use std::collections::{BTreeMap, BTreeSet};

use aios_wechat::contract::driver::{
    AdvanceParams, EventResult, Frame, InitializeParams, InitializeResult, Method, Nothing,
};
use aios_wechat::contract::{
    AccessState, Finding, Health, InboundEvent, OutboundAction, Receipt, Start, decode, from_bytes,
};
use serde_json::{Value, json};

/// One line of a dialogue, unfolded.
struct Line {
    from_kit: bool,
    text: String,
    /// The page says that this line breaks the rules.
    is_broken: bool,
}

fn dialogues() -> Vec<Vec<Line>> {
    let page = include_str!("../../../spec/driver.md");
    page.split("```text\n")
        .skip(1)
        .map(|rest| dialogue(rest.split("```").next().unwrap()))
        .collect()
}

fn dialogue(block: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in block.lines().filter(|line| !line.starts_with('#')) {
        let (who, text) = line.split_at(9);
        match who.trim() {
            "" => lines.last_mut().unwrap().text.push_str(text),
            who => lines.push(Line {
                from_kit: who == "kit",
                text: text.to_owned(),
                is_broken: false,
            }),
        }
    }
    for line in &mut lines {
        if let Some(text) = line.text.strip_suffix("  (broken)") {
            (line.text, line.is_broken) = (text.to_owned(), true);
        }
    }
    lines
}

fn params_of(method: &str, params: &Value) -> Result<(), Finding> {
    match Method::try_from(method) {
        Ok(Method::Initialize) => decode::<InitializeParams>(params).map(drop),
        Ok(Method::Start) => decode::<Start>(params).map(drop),
        Ok(Method::Act) => decode::<OutboundAction>(params).map(drop),
        Ok(Method::Advance) => decode::<AdvanceParams>(params).map(drop),
        Ok(Method::Event) => decode::<InboundEvent>(params).map(drop),
        Ok(Method::Health | Method::Audit | Method::Stop) => decode::<Nothing>(params).map(drop),
        Err(_) => Ok(()),
    }
}

fn result_of(method: &str, result: &Value) -> Result<(), Finding> {
    match Method::try_from(method).expect("only a known method has a result") {
        Method::Initialize => decode::<InitializeResult>(result).map(drop),
        Method::Act => decode::<Receipt>(result).map(drop),
        Method::Health => decode::<Health>(result).map(drop),
        Method::Audit => decode::<AccessState>(result).map(drop),
        Method::Event => decode::<EventResult>(result).map(drop),
        Method::Start | Method::Advance | Method::Stop => decode::<Nothing>(result).map(drop),
    }
}

#[test]
fn every_line_of_the_page_is_one_of_the_protocol() {
    for dialogue in dialogues() {
        let mut asked = BTreeMap::new();
        for line in dialogue
            .iter()
            .filter(|line| !line.text.contains("start please"))
        {
            let frame = from_bytes::<Frame>(line.text.as_bytes());
            if line.is_broken && frame.is_err() {
                continue;
            }
            match frame.unwrap_or_else(|finding| panic!("{}: {finding}", line.text)) {
                Frame::Request(request) => {
                    let params = request.params.unwrap_or_else(|| json!({}));
                    let read = params_of(&request.method, &params);
                    assert_eq!(read.is_err(), line.is_broken, "{}: {read:?}", line.text);
                    asked.insert((line.from_kit, request.id), request.method);
                }
                Frame::Success(answer) => {
                    let method = &asked[&(!line.from_kit, answer.id)];
                    let read = result_of(method, &answer.result);
                    assert!(read.is_ok(), "{}: {read:?}", line.text);
                }
                Frame::Failure(answer) => {
                    let is_asked = answer
                        .id
                        .is_none_or(|id| asked.contains_key(&(!line.from_kit, id)));
                    assert!(is_asked, "{}", line.text);
                }
            }
        }
    }
}

#[test]
fn every_method_and_every_error_has_its_dialogue() {
    let mut methods = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for line in dialogues().iter().flatten() {
        match from_bytes::<Frame>(line.text.as_bytes()) {
            Ok(Frame::Request(request)) => drop(methods.insert(request.method)),
            Ok(Frame::Failure(answer)) => drop(codes.insert(answer.error.code.get())),
            _ => {}
        }
    }
    for method in [
        "initialize",
        "start",
        "act",
        "health",
        "audit",
        "advance",
        "stop",
        "event",
    ] {
        assert!(methods.contains(method), "{method}");
    }
    let all = [
        -32700, -32603, -32602, -32601, -32600, -32005, -32004, -32003, -32002, -32001,
    ];
    assert_eq!(codes, BTreeSet::from(all));
}
