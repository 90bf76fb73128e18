//! The desk: which request may reach an adapter when, and what becomes of it.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

use crate::contract::driver::{
    AdvanceParams, InitializeParams, InitializeResult, PROTOCOL_VERSION, ProtocolVersion, RpcError,
};
use crate::contract::{Fault, Finding, List, OutboundAction, Start, Timestamp, decode};

use super::error::method_not_found;
use super::frame::Params;
use super::outbox::Outbox;
use super::{Adapter, AdapterError};

/// Where in its life an adapter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `initialize` has not come.
    Fresh,
    /// Waiting for `start`, perhaps after a refused one.
    Idle,
    Starting,
    Started,
    Stopped,
}

/// A request that was admitted.
pub(crate) enum Job {
    Say(Value),
    Start(Box<Start>),
    Act(Box<OutboundAction>),
    Health,
    Audit,
    Advance(Timestamp),
    Stop,
}

/// What stands between the requests and an adapter: it admits, orders and answers.
pub(crate) struct Desk<A> {
    adapter: A,
    outbox: Arc<Outbox>,
    phase: watch::Sender<Phase>,
    /// Held while the adapter starts or stops. True while a `stop` is owed to it.
    turn: Mutex<bool>,
}

impl<A: Adapter> Desk<A> {
    pub(crate) fn new(adapter: A, outbox: Arc<Outbox>) -> Self {
        Self {
            adapter,
            outbox,
            phase: watch::Sender::new(Phase::Fresh),
            turn: Mutex::new(false),
        }
    }

    /// Decides whether a request may be performed now. Requests are admitted in the order they
    /// arrive.
    pub(crate) fn admit(&self, method: &str, params: Option<Params>) -> Result<Job, RpcError> {
        let phase = *self.phase.borrow();
        match method {
            "initialize" => {
                let welcome = self.welcome(params)?;
                if phase == Phase::Fresh {
                    self.phase.send_replace(Phase::Idle);
                }
                Ok(Job::Say(welcome))
            }
            "start" | "act" | "audit" | "advance" | "health" | "stop" if phase == Phase::Fresh => {
                Err(AdapterError::NotStarted.into())
            }
            "start" if phase != Phase::Idle => Err(AdapterError::AlreadyStarted.into()),
            "act" | "audit" | "advance" if phase != Phase::Started => {
                Err(AdapterError::NotStarted.into())
            }
            "start" => {
                let setup = read(params)?;
                self.phase.send_replace(Phase::Starting);
                Ok(Job::Start(Box::new(setup)))
            }
            "act" => Ok(Job::Act(Box::new(read(params)?))),
            "advance" => Ok(Job::Advance(read::<AdvanceParams>(params)?.now)),
            "audit" => read_nothing(params).map(|()| Job::Audit),
            "health" => read_nothing(params).map(|()| Job::Health),
            "stop" => {
                read_nothing(params)?;
                self.begin_to_stop();
                Ok(Job::Stop)
            }
            _ => Err(method_not_found(method)),
        }
    }

    fn welcome(&self, params: Option<Params>) -> Result<Value, RpcError> {
        let params = document(params)?;
        let version = params
            .get("protocol_version")
            .and_then(|version| decode(version).ok());
        // An unknown version may say more than version 1 knows; it is named before anything else is
        // looked at.
        if version.is_some_and(|version: ProtocolVersion| version != PROTOCOL_VERSION) {
            let supported = List::try_from(vec![PROTOCOL_VERSION]);
            let supported = supported.map_err(|error| AdapterError::Internal(error.to_string()))?;
            return Err(RpcError::version_not_spoken(supported));
        }
        decode::<InitializeParams>(&params)
            .map_err(|finding| RpcError::invalid_params(&finding))?;
        let capabilities = self.adapter.capabilities();
        write(&InitializeResult {
            protocol_version: PROTOCOL_VERSION,
            capabilities,
        })
    }

    /// From here on nothing more is admitted that needs a started adapter.
    fn begin_to_stop(&self) {
        self.phase.send_if_modified(|phase| {
            let runs = matches!(*phase, Phase::Starting | Phase::Started);
            if runs {
                *phase = Phase::Stopped;
            }
            runs
        });
    }

    /// Does what was asked.
    pub(crate) async fn perform(&self, job: Job) -> Result<Value, RpcError> {
        match job {
            Job::Say(result) => Ok(result),
            Job::Start(setup) => {
                self.start(*setup).await?;
                Ok(json!({}))
            }
            Job::Act(action) => write(&self.adapter.act(*action).await?),
            Job::Health => write(&self.adapter.health().await),
            Job::Audit => write(&self.adapter.audit().await),
            Job::Advance(now) => {
                self.adapter.advance(now).await?;
                Ok(json!({}))
            }
            Job::Stop => {
                self.stop().await?;
                Ok(json!({}))
            }
        }
    }

    async fn start(&self, setup: Start) -> Result<(), AdapterError> {
        let mut owes_stop = self.turn.lock().await;
        let mut phase = self.phase.subscribe();
        let overtaken = || AdapterError::Internal("stopped while starting".to_owned());
        if *phase.borrow() == Phase::Stopped {
            return Err(overtaken());
        }
        *owes_stop = true;
        let started = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase == Phase::Stopped) => return Err(overtaken()),
            started = self.adapter.start(setup, self.outbox.sink()) => started,
        };
        if started.is_ok() {
            self.phase.send_if_modified(|phase| {
                let goes_on = *phase == Phase::Starting;
                if goes_on {
                    *phase = Phase::Started;
                }
                goes_on
            });
        } else {
            *owes_stop = false;
            self.phase.send_replace(Phase::Idle);
        }
        started
    }

    /// Stops the adapter if it was started and not stopped yet; waits for a stop that is under way.
    pub(crate) async fn stop(&self) -> Result<(), AdapterError> {
        self.begin_to_stop();
        let mut owes_stop = self.turn.lock().await;
        if std::mem::take(&mut *owes_stop) {
            self.adapter.stop().await?;
        }
        Ok(())
    }
}

/// The params as a document that passes the text layer. No params are an empty document.
fn document(params: Option<Params>) -> Result<Value, RpcError> {
    let params = params.map_or_else(|| Ok(json!({})), |params| params.strict());
    params.map_err(|finding| RpcError::invalid_params(&finding))
}

fn read<T: DeserializeOwned>(params: Option<Params>) -> Result<T, RpcError> {
    decode(&document(params)?).map_err(|finding| RpcError::invalid_params(&finding))
}

/// A method without params takes an empty document, and nothing in it.
fn read_nothing(params: Option<Params>) -> Result<(), RpcError> {
    match document(params)?
        .as_object()
        .and_then(|members| members.keys().next())
    {
        None => Ok(()),
        Some(name) => {
            let message = "this method has no params";
            let finding = Finding::new(Fault::UnknownMember, message).under(name);
            Err(RpcError::invalid_params(&finding))
        }
    }
}

fn write<T: Serialize>(document: &T) -> Result<Value, RpcError> {
    serde_json::to_value(document).map_err(|error| AdapterError::Internal(error.to_string()).into())
}
