//! The tables of Markdown files, so that tests can hold the documentation to the code.

/// Returns the rows of every table with this header line, as the texts of their cells.
pub(crate) fn tables(text: &str, header: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != header {
            continue;
        }
        let ruler = lines.next().unwrap_or("");
        assert!(ruler.starts_with("|--"), "no ruler below `{header}`, but `{ruler}`");
        rows.extend(lines.by_ref().map_while(cells));
    }
    assert!(!rows.is_empty(), "no table with the header `{header}`");
    rows
}

/// Returns what stands between backticks in a text.
pub(crate) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

#[test]
fn rows_end_where_the_table_ends() {
    let text =
        "a\n\n| x | y |\n|---|---|\n| `1` `2` | b |\n| 3 | c |\n\n| x | y |\n|---|---|\n| 4 | |";
    let rows = tables(text, "| x | y |");
    assert_eq!(rows, [["`1` `2`", "b"], ["3", "c"], ["4", ""]]);
    assert_eq!(quoted(&rows[0][0]), ["1", "2"]);
}
