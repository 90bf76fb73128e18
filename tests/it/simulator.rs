//! The simulated WeChat, fact by fact, with a bare HTTP client.

mod client;
mod polls;
mod sends;
