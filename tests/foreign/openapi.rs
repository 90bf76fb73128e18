//! The description of the control API under a validator that others wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::place::{broken, finish, repository};
use crate::python;

/// `openapi-spec-validator` accepts the published document, and not one without its title.
pub(crate) fn is_valid() -> Outcome {
    let requirements = repository("tests/foreign/openapi/requirements.txt");
    let python = python::interpreter("openapi", &requirements)?;
    let published = repository("spec/schema/openapi.json");
    let judged = |document: &Path| {
        let mut validator = Command::new(&python);
        let output = finish(
            validator
                .args(["-m", "openapi_spec_validator"])
                .arg(document),
        )?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok((output.status.success(), said))
    };
    let (valid, said) = judged(&published)?;
    if !valid {
        return Err(broken(said));
    }
    let text = fs::read_to_string(&published).map_err(broken)?;
    let spoilt = text.replacen("\"title\": \"Simulated", "\"titel\": \"Simulated", 1);
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi-spoilt.json");
    fs::write(&copy, spoilt).map_err(broken)?;
    match judged(&copy)? {
        (false, said) if said.contains("title") => Ok(()),
        (_, said) => Err(broken(format!("a document without a title: {said}"))),
    }
}
