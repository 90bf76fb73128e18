//! The boundaries towards WeChat and the folder: calls and documents may be bent on their way.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::reference::Surroundings;
use crate::reference::state::{Found, StateDocument, Store};
use crate::reference::transport::{Failure, Transport};
use crate::wire::{GetConfigResponse, GetUpdatesResponse, Raw, SendMessageResponse, WeixinMessage};

/// The way to WeChat that the reference adapter would take.
pub(super) type Wechat = Arc<dyn Transport>;
/// The answer to a poll.
pub(super) type Polled = Result<GetUpdatesResponse, Failure>;
/// The answer to a send.
pub(super) type Sent = Result<SendMessageResponse, Failure>;

/// A way to WeChat that differs from the true one. What is not overridden is passed on.
pub(super) trait Bend: Send + Sync + 'static {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        async move { self.polled(wechat.get_updates(cursor, sent).await) }.boxed()
    }

    fn send<'a>(&'a self, wechat: &'a Wechat, message: WeixinMessage) -> BoxFuture<'a, Sent> {
        async move { self.sent(wechat.send_message(self.sending(message)).await) }.boxed()
    }

    fn polled(&self, answer: Polled) -> Polled {
        answer
    }

    fn sending(&self, message: WeixinMessage) -> WeixinMessage {
        message
    }

    fn sent(&self, answer: Sent) -> Sent {
        answer
    }
}

struct Bent<B> {
    wechat: Wechat,
    bend: B,
}

impl<B: Bend> Transport for Bent<B> {
    fn get_updates<'a>(
        &'a self,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        self.bend.poll(&self.wechat, cursor, sent)
    }

    fn send_message(&self, message: WeixinMessage) -> BoxFuture<'_, Sent> {
        self.bend.send(&self.wechat, message)
    }

    fn get_config<'a>(
        &'a self,
        peer: &'a str,
        context_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<GetConfigResponse, Failure>> {
        self.wechat.get_config(peer, context_token)
    }

    fn send_typing<'a>(
        &'a self,
        peer: &'a str,
        ticket: &'a str,
        status: i64,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.wechat.send_typing(peer, ticket, status)
    }
}

/// The folder, with its documents bent on their way in or out.
pub(super) trait Warp: Send + Sync + 'static {
    /// What is found at a start.
    fn found(&self, found: Found) -> Found {
        found
    }

    /// A document on its way to the folder.
    fn saving(&self, document: &mut StateDocument<'_>) {
        let _ = document;
    }
}

struct Warped<S> {
    store: Arc<dyn Store>,
    warp: S,
}

impl<S: Warp> Store for Warped<S> {
    fn load(&self) -> Found {
        self.warp.found(self.store.load())
    }

    fn save(&self, document: &StateDocument<'_>) -> io::Result<()> {
        let mut document = document.clone();
        self.warp.saving(&mut document);
        self.store.save(&document)
    }
}

type Around<T> = Box<dyn Fn(T, &Path) -> T + Send + Sync>;

/// What lies between the adapter and its surroundings: around WeChat, and around the folder.
#[derive(Default)]
pub(super) struct Bubble {
    wechat: Option<Box<dyn Fn(Wechat) -> Wechat + Send + Sync>>,
    folder: Option<Around<Arc<dyn Store>>>,
}

impl Bubble {
    pub(super) fn bend<B: Bend>(mut self, bend: impl Fn() -> B + Send + Sync + 'static) -> Self {
        self.wechat = Some(Box::new(move |wechat| {
            Arc::new(Bent {
                wechat,
                bend: bend(),
            })
        }));
        self
    }

    pub(super) fn warp<S: Warp>(
        mut self,
        warp: impl Fn(PathBuf) -> S + Send + Sync + 'static,
    ) -> Self {
        self.folder = Some(Box::new(move |store, state_dir| {
            Arc::new(Warped {
                store,
                warp: warp(state_dir.to_owned()),
            })
        }));
        self
    }
}

/// Surroundings with a bubble in between.
pub(super) struct Within<S> {
    pub(super) bubble: Bubble,
    pub(super) surroundings: S,
}

impl<S: Surroundings> Surroundings for Within<S> {
    fn wechat(&self, base_url: &str, token: &str) -> Option<Wechat> {
        let wechat = self.surroundings.wechat(base_url, token)?;
        Some(match &self.bubble.wechat {
            Some(bend) => bend(wechat),
            None => wechat,
        })
    }

    fn folder(&self, state_dir: &Path) -> Arc<dyn Store> {
        let store = self.surroundings.folder(state_dir);
        match &self.bubble.folder {
            Some(warp) => warp(store, state_dir),
            None => store,
        }
    }
}

/// Changes the messages of a batch; what is not JSON that can be held is left as it is.
pub(super) fn rewrite(answer: Polled, change: impl FnOnce(&mut Vec<Value>)) -> Polled {
    let mut batch = answer?;
    let messages: Option<Vec<Value>> = batch
        .msgs
        .iter()
        .map(|raw| serde_json::from_str(raw.text()).ok())
        .collect();
    if let Some(mut messages) = messages {
        change(&mut messages);
        batch.msgs = messages.iter().filter_map(Raw::of).collect();
    }
    Ok(batch)
}
