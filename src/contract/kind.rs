//! The kinds of documents: one list for commands, schemas, fixtures and file names.

use serde::de::DeserializeOwned;

words! {
    /// A kind of document.
    pub enum Kind {
        /// A channel integration.
        Config = "config",
        /// An inbound event.
        InboundEvent = "inbound-event",
        /// An outbound action.
        OutboundAction = "outbound-action",
        /// A receipt.
        Receipt = "receipt",
        /// What an adapter declares.
        Capabilities = "capabilities",
        /// How a channel is.
        Health = "health",
        /// Who is admitted.
        AccessState = "access-state",
        /// What may be kept of an event or action.
        AuditRecord = "audit-record",
        /// The accounts that credential references stand for.
        Secrets = "secrets",
        /// What an adapter is started with.
        Start = "start",
        /// One line of the driver protocol.
        Driver = "driver",
        /// The result of a run.
        Report = "report",
        /// The rules and scenarios that are known to fail.
        Baseline = "baseline",
    }
}

impl Kind {
    /// The stable name of its schema.
    #[must_use]
    pub fn urn(self) -> String {
        format!("urn:aios:wechat:v0:{self}")
    }
}

/// A document of a published kind.
pub trait Document: DeserializeOwned + serde::Serialize + schemars::JsonSchema {
    /// Its kind.
    const KIND: Kind;
}

macro_rules! documents {
    ($($kind:ident: $document:ty,)+) => {
        $( impl Document for $document { const KIND: Kind = Kind::$kind; } )+
    };
}

documents! {
    Config: super::Integration,
    InboundEvent: super::InboundEvent,
    OutboundAction: super::OutboundAction,
    Receipt: super::Receipt,
    Capabilities: super::Capabilities,
    Health: super::Health,
    AccessState: super::AccessState,
    AuditRecord: super::AuditRecord,
    Secrets: super::Secrets,
    Start: super::Start,
    Driver: super::driver::Line,
}
