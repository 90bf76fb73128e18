//! Changes of the contract, judged.

mod corpus;
mod edit;
mod gate;
mod schemas;
mod sources;
