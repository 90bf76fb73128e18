//! What an adapter says stays words in every face, whatever it says.

use aios_wechat::report::{Format, Report};

use super::sample;

/// Every sample, with words that mean harm in all places that an adapter fills.
fn reports() -> [Report; 2] {
    [sample::hostile(), sample::never_started()]
}

#[test]
fn no_face_holds_a_character_that_steers_or_hides() {
    for report in reports() {
        for format in Format::ALL {
            let text = format.render(&report).unwrap();
            let found = text
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            // JSON spells them out itself where it has to be true to the byte.
            let allowed = format == Format::Json;
            assert!(found.is_none() || allowed, "{format}: {found:?}");
        }
    }
}

#[test]
fn the_page_holds_no_markup_of_an_adapter_and_no_script_at_all() {
    for report in reports() {
        let page = Format::Html.render(&report).unwrap();
        for part in [
            "<script",
            "<img",
            "javascript:",
            " src=",
            "http://",
            "https://",
            "@import",
            "url(",
        ] {
            let found = page
                .find(part)
                .map(|at| &page[at.saturating_sub(60)..at + 20]);
            // The hostile words name them, escaped; a tag would need its bracket.
            assert!(found.is_none() || part == " src=", "{part}: {found:?}");
        }
        assert!(page.contains("&lt;script&gt;"));
        assert_eq!(tags(&page), tags(&page.replace("onerror", "onxxxxx")));
        assert!(tags(&page).iter().all(|tag| !tag.contains("onerror")));
    }
}

/// Every tag of a page, as a parser of tags alone would find them.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect()
}

#[test]
fn every_tag_of_the_page_that_opens_is_closed() {
    const ALONE: &[&str] = &["!doctype", "meta", "input", "link", "br"];
    for report in reports()
        .into_iter()
        .chain([sample::every_outcome(), sample::conformant()])
    {
        let page = Format::Html.render(&report).unwrap();
        let mut open = Vec::new();
        for tag in tags(&page) {
            let name = tag.split([' ', '\n']).next().unwrap_or_default();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "in <{tag}>");
            } else if !ALONE.contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn every_id_of_the_page_occurs_once_and_every_link_leads_to_one() {
    let page = Format::Html.render(&sample::every_outcome()).unwrap();
    let all = |name: &str| -> Vec<&str> {
        page.split(&format!(" {name}=\""))
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    };
    let ids = all("id");
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len());
    for link in all("href") {
        assert!(ids.contains(&link.trim_start_matches('#')), "{link}");
    }
    for label in all("aria-labelledby") {
        assert!(ids.contains(&label), "{label}");
    }
}

#[test]
fn an_annotation_stays_on_its_line() {
    for report in reports() {
        let text = Format::Github.render(&report).unwrap();
        for line in text.lines() {
            let known = ["::error title=", "::warning title=", "::notice title="];
            assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
        }
    }
}
