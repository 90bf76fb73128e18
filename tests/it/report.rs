//! Reports: what every face says of hand-built results in which every outcome and claim occurs.

mod baseline;
mod claim;
mod faces;
mod markup;
mod merge;
mod repeat;
mod sample;
mod terminal;
mod verify;
