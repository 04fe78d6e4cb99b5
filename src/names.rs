//! "Did you mean": the name among those that exist that is nearest to one that does not.

/// Longest name, in bytes, for which a near one is looked for: that takes time with its length times that of
/// each candidate, and whoever misspells has no such names.
const MAX_NAME_BYTES: usize = 256;

/// The candidate nearest to `name`, if one is near enough to be what was meant: at most a third of
/// its characters differ (one, if there are few), or one contains the other.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_NAME_BYTES)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            let shorter = name.len().min(candidate.len());
            let differs_little = *distance <= allowed && *distance < shorter;
            differs_little
                || (shorter >= 3 && (candidate.contains(name) || name.contains(candidate)))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nothing_is_near_to_a_name_without_end() {
        let long = "total".repeat(50_000);
        assert_eq!(nearest(&long, ["total"]), None);
        assert_eq!(nearest("total", [long.as_str()]), None);
    }

    #[test]
    fn a_slip_of_the_finger_finds_the_name() {
        let names = ["total", "reservation_id"];
        assert_eq!(nearest("totel", names), Some("total"));
        assert_eq!(nearest("reservation", names), Some("reservation_id"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("b", ["a"]), None);
        assert_eq!(nearest("charge", ["a"]), None);
    }
}
