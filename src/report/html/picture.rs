//! A timeline as a picture: three lanes downwards, an arrow for whatever goes from one to another.

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::super::excerpt::Piece;
use super::super::plain::plain;
use super::super::telling::Telling;
use super::escape;
use crate::evidence::{Entry, Fact, Lane, Timeline};

/// The most characters of a document shown as it came.
const RAW: usize = 3000;

/// Writes the picture; with `raw`, entries that matter can be unfolded to what was recorded.
pub(super) fn write(page: &mut String, timeline: &Timeline, pieces: &[Piece], raw: bool) {
    page.push_str(
        "<div class=\"timeline\"><div class=\"lanes\" aria-hidden=\"true\"><span>WeChat</span>\
         <span>adapter</span><span>AIOS</span></div>\n<ol>\n",
    );
    for piece in pieces {
        match *piece {
            Piece::Gap(count) => {
                let noun = if count == 1 { "entry" } else { "entries" };
                let _ = writeln!(page, "<li class=\"gap\">{count} {noun} left out</li>");
            }
            Piece::Entry { index, cited } => {
                if let Some(entry) = timeline.entries().get(index) {
                    row(page, entry, cited, raw && cited);
                }
            }
        }
    }
    page.push_str("</ol></div>\n");
}

fn row(page: &mut String, entry: &Entry, cited: bool, raw: bool) {
    let told = Telling::of(&entry.what);
    if matches!(entry.what, Fact::Step { .. }) {
        let _ = writeln!(page, "<li class=\"step\">{}</li>", escape(&told.text));
        return;
    }
    let (class, spoken) = course(&told);
    let cited_class = if cited { " cited" } else { "" };
    let wrong_class = if told.wrong { " wrong" } else { "" };
    let _ = write!(
        page,
        "<li class=\"{class}{cited_class}{wrong_class}\"><span class=\"at\">{}.{}</span>\
         <span class=\"course\" aria-hidden=\"true\"></span><span class=\"told\"><span class=\"vh\">{spoken}: </span>{}{}",
        entry.at_us / 1000,
        entry.at_us % 1000 / 100,
        if told.wrong {
            "<strong>Wrong:</strong> "
        } else {
            ""
        },
        escape(&told.text),
    );
    if cited {
        page.push_str(" <strong class=\"here\">◀ rests on this</strong>");
    }
    if raw && let Ok(text) = serde_json::to_string_pretty(&entry.what) {
        let lines: Vec<String> = text.lines().map(|line| escape(&plain(line, 400))).collect();
        let mut shown = lines.join("\n");
        if shown.len() > RAW {
            let end = (0..=RAW)
                .rev()
                .find(|end| shown.is_char_boundary(*end))
                .unwrap_or(0);
            // Not within an entity.
            let end = shown[..end].rfind('\n').unwrap_or(0);
            shown.truncate(end);
            shown.push_str("\n…");
        }
        let _ = write!(
            page,
            "<details class=\"raw\"><summary>as it was recorded</summary><pre tabindex=\"0\">{shown}</pre></details>"
        );
    }
    page.push_str("</span></li>\n");
}

/// The class that draws it, and the same in words for those who do not see it.
fn course(told: &Telling) -> (&'static str, &'static str) {
    use Lane::{Adapter, Aios, Kit, Wechat};
    match (told.from, told.to) {
        (Wechat, Some(Adapter)) => ("wa", "WeChat to the adapter"),
        (Adapter, Some(Wechat)) => ("aw", "The adapter to WeChat"),
        (Adapter, Some(Aios)) => ("ao", "The adapter to AIOS"),
        (Aios, Some(Adapter)) => ("oa", "AIOS to the adapter"),
        (Wechat, _) => ("w", "WeChat"),
        (Adapter, _) => ("a", "The adapter"),
        (Aios, _) => ("o", "AIOS"),
        (Kit, _) => ("k", "The kit"),
    }
}
