//! The value itself, for programs.

use super::model::Report;

/// The report as indented JSON with keys in a stable order, and a newline at the end.
///
/// # Errors
/// If the value cannot be written as JSON, which no report built by this program does.
pub fn render(report: &Report) -> serde_json::Result<String> {
    // Through a `Value`, so that keys are sorted and two equal reports are equal bytes.
    let mut text = serde_json::to_string_pretty(&serde_json::to_value(report)?)?;
    text.push('\n');
    Ok(text)
}

/// Reads a report back.
///
/// # Errors
/// If the text is not a report: the line and column, and what is wrong there.
pub fn read(text: &str) -> serde_json::Result<Report> {
    serde_json::from_str(text)
}
