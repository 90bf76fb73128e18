//! The boundary between kit and adapter: every frame that crosses it may be twisted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream,
    duplex,
};

use crate::adapter::serve;
use crate::reference::Reference;

/// An answer: a result, or an error object.
pub(super) type Reply = Result<Value, Value>;

/// What becomes of a frame.
pub(super) enum Fate {
    /// It goes on, with whatever was changed in it.
    Pass,
    /// The mutant answers it; the other side never hears of it.
    Answer(Reply),
    /// It goes on, and the mutant answers it already; the true answer is dropped.
    PassAndAnswer(Reply),
    /// It waits until the adapter has answered something. Meant for requests of the kit.
    Later,
}

/// A change of the conversation. What is not overridden passes unchanged.
pub(super) trait Twist: Send {
    /// A request of the kit.
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let _ = (method, params);
        Fate::Pass
    }

    /// The adapter's answer to it.
    fn answer(&mut self, method: &str, params: &Value, reply: &mut Reply) {
        let _ = (method, params, reply);
    }

    /// An event of the adapter.
    fn event(&mut self, event: &mut Value) -> Fate {
        let _ = event;
        Fate::Pass
    }

    /// AIOS's answer to it.
    fn settled(&mut self, event: &Value, reply: &mut Reply) {
        let _ = (event, reply);
    }

    /// Requests of the mutant's own, each with its method; whatever AIOS answers is dropped. Asked
    /// for after every frame.
    fn asides(&mut self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Lines on stdout that are no frames. Asked for after every frame.
    fn chatter(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the mutant stays when its input has ended.
    fn lingers(&self) -> bool {
        false
    }
}

/// How many bytes a pipe between the two halves holds.
const PIPE: usize = 64 * 1024;

/// Serves the reference adapter with a twist between it and the kit.
pub(super) async fn serve_twisted<R, W>(
    reference: Reference,
    twist: Box<dyn Twist>,
    reader: R,
    writer: W,
) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mouth, input) = duplex(PIPE);
    let (output, hearing) = duplex(PIPE);
    let booth = Booth::new(twist);
    let (served, carried) = tokio::join!(
        serve(reference, input, output),
        booth.carry(reader, mouth, hearing, writer)
    );
    served.and(carried)
}

/// Where the frames pass.
struct Booth {
    twist: Box<dyn Twist>,
    /// The kit's requests that the adapter has to answer.
    asked: BTreeMap<String, (String, Value)>,
    /// The adapter's events that AIOS has to answer.
    told: BTreeMap<String, Value>,
    /// Ids of requests whose true answer nobody must hear.
    dropped: BTreeSet<String>,
    /// Lines of the kit that wait for their turn.
    waiting: Vec<String>,
    asides: u64,
    to_adapter: String,
    to_kit: String,
}

impl Booth {
    fn new(twist: Box<dyn Twist>) -> Self {
        Self {
            twist,
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
            dropped: BTreeSet::new(),
            waiting: Vec::new(),
            asides: 0,
            to_adapter: String::new(),
            to_kit: String::new(),
        }
    }

    async fn carry<R, W>(
        mut self,
        reader: R,
        mouth: DuplexStream,
        hearing: DuplexStream,
        mut writer: W,
    ) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut kit = BufReader::new(reader).lines();
        let mut adapter = BufReader::new(hearing).lines();
        let mut mouth = Some(mouth);
        loop {
            tokio::select! {
                line = kit.next_line(), if mouth.is_some() => match line? {
                    Some(line) => self.kit_says(&line),
                    None => mouth = None,
                },
                line = adapter.next_line() => match line? {
                    Some(line) => self.adapter_says(&line),
                    None => break,
                },
            }
            self.interject();
            if let Some(mouth) = &mut mouth {
                mouth
                    .write_all(std::mem::take(&mut self.to_adapter).as_bytes())
                    .await?;
            }
            writer
                .write_all(std::mem::take(&mut self.to_kit).as_bytes())
                .await?;
            writer.flush().await?;
        }
        if self.twist.lingers() {
            std::future::pending::<()>().await;
        }
        writer.shutdown().await
    }

    fn kit_says(&mut self, line: &str) {
        let Ok(mut frame) = serde_json::from_str::<Value>(line) else {
            return say(&mut self.to_adapter, line);
        };
        let id = frame["id"].clone();
        let key = id.to_string();
        if let Some(method) = frame["method"].as_str().map(str::to_owned) {
            let fate = self.twist.request(&method, &mut frame["params"]);
            if let Fate::Answer(reply) | Fate::PassAndAnswer(reply) = &fate {
                say(&mut self.to_kit, &answer(&id, reply));
            }
            match fate {
                Fate::Pass => {
                    self.asked.insert(key, (method, frame["params"].clone()));
                }
                Fate::PassAndAnswer(_) => {
                    self.dropped.insert(key);
                }
                Fate::Later => return self.waiting.push(line.to_owned()),
                Fate::Answer(_) => return,
            }
            return say(&mut self.to_adapter, &frame.to_string());
        }
        if self.dropped.remove(&key) {
            return;
        }
        let event = self.told.remove(&key).unwrap_or_default();
        let mut reply = reply_of(frame);
        self.twist.settled(&event, &mut reply);
        say(&mut self.to_adapter, &answer(&id, &reply));
    }

    fn adapter_says(&mut self, line: &str) {
        let Ok(mut frame) = serde_json::from_str::<Value>(line) else {
            return say(&mut self.to_kit, line);
        };
        let id = frame["id"].clone();
        let key = id.to_string();
        if frame.get("method").is_some() {
            let fate = self.twist.event(&mut frame["params"]);
            if let Fate::Answer(reply) | Fate::PassAndAnswer(reply) = &fate {
                say(&mut self.to_adapter, &answer(&id, reply));
            }
            match fate {
                Fate::Pass => {
                    self.told.insert(key, frame["params"].clone());
                }
                Fate::PassAndAnswer(_) => {
                    self.dropped.insert(key);
                }
                Fate::Answer(_) | Fate::Later => return,
            }
            return say(&mut self.to_kit, &frame.to_string());
        }
        if self.dropped.remove(&key) {
            return;
        }
        let (method, params) = self.asked.remove(&key).unwrap_or_default();
        let mut reply = reply_of(frame);
        self.twist.answer(&method, &params, &mut reply);
        say(&mut self.to_kit, &answer(&id, &reply));
        for line in std::mem::take(&mut self.waiting) {
            self.kit_says(&line);
        }
    }

    fn interject(&mut self) {
        for (method, params) in self.twist.asides() {
            self.asides += 1;
            let id = json!(format!("x{}", self.asides));
            self.dropped.insert(id.to_string());
            let frame = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            say(&mut self.to_kit, &frame.to_string());
        }
        for line in self.twist.chatter() {
            say(&mut self.to_kit, &line);
        }
    }
}

fn say(lines: &mut String, line: &str) {
    lines.push_str(line);
    lines.push('\n');
}

fn reply_of(mut frame: Value) -> Reply {
    match frame.get_mut("error") {
        Some(error) => Err(error.take()),
        None => Ok(frame["result"].take()),
    }
}

fn answer(id: &Value, reply: &Reply) -> String {
    match reply {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
    .to_string()
}
