//! The zoo: child processes that misbehave, each ended in bounded time and leaving nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aios_wechat::adapter::{
    Breach, CallError, CommandLine, Exit, LaunchError, Reached, Running, Subject,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use super::ear::{Notes, Sandbox, Told};

const LIMIT: Duration = Duration::from_secs(20);

/// Grace for animals that will not leave by themselves.
const SHORT: Duration = Duration::from_millis(150);

fn zoo(animal: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/zoo")
        .join(animal)
        .with_extension("sh")
}

fn command(animal: &str) -> CommandLine {
    let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
    CommandLine::new([Path::new("sh"), &zoo(animal)], env!("CARGO_MANIFEST_DIR")).env("PATH", path)
}

/// One animal in its cage.
struct Cage {
    running: Running,
    notes: Arc<Notes>,
    sandbox: Sandbox,
}

impl Cage {
    async fn with(animal: &str) -> Self {
        let (sandbox, notes) = (Sandbox::new(), Notes::new());
        let subject = Subject::command(command(animal));
        let running = subject.launch(&sandbox.place, notes.clone()).await.unwrap();
        Self {
            running,
            notes,
            sandbox,
        }
    }

    async fn call(&self) -> Result<Value, CallError> {
        self.running.call("health", Value::Null, LIMIT).await
    }

    async fn closed_because(&self) -> String {
        match self.call().await {
            Err(CallError::Closed { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for something to be told.
    async fn until(&self, happened: impl Fn(&Notes) -> bool) {
        self.notes.until(LIMIT, happened).await;
    }

    /// Nothing that ever belonged to the sandbox is alive.
    fn assert_empty(&self) {
        assert_eq!(inhabitants(self.sandbox.place.root()), Vec::<String>::new());
    }
}

/// The command lines of living processes whose environment or working folder is in the folder.
fn inhabitants(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let lives_there = String::from_utf8_lossy(&environment).contains(root.to_str().unwrap())
            || fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(root));
        if lives_there {
            found.push(fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default());
        }
    }
    found
}

/// Whether any process sleeps for this long; only the zoo does.
fn somebody_sleeps(seconds: &str) -> bool {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            fs::read(entry.path().join("cmdline")).unwrap_or_default()
                == format!("sleep\0{seconds}\0").as_bytes()
        })
}

#[tokio::test]
async fn an_obedient_child_is_called_and_leaves_at_the_end_of_its_input() {
    let cage = Cage::with("obedient").await;
    assert_eq!(cage.call().await, Ok(json!({})));
    assert_eq!(cage.call().await, Ok(json!({})));
    let ending = cage.running.close(LIMIT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::EndOfInput, Exit::Status(0))
    );
    assert_eq!(ending.left_behind, []);
    assert_eq!(
        cage.notes.story(),
        "sent received sent received closed ended"
    );
    cage.assert_empty();
}

#[tokio::test]
async fn a_silent_child_times_out_and_leaves_at_the_end_of_its_input() {
    let cage = Cage::with("silent").await;
    let outcome = cage.running.call("health", Value::Null, SHORT).await;
    assert_eq!(
        outcome,
        Err(CallError::Timeout {
            method: "health".to_owned(),
            limit: SHORT
        })
    );
    assert_eq!(cage.running.close(LIMIT).await.reached, Reached::EndOfInput);
}

#[tokio::test]
async fn one_limit_covers_writing_to_a_child_that_never_reads() {
    let cage = Cage::with("deaf").await;
    let started = Instant::now();
    let params = json!({"text": "a".repeat(4 << 20)});
    let outcome = cage.running.call("act", params, SHORT).await;
    assert!(
        matches!(outcome, Err(CallError::Timeout { .. })),
        "{outcome:?}"
    );
    let ending = cage.running.close(SHORT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::Asked, Exit::Signal(15))
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    cage.assert_empty();
}

#[tokio::test]
async fn a_child_that_ignores_the_end_of_input_and_term_is_killed() {
    let cage = Cage::with("stubborn").await;
    let ending = cage.running.close(SHORT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::Killed, Exit::Signal(9))
    );
    cage.assert_empty();
}

#[tokio::test]
async fn a_child_that_dies_in_a_call_fails_it_at_once_with_its_last_words() {
    let cage = Cage::with("dies-with-a-word").await;
    match cage.call().await {
        Err(CallError::Closed { reason, stderr, .. }) => {
            assert_eq!(reason, "the adapter exited with status 3");
            assert_eq!(stderr, "config file not found\n");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(cage.notes.story(), "sent stderr closed ended");
    let ending = cage.running.close(LIMIT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::Gone, Exit::Status(3))
    );

    let cage = Cage::with("is-killed").await;
    assert_eq!(
        cage.closed_because().await,
        "the adapter was ended by signal 9"
    );
}

#[tokio::test]
async fn a_child_that_is_gone_before_it_is_called_fails_the_call() {
    let cage = Cage::with("dies-at-once").await;
    assert_eq!(cage.running.ended().await, Exit::Status(7));
    assert_eq!(
        cage.closed_because().await,
        "the adapter exited with status 7"
    );
}

#[tokio::test]
async fn a_process_left_behind_is_named_and_ended() {
    let cage = Cage::with("leaves-a-child").await;
    cage.call().await.unwrap();
    let ending = cage.running.close(LIMIT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::EndOfInput, Exit::Status(0))
    );
    let names: Vec<_> = ending
        .left_behind
        .iter()
        .map(|stray| stray.name.as_str())
        .collect();
    assert_eq!(names, ["sleep"]);
    cage.assert_empty();
}

#[tokio::test]
async fn a_child_outlived_by_its_own_child_does_not_hold_the_kit_up() {
    let cage = Cage::with("outlived").await;
    assert_eq!(
        cage.closed_because().await,
        "the adapter exited with status 0"
    );
    assert_eq!(cage.running.close(LIMIT).await.left_behind.len(), 1);
    cage.assert_empty();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_leaves_its_session_its_environment_and_its_folder_is_found() {
    let cage = Cage::with("leaves-its-session").await;
    cage.call().await.unwrap();
    let ending = cage.running.close(LIMIT).await;
    assert_eq!(ending.left_behind.len(), 3, "{:?}", ending.left_behind);
    for seconds in ["1001", "1002", "1003"] {
        assert!(!somebody_sleeps(seconds), "{seconds}");
    }
    cage.assert_empty();
}

#[tokio::test]
async fn dropping_a_running_adapter_leaves_nothing_behind() {
    let Cage {
        running, sandbox, ..
    } = Cage::with("leaves-a-child").await;
    running.call("health", Value::Null, LIMIT).await.unwrap();
    drop(running);
    let mut glances = interval(Duration::from_millis(5));
    let gone = async {
        while !inhabitants(sandbox.place.root()).is_empty() {
            glances.tick().await;
        }
    };
    timeout(LIMIT, gone).await.expect("they are gone in time");
}

#[tokio::test]
async fn a_flood_on_stdout_is_cut_off() {
    let cage = Cage::with("floods-stdout").await;
    let started = Instant::now();
    assert_eq!(cage.closed_because().await, "the adapter wrote too much");
    assert_eq!(cage.notes.breaches(), [Breach::Flood]);
    cage.running.close(SHORT).await;
    assert!(started.elapsed() < Duration::from_secs(10));
    cage.assert_empty();
}

#[tokio::test]
async fn a_flood_on_stderr_is_drained_and_its_end_is_kept() {
    let cage = Cage::with("floods-stderr").await;
    assert_eq!(cage.call().await, Ok(json!({})));
    cage.running.close(LIMIT).await;
    let words = cage.running.last_words();
    assert_eq!(words.len(), 64 * 1024);
    assert!(words.ends_with("the end of the log\n"));
}

#[tokio::test]
async fn a_line_of_a_gigabyte_is_given_up_after_the_first_mebibyte() {
    let cage = Cage::with("endless-line").await;
    assert_eq!(
        cage.closed_because().await,
        "the adapter wrote a line longer than 1 MiB"
    );
    assert_eq!(cage.notes.breaches(), [Breach::TooLong]);
    assert!(cage.notes.all().contains(&Told::Received(1 << 20)));
    assert_ne!(cage.running.close(LIMIT).await.reached, Reached::Killed);
    cage.assert_empty();
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_named_and_the_answer_behind_them_is_heard() {
    let cage = Cage::with("not-utf8").await;
    assert_eq!(cage.call().await, Ok(json!({})));
    assert_eq!(cage.notes.breaches(), [Breach::NotUtf8]);
    assert_eq!(cage.notes.violations()[0].excerpt, r"\xff\xfe");
}

#[tokio::test]
async fn half_a_line_is_named() {
    let cage = Cage::with("half-a-line").await;
    assert_eq!(
        cage.closed_because().await,
        "the adapter exited with status 0"
    );
    assert_eq!(cage.notes.breaches(), [Breach::Unterminated]);
}

#[tokio::test]
async fn an_answer_without_a_newline_is_named_when_the_child_ends() {
    let cage = Cage::with("no-newline").await;
    cage.running
        .call("health", Value::Null, SHORT)
        .await
        .unwrap_err();
    cage.running.close(LIMIT).await;
    assert_eq!(cage.notes.breaches(), [Breach::Unterminated]);
}

#[tokio::test]
async fn a_hundred_thousand_nested_arrays_end_the_call_and_nothing_else() {
    let cage = Cage::with("nested").await;
    let outcome = cage.call().await;
    assert!(
        matches!(outcome, Err(CallError::Malformed { .. })),
        "{outcome:?}"
    );
    assert_eq!(cage.notes.breaches(), [Breach::NotStrict]);
    assert_eq!(cage.running.close(LIMIT).await.reached, Reached::EndOfInput);
}

#[tokio::test]
async fn a_child_that_closed_its_input_fails_the_next_call_at_once() {
    let cage = Cage::with("closes-its-input").await;
    cage.until(|notes| notes.story().contains("request:event"))
        .await;
    let reason = cage.closed_because().await;
    assert!(
        reason.starts_with("the adapter does not read its input"),
        "{reason}"
    );
    cage.running.close(SHORT).await;
    cage.assert_empty();
}

#[tokio::test]
async fn a_child_that_closed_its_output_fails_the_call() {
    let cage = Cage::with("closes-its-output").await;
    assert_eq!(cage.closed_because().await, "the adapter closed its output");
    assert!(cage.running.is_alive());
    assert_eq!(cage.running.close(LIMIT).await.reached, Reached::EndOfInput);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_fork_bomb_is_ended_with_all_its_fragments() {
    let cage = Cage::with("breeds").await;
    assert_eq!(
        timeout(LIMIT, cage.running.ended()).await,
        Ok(Exit::Signal(9))
    );
    assert_eq!(cage.notes.breaches(), [Breach::TooManyProcesses]);
    cage.running.close(SHORT).await;
    cage.assert_empty();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_file_outgrows_the_quota() {
    let cage = Cage::with("hoards-one").await;
    cage.running.send_raw("{}");
    cage.until(|notes| notes.story().contains("stderr")).await;
    // The bytes over the quota tell whose file it is, and are fewer than there are process ids.
    let words = cage.running.last_words();
    let written: u64 = words.trim().parse().unwrap_or_default();
    assert!((128 << 20..132 << 20).contains(&written), "{words}");
    cage.running.kill().await;
}

#[tokio::test]
async fn a_sandbox_that_fills_up_ends_the_adapter() {
    let cage = Cage::with("hoards-many").await;
    assert_eq!(
        timeout(LIMIT, cage.running.ended()).await,
        Ok(Exit::Signal(9))
    );
    assert_eq!(cage.notes.breaches(), [Breach::SandboxFull]);
    cage.running.close(SHORT).await;
    cage.assert_empty();
}

#[tokio::test]
async fn a_command_that_is_not_there_is_an_error_of_the_launch() {
    let sandbox = Sandbox::new();
    for argv in [vec!["./no-such-adapter"], vec!["no-such-adapter"], vec![]] {
        let subject = Subject::command(CommandLine::new(argv.clone(), "/"));
        let outcome = subject.launch(&sandbox.place, Notes::new()).await;
        match outcome.map(|_| ()) {
            Err(LaunchError::NoCommand) => assert!(argv.is_empty()),
            Err(LaunchError::Command { program, .. }) => assert_eq!(program, argv[0]),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_launch_that_is_called_off_leaves_no_process() {
    let sandbox = Sandbox::new();
    let subject = Subject::command(command("leaves-a-child"));
    for _ in 0..20 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let launch = subject.launch(&sandbox.place, Notes::new());
        let launched = runtime.block_on(async { launch.now_or_never() });
        assert!(launched.is_none(), "it was not called off");
        assert_eq!(inhabitants(sandbox.place.root()), Vec::<String>::new());
    }
}

/// What the command saw of the world.
async fn world(command: CommandLine) -> (Sandbox, Vec<String>) {
    let (sandbox, notes) = (Sandbox::new(), Notes::new());
    let running = Subject::command(command)
        .launch(&sandbox.place, notes)
        .await
        .unwrap();
    assert_eq!(timeout(LIMIT, running.ended()).await, Ok(Exit::Status(0)));
    running.close(LIMIT).await;
    let lines = running
        .last_words()
        .lines()
        .map(ToOwned::to_owned)
        .collect();
    (sandbox, lines)
}

fn told(lines: &[String], name: &str) -> Vec<String> {
    let prefix = format!("{name}=");
    lines
        .iter()
        .filter_map(|line| Some(line.strip_prefix(&prefix)?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_child_sees_its_sandbox_and_nothing_of_the_callers_world() {
    let secret = command("tells-its-world")
        .env("MINE", "yes")
        .env("https_proxy", "http://proxy:1");
    let (sandbox, lines) = world(secret.env("HOME", "/root")).await;
    let place = &sandbox.place;
    let path = |path: PathBuf| vec![path.to_str().unwrap().to_owned()];
    assert_eq!(told(&lines, "cwd"), path(place.work()));
    assert_eq!(told(&lines, "HOME"), path(place.home()));
    assert_eq!(told(&lines, "TMPDIR"), path(place.tmp()));
    assert_eq!(
        told(&lines, "XDG_CONFIG_HOME"),
        path(place.home().join(".config"))
    );
    assert_eq!(told(&lines, "MINE"), ["yes"]);
    assert_eq!(told(&lines, "NO_PROXY"), ["127.0.0.1,localhost"]);
    assert_eq!(told(&lines, "https_proxy"), Vec::<String>::new());
    assert_eq!(told(&lines, "CARGO_MANIFEST_DIR"), Vec::<String>::new());
}

#[tokio::test]
async fn words_that_name_something_of_the_callers_are_made_absolute() {
    let root = env!("CARGO_MANIFEST_DIR");
    let words = [
        "sh",
        "tests/zoo/tells-its-world.sh",
        "./src/lib.rs",
        "src",
        "no-such",
        "/tmp",
    ];
    let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
    let command = CommandLine::new(words, root).env("PATH", path);
    let (_sandbox, lines) = world(command.clone()).await;
    let lib = format!("{root}/./src/lib.rs");
    assert_eq!(
        told(&lines, "argument"),
        [&lib, &format!("{root}/src"), "no-such", "/tmp"]
    );

    let (_sandbox, lines) = world(command.cwd(".")).await;
    assert_eq!(told(&lines, "cwd"), [root]);
    assert_eq!(
        told(&lines, "argument"),
        ["./src/lib.rs", "src", "no-such", "/tmp"]
    );
}
