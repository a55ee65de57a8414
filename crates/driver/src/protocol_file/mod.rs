//! A protocol as a file: the same grids as the built-in ones, in RON.
//!
//! [`read`] makes a [`Protocol`] of a text, or says what is wrong and where; [`write()`] makes the
//! text of a protocol. A file that is complete but breaks a rule of protocols is a value with its
//! defects: a replay refuses it, an explorer may want to see where it leads.
//!
//! ```
//! use coherence::Protocol;
//! use driver::protocol_file;
//!
//! let mesi = Protocol::built_in("MESI").unwrap();
//! let text = protocol_file::write(mesi);
//! assert_eq!(protocol_file::read("mesi.ron", &text).unwrap().protocol, *mesi);
//!
//! let misspelt = text.replace("flush(S)", "flsh(S)");
//! let mistakes = protocol_file::read("mesi.ron", &misspelt).unwrap_err();
//! assert_eq!(mistakes[0].help, "there is a step `flush`");
//! ```

mod cell;
mod error;
mod example;
mod raw;
mod read;
mod rules;
mod table;
mod write;

use coherence::Protocol;

pub use error::{Mistake, MistakeKind};
pub(crate) use error::{first_line, listed, nearest, shown};
pub use read::read;
pub use write::write;

/// The largest protocol file, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// The longest name of a protocol, in characters.
const NAME_CHARS_MAX: usize = 32;
/// The longest source of a protocol and meaning of a state, in characters.
const SENTENCE_CHARS_MAX: usize = 200;

/// A complete protocol file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProtocolFile {
    /// The protocol that the file says.
    pub protocol: Protocol,
    /// The cells that break a rule which every protocol must keep.
    pub defects: Vec<Mistake>,
    /// What is legal but may not have been meant.
    pub warnings: Vec<Mistake>,
}

/// Tells whether the value of `protocol` is the path of a file, and not a name: it ends in `.ron`,
/// or has a separator of folders.
pub fn is_path(protocol: &str) -> bool {
    let ends = protocol.len() >= 4 && protocol.is_char_boundary(protocol.len() - 4);
    let ron = ends && protocol[protocol.len() - 4..].eq_ignore_ascii_case(".ron");
    ron || protocol.contains(['/', std::path::MAIN_SEPARATOR])
}
