//! The driver protocol as it is carried: who may ask what when, and what becomes of adapters that misbehave.

mod ear;
mod kit_side;
mod life;
mod page;
mod parrot;
mod stdio;
mod zoo;
