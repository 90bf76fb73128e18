//! Systems on which nothing can be contained.

use std::io;

use super::{Bounds, Reach};

pub(super) fn reach() -> Reach {
    Reach::default()
}

pub(super) fn restrict(_: &Bounds, reach: Reach) -> io::Result<()> {
    if reach == Reach::default() {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}
