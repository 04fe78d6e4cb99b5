//! Links between the pages of the repository lead somewhere: to a file, and to a heading in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pavane_tests::files;

/// Where pages are.
const FOLDERS: [&str; 4] = ["docs", "examples", "tests/contract", "tests/interop"];

#[test]
fn every_link_leads_somewhere() {
    let root = pavane_tests::root();
    let mut pages: Vec<_> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .map(|name| root.join(name))
        .into();
    pages.extend(
        FOLDERS
            .iter()
            .flat_map(|folder| files::below(&root.join(folder), "md")),
    );
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page is text");
        for link in links(&text) {
            count += 1;
            if !leads_somewhere(&page, link) {
                let page = page.strip_prefix(root).unwrap_or(&page);
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        count > 400,
        "only {count} links: has the way they are written changed?"
    );
}

/// The targets of links to files, outside of code.
fn links(markdown: &str) -> impl Iterator<Item = &str> {
    text_lines(markdown).flat_map(|line| {
        let targets = line.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
        targets.filter(|target| !target.starts_with("http"))
    })
}

fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target: PathBuf = if path.is_empty() {
        page.to_owned()
    } else {
        page.parent().unwrap_or(page).join(path)
    };
    if anchor.is_empty() || target.extension().is_none_or(|end| end != "md") {
        return target.exists();
    }
    fs::read_to_string(target).is_ok_and(|text| anchors(&text).contains(anchor))
}

/// The anchors of a page's headings, as the usual renderers make them: of headings that are alike, the
/// second one gets `-1`.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let headings = text_lines(markdown).filter_map(|line| {
        let heading = line.trim_start_matches('#');
        let is_heading = heading.len() < line.len();
        heading.strip_prefix(' ').filter(|_| is_heading)
    });
    for heading in headings {
        let kept = |one: &char| one.is_alphanumeric() || "-_ ".contains(*one);
        let words: String = heading.trim().to_lowercase().chars().filter(kept).collect();
        let anchor = words.replace(' ', "-");
        let free = (0..).map(|count| match count {
            0 => anchor.clone(),
            count => format!("{anchor}-{count}"),
        });
        let mut free = free;
        let free = free.find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

/// Lines that are no code.
fn text_lines(markdown: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    markdown.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence && !line.starts_with("    ")
    })
}

#[test]
fn headings_have_the_anchors_that_renderers_make() {
    let page = "# `UNKNOWN_FIELD` in JSON\n\n    # code\n\n## Errors, and cursors\n## Errors, and cursors\n";
    let expected = [
        "errors-and-cursors",
        "errors-and-cursors-1",
        "unknown_field-in-json",
    ];
    assert_eq!(anchors(page), BTreeSet::from(expected.map(str::to_owned)));
    assert!(!anchors(page).contains("code"));
}
