//! The language of the accesses: `0 R x; 1 W x[1]; 0 E x`.

use std::ops::Range;

use super::error::{Error, ErrorKind, Place};

/// The most cores of a script.
pub(crate) const CORES_MAX: u32 = coherence::CORES_MAX;
/// Bytes of a word, and of a line: names are lines of 16 words.
pub(crate) const WORD_BYTES: u32 = 4;
pub(crate) const LINE_BYTES: u32 = 64;
/// The most names of a script.
const NAMES_MAX: usize = 4096;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 32;

/// What a core does to a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// `R`: a load.
    Read,
    /// `W`: a store.
    Write,
    /// `A`: an atomic read-modify-write; to the caches, a store.
    Atomic,
    /// `I`: an instruction fetch; to the caches, a load.
    Fetch,
    /// `C`: every core's dirty data of the line goes to memory, and the copies stay.
    Clean,
    /// `F`: the same, and every core loses its copy.
    Flush,
    /// `E`: the core replaces its copy, as if another line had taken its place.
    Evict,
}

impl Op {
    /// All operations, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Write, Self::Atomic, Self::Fetch, Self::Clean, Self::Flush, Self::Evict];

    /// Returns the letter that stands for the operation in a script.
    pub const fn letter(self) -> char {
        match self {
            Self::Read => 'R',
            Self::Write => 'W',
            Self::Atomic => 'A',
            Self::Fetch => 'I',
            Self::Clean => 'C',
            Self::Flush => 'F',
            Self::Evict => 'E',
        }
    }
}

/// One access as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) core: u32,
    pub(crate) op: Op,
    /// The line: the place of its name among the script's.
    pub(crate) line: usize,
    pub(crate) word: u32,
    /// Where it stands in the script, in bytes.
    span: Range<usize>,
}

/// The accesses of a script, and its names in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    text: String,
    pub(crate) accesses: Vec<Access>,
    pub(crate) names: Vec<String>,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut script = Self { text: text.to_owned(), ..Self::default() };
        for line in text.lines() {
            let code = line.split('#').next().unwrap_or("");
            for part in code.split(';') {
                script.access(&Piece { script: text, text: part })?;
            }
        }
        if script.accesses.is_empty() {
            let message = "the script has no access";
            return Err(Error::new(ErrorKind::NoAccess, message, "for example `0 R x; 1 W x`"));
        }
        Ok(script)
    }

    /// Returns how many cores the accesses name, those between them included.
    pub(crate) fn cores(&self) -> u32 {
        self.accesses.iter().map(|access| access.core + 1).max().unwrap_or(1)
    }

    /// Returns where an access stands.
    pub(crate) fn place(&self, access: &Access) -> Place {
        Place::in_text("script", &self.text, access.span.clone())
    }

    fn access(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        let words = piece.words();
        let [core, op, name] = words[..] else {
            if words.is_empty() {
                return Ok(());
            }
            let found = piece.text.trim();
            let message = format!("`{found}` is no access: it has the form CORE OP NAME");
            let hint = match words.len() {
                0..3 => "for example `0 R x`",
                _ => "`;` or an end of line stands between accesses, as in `0 R x; 1 W x`",
            };
            let error = Error::new(ErrorKind::NotAnAccess, message, hint);
            return Err(error.at(piece.place(found)));
        };
        let wrong = |kind, word, message: String, hint: &str| {
            Err(Error::new(kind, message, hint).at(piece.place(word)))
        };
        let Some(number) = core.parse().ok().filter(|core| *core < CORES_MAX) else {
            let message = format!("`{core}` is no core: they are 0 to {}", CORES_MAX - 1);
            return wrong(ErrorKind::NotACore, core, message, "for example `0 R x`");
        };
        let Some(known) = Op::ALL.into_iter().find(|known| *op == *known.letter().to_string())
        else {
            let message = format!("`{op}` is no operation");
            let hint = format!(
                "`{core} R {name}` reads; the others are W write, A atomic, I fetch, C clean, F \
                 flush, E evict"
            );
            return wrong(ErrorKind::NotAnOperation, op, message, &hint);
        };
        let Some((plain, word)) = split_name(name) else {
            let last = LINE_BYTES / WORD_BYTES - 1;
            let message = format!(
                "`{name}` is no name: up to {NAME_CHARS_MAX} letters, digits and `_`, then perhaps \
                 a word, [0] to [{last}]"
            );
            return wrong(ErrorKind::NotAName, name, message, "for example `x` or `x[1]`");
        };
        let line = self.names.iter().position(|known| known == plain).unwrap_or(self.names.len());
        if line == NAMES_MAX {
            let message = format!("`{plain}` is one name too many: at most {NAMES_MAX}");
            return wrong(ErrorKind::NotAName, name, message, "use fewer names");
        }
        if line == self.names.len() {
            self.names.push(plain.to_owned());
        }
        let span = piece.span(piece.text.trim());
        self.accesses.push(Access { core: number, op: known, line, word, span });
        Ok(())
    }
}

/// What stands between two separators of a script.
struct Piece<'a> {
    script: &'a str,
    text: &'a str,
}

impl<'a> Piece<'a> {
    fn words(&self) -> Vec<&'a str> {
        self.text.split_whitespace().collect()
    }

    /// Returns the bytes of the script that are a part of it.
    fn span(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.script.as_ptr() as usize;
        start..start + part.len()
    }

    fn place(&self, part: &str) -> Place {
        Place::in_text("script", self.script, self.span(part))
    }
}

/// Splits `x[1]` into the name of a line and the number of a word.
fn split_name(text: &str) -> Option<(&str, u32)> {
    let (name, word) = match text.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']')?.parse().ok()?),
        None => (text, 0),
    };
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let legal = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= NAME_CHARS_MAX;
    (starts && legal && word < LINE_BYTES / WORD_BYTES).then_some((name, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_read_in_one_pass_and_long_names_are_refused() {
        // Each access once kept a copy of its line: this took gigabytes.
        let script = Script::parse(&"0 R x; ".repeat(100_000)).unwrap();
        assert_eq!(script.place(&script.accesses[99_999]).column, 7 * 99_999 + 1);
        let name = "a".repeat(NAME_CHARS_MAX);
        assert!(Script::parse(&format!("0 R {name}")).is_ok());
        let error = Script::parse(&format!("0 R {name}a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAName);
    }

    #[test]
    fn accesses_stand_between_semicolons_and_line_ends() {
        let script = Script::parse("0 R x; 12 W y[15] # 3 R z; 4 R z\n\n ; 1 E x\r\n").unwrap();
        let read: Vec<_> = script
            .accesses
            .iter()
            .map(|access| (access.core, access.op, access.line, access.word))
            .collect();
        let expected = [(0, Op::Read, 0, 0), (12, Op::Write, 1, 15), (1, Op::Evict, 0, 0)];
        assert_eq!(read, expected);
        assert_eq!(script.names, ["x", "y"]);
        assert_eq!(script.cores(), 13);
        let place = script.place(&script.accesses[2]);
        assert_eq!((place.line, place.column, place.length), (3, 4, 5));
    }
}
