//! Frames: one line as a JSON-RPC message, read and written the same way on both ends.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::contract::driver::{INVALID_REQUEST, PARSE_ERROR, RpcError};
use crate::contract::{self, Finding};

use super::ear::Breach;
use super::excerpt::excerpt;

/// A well-formed JSON-RPC 2.0 message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    /// Somebody asks and waits for an answer.
    Request {
        id: Value,
        method: String,
        params: Option<Params>,
    },
    /// Somebody asks and wants no answer.
    Notification { method: String },
    /// The answer to a request. The id is null in an error about a line that could not be read,
    /// whether it was written as JSON-RPC has it or left out.
    Answer {
        id: Value,
        outcome: Result<Value, RpcError>,
    },
}

/// The params of a request, as they were written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Params(String);

/// A line that is no frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BadFrame {
    pub(crate) breach: Breach,
    pub(crate) detail: String,
    /// The id the line carries, if it can be made out: whoever waits for it need not wait longer.
    pub(crate) id: Option<Value>,
    /// Whether the line is meant as a request.
    pub(crate) asks: bool,
}

impl Params {
    /// The document, if it passes the text layer of the contract.
    pub(crate) fn strict(&self) -> Result<Value, Finding> {
        contract::parse(self.0.as_bytes())
    }

    /// The document as a forgiving reader sees it: the last of two equal keys, nulls, 128 levels.
    pub(crate) fn lenient(&self) -> Option<Value> {
        serde_json::from_str(&self.0).ok()
    }
}

impl BadFrame {
    /// A line of which nothing can be made out.
    pub(crate) fn unreadable(breach: Breach) -> Self {
        Self {
            breach,
            detail: String::new(),
            id: None,
            asks: false,
        }
    }

    /// What the sender of the line is told.
    pub(crate) fn error(&self) -> RpcError {
        match self.breach {
            Breach::NotJson | Breach::NotUtf8 | Breach::Unterminated | Breach::TooLong => {
                RpcError::new(PARSE_ERROR, self.breach.expected())
            }
            _ => RpcError::new(INVALID_REQUEST, self.breach.expected()),
        }
    }
}

/// Reads one line.
pub(crate) fn decode(line: &[u8]) -> Result<Frame, BadFrame> {
    let text = std::str::from_utf8(line).map_err(|_| BadFrame::unreadable(Breach::NotUtf8))?;
    let members = Members::read(text).map_err(BadFrame::unreadable)?;
    let id = members.id();
    let asks = members.method.is_some();
    members
        .frame(id.clone())
        .map_err(|(breach, detail)| BadFrame {
            breach,
            detail,
            id: id.ok().flatten().filter(|id| !id.is_null()),
            asks,
        })
}

type Fault = (Breach, String);

fn odd(detail: impl Into<String>) -> Fault {
    (Breach::NotAFrame, detail.into())
}

/// The members of a frame, each as it was written: what lies inside is read with the care it needs,
/// later.
#[derive(Default)]
struct Members<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    /// The first member that a frame does not have, or has twice.
    stray: Option<String>,
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Result<Self, Breach> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = reader
            .deserialize_map(MembersVisitor)
            .and_then(|members| reader.end().map(|()| members));
        read.map_err(|_| match serde_json::from_str::<&RawValue>(text) {
            Ok(value) if value.get().starts_with('[') => Breach::Batch,
            Ok(_) => Breach::NotAFrame,
            Err(_) => Breach::NotJson,
        })
    }

    /// The id, if it is one; a null only where an error may carry it.
    fn id(&self) -> Result<Option<Value>, Fault> {
        let Some(raw) = self.id else { return Ok(None) };
        match contract_value(raw) {
            Ok(id @ Value::String(_)) => Ok(Some(id)),
            Ok(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Ok(Some(Value::Number(number)))
            }
            _ if raw.get() == "null" && self.error.is_some() => Ok(Some(Value::Null)),
            _ => Err(odd("the id is neither a string nor an integer")),
        }
    }

    fn frame(self, id: Result<Option<Value>, Fault>) -> Result<Frame, Fault> {
        if self
            .jsonrpc
            .is_none_or(|version| version.get() != r#""2.0""#)
        {
            return Err((Breach::WrongJsonRpc, String::new()));
        }
        if let Some(stray) = self.stray {
            return Err(odd(stray));
        }
        let id = id?;
        match (self.method, self.result, self.error) {
            (Some(method), None, None) => request(method, id, self.params),
            (Some(_), ..) => Err(odd("`method` beside `result` or `error`")),
            (None, ..) if self.params.is_some() => Err(odd("`params` without `method`")),
            (None, Some(result), None) => {
                let result = contract_value(result).map_err(|finding| not_strict(&finding))?;
                let id = id.ok_or_else(|| odd("a result without an id"))?;
                Ok(Frame::Answer {
                    id,
                    outcome: Ok(result),
                })
            }
            (None, None, Some(error)) => {
                let error = contract_value(error).map_err(|finding| not_strict(&finding))?;
                let error = contract::decode(&error).map_err(bad_error)?;
                Ok(Frame::Answer {
                    id: id.unwrap_or(Value::Null),
                    outcome: Err(error),
                })
            }
            (None, Some(_), Some(_)) => Err(odd("both `result` and `error`")),
            (None, None, None) => Err(odd("neither `method` nor `result` nor `error`")),
        }
    }
}

fn request(
    method: &RawValue,
    id: Option<Value>,
    params: Option<&RawValue>,
) -> Result<Frame, Fault> {
    let Ok(Value::String(method)) = contract_value(method) else {
        return Err(odd("`method` is not a string"));
    };
    let params = params.map(|params| Params(params.get().to_owned()));
    if params
        .as_ref()
        .is_some_and(|params| !params.0.starts_with('{'))
    {
        return Err(odd("`params` is not an object"));
    }
    Ok(match id {
        Some(id) => Frame::Request { id, method, params },
        None => Frame::Notification { method },
    })
}

fn contract_value(raw: &RawValue) -> Result<Value, Finding> {
    contract::parse(raw.get().as_bytes())
}

fn bad_error(finding: Finding) -> Fault {
    (Breach::BadError, finding.under("error").to_string())
}

fn not_strict(finding: &Finding) -> Fault {
    (Breach::NotStrict, finding.to_string())
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<&RawValue>()?;
            let member = match name.as_str() {
                "jsonrpc" => &mut members.jsonrpc,
                "id" => &mut members.id,
                "method" => &mut members.method,
                "params" => &mut members.params,
                "result" => &mut members.result,
                "error" => &mut members.error,
                _ => {
                    let stray = || format!("unknown member `{}`", excerpt(name.as_bytes()));
                    members.stray.get_or_insert_with(stray);
                    continue;
                }
            };
            if member.replace(value).is_some() {
                members
                    .stray
                    .get_or_insert_with(|| format!("`{name}` twice"));
            }
        }
        Ok(members)
    }
}

/// A line to be written, its members in the order in which people read them.
#[derive(Default, Serialize)]
struct Draft<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RpcError>,
}

impl Draft<'_> {
    fn line(mut self) -> String {
        self.jsonrpc = "2.0";
        // A frame is plain data, which cannot fail to be JSON.
        serde_json::to_string(&self).unwrap_or_default()
    }
}

/// A request, as a line. `Null` leaves the params out.
pub(crate) fn ask(id: &Value, method: &str, params: &Value) -> String {
    let request = Draft {
        id: Some(id),
        method: Some(method),
        params: Some(params).filter(|params| !params.is_null()),
        ..Draft::default()
    };
    request.line()
}

/// The answer to a line of which not even an id can be made out. There is no null in the contract,
/// so there is no id.
pub(crate) fn complaint(error: &RpcError) -> String {
    let complaint = Draft {
        error: Some(error),
        ..Draft::default()
    };
    complaint.line()
}

/// An answer, as a line.
pub(crate) fn answer(id: &Value, outcome: &Result<Value, RpcError>) -> String {
    let answer = Draft {
        id: Some(id),
        result: outcome.as_ref().ok(),
        error: outcome.as_ref().err(),
        ..Draft::default()
    };
    answer.line()
}
