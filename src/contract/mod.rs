//! The AIOS vocabulary: every document that crosses the seam, as a type that derives its JSON Schema.
