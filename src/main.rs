//! The `aios-wechat` program.

fn main() {}
