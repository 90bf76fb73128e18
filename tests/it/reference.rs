//! The reference adapter against the simulated WeChat, rule by rule where a unit test cannot see it.

mod access;
mod bench;
mod cursor;
mod health;
mod life;
mod outbound;
