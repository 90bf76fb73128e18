//! The published files: what lies in `spec/` is what the types say.

use aios_wechat::publish;

#[test]
fn the_schemas_in_the_repository_are_those_of_the_types() {
    let folder = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), publish::SCHEMA_FOLDER);
    for artifact in publish::schemas() {
        let found = std::fs::read_to_string(format!("{folder}/{}", artifact.name));
        assert_eq!(
            found.ok(),
            Some(artifact.text),
            "{} is out of date: run `aios-wechat schema`",
            artifact.name
        );
    }
}
