//! Everything under `spec/` that is generated: written, checked or printed.
