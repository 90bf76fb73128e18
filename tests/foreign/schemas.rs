//! The published schemas under validators and type generators that others wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Outcome;
use crate::place::{Absent, broken, finish, repository};
use crate::{node, python};

/// `ajv` accepts every valid fixture and refuses every invalid one.
pub(crate) fn ajv_agrees() -> Outcome {
    judged(&run(Command::new("node")
        .arg(script("ajv.mjs")?)
        .args([repository("spec/schema"), repository("fixtures")]))?)
}

/// `jsonschema` accepts every valid fixture and refuses every invalid one.
pub(crate) fn jsonschema_agrees() -> Outcome {
    let python = environment()?;
    judged(&run(Command::new(python)
        .arg(repository("tests/foreign/schemas/fixtures.py"))
        .args([repository("spec/schema"), repository("fixtures")]))?)
}

/// TypeScript types come out without a word, and each with a name of its own.
pub(crate) fn typescript_reads_well() -> Outcome {
    let folder = scratch("typescript")?;
    silent(&run(Command::new("node")
        .arg(script("types.mjs")?)
        .args([&repository("spec/schema"), &folder]))?)?;
    named(&folder, &["export interface ", "export type "])
}

/// Python models come out without a warning, each with a name of its own, and can be imported.
pub(crate) fn python_reads_well() -> Outcome {
    let python = environment()?;
    let folder = scratch("python")?;
    for schema in schemas()? {
        let name = schema
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .replace('-', "_");
        let module = folder.join(name.replace(".schema.json", ".py"));
        silent(&run(Command::new(&python)
            .args(["-m", "datamodel_code_generator"])
            .args([
                "--input-file-type",
                "jsonschema",
                "--output-model-type",
                "pydantic_v2.BaseModel",
            ])
            .args(["--target-python-version", "3.11", "--formatters", "builtin"])
            .arg("--disable-timestamp")
            .arg("--input")
            .arg(&schema)
            .arg("--output")
            .arg(&module))?)?;
        silent(&run(Command::new(&python)
            // Isolated: a model called `secrets.py` must not stand in for the library of that name.
            .args(["-I", "-W", "error"])
            .arg(&module))?)?;
    }
    named(&folder, &["class "])
}

fn schemas() -> Result<Vec<PathBuf>, Absent> {
    let entries = fs::read_dir(repository("spec/schema")).map_err(broken)?;
    let mut schemas: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".schema.json"))
        .collect();
    schemas.sort();
    Ok(schemas)
}

/// A script of ours beside the npm packages it uses.
fn script(name: &str) -> Result<PathBuf, Absent> {
    let folder = repository("tests/foreign/schemas");
    node::packages_of("schemas-node", &folder)?.script(&folder.join(name))
}

fn environment() -> Result<PathBuf, Absent> {
    python::interpreter(
        "schemas-python",
        &repository("tests/foreign/schemas/requirements.txt"),
    )
}

/// An empty folder for what a generator writes.
fn scratch(name: &str) -> Result<PathBuf, Absent> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("generated-{name}"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(broken)?;
    }
    fs::create_dir_all(&folder).map_err(broken)?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<Output, Absent> {
    let output = finish(command)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(broken(String::from_utf8_lossy(&said)))
}

fn judged(output: &Output) -> Outcome {
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains(" fixtures judged, 0 wrong") {
        return Ok(());
    }
    Err(broken(said))
}

fn silent(output: &Output) -> Outcome {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    if said.is_empty() {
        return Ok(());
    }
    Err(broken(String::from_utf8_lossy(&said)))
}

/// No type that was generated into a folder had to be told from another by a number.
fn named(folder: &Path, keywords: &[&str]) -> Outcome {
    let mut numbered = Vec::new();
    for entry in fs::read_dir(folder).map_err(broken)?.flatten() {
        let text = fs::read_to_string(entry.path()).map_err(broken)?;
        let names = text.lines().filter_map(|line| {
            let rest = keywords
                .iter()
                .find_map(|keyword| line.strip_prefix(keyword))?;
            rest.split(|letter: char| !letter.is_alphanumeric()).next()
        });
        numbered.extend(
            names
                .filter(|name| name.ends_with(|letter: char| letter.is_ascii_digit()))
                .map(|name| format!("{}: {name}", entry.file_name().display())),
        );
    }
    if numbered.is_empty() {
        return Ok(());
    }
    Err(broken(numbered.join("\n")))
}
