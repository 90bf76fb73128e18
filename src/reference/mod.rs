//! The model adapter, written to be read.
