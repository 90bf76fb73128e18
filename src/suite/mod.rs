//! The requirement catalogue, read from the feature files.
