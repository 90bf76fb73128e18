//! The story: WeChat, AIOS and time around one adapter, step by step, under the oracle's eyes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aios_wechat::contract::Timestamp;
use aios_wechat::hunt::{Hunt, Marker};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::aios::{Aios, Said};
use super::letters::{self, Written};
use super::oracle::{BODY, Broken, CONTEXT, Judged, Oracle, TOKEN, breaks};
use super::outbound::{Action, Outbound, code, result};
use super::process::{Process, Subject};
use super::script::{
    Damage, Entry, Failing, Ids, Kind, Mood, Order, Person, Reply, Script, Setup, Step, Tick,
};
use super::wechat::{Seen, Wechat};

const START_MS: i64 = 1_774_353_600_000;
/// The longest pause that an adapter may make between two polls, and as much again.
const PATIENCE_MS: i64 = 600_000;

pub(super) struct World {
    subject: Subject,
    wechat: Wechat,
    aios: Aios,
    oracle: Oracle,
    outbound: Outbound,
    folder: TempDir,
    process: Process,
    /// How many processes there were.
    launches: u32,
    /// The request of the action that is under way.
    acting: Option<String>,
    written: Vec<Written>,
    polls: Polls,
    now: i64,
}

/// What the last poll of this process came to.
#[derive(Clone, Copy, PartialEq)]
enum Polls {
    None,
    Fine,
    Failed(Failing),
}

/// Plays a script against an adapter; what it breaks, if it does.
pub(super) fn play(subject: Subject, script: &Script) -> Judged {
    let mut world = World::open(subject, &script.setup)?;
    for step in &script.steps {
        world.step(step)?;
    }
    world.close()
}

impl World {
    fn open(subject: Subject, setup: &Setup) -> Result<Self, Broken> {
        let wechat = Wechat::default();
        wechat.set_now(START_MS);
        let process = Process::launch(subject, &wechat);
        let mut world = Self {
            subject,
            aios: Aios::default(),
            oracle: Oracle::of(setup),
            outbound: Outbound::default(),
            folder: tempfile::tempdir().unwrap(),
            process,
            wechat,
            launches: 1,
            acting: None,
            written: Vec::new(),
            polls: Polls::None,
            now: START_MS,
        };
        world.start()?;
        Ok(world)
    }

    fn step(&mut self, step: &Step) -> Judged {
        match step {
            Step::Give(entries) => self.give(entries),
            Step::Fail {
                call,
                after,
                how,
                times,
            } => self.wechat.fail(*call, *after, *how, *times),
            Step::ForgetPositions => self.wechat.forget_positions(),
            Step::ExpireContexts(person) => self.wechat.expire_contexts(person.id()),
            Step::Aios(mood) => {
                for (request, said) in self.aios.turn(*mood) {
                    self.answer(&request, said);
                }
            }
            Step::Act(order) => self.act(order),
            Step::Repeat(back) => self.repeat(*back),
            Step::Tick(Tick::Ms(ms)) => self.pass(*ms)?,
            Step::Tick(Tick::HalfWindows(halves)) => {
                self.pass(self.oracle.window_ms() * halves / 2)?;
            }
            Step::Ask => self.ask()?,
            Step::Restart => self.restart()?,
            Step::Kill(effects) => self.process.life.limit(*effects),
            Step::Damage(damage) => {
                self.end()?;
                spoil(self.folder.path(), *damage);
                self.oracle.damaged();
                self.outbound.damaged();
                self.launch()?;
            }
        }
        self.run()
    }

    /// Everything recovers; then nothing may be owed, and all must be well.
    fn close(&mut self) -> Judged {
        for (request, said) in self.aios.turn(Mood::Answering) {
            self.answer(&request, said);
        }
        self.wechat.recover();
        self.run()?;
        for _ in 0..6 {
            if self.wechat.is_read_to_the_end() && self.oracle.is_at_peace() {
                break;
            }
            self.pass(PATIENCE_MS)?;
            self.run()?;
        }
        let arrived = self.wechat.is_read_to_the_end() && self.oracle.is_at_peace();
        if !arrived {
            return Err(breaks(
                "WX-CURSOR-002",
                "what WeChat has does not reach AIOS",
            ));
        }
        for _ in 0..3 {
            self.pass(1_000)?; // that many good polls before health is judged
        }
        self.ask()?;
        let health = self.request("health", &json!({}))?.unwrap_or_default();
        if health["health"] != "healthy" {
            return Err(breaks(
                "WX-HEALTH-002",
                format!("all is well, and {health}"),
            ));
        }
        self.restart()?;
        self.run()
    }

    // --- WeChat ---

    fn give(&mut self, entries: &[Entry]) {
        let mut batch = Vec::new();
        for entry in entries {
            let index = match *entry {
                Entry::New {
                    from,
                    content,
                    group,
                    ids,
                } => {
                    let number = self.written.len();
                    let quoted = self.written.last();
                    let written = Written::new(number, from, content, group, ids, self.now, quoted);
                    let fate = written.fate(&self.oracle.setup);
                    self.oracle.written(from, content, group, fate, self.now);
                    self.written.push(written);
                    number
                }
                Entry::Again { back, new_id } => {
                    let Some(index) = self.written.len().checked_sub(back + 1) else {
                        continue;
                    };
                    if new_id && self.written[index].ids == Ids::Both {
                        self.written[index].copies += 1;
                    }
                    index
                }
            };
            let written = &self.written[index];
            let letter = &mut self.oracle.letters[index];
            letter.message_ids.extend(written.shown_id());
            if letter.contexts.insert(written.context()) {
                self.wechat
                    .hand_out_context(written.context(), written.from.id());
            }
            self.oracle.lined_up(index);
            batch.push(written.on_the_wire());
        }
        self.wechat.give(batch);
    }

    /// Time passes for everybody.
    fn pass(&mut self, ms: i64) -> Judged {
        self.now += ms;
        self.wechat.set_now(self.now);
        self.wechat.time_passes();
        self.run()?;
        let now = Timestamp::from_unix_ms(self.now);
        self.request("advance", &json!({"now": now})).map(drop)
    }

    // --- AIOS ---

    fn act(&mut self, order: &Order) {
        if self.acting.is_some() {
            return; // one at a time
        }
        let to = match order.kind {
            Kind::Approval => self.oracle.setup.owner.then_some(Person::Owner),
            _ => Some(order.to),
        };
        let known = self.aios.messages();
        let reply_to = match order.reply {
            _ if order.kind == Kind::Approval => None,
            Reply::None => None,
            Reply::Newest => {
                let of_person =
                    |(index, _): &&(usize, String)| Some(self.oracle.letters[*index].from) == to;
                known.iter().rfind(of_person)
            }
            Reply::Any(back) => known.iter().rev().nth(back),
        };
        let number = self.outbound.actions.len();
        let text = letters::answer(number, self.oracle.setup.chunk, order.chunks);
        let reply = reply_to.map(|(_, id)| id.as_str());
        let document = letters::action(number, order.kind, order.to, &text, reply);
        let reply_to = reply_to.map(|(index, _)| *index);
        let action = Action::new(document, order.kind, to, reply_to, text);
        self.outbound.actions.push(action);
        self.carry_out(number);
    }

    fn repeat(&mut self, back: usize) {
        let index = self.outbound.actions.len().checked_sub(back + 1);
        if let (Some(index), None) = (index, &self.acting) {
            self.carry_out(index);
        }
    }

    fn carry_out(&mut self, index: usize) {
        self.outbound.begins(index, &mut self.oracle, self.now);
        let document = self.outbound.actions[index].document.clone();
        self.acting = Some(self.process.ask("act", &document));
    }

    fn answer(&mut self, request: &str, said: Said) {
        self.oracle.answered(request, said.settles(), self.now);
        if said == Said::Refused {
            self.oracle.noted.insert("event_refused");
        }
        let mut answer = json!({"jsonrpc": "2.0", "id": request});
        let (member, content) = said.content();
        answer[member] = content;
        self.process.say(&answer);
    }

    fn ask(&mut self) -> Judged {
        self.run()?;
        let Some(health) = self.request("health", &json!({}))? else {
            return Ok(());
        };
        let Some(access) = self.request("audit", &json!({}))? else {
            return Ok(());
        };
        let state = health["health"].as_str().unwrap_or_default();
        let fits = match self.polls {
            Polls::Failed(Failing::Expired) => state == "unhealthy",
            Polls::Failed(_) => state == "degraded" || state == "unhealthy",
            _ => state != "stopped",
        };
        if !fits {
            return Err(breaks(
                "WX-HEALTH-001",
                format!("polls fail, and health is {state}"),
            ));
        }
        let errors = health["recent_errors"].as_array().into_iter().flatten();
        let codes: Vec<&str> = errors.filter_map(|error| error["code"].as_str()).collect();
        if let Some(missing) = self.oracle.noted.iter().find(|code| !codes.contains(code)) {
            return Err(breaks(
                "WX-HEALTH-001",
                format!("{missing} is not among {codes:?}"),
            ));
        }
        self.oracle.shows(&access)
    }

    // --- processes ---

    /// The answer to a request; none if the process dies over it.
    fn request(&mut self, method: &str, params: &Value) -> Result<Option<Value>, Broken> {
        let launches = self.launches;
        let asked = self.process.ask(method, params);
        self.run()?;
        if self.launches != launches {
            return Ok(None);
        }
        match self.process.answers.remove(&asked) {
            Some(answer) => result(&answer, method).cloned().map(Some),
            None => Err(breaks("WX-LIFE", format!("`{method}` is not answered"))),
        }
    }

    fn launch(&mut self) -> Judged {
        self.launches += 1;
        self.process = Process::launch(self.subject, &self.wechat);
        self.start()
    }

    fn start(&mut self) -> Judged {
        let kit = json!({"name": "model", "version": "1"});
        let params = json!({"protocol_version": 1, "kit": kit});
        self.request("initialize", &params)?;
        let params = letters::start(&self.oracle.setup, self.folder.path(), self.now);
        self.request("start", &params).map(drop)
    }

    fn restart(&mut self) -> Judged {
        self.run()?;
        let launches = self.launches;
        let asked = self.process.ask("stop", &json!({}));
        self.run()?;
        if self.launches != launches {
            return Ok(()); // it died, and was started again
        }
        for (request, said) in self.aios.turn(Mood::Answering) {
            self.answer(&request, said); // the last answer comes after the stop was asked for
        }
        self.run()?;
        if self.launches != launches {
            return Ok(());
        }
        if !self.process.answers.contains_key(&asked) {
            return Err(breaks("WX-LIFE-001", "the stop is not answered"));
        }
        if self.wechat.is_polled() {
            return Err(breaks("WX-LIFE-001", "a poll is held after the stop"));
        }
        self.oracle.stopped();
        self.end()?;
        self.launch()
    }

    /// The process is gone. What it leaves behind is searched.
    fn end(&mut self) -> Judged {
        self.oracle.killed();
        self.outbound.ended(self.oracle.setup.cache);
        self.aios.hangs_up();
        self.acting = None;
        self.polls = Polls::None;
        self.search()
    }

    /// Lets everybody go on until nothing moves.
    fn run(&mut self) -> Judged {
        loop {
            let lines = self.process.run();
            self.look()?;
            let quiet = lines.is_empty();
            for line in lines {
                self.hear(&line)?;
            }
            if self.process.life.is_over() {
                self.end()?;
                return self.launch();
            }
            if quiet {
                return Ok(());
            }
        }
    }

    /// What WeChat saw meanwhile.
    fn look(&mut self) -> Judged {
        for seen in self.wechat.seen() {
            match seen {
                Seen::Poll { position } => self.oracle.polls(position.unwrap_or_default())?,
                Seen::Gave { from, to } => {
                    self.polls = Polls::Fine;
                    self.oracle.gave(from, to, self.now);
                }
                Seen::PollLost => {
                    self.polls = Polls::None;
                    self.oracle.noted.insert("cursor_reset");
                }
                Seen::PollFailed(how) => {
                    self.polls = Polls::Failed(how);
                    self.oracle.noted.insert(code(how));
                }
                Seen::Send {
                    message,
                    took_effect,
                    failed,
                } => {
                    let oracle = &mut self.oracle;
                    self.outbound
                        .sends(&message, took_effect, failed, oracle, self.now)?;
                }
                Seen::TypingFailed(Failing::Stalled { .. }) => {}
                Seen::TypingFailed(how) => drop(self.oracle.noted.insert(code(how))),
            }
        }
        Ok(())
    }

    /// A line of the adapter.
    fn hear(&mut self, line: &Value) -> Judged {
        let id = line["id"].as_str().unwrap_or_default().to_owned();
        if line.get("method").is_none() {
            if self.process.life.is_over() {
                return Ok(()); // it died before it could say so
            }
            discreet(line)?;
            if self.acting.as_ref() == Some(&id) {
                self.acting = None;
                result(line, "act")?;
                return self.outbound.answered(line, &mut self.oracle, self.now);
            }
            self.process.answers.insert(id, line.clone());
            return Ok(());
        }
        if line["method"] != "event" {
            return Err(breaks("WX-BOUND-001", line));
        }
        if !self.process.life.lives_on() {
            return Ok(()); // it died before
        }
        let event = &line["params"];
        discreet(&without_words(event))?;
        self.oracle.event(&id, event, self.now)?;
        let about = self.oracle.letter_of(event);
        if let Some(said) = self.aios.hears(&id, event, about) {
            self.answer(&id, said);
        }
        Ok(())
    }

    fn search(&self) -> Judged {
        static HUNT: OnceLock<(Hunt, Hunt)> = OnceLock::new();
        let marker = |what: &str, words: &str| Marker {
            what: what.to_owned(),
            words: words.to_owned(),
        };
        let (strict, usual) = HUNT.get_or_init(|| {
            let (body, token) = (marker("a body", BODY), marker("the bot token", TOKEN));
            let context = marker("a context", CONTEXT);
            let strict = Hunt::new(vec![body.clone(), token.clone(), context]).unwrap();
            (strict, Hunt::new(vec![body, token]).unwrap())
        });
        let hunt = if self.oracle.setup.cache {
            usual
        } else {
            strict
        };
        let trail = hunt.folder(self.folder.path()).unwrap();
        match trail.finds.first() {
            Some(find) => Err(breaks(
                "WX-STORE-001",
                format!("{} in {}", find.what, find.place),
            )),
            None => Ok(()),
        }
    }
}

/// No body, no context and no credential stands where it does not belong.
fn discreet(line: &Value) -> Judged {
    let text = line.to_string();
    for (what, word) in [
        ("a body", BODY),
        ("a context", CONTEXT),
        ("the bot token", TOKEN),
    ] {
        if text.contains(word) {
            return Err(breaks("WX-STORE-003", format!("{what} in {text}")));
        }
    }
    Ok(())
}

/// An event without what its payload may say.
fn without_words(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(payload) = event["payload"].as_object_mut() {
        payload.remove("text");
        for attachment in payload
            .get_mut("attachments")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(attachment) = attachment.as_object_mut() {
                attachment.remove("name");
            }
        }
    }
    event
}

/// Every file below a folder is not what it was.
fn spoil(folder: &Path, damage: Damage) {
    for path in files(folder) {
        let bytes = fs::read(&path).unwrap();
        match damage {
            Damage::Half => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
            Damage::Noise => fs::write(&path, vec![0x5a; bytes.len()]).unwrap(),
            Damage::Gone => fs::remove_file(&path).unwrap(),
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
