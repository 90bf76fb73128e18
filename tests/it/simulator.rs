//! The simulated WeChat, fact by fact, with a bare HTTP client.

mod client;
mod control;
mod faults;
mod floods;
mod login;
mod media;
mod polls;
mod sends;
mod strangers;
