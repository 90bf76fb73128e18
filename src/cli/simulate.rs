//! `simulate`: WeChat by itself, for trying an adapter by hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;

use super::signal::signalled;
use super::{Exit, complain};
use crate::simulator::{FaultRule, Options, Simulator};

/// How long a poll waits that comes after a failed one: clients that know no pause would spin.
const BRAKE: Duration = Duration::from_millis(200);

/// Arguments of `simulate`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  aios-wechat simulate\n  \
    aios-wechat simulate --port 8480 --owner me@im.wechat --hold 5\n  \
    aios-wechat simulate --fault-file faults.json")]
pub struct SimulateArgs {
    /// Port to listen on, on loopback; any free one if not given.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The bot token; drawn if not given.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub token: String,
    /// The id of the person who logged the bot in; drawn if not given.
    #[arg(
        long,
        value_name = "USER_ID",
        default_value = "",
        hide_default_value = true
    )]
    pub owner: String,
    /// How long a poll is held.
    #[arg(long, value_name = "SECONDS", default_value = "25", value_parser = seconds)]
    pub hold: Duration,
    /// Give messages again to a cursor that was passed already; the real WeChat does not.
    #[arg(long)]
    pub honours_old_cursor: bool,
    /// Faults to begin with: a JSON array of what `POST /faults` takes.
    #[arg(long, value_name = "FILE")]
    pub fault_file: Option<PathBuf>,
    /// What drawn names, ids and tokens depend on; drawn itself if not given.
    #[arg(long)]
    pub seed: Option<u32>,
}

/// Prints where WeChat is, as one line of JSON, and serves until it is interrupted.
pub async fn simulate(args: SimulateArgs, out: &mut impl Write) -> Exit {
    let faults = match args
        .fault_file
        .as_deref()
        .map_or(Ok(Vec::new()), read_faults)
    {
        Ok(faults) => faults,
        Err(wrong) => return complain(Exit::Usage, &wrong),
    };
    let options = Options {
        now_ms: now_ms(),
        runs: true,
        token: args.token,
        owner_user_id: args.owner,
        honours_old_cursor: args.honours_old_cursor,
        hold: args.hold,
        seed: args.seed.map_or_else(|| fastrand::u64(..), u64::from),
        port: args.port,
        brake: BRAKE,
        control: true,
        ..Options::default()
    };
    let simulator = match Simulator::start(options).await {
        Ok(simulator) => simulator,
        Err(error) => {
            let port = args.port;
            return complain(
                Exit::Usage,
                &format!("cannot listen on port {port}: {error}"),
            );
        }
    };
    for rule in faults {
        if let Err(wrong) = simulator.set_fault(rule) {
            return complain(Exit::Usage, &format!("a fault is out of bounds: {wrong}"));
        }
    }
    let line = json!({
        "base_url": simulator.base_url(),
        "cdn_base_url": simulator.cdn_base_url(),
        "control_url": simulator.control_url(),
        "token": simulator.token(),
        "bot_id": simulator.bot_id(),
        "owner_user_id": simulator.owner_user_id(),
        "page_url": format!("{}/", simulator.base_url()),
    });
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        return complain(Exit::Kit, &format!("cannot say where WeChat is: {error}"));
    }
    signalled().await;
    simulator.stop().await;
    Exit::Success
}

fn read_faults(path: &Path) -> Result<Vec<FaultRule>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulated WeChat lives in the caller's time"
)]
fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected a number of seconds from 0 to 3600".to_owned()),
    }
}
