//! The integration tests, one binary: each module proves one topic.

mod contract;
