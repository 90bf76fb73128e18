//! One call from a test: an adapter, a selection, a report.

use std::fmt;

use super::{Run, Selection, run};
use crate::adapter::Subject;
use crate::report::Report;
use crate::suite::{Problem, Suite};

/// Why nothing was judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CheckError {
    /// A word that names no rule and no family.
    NoSuchRule(String),
    /// A fault of the kit: its own suite is broken.
    Suite(Vec<Problem>),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchRule(word) => write!(f, "`{word}` matches no rule"),
            Self::Suite(problems) => {
                f.write_str("the suite is broken")?;
                problems
                    .iter()
                    .try_for_each(|problem| write!(f, "\n{problem}"))
            }
        }
    }
}

impl std::error::Error for CheckError {}

/// Judges an adapter, from a test of its own.
///
/// The call to be made by authors in Rust: the report is that of `aios-wechat run`, and prints as it does
/// there. Limits are real time; an adapter that claims `virtual_time` is judged in seconds. For a seed, more jobs or more
/// patience build a [`Run`] and call [`run`].
///
/// Await it in `main` or in the test itself, on a current-thread runtime: it cannot be spawned, since its future stays on its
/// thread.
///
/// # Errors
/// [`CheckError::Suite`] if the kit itself is broken. What the adapter does wrong is in the report.
///
/// # Examples
///
/// ```
/// use aios_wechat::{Selection, Subject, check};
/// # use aios_wechat::reference::Reference as MyAdapter;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// // In a test: `#[tokio::test] async fn my_adapter_conforms()`.
/// let subject = Subject::in_process(MyAdapter::new);
///
/// // Rule by rule while the adapter grows: a part of the suite claims nothing, but its rules hold or do not.
/// let first = Selection::of(["WX-CAP", "WX-ENV-001"])?;
/// let report = check(&subject, first).await?;
/// assert_eq!(report.exit_code(), 0, "{report}");
///
/// # if false {
/// // The whole suite supports a claim.
/// let report = check(&subject, Selection::all()).await?;
/// assert!(report.claim.is_conformant(), "{report}");
/// # }
/// # Ok::<(), aios_wechat::CheckError>(())
/// # }).unwrap();
/// ```
///
/// A program in any language is judged the same way:
///
/// ```no_run
/// use aios_wechat::adapter::CommandLine;
/// use aios_wechat::{Selection, Subject, check};
///
/// # async fn judge() -> Result<(), aios_wechat::CheckError> {
/// let command = CommandLine::new(["python3", "adapter.py"], env!("CARGO_MANIFEST_DIR"));
/// let subject = Subject::command(command.env("PATH", "/usr/bin:/bin"));
/// println!("{}", check(&subject, Selection::all()).await?);
/// # Ok(())
/// # }
/// ```
pub async fn check(subject: &Subject, selection: Selection) -> Result<Report, CheckError> {
    let suite = Suite::embedded().map_err(CheckError::Suite)?;
    let request = Run {
        selection,
        ..Run::default()
    };
    run(&suite, subject, &request, &mut ())
        .await
        .map_err(CheckError::Suite)
}

impl Selection {
    /// The whole suite.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The rules with these ids (`WX-DEDUP-001`) and of these families (`WX-DEDUP`).
    ///
    /// # Errors
    /// [`CheckError::NoSuchRule`] for a word that is neither.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, CheckError> {
        let suite = Suite::embedded().map_err(CheckError::Suite)?;
        let mut selection = Self::default();
        for word in words {
            let rules = suite.matching(word);
            if rules.is_empty() {
                return Err(CheckError::NoSuchRule(word.to_owned()));
            }
            selection.rules.extend(rules);
        }
        Ok(selection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_takes_ids_and_families_and_refuses_what_it_does_not_know() {
        assert!(!Selection::all().is_partial());
        let some = Selection::of(["WX-CAP", "WX-ENV-001"]).unwrap();
        assert!(some.is_partial() && some.rules.len() > 2);
        let refused = Selection::of(["WX-CAP", "WX-NOPE"]).unwrap_err();
        assert_eq!(refused.to_string(), "`WX-NOPE` matches no rule");
    }
}
