//! The judge of one kind of document: a verdict first, and every fault for what fails.

use crate::contract::driver::Line;
use crate::contract::tree::{Placed, Tree};
use crate::contract::{
    self, AccessState, AuditRecord, Capabilities, Fault, Finding, Health, InboundEvent,
    Integration, Kind, OutboundAction, Receipt, Secrets, Start,
};
use crate::report::{Baseline, Report};

use super::{Explainer, schema};

/// Judges documents of one kind.
#[derive(Debug)]
pub struct Judge {
    verdict: fn(&str) -> bool,
    first_fault: fn(&[u8]) -> Option<Finding>,
    explainer: Explainer,
}

impl Judge {
    /// The judge of a kind.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        let (verdict, first_fault) = types(kind);
        Self {
            verdict,
            first_fault,
            explainer: Explainer::new(schema(kind)),
        }
    }

    /// Whether the bytes are a document of the kind.
    #[must_use]
    pub fn accepts(&self, bytes: &[u8]) -> bool {
        std::str::from_utf8(bytes).is_ok_and(self.verdict)
    }

    /// Every fault of the bytes, with line and column, in the order of the text; none exactly for
    /// what [`Judge::accepts`].
    #[must_use]
    pub fn faults(&self, bytes: &[u8]) -> Vec<Finding> {
        if self.accepts(bytes) {
            return Vec::new();
        }
        self.faults_of_refused(bytes)
    }

    /// The same for bytes that are known not to be accepted.
    #[must_use]
    pub fn faults_of_refused(&self, bytes: &[u8]) -> Vec<Finding> {
        let (text, placed) = self.placed(bytes);
        placed
            .into_iter()
            .map(|(at, finding)| located(text, at, finding))
            .collect()
    }

    fn placed<'b>(&self, bytes: &'b [u8]) -> (&'b str, Vec<Placed>) {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &bytes[..error.valid_up_to()];
                let text = std::str::from_utf8(valid).unwrap_or_default();
                return (
                    text,
                    vec![(text.len(), Finding::new(Fault::NotUtf8, "expected UTF-8"))],
                );
            }
        };
        if text.starts_with('\u{feff}') {
            let finding = Finding::new(
                Fault::NotJson,
                "expected one JSON value, found a byte order mark",
            )
            .with_hint("save the file as UTF-8 without one");
            return (text, vec![(0, finding)]);
        }
        let (tree, mut faults) = Tree::read(text);
        if faults.is_empty()
            && let Some(tree) = tree
        {
            faults = self.explainer.explain(&tree);
        }
        if faults.is_empty() {
            // What a schema cannot say: the types are the judge.
            faults.extend((self.first_fault)(bytes).map(|finding| (0, finding)));
        }
        (text, faults)
    }
}

/// A finding with line and column of an offset, both from 1 and in characters.
fn located(text: &str, at: usize, mut finding: Finding) -> Finding {
    let before = text.get(..at).unwrap_or(text);
    let last = before.rsplit('\n').next().unwrap_or_default();
    finding.line = Some(before.matches('\n').count() as u64 + 1);
    finding.column = Some(last.chars().count() as u64 + 1);
    finding
}

type Types = (fn(&str) -> bool, fn(&[u8]) -> Option<Finding>);

fn types(kind: Kind) -> Types {
    /// The types of the contract are strict by themselves.
    fn strict<T: contract::Document>() -> Types {
        (contract::is_valid::<T>, first_fault::<T>)
    }
    fn first_fault<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<Finding> {
        contract::from_bytes::<T>(bytes).err()
    }
    /// Other types are strict when they are read through the contract.
    fn lax<T: serde::de::DeserializeOwned>() -> Types {
        (
            |text| contract::from_bytes::<T>(text.as_bytes()).is_ok(),
            first_fault::<T>,
        )
    }
    match kind {
        Kind::Config => strict::<Integration>(),
        Kind::InboundEvent => strict::<InboundEvent>(),
        Kind::OutboundAction => strict::<OutboundAction>(),
        Kind::Receipt => strict::<Receipt>(),
        Kind::Capabilities => strict::<Capabilities>(),
        Kind::Health => strict::<Health>(),
        Kind::AccessState => strict::<AccessState>(),
        Kind::AuditRecord => strict::<AuditRecord>(),
        Kind::Secrets => strict::<Secrets>(),
        Kind::Start => strict::<Start>(),
        Kind::Driver => strict::<Line>(),
        Kind::Report => lax::<Report>(),
        Kind::Baseline => lax::<Baseline>(),
    }
}
