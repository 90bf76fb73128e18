//! One version of the specification: what of it is compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::announce::Changelog;
use crate::suite::Suite;

/// The folder of the schemas, from the root of the repository.
const SCHEMAS: &str = "spec/schema/";
const ENDING: &str = ".schema.json";

/// One version of the specification.
#[derive(Debug)]
pub struct Tree {
    /// The schema of each kind of document.
    pub schemas: BTreeMap<String, Value>,
    /// The catalogue; `None` if there are no feature files.
    pub suite: Option<Result<Suite, String>>,
    /// The changelog; `None` if there is none.
    pub changelog: Option<Changelog>,
    /// Version of the kit.
    pub kit: Option<String>,
    /// Version of the specification.
    pub specification: Option<String>,
    /// Version of the driver protocol.
    pub driver: Option<String>,
    /// Known documents of each kind.
    pub documents: BTreeMap<String, Vec<Value>>,
}

impl Tree {
    /// Which files of a repository belong to it.
    #[must_use]
    pub fn wants(path: &str) -> bool {
        let ends = |ending: &str| path.rsplit('.').next() == Some(ending);
        let fixture = path.starts_with("fixtures/") && ends("json");
        let feature = path.starts_with("features/") && ends("feature");
        let schema = path.starts_with(SCHEMAS) && ends("json");
        let named = ["Cargo.toml", "spec/CHANGELOG.md", "spec/requirements.json"];
        fixture || feature || schema || named.contains(&path)
    }

    /// Reads a version from its files, by path from the root.
    ///
    /// # Errors
    /// If there are no schemas, or one of them is not JSON.
    pub fn read(files: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut schemas = BTreeMap::new();
        let mut documents: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut features = Vec::new();
        for (path, text) in files {
            let kind = path
                .strip_prefix(SCHEMAS)
                .and_then(|name| name.strip_suffix(ENDING));
            if let Some(kind) = kind {
                let schema = serde_json::from_str(text);
                let schema = schema.map_err(|error| format!("{path} is not JSON: {error}"))?;
                schemas.insert(kind.to_owned(), schema);
            } else if path.starts_with("features/") {
                features.push((path.clone(), text.clone()));
            } else if let Some(rest) = path.strip_prefix("fixtures/") {
                // Some fixtures are no JSON on purpose.
                if let (Some((kind, _)), Ok(document)) =
                    (rest.split_once('/'), serde_json::from_str(text))
                {
                    documents.entry(kind.to_owned()).or_default().push(document);
                }
            }
        }
        if schemas.is_empty() {
            return Err(format!(
                "there are no schemas: no file {SCHEMAS}KIND{ENDING}"
            ));
        }
        let json = |path: &str| -> Option<Value> { serde_json::from_str(files.get(path)?).ok() };
        let word = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            schemas,
            suite: (!features.is_empty()).then(|| {
                Suite::read(&features).map_err(|problems| {
                    let first = problems
                        .first()
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    format!("the feature files cannot be read: {first}")
                })
            }),
            changelog: files
                .get("spec/CHANGELOG.md")
                .map(|text| Changelog::read(text)),
            kit: files
                .get("Cargo.toml")
                .and_then(|text| package_version(text)),
            specification: json("spec/requirements.json")
                .and_then(|value| word(&value["specification"])),
            driver: json("spec/schema/openrpc.json")
                .and_then(|value| word(&value["info"]["version"])),
            documents,
        })
    }
}

/// The version of a package, from its manifest.
fn package_version(manifest: &str) -> Option<String> {
    let package = manifest.split("[package]").nth(1)?;
    let package = package.split("\n[").next()?;
    let line = package
        .lines()
        .find_map(|line| line.trim().strip_prefix("version"))?;
    Some(line.split('"').nth(1)?.to_owned())
}
