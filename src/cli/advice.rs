//! What the words in reports and documents mean, and where adapters usually go wrong.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::adapter::Breach;
use crate::contract::{Code, Fault};
use crate::mutant::{self, Mutant};
use crate::publish::{self, Meaning};

/// The words of documents and reports. Their schemas take a moment to be made.
static GLOSSARY: LazyLock<Vec<Meaning>> = LazyLock::new(publish::glossary);

/// A word that `explain` knows, in one of its meanings.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// As it stands in documents.
    pub(super) name: Cow<'static, str>,
    /// What kind of word it is.
    pub(super) kind: Cow<'static, str>,
    /// What it says.
    pub(super) meaning: Cow<'static, str>,
    /// What to do about it, if there is anything to do.
    pub(super) mend: Option<Cow<'static, str>>,
    /// Rules that turn on it, by id or family.
    pub(super) rules: &'static [&'static str],
}

/// Every meaning of a word: a code of the contract, a fault of a document, an error or a breach of the
/// protocol, a mutant, and whatever word a document or a report may hold.
#[must_use]
pub(super) fn words(name: &str) -> Vec<Word> {
    let code = Code::try_from(name).ok().map(code);
    let fault = Fault::try_from(name).ok().map(fault);
    let rpc = RPC.iter().find(|row| row.0 == name).map(rpc);
    let breach = Breach::ALL.into_iter().find(|breach| breach.code() == name);
    let mutant = mutant::find(name).map(mutant);
    let own = [code, fault, rpc, breach.map(self::breach), mutant];
    let mut words: Vec<Word> = own.into_iter().flatten().collect();
    words.extend(
        GLOSSARY
            .iter()
            // Codes are explained in more words above.
            .filter(|meaning| meaning.word == name && meaning.set != "Code")
            .map(|meaning| Word {
                name: meaning.word.as_str().into(),
                kind: first_small(&meaning.about).into(),
                meaning: meaning.meaning.as_str().into(),
                mend: None,
                rules: &[],
            }),
    );
    words
}

/// The same text as it stands within a sentence.
fn first_small(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn mutant(mutant: &'static Mutant) -> Word {
    Word {
        name: mutant.name.into(),
        kind: "a mutant: the reference adapter with one behaviour broken".into(),
        meaning: mutant.breaks.trim_end_matches('.').into(),
        mend: Some(
            format!(
                "where a report says that an adapter looks like it, look for the same there; see it fail with \
                 `aios-wechat run {} -- aios-wechat reference --mutant {}`",
                mutant.rule, mutant.name
            )
            .into(),
        ),
        rules: std::slice::from_ref(&mutant.rule),
    }
}

fn breach(breach: Breach) -> Word {
    Word {
        name: breach.code().into(),
        kind: "breach of the driver protocol".into(),
        meaning: breach.to_string().into(),
        mend: Some(breach.expected().into()),
        rules: &["WX-LIFE"],
    }
}

fn code(code: Code) -> Word {
    let (meaning, mend, rules): (_, _, &[_]) = match code {
        Code::ConnectFailed => (
            "no connection to WeChat, or one that was cut",
            "try again with a growing pause, show `degraded` meanwhile, keep the code in the recent errors",
            &["WX-HEALTH"],
        ),
        Code::Timeout => (
            "WeChat did not answer a send in time",
            "it may have arrived all the same: repeat it under the same `client_id`, never under a new one",
            &["WX-HEALTH", "WX-OUT"],
        ),
        Code::HttpStatus => (
            "WeChat answered with an HTTP status other than 200",
            "treat it as a failure of the transport, and honour Retry-After where it is given",
            &["WX-HEALTH"],
        ),
        Code::MalformedAnswer => (
            "WeChat's answer is empty, or not the JSON expected",
            "an empty body is no success; do not move the position on it",
            &["WX-HEALTH"],
        ),
        Code::WechatError => (
            "WeChat refused inside a successful HTTP answer",
            "look at `ret` and at `errcode`: either may be set alone, and either is a refusal",
            &["WX-HEALTH", "WX-OUT"],
        ),
        Code::SessionExpired => (
            "the login has expired; a person is needed",
            "show `unhealthy`, poll at most once a second, do not log in, delete nothing",
            &["WX-HEALTH"],
        ),
        Code::RateLimited => (
            "WeChat asks to send more slowly",
            "wait and send again within 20 seconds, or give a receipt with `retry_after_sec`",
            &["WX-OUT"],
        ),
        Code::ContextUnavailable => (
            "there is no usable context token, or WeChat refused the one there was",
            "send nothing and say so in the receipt; the person's next message brings a new token",
            &["WX-CTX"],
        ),
        Code::AccessDenied => (
            "this sender or recipient is not admitted",
            "report the sender without the body; refuse the action; check owner, allowlist and `owner_only`",
            &["WX-ACCESS"],
        ),
        Code::PairingRequired => (
            "the person is admitted and not paired yet",
            "report it once, keep nothing, wait for AIOS's decision",
            &["WX-ACCESS"],
        ),
        Code::NoOwner => (
            "an approval request, and no owner to ask",
            "set `auth.owner_user_id`",
            &["WX-OUT"],
        ),
        Code::Unsupported => (
            "a feature that the adapter does not claim",
            "claim the feature and build it, or leave it: the rules of an unclaimed feature do not apply",
            &["WX-CAP", "WX-OUT", "WX-MEDIA"],
        ),
        Code::MalformedMessage => (
            "a WeChat message or item that cannot be read",
            "report it, and go on with the rest of its batch",
            &["WX-MEDIA"],
        ),
        Code::CursorReset => (
            "WeChat no longer knew the position, and it was recovered",
            "nothing, if it happens once; if it repeats, look whether two adapters share a cursor key",
            &["WX-CURSOR"],
        ),
        Code::StateDamaged => (
            "stored state was damaged or missing, and was recovered from",
            "write state to a new file and rename it; look at the disk",
            &["WX-CURSOR", "WX-DEDUP"],
        ),
        Code::EventRefused => (
            "AIOS refused an event",
            "do not send it again; the refusal names the member that is wrong",
            &["WX-CURSOR", "WX-ENV"],
        ),
        Code::AiosUnavailable => (
            "AIOS could not take an event",
            "send the identical event again with `retry_count` one higher, and do not move the position",
            &["WX-CURSOR", "WX-DEDUP"],
        ),
        Code::Internal => (
            "the adapter's own fault",
            "look at its stderr; a body or a secret must not be in it",
            &["WX-HEALTH"],
        ),
    };
    Word {
        name: code.as_str().into(),
        kind: "code of the contract".into(),
        meaning: meaning.into(),
        mend: Some(mend.into()),
        rules,
    }
}

fn fault(fault: Fault) -> Word {
    let (meaning, mend) = match fault {
        Fault::NotUtf8 => ("the bytes are not UTF-8", "encode the document as UTF-8"),
        Fault::NotJson => (
            "the text is not one JSON value",
            "one value, nothing before or behind it",
        ),
        Fault::DuplicateKey => (
            "an object has one key twice",
            "keep one: parsers differ on which one counts",
        ),
        Fault::LoneSurrogate => (
            "a string holds half of a surrogate pair",
            "do not cut a string between two UTF-16 units",
        ),
        Fault::TooDeep => (
            "values lie more than 32 levels deep",
            "no document of v0 needs that depth",
        ),
        Fault::TooLong => (
            "the document is longer than is read",
            "a document is at most one line of 1 MiB",
        ),
        Fault::Null => ("a `null`", "leave the member out: absent means absent"),
        Fault::MissingMember => ("a member that the document needs is not there", "add it"),
        Fault::UnknownMember => (
            "a member that the document does not have, or does not have in this branch",
            "look for a spelling mistake; documents are closed",
        ),
        Fault::WrongType => (
            "a value of another JSON type",
            "ids are strings, flags are true or false",
        ),
        Fault::UnknownWord => ("a word outside a closed set", "use one of the words listed"),
        Fault::OutOfBounds => (
            "a value of the right type outside its bounds or pattern",
            "see the bounds in the schema",
        ),
        Fault::Contradiction => (
            "members that are each valid and do not go together",
            "change one of the two",
        ),
    };
    Word {
        name: fault.as_str().into(),
        kind: "fault of a document".into(),
        meaning: meaning.into(),
        mend: Some(mend.into()),
        rules: &["WX-CONF-002", "WX-ENV-012", "WX-OUT-008"],
    }
}

fn rpc(row: &(&'static str, &'static str, &'static str)) -> Word {
    let (name, meaning, mend) = *row;
    Word {
        name: name.into(),
        kind: "error of the driver protocol".into(),
        meaning: meaning.into(),
        mend: Some(mend.into()),
        rules: &["WX-LIFE"],
    }
}

/// The errors of the protocol: number, meaning, what to do.
const RPC: &[(&str, &str, &str)] = &[
    (
        "-32700",
        "a line is not JSON",
        "write the protocol to stdout and everything else to stderr",
    ),
    (
        "-32600",
        "a line is not a JSON-RPC 2.0 request",
        "one request a line; batches are refused",
    ),
    (
        "-32601",
        "no such method",
        "the adapter may call `event` and nothing else",
    ),
    (
        "-32602",
        "the document breaks the contract",
        "the data names the member by a JSON pointer",
    ),
    (
        "-32001",
        "AIOS refuses the event",
        "never send it again, report `event_refused`, go on",
    ),
    (
        "-32002",
        "AIOS is unavailable",
        "send the identical event again after `retry_after_ms`",
    ),
    (
        "-32003",
        "already started",
        "a second `start` is refused; the kit starts a new process instead",
    ),
    (
        "-32004",
        "not started, or the handshake is missing",
        "`initialize`, then `start`, then the rest",
    ),
    (
        "-32005",
        "the protocol version is not spoken",
        "answer with the versions that are, in `supported`",
    ),
];

/// Where adapters usually go wrong in a family, and what to look at first.
#[must_use]
pub(super) fn family(code: &str) -> Option<&'static str> {
    Some(match code {
        "WX-CONF" => {
            "Decode the configuration into a closed type, refuse what it does not know with -32602 and a \
             pointer, and poll only after `start` was accepted."
        }
        "WX-CAP" => "Answer `initialize` from constants, and claim only what you have seen pass.",
        "WX-ENV" => {
            "Build every event in one place, from one type; keep WeChat's ids as text, take the time from \
             the message, and number events when they are first sent, not when they are repeated."
        }
        "WX-ROUTE" => {
            "Copy workspace and agent from the configuration and look at nothing else; derive the session \
             from bot and peer."
        }
        "WX-ACCESS" => {
            "Ask one function whether a person is admitted, for both directions, before anything else is \
             done with a message; compare ids as they are."
        }
        "WX-DEDUP" => {
            "Remember the keys of accepted events with the time of acceptance, in a file, for the window; \
             remember them only after AIOS accepted."
        }
        "WX-CURSOR" => {
            "Settle every event of a batch with AIOS, then store the new cursor, then poll with it; never \
             in another order."
        }
        "WX-CTX" => {
            "Key tokens by person; take the token of the message that is answered; forget one that WeChat \
             refused."
        }
        "WX-OUT" => {
            "Derive `client_id` from the action's `message_id` and the chunk's number, read `ret` and \
             `errcode` of every answer, and write the receipt from what WeChat said."
        }
        "WX-MEDIA" => {
            "Treat an item you do not know as metadata of kind `unknown`, and one broken item as one broken \
             item, not as a broken batch."
        }
        "WX-HEALTH" => {
            "Set health where an exchange ends, from its outcome; keep recent errors by code, with a bound, \
             without texts."
        }
        "WX-STORE" => {
            "Write nothing that a person said: not to state, logs, traces, error messages or temporary \
             files. Keep what waits in memory."
        }
        "WX-BOUND" => {
            "Forward, and do nothing else: no commands, no greetings, no error notices to people, no calls \
             to AIOS but `event`."
        }
        "WX-LIFE" => {
            "Keep stdout for the protocol, answer calls while a poll or a send is outstanding, and end when \
             stdin ends."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_has_to_be_mended_says_how() {
        let breaches = Breach::ALL.map(Breach::code);
        let errors = RPC.iter().map(|row| row.0);
        let mutants = mutant::all().map(|mutant| mutant.name);
        let names = Code::WORDS.iter().chain(Fault::WORDS).copied();
        for name in names.chain(breaches).chain(errors).chain(mutants) {
            let words = words(name);
            assert!(words.iter().any(|word| word.mend.is_some()), "{name}");
            assert!(words.iter().all(|word| word.name == name), "{words:?}");
        }
        assert!(words("nonsense").is_empty() && words("Code").is_empty());
    }

    #[test]
    fn every_family_has_advice() {
        for family in crate::suite::Suite::embedded().unwrap().families {
            assert!(
                super::family(family.code.as_str()).is_some(),
                "{}",
                family.code
            );
        }
    }
}
