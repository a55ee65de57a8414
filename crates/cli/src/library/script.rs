//! The language of the accesses: `0 R x; 1 W x[1]; 0 E x`.

use super::error::{Error, ErrorKind, Place};

/// The most cores of a script.
pub(crate) const CORES_MAX: u32 = coherence::CORES_MAX;
/// Bytes of a word, and of a line: names are lines of 16 words.
pub(crate) const WORD_BYTES: u32 = 4;
pub(crate) const LINE_BYTES: u32 = 64;
/// The most names of a script.
const NAMES_MAX: usize = 4096;

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
    pub(crate) place: Place,
}

/// The accesses of a script, and its names in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) accesses: Vec<Access>,
    pub(crate) names: Vec<String>,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut script = Self::default();
        for (number, line) in text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or("");
            let mut start = 0;
            for part in code.split(';') {
                let piece = Piece { line, number: number + 1, start, text: part };
                script.access(&piece)?;
                start += part.len() + 1;
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
            let first = piece.place(words[0]);
            return Err(error.at(Place { length: found.chars().count(), ..first }));
        };
        let wrong = |kind, word, message: String, hint: &str| {
            Err(Error::new(kind, message, hint).at(piece.place(word)))
        };
        let Some(number) = core.1.parse().ok().filter(|core| *core < CORES_MAX) else {
            let message = format!("`{}` is no core: they are 0 to {}", core.1, CORES_MAX - 1);
            return wrong(ErrorKind::NotACore, core, message, "for example `0 R x`");
        };
        let Some(known) = Op::ALL.into_iter().find(|known| op.1 == known.letter().to_string())
        else {
            let message = format!("`{}` is no operation", op.1);
            let hint = format!(
                "`{} R {}` reads; the others are W write, A atomic, I fetch, C clean, F flush, \
                 E evict",
                core.1, name.1
            );
            return wrong(ErrorKind::NotAnOperation, op, message, &hint);
        };
        let Some((plain, word)) = split_name(name.1) else {
            let last = LINE_BYTES / WORD_BYTES - 1;
            let message = format!(
                "`{}` is no name: letters, digits and `_`, then perhaps a word, [0] to [{last}]",
                name.1
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
        let first = piece.place(core);
        let length = piece.text.trim().chars().count();
        let place = Place { length, ..first };
        self.accesses.push(Access { core: number, op: known, line, word, place });
        Ok(())
    }
}

/// What stands between two separators.
struct Piece<'a> {
    /// The whole line, and its number from 1.
    line: &'a str,
    number: usize,
    /// Where the piece starts in the line, in bytes.
    start: usize,
    text: &'a str,
}

/// A word and where it starts in its piece.
type Word<'a> = (usize, &'a str);

impl<'a> Piece<'a> {
    fn words(&self) -> Vec<Word<'a>> {
        let text = self.text;
        let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
        text.split_whitespace().map(|word| (place(word), word)).collect()
    }

    fn place(&self, (at, word): Word<'_>) -> Place {
        let column = self.line[..self.start + at].chars().count() + 1;
        let text = self.line.to_owned();
        Place { of: "script", line: self.number, column, length: word.chars().count(), text }
    }
}

/// Splits `x[1]` into the name of a line and the number of a word.
fn split_name(text: &str) -> Option<(&str, u32)> {
    let (name, word) = match text.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']')?.parse().ok()?),
        None => (text, 0),
    };
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let legal = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (starts && legal && word < LINE_BYTES / WORD_BYTES).then_some((name, word))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let place = &script.accesses[2].place;
        assert_eq!((place.line, place.column, place.length), (3, 4, 5));
    }
}
