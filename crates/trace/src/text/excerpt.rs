//! The offending line made fit to be printed.

use std::ops::Range;

use crate::error::Excerpt;

/// The most characters of a line that an excerpt shows.
const SHOWN_CHARACTERS: usize = 200;
/// How many characters are shown before the span of a line that is cut.
const SHOWN_BEFORE: usize = 60;
/// The most characters of a span that are underlined.
const SPAN_CHARACTERS: usize = 100;

/// Returns how many characters the bytes are shown as.
pub(crate) fn characters(bytes: &[u8]) -> u64 {
    printable(bytes).count() as u64
}

/// Quotes `line`, cut round `span`, which are bytes of it.
pub(crate) fn excerpt(line: &[u8], span: Range<usize>) -> Excerpt {
    let before: Vec<char> = printable(&line[..span.start]).collect();
    let inside: Vec<char> = printable(&line[span.clone()]).collect();
    let after: Vec<char> = printable(&line[span.end..]).collect();
    let total = before.len() + inside.len() + after.len();
    let fits = total <= SHOWN_CHARACTERS;
    let skipped = if fits { 0 } else { before.len().saturating_sub(SHOWN_BEFORE) };
    let marked = if fits { inside.len() } else { inside.len().min(SPAN_CHARACTERS) };
    let room = SHOWN_CHARACTERS.saturating_sub(before.len() - skipped + marked);

    let mut text = String::new();
    if skipped > 0 {
        text.push_str("...");
    }
    text.extend(&before[skipped..]);
    let start = text.len();
    text.extend(&inside[..marked]);
    let end = text.len();
    if marked == inside.len() {
        text.extend(after.iter().take(room));
    }
    if marked < inside.len() || room < after.len() {
        text.push_str("...");
    }
    Excerpt { line: text, start, end }
}

/// Returns the bytes as characters that neither move the cursor nor are lost.
fn printable(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    bytes.utf8_chunks().flat_map(|chunk| {
        let bad = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().map(visible).chain(bad)
    })
}

fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_quoted_whole() {
        let quoted = excerpt(b"0\tR 0x1g", 4..8);
        assert_eq!(quoted, Excerpt { line: "0 R 0x1g".to_owned(), start: 4, end: 8 });
    }

    #[test]
    fn control_characters_and_bad_utf8_are_replaced() {
        let quoted = excerpt(b"\xff\x00a\xc3\xa9", 2..5);
        assert_eq!(quoted.line, "\u{fffd}\u{fffd}aé");
        assert_eq!(&quoted.line[quoted.start..quoted.end], "aé");
        assert_eq!(characters(b"\xff\x00a\xc3\xa9"), 4);
    }

    #[test]
    fn a_long_line_is_cut_round_the_span() {
        let mut line = vec![b'x'; 3000];
        line[1500..1503].copy_from_slice(b"bad");
        let quoted = excerpt(&line, 1500..1503);
        assert_eq!(&quoted.line[quoted.start..quoted.end], "bad");
        assert_eq!(quoted.line.len(), 206);
        assert!(quoted.line.starts_with("...x"));
        assert!(quoted.line.ends_with("x..."));
    }

    #[test]
    fn a_span_that_is_the_whole_long_line_is_cut_too() {
        let quoted = excerpt(&[b'x'; 4000], 0..4000);
        assert_eq!(quoted.end, 100);
        assert_eq!(quoted.line.len(), 103);
    }
}
