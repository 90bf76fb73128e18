//! The result of a run as one value, and its faces.
