//! The one command that runs a rule again as it was run.

use super::model::Options;
use super::plain::hides;

/// `aios-wechat run RULE --seed N …` with the same subject, ready to be pasted into a POSIX shell.
#[must_use]
pub fn again(rule: &str, seed: u32, options: &Options) -> String {
    let mut words = vec![
        "aios-wechat".to_owned(),
        "run".to_owned(),
        rule.to_owned(),
        "--seed".to_owned(),
        seed.to_string(),
    ];
    if (options.patience - 1.0).abs() > f64::EPSILON {
        words.extend(["--patience".to_owned(), options.patience.to_string()]);
    }
    if !options.containment.is_empty() {
        words.extend(["--containment".to_owned(), options.containment.clone()]);
    }
    // The kit's own adapters are options, every other subject is a command of its own.
    if is_command(options) {
        words.push("--".to_owned());
    }
    words.push(subject(options));
    words.join(" ")
}

/// Whether a command of its own was run, not one of the kit's adapters.
pub(super) fn is_command(options: &Options) -> bool {
    options
        .subject
        .first()
        .is_some_and(|word| !word.starts_with("--"))
}

/// What was run, as a shell has to see it.
pub(super) fn subject(options: &Options) -> String {
    let words: Vec<String> = options.subject.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// A word as a POSIX shell has to see it.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let hidden = |c: char| c.is_control() || hides(c);
    if word.chars().any(hidden) {
        // `$'…'` spells hidden characters out, so that nothing lurks in a pasted line.
        let inner: String = word
            .chars()
            .map(|c| match c {
                '\'' | '\\' => format!("\\{c}"),
                c if hidden(c) => format!("\\U{:08x}", u32::from(c)),
                c => c.to_string(),
            })
            .collect();
        format!("$'{inner}'")
    } else if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(subject: &[&str]) -> Options {
        Options {
            subject: subject.iter().map(ToString::to_string).collect(),
            patience: 1.0,
            ..Options::default()
        }
    }

    #[test]
    fn a_command_stands_behind_two_hyphens_and_is_quoted() {
        assert_eq!(
            again(
                "WX-OUT-002",
                7,
                &options(&["python3", "my adapter.py", "it's", ""])
            ),
            r"aios-wechat run WX-OUT-002 --seed 7 -- python3 'my adapter.py' 'it'\''s' ''"
        );
    }

    #[test]
    fn the_reference_is_an_option() {
        let mut options = options(&["--reference"]);
        options.patience = 2.5;
        assert_eq!(
            again("WX-OUT-002", 7, &options),
            "aios-wechat run WX-OUT-002 --seed 7 --patience 2.5 --reference"
        );
    }
}
