//! "Did you mean ...?"

/// Returns the candidate that a misspelt word probably meant, if one is near enough.
///
/// Near enough is a distance of a third of the word, with transpositions as one step; of equals
/// the first candidate wins.
pub(crate) fn nearest<'names>(
    word: &str,
    candidates: impl IntoIterator<Item = &'names str>,
) -> Option<&'names str> {
    within(word, word.chars().count() / 3, candidates)
}

/// Returns the nearest candidate at that distance at most, or at distance 1.
pub(crate) fn within<'names>(
    word: &str,
    distance: usize,
    candidates: impl IntoIterator<Item = &'names str>,
) -> Option<&'names str> {
    let allowed = distance.max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
