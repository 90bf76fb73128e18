//! The faces of a report by name.

use std::fmt;

use super::model::Report;
use super::terminal::TerminalStyle;
use super::{annotation, badge, ctrf, html, json, junit, markdown, terminal};

/// A face of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The value itself.
    Json,
    /// JUnit XML.
    Junit,
    /// One self-contained page.
    Html,
    /// The summary of a build job.
    Markdown,
    /// The common test report format.
    Ctrf,
    /// Text for people.
    Terminal,
    /// Annotations of a GitHub Actions run.
    Github,
    /// A shields.io endpoint.
    Badge,
}

impl Format {
    /// Every face.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Junit,
        Self::Html,
        Self::Markdown,
        Self::Ctrf,
        Self::Terminal,
        Self::Github,
        Self::Badge,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Ctrf => "ctrf",
            Self::Terminal => "terminal",
            Self::Github => "github",
            Self::Badge => "badge",
        }
    }

    /// The file that holds it in a folder of all faces.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Json => "report.json",
            Self::Junit => "junit.xml",
            Self::Html => "report.html",
            Self::Markdown => "summary.md",
            Self::Ctrf => "ctrf.json",
            Self::Terminal => "report.txt",
            Self::Github => "annotations.txt",
            Self::Badge => "badge.json",
        }
    }

    /// The report in this face; text for people is without colour.
    ///
    /// # Errors
    /// If the value cannot be written as JSON, which no report built by this program does.
    pub fn render(self, report: &Report) -> serde_json::Result<String> {
        Ok(match self {
            Self::Json => return json::render(report),
            Self::Junit => junit::render(report),
            Self::Html => html::render(report),
            Self::Markdown => markdown::render(report),
            Self::Ctrf => ctrf::render(report),
            Self::Terminal => terminal::render(report, &TerminalStyle::default()),
            Self::Github => annotation::render(report),
            Self::Badge => badge::render(report),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.into_iter().map(Self::as_str).collect();
                format!(
                    "`{text}` is no report format: give one of {}",
                    names.join(", ")
                )
            })
    }
}
