//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::Shard;

/// The conformance kit for WeChat adapters of AIOS.
#[derive(Debug, Parser)]
#[command(name = "aios-wechat", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the suite against an adapter.
    Run(RunArgs),
    /// Examine an adapter: the first thing that is wrong, and how to mend it.
    Doctor(super::doctor::DoctorArgs),
    /// Write a small adapter to begin with.
    Init(super::init::InitArgs),
    /// Be the reference adapter, on stdin and stdout.
    Reference(ReferenceArgs),
    /// Write, check or show the published schemas.
    Schema(super::schema::SchemaArgs),
    /// Validate documents.
    Validate(super::validate::ValidateArgs),
    /// What authors of the specification write and check.
    Spec(super::spec::SpecArgs),
    /// List rules, mutants or phrases.
    List(super::catalogue::ListArgs),
    /// Explain a rule, a family or a code.
    Explain(super::catalogue::ExplainArgs),
    /// Show a report that was kept in another format, or join several.
    Report(super::report::ReportArgs),
    /// Play a recorded scenario again, and say where the adapter first does something else.
    Replay(super::replay::ReplayArgs),
    /// Search files and folders for words that must not be there, in any form.
    Hunt(super::hunt::HuntArgs),
    /// Prove that the kit can fail: broken adapters are caught, idle ones earn nothing.
    Selftest(super::selftest::SelftestArgs),
    /// Be WeChat, on loopback, for trying an adapter by hand.
    Simulate(super::simulate::SimulateArgs),
}

/// Arguments of `run`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aios-wechat run --reference\n  \
    aios-wechat run WX-DEDUP --level must -- python3 my_adapter.py\n  \
    aios-wechat run --report json=report.json -- ./my-adapter --verbose")]
pub(crate) struct RunArgs {
    /// Rules to run: an id (WX-DEDUP-001) or a family (WX-DEDUP); all if none is given.
    pub(crate) rules: Vec<String>,
    /// Run against the built-in reference adapter, in this process.
    #[arg(long, conflicts_with = "command")]
    pub(crate) reference: bool,
    #[command(flatten)]
    pub(crate) output: super::output::OutputArgs,
    /// Levels to run.
    #[arg(long, value_enum, default_value_t = LevelArg::All)]
    pub(crate) level: LevelArg,
    /// Let a failing SHOULD fail the run.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Seed of every random choice; drawn and printed if not given.
    #[arg(long)]
    pub(crate) seed: Option<u32>,
    /// Run each scenario so often.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
    /// Scenarios at the same time [default: two for each core].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) jobs: Option<u32>,
    /// Run only this part of the suite, such as 2/3; `report merge` joins the parts.
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "seed")]
    pub(crate) shard: Option<Shard>,
    /// Multiply every wait by this.
    #[arg(long, default_value_t = 1.0, value_parser = patience)]
    pub(crate) patience: f64,
    /// Let the adapter write only in its sandbox folders and connect only to WeChat: as far as
    /// the kernel can, only if it can, or not at all.
    #[arg(long, value_enum, default_value_t = ContainmentArg::Auto)]
    pub(crate) containment: ContainmentArg,
    /// Read the feature files of this folder instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) features: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) child: super::child::ChildArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContainmentArg {
    /// As far as the kernel can; the report says how far.
    Auto,
    /// Refuse to run where the kernel cannot.
    Require,
    /// Not at all.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// MUST and MUST NOT.
    Must,
    /// SHOULD and SHOULD NOT.
    Should,
    /// All.
    All,
}

/// Arguments of `reference`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aios-wechat run -- aios-wechat reference")]
pub(crate) struct ReferenceArgs {
    /// Break one behaviour on purpose.
    #[arg(long, value_name = "NAME")]
    pub(crate) mutant: Option<String>,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(number, of)| {
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        Some(Shard { number, of })
    });
    match parts {
        Some(shard) if (1..=shard.of).contains(&shard.number) && shard.of <= 1000 => Ok(shard),
        _ => Err("expected I/N with I from 1 to N, such as 2/3".to_owned()),
    }
}

pub(super) fn patience(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && (0.01..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("expected a number from 0.01 to 1000".to_owned()),
    }
}
