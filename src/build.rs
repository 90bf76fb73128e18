//! Links the program to fixed addresses on Linux.
//!
//! Its tables hold tens of thousands of addresses, which the loader otherwise corrects at each
//! start: a third of the time of a process as short as `aios-wechat reference`, of which a run over
//! stdio starts hundreds.

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script in its environment what it builds for"
)]
fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let target = |what| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    // A program that holds its C library has no loader, and other flags.
    let is_static = target("FEATURE").contains("crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
