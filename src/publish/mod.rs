//! Everything under `spec/` that is generated: written, checked or printed.
//!
//! An [`Artifact`] is a file that follows from the code. Nothing here touches the disk; whoever
//! holds the artifacts writes them or compares them.

mod explain;
mod glossary;
mod judge;
mod names;
mod openrpc;
pub mod prose;
mod requirements;
mod schema;

pub use explain::Explainer;
pub use glossary::{Meaning, glossary};
pub use judge::Judge;
pub use openrpc::openrpc;
pub use requirements::{RuleEntry, RuleMode, ScenarioEntry, requirements};
pub use schema::schema;

use serde_json::Value;

use crate::contract::Kind;
pub use crate::simulator::openapi;

/// The folder of the schemas, from the root of the repository.
pub const SCHEMA_FOLDER: &str = "spec/schema";

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name within its folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The schemas of every kind in their order, the OpenRPC document of the driver, and the `OpenAPI`
/// document of the simulated WeChat's control API.
#[must_use]
pub fn schemas() -> Vec<Artifact> {
    let mut artifacts: Vec<Artifact> = Kind::ALL
        .iter()
        .map(|kind| Artifact {
            name: schema_name(*kind),
            text: print(&schema(*kind)),
        })
        .collect();
    artifacts.push(Artifact {
        name: "openrpc.json".to_owned(),
        text: print(&openrpc()),
    });
    artifacts.push(Artifact {
        name: "openapi.json".to_owned(),
        text: print(&openapi()),
    });
    artifacts
}

/// The file name of a kind's schema.
#[must_use]
pub fn schema_name(kind: Kind) -> String {
    format!("{kind}.schema.json")
}

/// JSON as generated files have it: two spaces, keys sorted, a newline at the end.
#[must_use]
pub fn print(document: &Value) -> String {
    format!("{document:#}\n")
}
