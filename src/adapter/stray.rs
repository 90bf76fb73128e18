//! Strays: processes of an adapter that outlive it, found and ended wherever they hide.
//!
//! A group kill misses what left the group. On Linux the kit is a child subreaper, so whatever an
//! adapter leaves behind stays below the kit, and is known by its group, its environment, its
//! working folder, its parents, or by the limit that it inherited ([`brand`]). Elsewhere the group
//! kill is all there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, waitpgid,
    waitpid,
};
use tokio::time::{Instant, interval};

/// How often a process that was asked or told to end is looked at again.
const GLANCE: Duration = Duration::from_millis(5);

/// How long a killed process may take to be gone; only the kernel can be slow here.
const BURIAL: Duration = Duration::from_secs(2);

/// A process that an adapter left behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// The name of its program, as the kernel cuts it.
    pub name: String,
    /// Its process id.
    pub pid: i32,
}

/// All processes of one child adapter: its group, what lives in its sandbox, and what was once seen
/// below one of them.
#[derive(Debug, Clone)]
pub(crate) struct Brood {
    leader: Pid,
    root: PathBuf,
    /// Nobody looks for strays of others below a leader.
    _claim: Arc<Claim>,
    /// Whoever left the group, the sandbox and its parents behind is still known from before.
    seen: Arc<Mutex<Seen>>,
}

/// Process ids with the time they started, since ids are used again.
type Seen = BTreeSet<(i32, u64)>;

impl Brood {
    pub(crate) fn new(leader: Pid, root: &Path) -> Self {
        Self {
            leader,
            root: root.to_path_buf(),
            _claim: Arc::new(Claim::on(leader.as_raw_nonzero().get())),
            seen: Arc::default(),
        }
    }

    /// Asks the group to end.
    pub(crate) fn terminate(&self) {
        // It fails only if there is nobody left to ask.
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Ends the group and every stray, without waiting for them to be gone.
    pub(crate) fn kill(&self) {
        // A process that is just forking may be missed once; not thrice.
        for _ in 0..3 {
            let living = self.living();
            let _ = kill_process_group(self.leader, Signal::KILL);
            living.iter().for_each(end);
            if living.is_empty() {
                break;
            }
        }
    }

    /// The same, and holds up the thread until they are gone: folders go next, and nobody must write
    /// into them any more.
    pub(crate) fn put_down(&self) {
        self.kill();
        wait_until(|| self.living().is_empty());
    }

    /// How many processes there are, the leader included.
    pub(crate) fn count(&self) -> usize {
        self.living().len()
    }

    /// The arguments and the environment of each process.
    pub(crate) fn exposed(&self) -> Vec<(String, Vec<u8>)> {
        let mut exposed = Vec::new();
        for Stray { name, pid } in self.living() {
            for (what, file) in [("arguments", "cmdline"), ("environment", "environ")] {
                // Who is gone meanwhile shows nothing any more.
                let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                exposed.push((format!("the {what} of its process {name}"), bytes));
            }
        }
        exposed
    }

    /// To be called once the leader is gone and buried. Gives the rest `patience` to follow it,
    /// ends those who do not, and names them.
    pub(crate) async fn sweep(&self, patience: Duration) -> Vec<Stray> {
        let mut glances = interval(GLANCE);
        let start = Instant::now();
        let mut left_behind = BTreeSet::new();
        while start.elapsed() < patience + BURIAL {
            glances.tick().await;
            self.bury();
            let living = self.living();
            if living.is_empty() && test_kill_process_group(self.leader).is_err() {
                break;
            }
            if start.elapsed() >= patience {
                let _ = kill_process_group(self.leader, Signal::KILL);
                living.iter().for_each(end);
                left_behind.extend(living);
            }
        }
        left_behind.into_iter().collect()
    }

    /// Takes leave of the dead that came to the kit as orphans.
    fn bury(&self) {
        while let Ok(Some(_)) = waitpgid(self.leader, WaitOptions::NOHANG) {}
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for pid in seen.iter().filter_map(|(pid, _)| Pid::from_raw(*pid)) {
            // Most are not the kit's to bury, or are buried already.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn living(&self) -> Vec<Stray> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let leader = self.leader.as_raw_nonzero().get();
        let mut others = LEADERS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        others.remove(&leader);
        census::living(leader, &others, &self.root, &mut seen)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn living(&self) -> Vec<Stray> {
        let _ = (&self.root, &self.seen);
        let present = test_kill_process_group(self.leader).is_ok();
        let leader = Stray {
            name: "process group".to_owned(),
            pid: self.leader.as_raw_nonzero().get(),
        };
        present.then_some(leader).into_iter().collect()
    }
}

/// The leaders of all broods there are.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// A leader's place among them.
#[derive(Debug)]
struct Claim(i32);

impl Claim {
    fn on(leader: i32) -> Self {
        let mut leaders = LEADERS.lock().unwrap_or_else(PoisonError::into_inner);
        leaders.insert(leader);
        Self(leader)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut leaders = LEADERS.lock().unwrap_or_else(PoisonError::into_inner);
        leaders.remove(&self.0);
    }
}

/// Waits until something has happened that only the kernel can delay, and no longer than it should.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever drops something can wait in no other way"
)]
pub(crate) fn wait_until(happened: impl Fn() -> bool) {
    // Real time: the runtime's may stand still, or there may be no runtime any more.
    let began = std::time::Instant::now();
    while !happened() && began.elapsed() < BURIAL {
        thread::sleep(Duration::from_millis(1));
    }
}

fn end(stray: &Stray) {
    if let Some(pid) = Pid::from_raw(stray.pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Keeps orphans below the kit, where they are found. Elsewhere than on Linux they go to the
/// system.
pub(crate) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // Old kernels refuse; then a stray is found only in its group.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// Bounds the size of any one file that the leader and all that come from it write, and keeps them
/// from dumping core. The bytes over the limit tell whose they are: limits are inherited, and
/// survive a change of the group, the environment and the folder.
pub(crate) fn brand(leader: Pid) {
    #[cfg(target_os = "linux")]
    {
        let size = mark(leader.as_raw_nonzero().get());
        limit(leader, size);
        // What it started first has no limit yet, and is bound from now on.
        for early in census::descendants(leader.as_raw_nonzero().get()) {
            limit(early, size);
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = leader;
    }
}

#[cfg(target_os = "linux")]
fn limit(process: Pid, file_size: u64) {
    use rustix::process::{Resource, Rlimit, prlimit};
    for (resource, limit) in [(Resource::Fsize, file_size), (Resource::Core, 0)] {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        // A process that is gone already writes nothing.
        let _ = prlimit(Some(process), resource, limit);
    }
}

/// The largest size of a file in the brood of this leader, in bytes.
#[cfg(target_os = "linux")]
fn mark(leader: i32) -> u64 {
    super::watch::FILE_BYTES.saturating_add(u64::from(leader.unsigned_abs()))
}

#[cfg(target_os = "linux")]
mod census {
    //! Who lives below this process, read from `/proc`.

    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use super::super::excerpt::excerpt;
    use super::{Pid, Seen, Stray, mark};

    struct Record {
        name: String,
        dead: bool,
        parent: i32,
        group: i32,
        /// In ticks since the machine started.
        started: u64,
    }

    /// The processes below this one that belong to the group or the sandbox, or come from one that
    /// does; `others` and what is below them belong elsewhere. Remembers them all in `seen`, and
    /// counts those in who were.
    pub(super) fn living(
        group: i32,
        others: &BTreeSet<i32>,
        root: &Path,
        seen: &mut Seen,
    ) -> Vec<Stray> {
        let mut sandbox = root.as_os_str().as_bytes().to_vec();
        sandbox.push(b'/');
        let mut family = Family::default();
        let mut found = Vec::new();
        let mut stack: Vec<(i32, bool)> = family
            .children("self")
            .into_iter()
            .map(|pid| (pid, false))
            .collect();
        while let Some((pid, inherited)) = stack.pop() {
            if others.contains(&pid) {
                continue;
            }
            let Some(record) = record(pid) else { continue };
            let belongs = inherited
                || record.group == group
                || seen.contains(&(pid, record.started))
                || is_inside(pid, root, &sandbox)
                || size_limit(pid) == Some(mark(group));
            if belongs {
                seen.insert((pid, record.started));
            }
            if belongs && !record.dead {
                found.push(Stray {
                    name: record.name,
                    pid,
                });
            }
            stack.extend(
                family
                    .children(&pid.to_string())
                    .into_iter()
                    .map(|pid| (pid, belongs)),
            );
        }
        found.sort();
        found
    }

    /// The processes that this one, just started and of one thread, has started in its turn.
    pub(super) fn descendants(leader: i32) -> Vec<Pid> {
        let mut found = Vec::new();
        let mut stack = vec![leader];
        while let Some(parent) = stack.pop() {
            // One file, and no look at the folder around it: every name looked up in `/proc` has to
            // be forgotten again when the process ends.
            let children = format!("/proc/{parent}/task/{parent}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            for pid in children.split_ascii_whitespace() {
                if let Some(pid) = pid.parse().ok().and_then(Pid::from_raw) {
                    stack.push(pid.as_raw_nonzero().get());
                    found.push(pid);
                }
            }
        }
        found
    }

    /// Its environment names a path in the sandbox, or it works there.
    fn is_inside(pid: i32, root: &Path, sandbox: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .windows(sandbox.len())
            .any(|window| window == sandbox)
            || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(root))
    }

    /// The most bytes that it may write to one file.
    fn size_limit(pid: i32) -> Option<u64> {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max file size"))?;
        // Soft limit, hard limit, unit.
        line.split_ascii_whitespace().rev().nth(1)?.parse().ok()
    }

    fn record(pid: i32) -> Option<Record> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may itself hold any character.
        let open = stat.iter().position(|byte| *byte == b'(')?;
        let close = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X" | "x");
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let threads: u32 = fields.nth(14)?.parse().ok()?;
        Some(Record {
            name: excerpt(stat.get(open + 1..close)?),
            // The first thread may be gone before the others are.
            dead: ended && threads <= 1,
            parent,
            group,
            started: fields.nth(1)?.parse().ok()?,
        })
    }

    /// Who is whose child. The kernel tells directly where it was built to; else every process is
    /// asked for its parent.
    #[derive(Default)]
    struct Family {
        asked: Option<BTreeMap<i32, Vec<i32>>>,
    }

    impl Family {
        fn children(&mut self, parent: &str) -> Vec<i32> {
            let mut children = Vec::new();
            let mut told = false;
            for task in numbers(&format!("/proc/{parent}/task")) {
                if let Ok(text) = fs::read_to_string(format!("/proc/{parent}/task/{task}/children"))
                {
                    told = true;
                    children.extend(
                        text.split_ascii_whitespace()
                            .filter_map(|pid| pid.parse::<i32>().ok()),
                    );
                }
            }
            if told {
                return children;
            }
            let own = || i32::try_from(std::process::id()).ok();
            let parent = if parent == "self" {
                own()
            } else {
                parent.parse().ok()
            };
            let asked = self.asked.get_or_insert_with(ask_everybody);
            parent
                .and_then(|parent| asked.get(&parent).cloned())
                .unwrap_or_default()
        }
    }

    fn ask_everybody() -> BTreeMap<i32, Vec<i32>> {
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for pid in numbers("/proc") {
            if let Some(record) = record(pid) {
                children.entry(record.parent).or_default().push(pid);
            }
        }
        children
    }

    fn numbers(folder: &str) -> Vec<i32> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }
}
