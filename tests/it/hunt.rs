//! The leak search over folders: a corpus of leaks, of which all are found, and of innocent
//! folders, in which nothing is.

mod command;
mod corpus;
mod folder;
mod pack;
