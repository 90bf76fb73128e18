//! The feature files, embedded one by one, so that a forgotten file is a failing test, not a silent gap.

/// One row of the table.
macro_rules! feature {
    ($name:literal) => {
        (
            concat!("features/", $name, ".feature"),
            include_str!(concat!("../../features/", $name, ".feature")),
        )
    };
}

/// Path and text of every feature file, in the order of the catalogue.
pub const FEATURES: &[(&str, &str)] = &[
    feature!("configuration"),
    feature!("capability"),
    feature!("envelope"),
    feature!("routing"),
    feature!("access"),
    feature!("deduplication"),
    feature!("cursor"),
    feature!("context"),
    feature!("outbound"),
    feature!("media"),
    feature!("health"),
    feature!("storage"),
    feature!("boundary"),
    feature!("lifecycle"),
];
