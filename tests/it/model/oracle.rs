//! What the rules say of a story: written from them, and knowing nothing of the adapter's code.
//!
//! It hears of everything that crosses the adapter's boundaries, in order, and of kills. Each method
//! says what is wrong, in words that name the rule.

use std::collections::{BTreeMap, BTreeSet};

use aios_wechat::contract::{self, InboundEvent, Timestamp};
use serde_json::{Value, json};

use super::letters;
use super::script::{Content, Person, Setup};

/// What broke, and which rule it broke.
pub(super) type Broken = String;
pub(super) type Judged = Result<(), Broken>;

/// Every body holds this word; it is nowhere but in bodies.
pub(super) const BODY: &str = "quetzal";
/// Every context holds this.
pub(super) const CONTEXT: &str = "ctx7f3a";
/// The bot token.
pub(super) const TOKEN: &str = "bt91c44e0b7d";

/// Where a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Admitted,
    /// Has to be paired, and has not been heard of.
    Unknown,
    /// AIOS has been told, and has not decided.
    Pending,
    Denied,
}

/// All that may be true: after a kill one cannot always know.
pub(super) type Standings = BTreeSet<Standing>;

/// What becomes of a message whose sender is admitted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    Event(Value),
    Report(&'static str),
    Nothing,
}

/// A message of the story.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is known of a message")]
pub(super) struct Letter {
    pub(super) from: Person,
    pub(super) group: bool,
    pub(super) fate: Fate,
    pub(super) created_ms: i64,
    pub(super) message_ids: BTreeSet<String>,
    pub(super) contexts: BTreeSet<String>,
    /// Where it stands in WeChat's line, copies included.
    places: BTreeSet<usize>,
    /// Nobody can be told of it: it shows in health alone.
    is_nameless: bool,
    /// Its sender's standings since it was given.
    standings: Standings,
    is_open: bool,
    is_told: bool,
    settled: Option<i64>,
    /// It was passed over, since its sender was pending; and when it had been given.
    dropped: Option<i64>,
    /// It was forwarded, and the process must still know.
    pub(super) forwarded: bool,
    /// The process may have died before it noted the settlement.
    may_be_forgotten: bool,
    dedup_key: Option<String>,
    correlation_id: Option<String>,
    /// The ids under which this process told it.
    told_as: BTreeSet<String>,
    pub(super) given_to_process: bool,
}

/// An entry of WeChat's line.
#[derive(Debug)]
struct Place {
    letter: usize,
    /// When it was first given, and when its message had been settled before that.
    given: Option<(i64, Option<i64>)>,
}

/// An event that AIOS has not settled.
#[derive(Debug)]
struct Sending {
    letter: Option<usize>,
    event: Value,
    is_out: bool,
}

#[derive(Debug)]
pub(super) struct Oracle {
    pub(super) setup: Setup,
    pub(super) letters: Vec<Letter>,
    line: Vec<Place>,
    standings: BTreeMap<Person, Standings>,
    acknowledged: usize,
    /// Settled since the last poll: what a kill may make it forget.
    volatile: Vec<usize>,
    /// Places that were given to this process and before it, and when.
    again: Vec<(usize, i64)>,
    sendings: BTreeMap<String, Sending>,
    streams: BTreeSet<String>,
    stream: Option<(String, u64)>,
    told_up_to: BTreeMap<String, usize>,
    given_up_to: usize,
    sessions: BTreeMap<String, String>,
    keys: BTreeMap<String, usize>,
    /// Codes that the recent errors of this process must hold.
    pub(super) noted: BTreeSet<&'static str>,
}

pub(super) fn breaks(rule: &str, what: impl std::fmt::Display) -> Broken {
    format!("{rule}: {what}")
}

fn ensure(holds: bool, rule: &str, what: impl FnOnce() -> String) -> Judged {
    if holds {
        Ok(())
    } else {
        Err(breaks(rule, what()))
    }
}

impl Letter {
    /// Whether AIOS has heard of it from this process, under this id.
    pub(super) fn is_told_as(&self, message_id: &Value) -> bool {
        let known = message_id.as_str();
        known.is_some_and(|id| self.told_as.contains(id))
    }
}

impl Oracle {
    pub(super) fn of(setup: &Setup) -> Self {
        let standings = Person::ALL.into_iter().map(|person| {
            let listed = matches!(person, Person::Friend | Person::Cousin) && !setup.owner_only;
            let standing = match person {
                Person::Owner if setup.owner => Standing::Admitted,
                _ if !listed => Standing::Denied,
                _ if setup.pairing => Standing::Unknown,
                _ => Standing::Admitted,
            };
            (person, Standings::from([standing]))
        });
        Self {
            setup: setup.clone(),
            letters: Vec::new(),
            line: Vec::new(),
            standings: standings.collect(),
            acknowledged: 0,
            volatile: Vec::new(),
            again: Vec::new(),
            sendings: BTreeMap::new(),
            streams: BTreeSet::new(),
            stream: None,
            told_up_to: BTreeMap::new(),
            given_up_to: 0,
            sessions: BTreeMap::new(),
            keys: BTreeMap::new(),
            noted: BTreeSet::new(),
        }
    }

    pub(super) fn window_ms(&self) -> i64 {
        self.setup.window_sec * 1_000
    }

    pub(super) fn standings(&self, person: Person) -> &Standings {
        &self.standings[&person]
    }

    /// Whether pairing has a say about the person.
    pub(super) fn is_paired(&self, person: Person) -> bool {
        let listed = matches!(person, Person::Friend | Person::Cousin);
        self.setup.pairing && listed && !self.setup.owner_only
    }

    /// From now on one of these is true of the person.
    pub(super) fn stand(&mut self, person: Person, standings: Standings) {
        for letter in &mut self.letters {
            if letter.from == person && letter.is_open {
                letter.standings.extend(&standings);
            }
        }
        self.standings.insert(person, standings);
    }

    // --- WeChat ---

    pub(super) fn written(
        &mut self,
        from: Person,
        content: Content,
        group: bool,
        fate: Fate,
        created_ms: i64,
    ) -> usize {
        let fate = match fate {
            Fate::Event(_) if group => Fate::Report("group_message"),
            fate => fate,
        };
        self.letters.push(Letter {
            from,
            group,
            fate,
            created_ms,
            message_ids: BTreeSet::new(),
            contexts: BTreeSet::new(),
            places: BTreeSet::new(),
            is_nameless: content == Content::Nameless,
            standings: Standings::new(),
            is_open: false,
            is_told: false,
            settled: None,
            dropped: None,
            forwarded: false,
            may_be_forgotten: false,
            dedup_key: None,
            correlation_id: None,
            told_as: BTreeSet::new(),
            given_to_process: false,
        });
        self.letters.len() - 1
    }

    /// WeChat puts the message, or a copy of it, into its line.
    pub(super) fn lined_up(&mut self, letter: usize) {
        self.letters[letter].places.insert(self.line.len());
        self.line.push(Place {
            letter,
            given: None,
        });
    }

    pub(super) fn gave(&mut self, from: usize, to: usize, now: i64) {
        if from < std::mem::replace(&mut self.given_up_to, to) {
            self.told_up_to.clear(); // what it had not told the first time it may tell now
        }
        for (at, place) in self.line.iter_mut().enumerate().take(to).skip(from) {
            let letter = &mut self.letters[place.letter];
            if place.given.is_some() {
                self.again.push((at, now));
            }
            place.given.get_or_insert((now, letter.settled));
            letter.given_to_process = true;
            if !letter.is_open {
                letter.standings.clear();
                letter.is_open = true;
            }
            letter.standings.extend(&self.standings[&letter.from]);
        }
    }

    /// The adapter polls: everything before the position must be settled.
    pub(super) fn polls(&mut self, position: usize) -> Judged {
        for at in self.acknowledged..position {
            let place = &self.line[at];
            let Some((given, settled_before)) = place.given else {
                return Err(breaks(
                    "WX-CURSOR-001",
                    format!("entry {at} was never given"),
                ));
            };
            let (letter, id) = (&self.letters[place.letter], place.letter);
            let is_long_ago = |settled: i64| given - settled >= 2 * self.window_ms();
            let is_new = settled_before.is_none_or(is_long_ago);
            let is_settled = letter
                .settled
                .is_some_and(|settled| !is_new || settled >= given);
            ensure(
                is_settled
                    || letter.dropped.is_some()
                    || Self::outcomes(letter).contains("silence"),
                "WX-CURSOR-001",
                || format!("the position moved behind message {id}, which AIOS has not settled"),
            )?;
            if letter.settled.is_none() {
                self.letters[id].dropped.get_or_insert(given);
            }
        }
        self.acknowledged = self.acknowledged.max(position);
        let (passed, ahead) = std::mem::take(&mut self.again)
            .into_iter()
            .partition(|(at, _)| *at < position);
        self.again = ahead;
        self.passed_over(passed);
        for place in &self.line[..position] {
            let letter = &mut self.letters[place.letter];
            letter.is_open = false;
            if letter.is_nameless && letter.given_to_process {
                self.noted.insert("malformed_message");
            }
        }
        self.volatile.clear();
        Ok(())
    }

    /// The position moved behind places that were given a second time. What the adapter may have
    /// forgotten may be new to it, and its sender may have been pending then.
    fn passed_over(&mut self, places: Vec<(usize, i64)>) {
        let window_ms = self.window_ms();
        for (at, given) in places {
            let letter = &mut self.letters[self.line[at].letter];
            let is_old = letter.settled.is_some_and(|at| given - at >= window_ms);
            let is_silent = (letter.may_be_forgotten || is_old) && letter.told_as.is_empty();
            if is_silent && Self::outcomes(letter).contains("silence") {
                letter.dropped = Some(given);
            }
        }
    }

    // --- AIOS ---

    /// What may become of a message: `event`, `silence`, or the status it is reported with.
    fn outcomes(letter: &Letter) -> BTreeSet<&'static str> {
        let own = match letter.fate {
            Fate::Nothing => return BTreeSet::from(["silence"]),
            Fate::Event(_) => "event",
            Fate::Report(status) => status,
        };
        let mut outcomes = BTreeSet::new();
        if letter.group {
            outcomes.insert("group_message");
        }
        for standing in &letter.standings {
            match standing {
                Standing::Admitted => {}
                Standing::Denied => drop(outcomes.insert("access_denied")),
                Standing::Unknown => drop(outcomes.insert("pairing_required")),
                Standing::Pending => drop(outcomes.insert("silence")),
            }
            if *standing == Standing::Admitted || own != "event" {
                outcomes.insert(own);
            }
        }
        outcomes
    }

    /// An event reaches AIOS under this request id.
    pub(super) fn event(&mut self, request: &str, event: &Value, now: i64) -> Judged {
        let typed = contract::decode::<InboundEvent>(event);
        ensure(typed.is_ok(), "WX-ENV-012", || {
            format!("{event}: {typed:?}")
        })?;
        let route = (&event["workspace_id"], &event["agent_id"]);
        ensure(
            route == (&json!("ws-001"), &json!("codex")),
            "WX-ROUTE-001",
            || format!("the route is {route:?}"),
        )?;
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let session = text("session_id");
        let is_out = |sending: &Sending| sending.is_out && sending.event["session_id"] == session;
        ensure(!self.sendings.values().any(is_out), "WX-CURSOR-001", || {
            format!("a second unsettled event of session {session}")
        })?;
        let seq = event["seq"].as_u64().unwrap_or_default();
        let name = format!("{} {seq}", text("stream_id"));
        if let Some(retries) = event["retry_count"].as_u64() {
            return self.repeat(request, &name, event, retries);
        }
        let stream = text("stream_id");
        match &mut self.stream {
            Some((name, last)) if *name == stream => {
                ensure(seq > *last, "WX-ENV-005", || {
                    format!("{seq} follows {last}")
                })?;
                *last = seq;
            }
            _ => {
                ensure(self.streams.insert(stream.clone()), "WX-ENV-005", || {
                    format!("the stream {stream} was closed")
                })?;
                self.stream = Some((stream, seq));
            }
        }
        let letter = match event["message_id"].as_str() {
            Some(id) => Some(self.about_message(id, event, now)?),
            None => None,
        };
        let sending = Sending {
            letter,
            event: event.clone(),
            is_out: true,
        };
        self.sendings.insert(request.to_owned(), sending);
        Ok(())
    }

    fn repeat(&mut self, request: &str, name: &str, event: &Value, retries: u64) -> Judged {
        let before = self.sendings.iter().find(|(_, sending)| {
            !sending.is_out
                && format!(
                    "{} {}",
                    sending.event["stream_id"].as_str().unwrap_or_default(),
                    sending.event["seq"]
                ) == name
        });
        let Some((id, _)) = before else {
            return Err(breaks(
                "WX-ENV-005",
                format!("{name} is repeated and was settled, or never sent"),
            ));
        };
        let id = id.clone();
        let mut sending = self.sendings.remove(&id).expect("just found");
        let tries = sending.event["retry_count"].as_u64().unwrap_or_default();
        ensure(retries == tries + 1, "WX-ENV-005", || {
            format!("retry {retries} after {tries}")
        })?;
        sending.event["retry_count"] = retries.into();
        ensure(sending.event == *event, "WX-ENV-005", || {
            format!("a repeat differs: {event}")
        })?;
        sending.is_out = true;
        self.sendings.insert(request.to_owned(), sending);
        Ok(())
    }

    fn about_message(&mut self, id: &str, event: &Value, now: i64) -> Result<usize, Broken> {
        let Some(index) = self.letter_of(event) else {
            return Err(breaks("WX-ENV-008", format!("there is no message {id}")));
        };
        let letter = &self.letters[index];
        ensure(letter.given_to_process, "WX-ENV-008", || {
            format!("message {index} was not given")
        })?;
        if let Some(settled) = letter.settled
            && !letter.may_be_forgotten
        {
            ensure(now - settled >= self.window_ms(), "WX-DEDUP-001", || {
                format!(
                    "message {index} is told again {} ms after AIOS settled it",
                    now - settled
                )
            })?;
        }
        if let Some(given) = letter.dropped
            && !letter.may_be_forgotten
        {
            ensure(now - given >= self.window_ms(), "WX-ACCESS-008", || {
                format!("message {index} was dropped, and is told after all")
            })?;
        }
        let outcome = match event["status_code"].as_str() {
            Some("forwarded") => "event",
            Some(status) => status,
            None => "",
        };
        let outcomes = Self::outcomes(letter);
        ensure(outcomes.contains(outcome), "WX-ACCESS", || {
            format!("message {index} is told as {outcome}, and may be {outcomes:?}")
        })?;
        if outcome == "pairing_required" {
            let pending = Standings::from([Standing::Pending]);
            ensure(
                self.standings[&letter.from] != pending,
                "WX-ACCESS-008",
                || format!("{:?} is reported a second time", letter.from),
            )?;
        }
        let payload = &event["payload"];
        ensure(payload["sender"] == letter.from.id(), "WX-ENV", || {
            format!("sender of {index}")
        })?;
        if let (Fate::Event(expected), "event") = (&letter.fate, outcome) {
            let found = essence(event);
            ensure(found == *expected, "WX-ENV-004", || {
                format!("message {index} is {found}, expected {expected}")
            })?;
        }
        let dated = event["timestamp"]
            .as_str()
            .and_then(|text| Timestamp::try_from(text).ok());
        let second = dated.and_then(|at| at.unix_ms()).map(|ms| ms / 1_000);
        ensure(
            second == Some(letter.created_ms / 1_000),
            "WX-ENV-007",
            || format!("date of {index}"),
        )?;
        self.names(index, event)?;
        let session = event["session_id"].as_str().unwrap_or_default();
        if !self.letters[index].is_told {
            self.in_order(index, session)?;
        }
        self.letters[index].is_told = true;
        self.letters[index].told_as.insert(id.to_owned());
        Ok(index)
    }

    /// Keys, correlations and sessions.
    fn names(&mut self, index: usize, event: &Value) -> Judged {
        let letter = &mut self.letters[index];
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let key = text("dedup_key");
        let owner = *self.keys.entry(key.clone()).or_insert(index);
        ensure(owner == index, "WX-DEDUP-003", || {
            format!("{owner} and {index} share a key")
        })?;
        let first = letter.dedup_key.get_or_insert_with(|| key.clone());
        ensure(*first == key, "WX-DEDUP-004", || {
            format!("{index} had the key {first}, now {key}")
        })?;
        let correlation = text("correlation_id");
        let first = letter
            .correlation_id
            .get_or_insert_with(|| correlation.clone());
        ensure(*first == correlation, "WX-ENV-006", || {
            format!("{index} is correlated anew")
        })?;
        let place = if letter.group {
            "group"
        } else {
            letter.from.id()
        };
        let session = text("session_id");
        let of = self
            .sessions
            .entry(session.clone())
            .or_insert_with(|| place.to_owned());
        ensure(of == place, "WX-ROUTE-004", || {
            format!("{of} and {place} share {session}")
        })?;
        let sessions = self.sessions.values().filter(|of| *of == place).count();
        ensure(sessions == 1, "WX-ROUTE-004", || {
            format!("{place} has {sessions} sessions")
        })
    }

    /// What is told for the first time comes after what was told of its conversation before.
    fn in_order(&mut self, index: usize, session: &str) -> Judged {
        let places = &self.letters[index].places;
        let next = match self.told_up_to.get(session) {
            Some(last) => places.range(last + 1..).next(),
            None => places.first(),
        };
        let Some(next) = next else {
            return Err(breaks(
                "WX-ENV-009",
                format!("message {index} is told after a later one"),
            ));
        };
        self.told_up_to.insert(session.to_owned(), *next);
        Ok(())
    }

    /// AIOS answers an event: it settles it, or wants it again.
    pub(super) fn answered(&mut self, request: &str, settles: bool, now: i64) {
        if !settles {
            if let Some(sending) = self.sendings.get_mut(request) {
                sending.is_out = false;
            }
            self.noted.insert("aios_unavailable");
            return;
        }
        let Some(Sending {
            letter: Some(index),
            event,
            ..
        }) = self.sendings.remove(request)
        else {
            return;
        };
        let letter = &mut self.letters[index];
        letter.settled = Some(now);
        letter.is_open = false;
        letter.may_be_forgotten = false;
        letter.forwarded |= event["status_code"] == "forwarded";
        let from = letter.from;
        self.volatile.push(index);
        if event["status_code"] == "pairing_required" {
            let mut standings = self.standings[&from].clone();
            if standings.remove(&Standing::Unknown) {
                standings.insert(Standing::Pending);
            }
            self.stand(from, standings);
        }
    }

    // --- processes ---

    /// The process ended in good order.
    pub(super) fn stopped(&mut self) {
        self.volatile.clear();
        self.ended();
    }

    /// It was killed: what it did last it may not have noted.
    pub(super) fn killed(&mut self) {
        for index in std::mem::take(&mut self.volatile) {
            let letter = &mut self.letters[index];
            letter.may_be_forgotten = true;
            letter.forwarded = false;
            let from = letter.from;
            let mut standings = self.standings[&from].clone();
            if standings.contains(&Standing::Pending) {
                standings.insert(Standing::Unknown);
            }
            self.stand(from, standings);
        }
        self.ended();
    }

    /// Its files were damaged.
    pub(super) fn damaged(&mut self) {
        for letter in &mut self.letters {
            letter.may_be_forgotten = true;
            letter.forwarded = false;
        }
        for person in Person::ALL {
            let mut standings = self.standings[&person].clone();
            if self.is_paired(person) {
                standings.insert(Standing::Unknown);
            }
            self.stand(person, standings);
        }
        self.noted.insert("state_damaged");
    }

    fn ended(&mut self) {
        self.again.clear();
        // What it passed over, since its sender was pending, it may have noted before it ended.
        for letter in &mut self.letters {
            let is_silent = letter.is_open && letter.told_as.is_empty();
            if is_silent && Self::outcomes(letter).contains("silence") {
                let given = |at: &usize| self.line[*at].given.map(|(given, _)| given);
                letter.dropped = letter.places.iter().filter_map(given).max();
                letter.may_be_forgotten = true;
            }
        }
        self.sendings.clear();
        self.stream = None;
        self.noted.clear();
        for letter in &mut self.letters {
            letter.given_to_process = false;
            letter.is_open = false;
            letter.correlation_id = None;
            letter.told_as.clear();
        }
    }

    /// The message that an event is about.
    pub(super) fn letter_of(&self, event: &Value) -> Option<usize> {
        let id = event["message_id"].as_str()?;
        self.letters
            .iter()
            .position(|letter| letter.message_ids.contains(id))
    }

    /// The access state says what was started, and where everybody stands.
    pub(super) fn shows(&self, access: &Value) -> Judged {
        let (auth, policy) = letters::access(&self.setup);
        let same = access["auth"] == auth && access["policy"] == policy;
        ensure(same, "WX-ACCESS-006", || format!("{access}"))?;
        let pairings = access["pairing"].as_array().into_iter().flatten();
        let state = |person: Person| {
            let mut pairings = pairings.clone();
            pairings
                .find(|pairing| pairing["user_id"] == person.id())
                .map(|it| &it["state"])
        };
        for person in Person::ALL
            .into_iter()
            .filter(|person| self.is_paired(*person))
        {
            let standing = match state(person).and_then(Value::as_str) {
                Some("approved") => Standing::Admitted,
                Some("denied") => Standing::Denied,
                Some("pending") => Standing::Pending,
                _ => Standing::Unknown,
            };
            let standings = &self.standings[&person];
            ensure(standings.contains(&standing), "WX-ACCESS-006", || {
                format!("{person:?} stands as {standing:?}, and may as {standings:?}")
            })?;
        }
        Ok(())
    }

    /// Whether AIOS is owed nothing.
    pub(super) fn is_at_peace(&self) -> bool {
        self.sendings.is_empty()
    }
}

/// The part of an event that its message decides.
fn essence(event: &Value) -> Value {
    let payload = &event["payload"];
    let kinds = |attachment: &Value| attachment["kind"].clone();
    let attachments = payload["attachments"].as_array().into_iter().flatten();
    json!({
        "event_type": event["event_type"],
        "text": payload["text"],
        "origin": payload["origin"],
        "attachments": attachments.map(kinds).collect::<Vec<_>>(),
        "quoted": payload["quoted"]["message_id"],
    })
}
