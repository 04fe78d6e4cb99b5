//! The page on workflows holds: every definition on it compiles, against the shop's types.

use crate::support::{compiled, plan, rendered};

const PAGE: &str = include_str!("../../../docs/workflows.md");

/// The indented blocks of the page, without what indents them.
fn blocks() -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in PAGE.lines() {
        let block = blocks.last_mut().expect("there is always one");
        match line.strip_prefix("    ") {
            Some(line) => *block += &format!("{line}\n"),
            None if line.is_empty() && !block.is_empty() => block.push('\n'),
            None if !block.is_empty() => blocks.push(String::new()),
            None => {}
        }
    }
    blocks
}

#[test]
fn every_definition_compiles() {
    let has = |block: &str, key: &str| block.lines().any(|line| line.starts_with(key));
    let mut found = 0;
    for block in blocks().iter().filter(|block| has(block, "steps:")) {
        let head = "name: page\nimplements: shop.order.v1.OrderService/PlaceOrder\n";
        let head = if has(block, "name:") { "" } else { head };
        let text = format!("{head}{block}");
        assert_eq!(
            rendered(&text)
                .lines()
                .find(|line| line.starts_with("error")),
            None,
            "{text}"
        );
        assert!(!plan(&text).steps.is_empty());
        found += 1;
    }
    assert!(found >= 9, "found only {found} definitions on the page");
}

#[test]
fn a_line_more_or_less_is_compiled_or_refused() {
    let has_steps = |block: &&String| block.lines().any(|line| line.starts_with("steps:"));
    for block in blocks().iter().filter(has_steps) {
        let head = "name: page\nimplements: shop.order.v1.OrderService/PlaceOrder\n";
        let lines: Vec<&str> = head.lines().chain(block.lines()).collect();
        for gone in 0..lines.len() {
            for put in [None, Some(gone / 2), Some((gone + 3) % lines.len())] {
                let mut changed = lines.clone();
                changed.splice(gone..=gone, put.map(|line| lines[line]));
                let text = changed.join("\n");
                let compiled = compiled(&text);
                let has_errors = compiled.diagnostics.iter().any(|found| found.is_error());
                assert_eq!(compiled.plan.is_none(), has_errors, "{text}");
            }
        }
    }
}
