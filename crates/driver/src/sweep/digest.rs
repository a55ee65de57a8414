//! Names for what decides a result: the same name for the same, here and on any other machine.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::plan::RunOptions;
use crate::config::Config;
use crate::interleave::Interleave;

/// A SHA-256, under way.
#[derive(Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Takes more bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns it as `sha256sum` prints it: 64 lower-case hexadecimal digits.
    pub fn hex(self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.0.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// Returns that of a text.
    pub fn of(text: &str) -> String {
        let mut digest = Self::default();
        digest.take(text.as_bytes());
        digest.hex()
    }
}

/// Hexadecimal digits of a cell's id.
const ID_DIGITS: usize = 16;

/// Everything that decides what a run counts.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The digests of the trace's files, in their order.
    pub contents: &'a [String],
    /// How the trace is read: format and columns, in words.
    pub reading: &'a str,
    /// The machine.
    pub config: &'a Config,
    /// The order of accesses.
    pub order: Interleave,
    /// What is counted.
    pub options: RunOptions,
}

impl Identity<'_> {
    /// Returns the id of such a run by this version of mesim: 16 hexadecimal digits.
    ///
    /// Of the machine every value counts, and none of the places where it was written: a config
    /// that states a default and one that leaves it out are one machine.
    pub fn id(&self) -> String {
        let Self { contents, reading, config, order, options } = self;
        let machine = (
            (&config.machine, config.cores_from_trace, config.word_bytes, config.clock_hz),
            (config.peers, config.clients, &config.durability),
        );
        let version = env!("CARGO_PKG_VERSION");
        let whole = format!(
            "mesim {version}\n{contents:?}\n{reading:?}\n{order}\n{options:?}\n{machine:?}\n"
        );
        let mut id = Digest::of(&whole);
        id.truncate(ID_DIGITS);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Draft;

    #[test]
    fn a_digest_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of("abc"), abc);
    }

    #[test]
    fn an_id_changes_with_all_that_decides_a_result_and_with_nothing_else() {
        let config = |settings: &[&str]| {
            let mut draft = Draft::built_in();
            for setting in settings {
                draft.set(setting).unwrap();
            }
            Config::new(&draft).unwrap()
        };
        let (contents, plain) = ([Digest::of("abc")], config(&[]));
        let identity = Identity {
            contents: &contents,
            reading: "",
            config: &plain,
            order: Interleave::Recorded,
            options: RunOptions::default(),
        };
        let same = config(&["L1.size=32KiB"]);
        assert_eq!(identity.id(), Identity { config: &same, ..identity }.id());
        assert_eq!(identity.id().len(), ID_DIGITS);
        let mut ids = vec![identity.id()];
        for setting in ["L1.size=64KiB", "protocol=MOESI", "word=8", "cores=1", "memory.latency=9"]
        {
            ids.push(Identity { config: &config(&[setting]), ..identity }.id());
        }
        ids.push(Identity { contents: &[Digest::of("abd")], ..identity }.id());
        ids.push(Identity { reading: "din", ..identity }.id());
        ids.push(Identity { order: Interleave::Random(1), ..identity }.id());
        let options = RunOptions { limit: Some(10), ..RunOptions::default() };
        ids.push(Identity { options, ..identity }.id());
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
