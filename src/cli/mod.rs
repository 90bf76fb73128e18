//! The command line: words into a subject, a selection and an output.
