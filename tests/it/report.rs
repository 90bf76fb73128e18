//! Reports: what every face says of hand-built results in which every outcome and claim occurs.

mod sample;
mod terminal;
