//! The reference adapter with one behaviour broken on purpose, by decorators at its boundaries.
