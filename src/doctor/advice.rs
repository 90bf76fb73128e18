//! How to mend what is wrong, in the words of the language that the adapter is written in.

use std::ffi::OsString;
use std::path::Path;

use super::Complaint;
use crate::adapter::{Breach, Violation};

/// The language of an adapter, as far as its command gives it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
    Go,
    Other,
}

impl Language {
    /// Looks at the names of the program and of the files it is given.
    pub(super) fn of(argv: &[OsString]) -> Self {
        let words = argv.iter().take_while(|word| *word != "--");
        words
            .filter_map(|word| Path::new(word).file_name()?.to_str())
            .find_map(Self::named)
            .unwrap_or(Self::Other)
    }

    fn named(file: &str) -> Option<Self> {
        let ending = Path::new(file).extension().and_then(|end| end.to_str());
        match (file, ending) {
            (_, Some("py" | "pyz")) => Some(Self::Python),
            (_, Some("js" | "mjs" | "cjs" | "ts" | "mts")) => Some(Self::Node),
            (_, Some("go")) | ("go", _) => Some(Self::Go),
            ("node" | "nodejs" | "npx" | "tsx" | "bun" | "deno", _) => Some(Self::Node),
            _ if file.starts_with("python") || file.starts_with("pypy") => Some(Self::Python),
            _ => None,
        }
    }

    /// How to write a log.
    pub(super) const fn log(self) -> &'static str {
        match self {
            Self::Python => {
                "log with print(…, file=sys.stderr), or with `logging`, which writes to stderr by itself"
            }
            Self::Node => {
                "log with console.error(…): console.log, console.info and console.debug write to stdout"
            }
            Self::Go => {
                "log with log.Print(…) or fmt.Fprintln(os.Stderr, …): fmt.Print writes to stdout"
            }
            Self::Other => {
                "write logs, banners and traces to stderr; stdout carries the protocol only"
            }
        }
    }

    /// How to end a line.
    pub(super) const fn newline(self) -> &'static str {
        match self {
            Self::Python => {
                "write sys.stdout.write(json.dumps(message) + \"\\n\") and flush, or print(json.dumps(message), flush=True)"
            }
            Self::Node => "write process.stdout.write(JSON.stringify(message) + \"\\n\")",
            Self::Go => {
                "write json.NewEncoder(os.Stdout).Encode(message), which ends each message with a newline"
            }
            Self::Other => "write a newline (\\n) after every message, the last one included",
        }
    }

    /// How to get a line out at once.
    pub(super) const fn flush(self) -> &'static str {
        match self {
            Self::Python => {
                "print(…, flush=True), or sys.stdout.flush() after each line, or start it with `python3 -u`"
            }
            Self::Node => {
                "call process.stdout.write(line) for each message as it comes: no cork(), no stream or array \
                 that gathers lines, no process.exit() while a write is under way"
            }
            Self::Go => {
                "call Flush() on the bufio.Writer after each message, or write to os.Stdout itself"
            }
            Self::Other => {
                "flush stdout after every line: most languages gather output as soon as stdout is no terminal \
                 (Python: `python3 -u` or flush=True; C: setvbuf(stdout, NULL, _IOLBF, 0); Ruby: $stdout.sync = true)"
            }
        }
    }

    /// How to find what a program needs, from a folder and a home that are empty.
    pub(super) const fn surroundings(self) -> &'static str {
        match self {
            Self::Python => {
                "it runs in an empty folder with an empty HOME: name the interpreter of its virtual environment \
                 (`-- .venv/bin/python adapter.py`), or pass --cwd DIR or --env PYTHONPATH=DIR"
            }
            Self::Node => {
                "it runs in an empty folder with an empty HOME: install its packages beside the script, or pass --cwd DIR"
            }
            Self::Go | Self::Other => {
                "it runs in an empty folder with an empty HOME and hardly any environment: pass --cwd DIR or --env NAME=VALUE"
            }
        }
    }

    /// Where a client of HTTP takes proxies from.
    pub(super) const fn proxies(self) -> &'static str {
        match self {
            Self::Python => {
                "do not set it, or keep 127.0.0.1 in NO_PROXY; in Python, ProxyHandler({}) for urllib and \
                 trust_env=False for requests and httpx leave proxies alone"
            }
            Self::Node | Self::Go | Self::Other => {
                "do not set it, or keep 127.0.0.1 in NO_PROXY, or tell the HTTP client to use no proxy"
            }
        }
    }
}

/// What a breach of the framing rules means, and how to mend it. `asked` says whether the kit has
/// asked for anything yet.
pub(super) fn of_breach(violation: &Violation, language: Language, asked: bool) -> Complaint {
    let complaint = Complaint::new(violation.breach.to_string());
    let shown = match violation.excerpt.as_str() {
        "" => violation.detail.clone(),
        excerpt => excerpt.to_owned(),
    };
    let mut complaint = complaint.seen(shown);
    if !violation.detail.is_empty() && !violation.excerpt.is_empty() {
        complaint = complaint.seen(violation.detail.clone());
    }
    match violation.breach {
        Breach::NotJson if begins_a_document(&violation.excerpt) => {
            complaint.saying("a message is spread over several lines, or its line is not valid JSON").mend("write each message on one line, without indentation")
        }
        Breach::NotJson => {
            complaint.saying("something else than the protocol is written to stdout").mend(language.log())
        }
        Breach::NotUtf8 => complaint.mend("write UTF-8, whatever LANG says"),
        Breach::Unterminated => {
            complaint.saying("a message does not end with a newline").mend(language.newline())
        }
        Breach::UnknownId if !asked => {
            complaint.saying("it answers before it was asked").mend(
                "read a line from stdin first, answer that one, and take the id from it: nothing is said before a request came",
            )
        }
        Breach::UnknownId => {
            complaint.saying("it answers under an id that was never used").mend(
                "copy `id` from the request as it is: \"k1\" is a string, not a number, and no counter of your own",
            )
        }
        Breach::NotAFrame if violation.detail == "a result without an id" => {
            complaint.saying("it answers without an id").mend("copy `id` from the request as it is")
        }
        Breach::NotStrict => complaint
            .mend("leave out members that have no value, instead of writing null; write no key twice"),
        Breach::Batch => complaint.mend("write each message on a line of its own, not in an array"),
        Breach::Notification => {
            complaint.mend("give every `event` an id and wait for the answer: it is the acknowledgement")
        }
        Breach::ReusedId => complaint.mend("count the ids of your own requests up"),
        Breach::AnsweredTwice => complaint.mend("answer each request once"),
        Breach::Echo => complaint.mend(
            "do not write back what was read; a terminal in between echoes, too (no `ssh -t`, no `docker run -t`)",
        ),
        Breach::BadError => complaint.mend(
            "give an error `code` and `message`, and `data` only where section 6 of spec/driver.md has it; no traceback",
        ),
        Breach::TooLong => complaint.mend("keep a message below 1 MiB, and end it with a newline"),
        breach => complaint.mend(format!("what is right: {}", breach.expected())),
    }
}

fn begins_a_document(excerpt: &str) -> bool {
    excerpt.starts_with('{') || excerpt.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_command() {
        let language = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            Language::of(&words)
        };
        assert_eq!(
            language(&["/usr/bin/python3.12", "-m", "adapter"]),
            Language::Python
        );
        assert_eq!(language(&["env", "A=1", "./adapter.py"]), Language::Python);
        assert_eq!(language(&["node", "adapter.mjs"]), Language::Node);
        assert_eq!(language(&["go", "run", "."]), Language::Go);
        assert_eq!(language(&["./adapter", "--", "x.py"]), Language::Other);
    }
}
