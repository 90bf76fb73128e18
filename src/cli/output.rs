//! What `run` does with its report: the baseline, the faces and the files.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use crate::report::{Baseline, Format, Report, plain};
use crate::suite::Suite;

/// The faces that `--out` writes.
const ALL: [Format; 6] = [
    Format::Json,
    Format::Junit,
    Format::Html,
    Format::Markdown,
    Format::Ctrf,
    Format::Badge,
];

/// Options of `run` that decide where its report goes and what it is held against.
#[derive(Args, Debug)]
pub(crate) struct OutputArgs {
    /// Write a report: FORMAT is json, junit, html, markdown or ctrf; may be repeated.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = target)]
    pub(crate) report: Vec<(Format, PathBuf)>,
    /// Write the report in every format into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Leave all times out of the written reports, so that two runs can be compared.
    #[arg(long)]
    pub(crate) no_times: bool,
    /// Hold the run against a list of rules and scenarios that are known to fail.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write what fails now into the baseline, and keep the reasons that stand.
    #[arg(long, requires = "baseline")]
    pub(crate) update_baseline: bool,
}

/// The same, read and checked before anything runs.
pub(crate) struct Output {
    files: Vec<(Format, PathBuf)>,
    folder: Option<PathBuf>,
    no_times: bool,
    baseline: Option<Baseline>,
    update: Option<PathBuf>,
}

impl Output {
    /// Reads the baseline and makes every path absolute.
    pub(crate) fn prepare(args: &OutputArgs, suite: &Suite, here: &Path) -> Result<Self, String> {
        let path = args.baseline.as_ref().map(|path| here.join(path));
        let baseline = match &path {
            None => None,
            Some(path) if args.update_baseline && !path.exists() => Some(Baseline::default()),
            Some(path) => Some(baseline(path)?),
        };
        if let (Some(baseline), Some(path), false) = (&baseline, &path, args.update_baseline) {
            let problems = baseline.problems(suite);
            if !problems.is_empty() {
                let path = path.display();
                return Err(format!(
                    "the baseline {path} cannot be used\n  {}\n  hint: `aios-wechat list` has the ids of rules, a report \
                     those of scenarios; --update-baseline drops what does not fail",
                    problems.join("\n  ")
                ));
            }
        }
        let mut files: Vec<_> = args
            .report
            .iter()
            .map(|(format, path)| (*format, here.join(path)))
            .collect();
        let folder = args.out.as_ref().map(|folder| here.join(folder));
        if let Some(folder) = &folder {
            files.extend(
                ALL.into_iter()
                    .map(|format| (format, folder.join(format.file_name()))),
            );
        }
        Ok(Self {
            files,
            folder,
            no_times: args.no_times,
            baseline,
            update: path.filter(|_| args.update_baseline),
        })
    }

    /// Holds a finished report against the baseline, after bringing that up to date if asked; says
    /// what was written then.
    pub(crate) fn declare(
        &mut self,
        report: &mut Report,
        today: Date,
    ) -> Result<Option<String>, String> {
        let Some(baseline) = &mut self.baseline else {
            return Ok(None);
        };
        let mut told = None;
        if let Some(path) = &self.update {
            let updated = baseline.updated(report, today);
            told = Some(changes(baseline, &updated, path));
            *baseline = updated;
            let written = serde_json::to_string_pretty(baseline)
                .map_err(io::Error::from)
                .and_then(|text| std::fs::write(path, text + "\n"));
            written.map_err(|error| cannot_write(path, &error))?;
        }
        report.declare(baseline, today);
        Ok(told)
    }

    /// Writes every file that was asked for.
    pub(crate) fn write(&self, report: &Report) -> Result<(), String> {
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        }
        let without_times = self.no_times.then(|| report.clone().without_times());
        let report = without_times.as_ref().unwrap_or(report);
        for (format, path) in &self.files {
            format
                .render(report)
                .map_err(io::Error::from)
                .and_then(|text| std::fs::write(path, text))
                .map_err(|error| cannot_write(path, &error))?;
        }
        Ok(())
    }
}

/// What an update of a baseline did to it.
fn changes(old: &Baseline, new: &Baseline, path: &Path) -> String {
    let (held, holds) = (old.ids(), new.ids());
    let mut told = format!(
        "wrote {}: entries {}, new {}, dropped {}",
        path.display(),
        holds.len(),
        holds.difference(&held).count(),
        held.difference(&holds).count(),
    );
    for id in holds.difference(&held) {
        told.push_str("\n  + ");
        told.push_str(id);
    }
    for id in held.difference(&holds) {
        told.push_str("\n  - ");
        told.push_str(id);
    }
    told
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

fn target(text: &str) -> Result<(Format, PathBuf), String> {
    match text.split_once('=') {
        Some((format, path)) if !path.is_empty() => Ok((format.parse()?, PathBuf::from(path))),
        _ => Err("expected FORMAT=PATH, as in json=report.json".to_owned()),
    }
}

fn baseline(path: &Path) -> Result<Baseline, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!(
            "cannot read {name}: {error}\n  hint: --update-baseline writes what fails now to it"
        )
    })?;
    serde_json::from_str(&text).map_err(|error| {
        format!(
            "{name} is no baseline: {}\n  hint: {{\"entries\": [{{\"id\": \"WX-OUT-006\", \"reason\": \"why\"}}]}}",
            plain(&error.to_string(), 300)
        )
    })
}
