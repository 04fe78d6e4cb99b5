//! "Did you mean": the name among those that exist that is nearest to one that does not.

/// The candidate nearest to `name`, if one is near enough to be what was meant: at most a third of
/// its characters differ (one, if there are few), or one contains the other.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
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
    fn a_slip_of_the_finger_finds_the_name() {
        let names = ["total", "reservation_id"];
        assert_eq!(nearest("totel", names), Some("total"));
        assert_eq!(nearest("reservation", names), Some("reservation_id"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("b", ["a"]), None);
        assert_eq!(nearest("charge", ["a"]), None);
    }
}
