//! The kinds of trace errors: their codes, which never change, and their headlines.

/// The kind of a [`TraceError`](crate::TraceError); each has a stable code for `mesim explain`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TraceErrorKind {
    /// There is no such file.
    NotFound,
    /// A folder stands where a file is expected.
    IsDirectory,
    /// The operating system refused to read or write.
    Io,
    /// There is no record in the trace.
    Empty,
    /// The format can be recognised neither by name nor by content, or several fit.
    UnknownFormat,
    /// Bytes that no text contains.
    Binary,
    /// A file, compressed or in chunks, ends before its end.
    Truncated,
    /// A compressed file is damaged.
    Corrupt,
    /// A line is longer than [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
    LineTooLong,
    /// A line ends too early.
    MissingField,
    /// A line goes on after its end.
    ExtraField,
    /// A label or operation that the format does not have.
    BadOp,
    /// A core (or thread) that is not a number.
    BadCore,
    /// A core that the machine (or `@cores`) does not have.
    CoreOutOfRange,
    /// An address that is not a number.
    BadAddress,
    /// An address, or the last byte of an access, beyond 64 bits.
    AddressOverflow,
    /// A size that is not a number.
    BadSize,
    /// A size of zero, or beyond the largest.
    SizeOutOfRange,
    /// A number of cycles that is not one.
    BadCycles,
    /// A name that no `let` declared.
    UnknownName,
    /// A `let` that is not `let NAME = ADDR`.
    BadLet,
    /// A name that was declared before.
    DuplicateName,
    /// More names than [`NAMES_MAX`](crate::NAMES_MAX).
    TooManyNames,
    /// A header line that is misspelt, malformed, doubled or after the first record.
    BadHeader,
    /// An `@time` that is no time.
    BadTime,
    /// An `@time` earlier than the one before it.
    TimeBackwards,
    /// More per-core files than cores, or none.
    FileCount,
    /// A file whose lines name cores, given as the file of one core.
    NotPerCore,
    /// A binary trace that ends within a record.
    CutRecord,
    /// More different keys than [`KEYS_MAX`](crate::KEYS_MAX), or more disks than addresses.
    TooManyKeys,
    /// An output in a format that has no writer.
    ReadOnly,
    /// A binary trace whose header is damaged, or that is none.
    BadFileHeader,
    /// A binary trace with something that only a later version can read.
    NewerVersion,
    /// A chunk of a binary trace that is damaged or claims what cannot be.
    BadChunk,
    /// The index of a binary trace is damaged or is not of this trace.
    BadIndex,
    /// A zip archive with a member that is encrypted, or packed in a way that is not read.
    BadArchive,
    /// A message of a binary trace that is none, or whose length cannot be.
    BadMessage,
}

impl TraceErrorKind {
    /// Every kind, in the order of the codes.
    pub const ALL: &[TraceErrorKind] = &[
        TraceErrorKind::NotFound,
        TraceErrorKind::IsDirectory,
        TraceErrorKind::Io,
        TraceErrorKind::Empty,
        TraceErrorKind::UnknownFormat,
        TraceErrorKind::Binary,
        TraceErrorKind::Truncated,
        TraceErrorKind::Corrupt,
        TraceErrorKind::LineTooLong,
        TraceErrorKind::MissingField,
        TraceErrorKind::ExtraField,
        TraceErrorKind::BadOp,
        TraceErrorKind::BadCore,
        TraceErrorKind::CoreOutOfRange,
        TraceErrorKind::BadAddress,
        TraceErrorKind::AddressOverflow,
        TraceErrorKind::BadSize,
        TraceErrorKind::SizeOutOfRange,
        TraceErrorKind::BadCycles,
        TraceErrorKind::UnknownName,
        TraceErrorKind::BadLet,
        TraceErrorKind::DuplicateName,
        TraceErrorKind::TooManyNames,
        TraceErrorKind::BadHeader,
        TraceErrorKind::BadTime,
        TraceErrorKind::TimeBackwards,
        TraceErrorKind::FileCount,
        TraceErrorKind::NotPerCore,
        TraceErrorKind::CutRecord,
        TraceErrorKind::TooManyKeys,
        TraceErrorKind::ReadOnly,
        TraceErrorKind::BadFileHeader,
        TraceErrorKind::NewerVersion,
        TraceErrorKind::BadChunk,
        TraceErrorKind::BadIndex,
        TraceErrorKind::BadArchive,
        TraceErrorKind::BadMessage,
    ];

    /// Returns the code, which never changes: `E0101` and on.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            TraceErrorKind::NotFound => "E0101",
            TraceErrorKind::IsDirectory => "E0102",
            TraceErrorKind::Io => "E0103",
            TraceErrorKind::Empty => "E0104",
            TraceErrorKind::UnknownFormat => "E0105",
            TraceErrorKind::Binary => "E0106",
            TraceErrorKind::Truncated => "E0107",
            TraceErrorKind::Corrupt => "E0108",
            TraceErrorKind::LineTooLong => "E0109",
            TraceErrorKind::MissingField => "E0110",
            TraceErrorKind::ExtraField => "E0111",
            TraceErrorKind::BadOp => "E0112",
            TraceErrorKind::BadCore => "E0113",
            TraceErrorKind::CoreOutOfRange => "E0114",
            TraceErrorKind::BadAddress => "E0115",
            TraceErrorKind::AddressOverflow => "E0116",
            TraceErrorKind::BadSize => "E0117",
            TraceErrorKind::SizeOutOfRange => "E0118",
            TraceErrorKind::BadCycles => "E0119",
            TraceErrorKind::UnknownName => "E0120",
            TraceErrorKind::BadLet => "E0121",
            TraceErrorKind::DuplicateName => "E0122",
            TraceErrorKind::TooManyNames => "E0123",
            TraceErrorKind::BadHeader => "E0124",
            TraceErrorKind::BadTime => "E0125",
            TraceErrorKind::TimeBackwards => "E0126",
            TraceErrorKind::FileCount => "E0127",
            TraceErrorKind::NotPerCore => "E0128",
            TraceErrorKind::CutRecord => "E0129",
            TraceErrorKind::TooManyKeys => "E0130",
            TraceErrorKind::ReadOnly => "E0131",
            TraceErrorKind::BadFileHeader => "E0132",
            TraceErrorKind::NewerVersion => "E0133",
            TraceErrorKind::BadChunk => "E0134",
            TraceErrorKind::BadIndex => "E0135",
            TraceErrorKind::BadArchive => "E0136",
            TraceErrorKind::BadMessage => "E0137",
        }
    }

    /// Returns the kind in a few words, for the headline of a diagnostic.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            TraceErrorKind::NotFound => "no such file",
            TraceErrorKind::IsDirectory => "a folder, not a file",
            TraceErrorKind::Io => "cannot read or write",
            TraceErrorKind::Empty => "empty trace",
            TraceErrorKind::UnknownFormat => "unknown trace format",
            TraceErrorKind::Binary => "not a text file",
            TraceErrorKind::Truncated => "truncated file",
            TraceErrorKind::Corrupt => "damaged compressed file",
            TraceErrorKind::LineTooLong => "line too long",
            TraceErrorKind::MissingField => "missing field",
            TraceErrorKind::ExtraField => "unexpected field",
            TraceErrorKind::BadOp => "unknown operation",
            TraceErrorKind::BadCore => "invalid core number",
            TraceErrorKind::CoreOutOfRange => "no such core",
            TraceErrorKind::BadAddress => "invalid address",
            TraceErrorKind::AddressOverflow => "address beyond 64 bits",
            TraceErrorKind::BadSize => "invalid size",
            TraceErrorKind::SizeOutOfRange => "size out of range",
            TraceErrorKind::BadCycles => "invalid number of cycles",
            TraceErrorKind::UnknownName => "unknown name",
            TraceErrorKind::BadLet => "invalid declaration",
            TraceErrorKind::DuplicateName => "name declared twice",
            TraceErrorKind::TooManyNames => "too many names",
            TraceErrorKind::BadHeader => "invalid header line",
            TraceErrorKind::BadTime => "invalid time",
            TraceErrorKind::TimeBackwards => "time runs backwards",
            TraceErrorKind::FileCount => "wrong number of files",
            TraceErrorKind::NotPerCore => "not a file of one core",
            TraceErrorKind::CutRecord => "incomplete record",
            TraceErrorKind::TooManyKeys => "too many keys",
            TraceErrorKind::ReadOnly => "a format that is only read",
            TraceErrorKind::BadFileHeader => "invalid file header",
            TraceErrorKind::NewerVersion => "a newer version of the format",
            TraceErrorKind::BadChunk => "damaged chunk",
            TraceErrorKind::BadIndex => "damaged index",
            TraceErrorKind::BadArchive => "a zip that is not read",
            TraceErrorKind::BadMessage => "invalid message",
        }
    }
}
