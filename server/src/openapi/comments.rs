//! What the authors of .proto files wrote above their definitions.

use std::cell::RefCell;
use std::collections::HashMap;

use prost_reflect::FileDescriptor;

/// Comments, by where they are.
#[derive(Default)]
pub(super) struct Comments {
    /// By the address of a file's definition, which the descriptors keep in one place, and the path
    /// in it.
    files: RefCell<HashMap<usize, HashMap<Vec<i32>, String>>>,
}

impl Comments {
    /// The comment of what is at `path` in `file`; empty if there is none.
    pub(super) fn of(&self, file: &FileDescriptor, path: &[i32]) -> String {
        let key = std::ptr::from_ref(file.file_descriptor_proto()) as usize;
        let mut files = self.files.borrow_mut();
        let comments = files.entry(key).or_insert_with(|| read(file));
        comments.get(path).cloned().unwrap_or_default()
    }
}

fn read(file: &FileDescriptor) -> HashMap<Vec<i32>, String> {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map(|info| info.location.as_slice());
    let commented = locations.unwrap_or_default().iter().filter_map(|location| {
        let comment = location.leading_comments.as_ref()?;
        let lines = comment
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        let text = lines.collect::<Vec<_>>().join("\n");
        Some((location.path.clone(), text.trim().to_owned()))
    });
    commented.collect()
}

/// The first sentence of a comment, in one line.
pub(super) fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.replace('\n', " ");
    let sentence = line
        .split_once(". ")
        .map_or(line.as_str(), |(first, _)| first);
    sentence.trim_end_matches(['.', ':']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence() {
        let check = |comment, expected| assert_eq!(first_sentence(comment), expected);
        check("", "");
        check("Lists the\nfeeds.", "Lists the feeds");
        check(
            "Describes one feed. Errors: NOT_FOUND.",
            "Describes one feed",
        );
        check("Streams:\n\n- this", "Streams");
    }
}
