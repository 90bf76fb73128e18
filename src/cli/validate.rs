//! `validate`: judges JSON and NDJSON documents, and says every fault.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::Exit;
use crate::contract::{Fault, Finding, Kind};
use crate::publish::Judge;

/// Longest line of a stream, in bytes; the same as in the driver protocol.
const MAX_LINE: usize = 1 << 20;
/// Longest document that is not a line, in bytes.
const MAX_DOCUMENT: usize = 64 << 20;
/// How much is read at a time.
const READ_AHEAD: usize = 256 << 10;

/// Arguments of `validate`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  aios-wechat validate --as config channel.json\n  \
    aios-wechat validate --as inbound-event --format json events.ndjson\n  \
    my-adapter | aios-wechat validate --as driver -"
)]
pub struct ValidateArgs {
    /// What the documents are
    #[arg(long = "as", value_name = "KIND", value_parser = kinds())]
    pub kind: Kind,
    /// How faults are printed
    #[arg(long, value_enum, default_value_t = FaultFormat::Text)]
    pub format: FaultFormat,
    /// Files of one JSON document, or of one a line (NDJSON); `-` is stdin
    #[arg(value_name = "FILE", default_value = "-")]
    pub files: Vec<PathBuf>,
}

/// How faults are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FaultFormat {
    /// A line a fault, for people.
    Text,
    /// A JSON object a fault.
    Json,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::WORDS).try_map(|word| Kind::try_from(word.as_str()))
}

/// Runs `validate`: faults go to `out`, a summary and what cannot be read to `err`.
///
/// # Errors
/// If a writer fails.
pub fn run(
    args: &ValidateArgs,
    input: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let mut validation = Validation {
        judge: Judge::of(args.kind),
        format: args.format,
        out,
        documents: 0,
        faulty: 0,
        faults: 0,
    };
    let mut unread = false;
    for path in &args.files {
        let name = if path == Path::new("-") {
            "<stdin>".into()
        } else {
            path.to_string_lossy()
        };
        let done = if path == Path::new("-") {
            validation.stream(
                &name,
                false,
                &mut BufReader::with_capacity(READ_AHEAD, &mut *input),
            )
        } else {
            let lines = path
                .extension()
                .is_some_and(|end| end == "ndjson" || end == "jsonl");
            File::open(path).map_err(Stop::Read).and_then(|file| {
                validation.stream(
                    &name,
                    lines,
                    &mut BufReader::with_capacity(READ_AHEAD, file),
                )
            })
        };
        match done {
            Ok(()) => {}
            Err(Stop::Write(error)) => return Err(error),
            Err(Stop::Read(error)) => {
                unread = true;
                writeln!(err, "error: {name}: {error}")?;
            }
        }
    }
    let Validation {
        documents,
        faulty,
        faults,
        out,
        ..
    } = validation;
    out.flush()?;
    let s = |count: u64| if count == 1 { "" } else { "s" };
    writeln!(
        err,
        "{documents} {} document{}, {faulty} faulty, {faults} fault{}",
        args.kind,
        s(documents),
        s(faults)
    )?;
    Ok(match (unread, faulty) {
        (true, _) => Exit::Usage,
        (false, 0) => Exit::Success,
        (false, _) => Exit::Fault,
    })
}

/// Why a stream ended early.
enum Stop {
    Read(io::Error),
    Write(io::Error),
}

/// One run over all inputs.
struct Validation<'w> {
    judge: Judge,
    format: FaultFormat,
    out: &'w mut dyn Write,
    documents: u64,
    faulty: u64,
    faults: u64,
}

/// One fault, as `--format json` prints it.
#[derive(Serialize)]
struct Row<'f> {
    file: &'f str,
    line: u64,
    column: u64,
    pointer: &'f str,
    code: Fault,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'f str>,
    message: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'f str>,
}

impl Validation<'_> {
    /// Judges one input. What begins with a whole value in its first line is a stream of lines;
    /// anything else is one document.
    fn stream(&mut self, name: &str, lines: bool, input: &mut dyn BufRead) -> Result<(), Stop> {
        let mut buffer = Vec::new();
        let mut line = 0;
        loop {
            let whole = next_line(input, &mut buffer).map_err(Stop::Read)?;
            if buffer.is_empty() {
                break;
            }
            line += 1;
            if buffer.iter().all(u8::is_ascii_whitespace) && whole {
                continue;
            }
            if line == 1 && !lines && !is_whole_value(&buffer) {
                return self.document(name, buffer, input);
            }
            if whole {
                let text = buffer.trim_ascii_end();
                self.documents += 1;
                if !self.judge.accepts(text) {
                    self.report(name, line, text).map_err(Stop::Write)?;
                }
            } else {
                self.documents += 1;
                self.too_long(name, line, MAX_LINE).map_err(Stop::Write)?;
                skip_line(input).map_err(Stop::Read)?;
            }
        }
        if self.documents == 0 && line == 0 {
            self.documents += 1;
            self.report(name, 1, b"").map_err(Stop::Write)?;
        }
        Ok(())
    }

    /// Judges an input that is one document, of which the first line has been read.
    fn document(
        &mut self,
        name: &str,
        mut text: Vec<u8>,
        input: &mut dyn BufRead,
    ) -> Result<(), Stop> {
        self.documents += 1;
        input
            .take(MAX_DOCUMENT as u64)
            .read_to_end(&mut text)
            .map_err(Stop::Read)?;
        if text.len() > MAX_DOCUMENT {
            return self.too_long(name, 1, MAX_DOCUMENT).map_err(Stop::Write);
        }
        if !self.judge.accepts(&text) {
            self.report(name, 1, &text).map_err(Stop::Write)?;
        }
        Ok(())
    }

    fn too_long(&mut self, name: &str, line: u64, limit: usize) -> io::Result<()> {
        let message = format!("expected at most {limit} bytes");
        self.faulty += 1;
        self.print(name, line, &Finding::new(Fault::TooLong, message))
    }

    fn report(&mut self, name: &str, first_line: u64, text: &[u8]) -> io::Result<()> {
        self.faulty += 1;
        for finding in self.judge.faults_of_refused(text) {
            self.print(name, first_line + finding.line.unwrap_or(1) - 1, &finding)?;
        }
        Ok(())
    }

    fn print(&mut self, file: &str, line: u64, finding: &Finding) -> io::Result<()> {
        self.faults += 1;
        let Finding {
            code,
            pointer,
            message,
            ..
        } = finding;
        let (code, column) = (*code, finding.column.unwrap_or(1));
        let (rule, hint) = (finding.rule.as_deref(), finding.hint.as_deref());
        if self.format == FaultFormat::Json {
            let row = Row {
                file,
                line,
                column,
                pointer,
                code,
                rule,
                message,
                hint,
            };
            serde_json::to_writer(&mut *self.out, &row)?;
            return self.out.write_all(b"\n");
        }
        // What a document says must not steer a terminal.
        let shown = |text: &str| text.chars().flat_map(visible).collect::<String>();
        let pointer = if pointer.is_empty() {
            "(root)"
        } else {
            pointer
        };
        write!(
            self.out,
            "{file}:{line}:{column}: {}: {}",
            shown(pointer),
            shown(message)
        )?;
        if let Some(hint) = hint {
            write!(self.out, "; {}", shown(hint))?;
        }
        match rule {
            Some(rule) => writeln!(self.out, " [{code}, {rule}]"),
            None => writeln!(self.out, " [{code}]"),
        }
    }
}

/// A control character as its escape, anything else as it is.
fn visible(character: char) -> Vec<char> {
    if character.is_control() {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}

/// Reads one line with its end into `buffer`; `false` if it is too long to be one.
fn next_line(input: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    input.take(MAX_LINE as u64 + 1).read_until(b'\n', buffer)?;
    Ok(buffer.len() <= MAX_LINE || buffer.ends_with(b"\n"))
}

fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let ahead = input.fill_buf()?;
        let end = ahead.iter().position(|byte| *byte == b'\n');
        let (length, done) = (
            end.map_or(ahead.len(), |end| end + 1),
            end.is_some() || ahead.is_empty(),
        );
        input.consume(length);
        if done {
            return Ok(());
        }
    }
}

fn is_whole_value(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}
