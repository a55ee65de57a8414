//! Which format a text is taken for.

use trace::{Format, ReadOptions, TraceErrorKind};

use crate::common::{open_bytes, parse_with, sayable, write};

/// Returns the format that a text is taken for under that name.
fn sniff(name: &str, text: &str) -> Result<Format, TraceErrorKind> {
    sniff_bytes(name, text.as_bytes())
}

fn sniff_bytes(name: &str, bytes: &[u8]) -> Result<Format, TraceErrorKind> {
    let input = std::io::Cursor::new(bytes.to_vec());
    trace::read(name, Box::new(input), &ReadOptions::default())
        .map(|source| source.header().format)
        .map_err(|error| error.kind)
}

#[test]
fn the_first_lines_decide() {
    for (format, text) in [
        (Format::Mtrace, "0 R 0x1000\n"),
        (Format::Mtrace, "# a comment\n\n0 A 0x1000\n1 A 0x1000\n"),
        (Format::Mtrace, "let x = 0x10\n0 A x\n"),
        (Format::Mtrace, "@cores 2\n0 B\n"),
        (Format::Mtrace, "0 F *\n"),
        (Format::Mtrace, "0 T 12\n"),
        (Format::Mtrace, "0 R 0x1000 8\n0 B\n"),
        (Format::Din, "0 1000\n1 1004\n2 400\n"),
        (Format::Din, "0 1000 with a comment\n"),
        (Format::Din, "0 b\n0 10\n"),
        (Format::Xdin, "r 1000 4\nw 0x1000 8\n"),
        (Format::Lackey, "I  04000,3\n L 1ffe,8\n"),
        (Format::Lackey, "==12== Lackey\n==12== \nI  04000,3\n"),
        (Format::Ncsu, "0 r 7fff1234\n3 w 7fff1234\n"),
        (Format::Ncsu, "0 r 0x7fff1234\n"),
        (Format::Percore, "r 0x1000\nw 0x1000\n"),
        (Format::Nus, "0 0x1000\n2 0xc\n1 0x1000\n"),
        (Format::Msr, "128166372003061629,hm,1,Read,383496192,32768,413\n"),
        (Format::Csv, "core,op,addr,size\n0,R,0x1000,4\n"),
        (Format::Csv, "# made by hand\nwhen;Thread;RW;Address\nnow;7;w;1000\n"),
        (Format::Pinatrace, "0x401136: R 0x7fff1234\n0x401138: W (nil)\n#eof\n"),
        (Format::Execlog, "0, 0xa12, 0xf8012400, \"movs r4, #0\"\n1, 0x4, 0x0, \"\", load, 0x8\n"),
        (Format::Spike, "core   0: >>>>  main\ncore   1: 3 0x80 (0x8082)\n"),
        (Format::Twitter, "0,q:q:1:8WTfjZU14ee,17,213,4,get,0\n1,a,b,3,8,2,delete,60\n"),
    ] {
        assert_eq!(sniff("t", text), Ok(format), "{text:?}");
        assert_eq!(sniff("t.txt", &text.replace('\n', "\r\n")), Ok(format), "{text:?}");
    }
}

#[test]
fn what_every_writer_writes_is_recognised() {
    // Of champsim nothing but the name says what it is.
    for format in Format::written().filter(|&format| format != Format::Champsim) {
        for seed in 1..10 {
            let (text, _) = write(format, &sayable(format, 100, seed));
            assert_eq!(sniff_bytes("t", &text), Ok(format), "{}: {text:?}", format.name());
        }
    }
}

#[test]
fn the_extension_decides_before_the_content() {
    assert_eq!(sniff("a.din", "0 0x1000\n"), Ok(Format::Din));
    assert_eq!(sniff("a.nus", "0 0x1000\n"), Ok(Format::Nus));
    assert_eq!(sniff("a.DIN.gz", "0 B\n"), Ok(Format::Din));
    assert_eq!(sniff("a.mtrace", "0 B\n"), Ok(Format::Mtrace));
    let request = "\0".repeat(24);
    let instruction = "\u{8}".to_owned() + &"\0".repeat(63);
    for name in ["a.champsimtrace", "a.CHAMPSIMTRACE.xz", "a.champsim"] {
        assert_eq!(sniff(name, &instruction), Ok(Format::Champsim), "{name}");
    }
    for name in ["a.oracleGeneral", "a.ORACLEGENERAL.bin", "a.oracle-general.bin.zst"] {
        assert_eq!(sniff(name, &request), Ok(Format::OracleGeneral), "{name}");
    }
    for name in ["a.csv", "a.CSV.zst"] {
        // What is no trace of requests is a table, so that the error says what a table needs.
        assert_eq!(sniff(name, "core,op,addr\n0,R,0x1000\n"), Ok(Format::Csv), "{name}");
        assert_eq!(sniff(name, "1,hm,1,Read,0,512,413\n"), Ok(Format::Msr), "{name}");
        assert_eq!(sniff(name, "0,key,17,213,4,get,0\n"), Ok(Format::Twitter), "{name}");
        assert_eq!(sniff(name, "0 1000\n"), Err(TraceErrorKind::BadHeader), "{name}");
        assert_eq!(sniff(name, "0,\0\n"), Err(TraceErrorKind::Binary), "{name}");
    }
    assert_eq!(sniff("a.bin", &request), Err(TraceErrorKind::Binary));
    for format in Format::written() {
        let (text, _) = write(format, &sayable(format, 5, 1));
        let name = format!("x.{}", format.name());
        assert!(open_bytes(&name, &text).is_ok(), "{name}");
    }
}

#[test]
fn the_flag_decides_before_the_extension() {
    let options = ReadOptions { format: Some(Format::Nus), ..ReadOptions::default() };
    assert_eq!(parse_with(&options, b"2 0xc\n").expect("nus")[0].addr, 12);
}

#[test]
fn what_fits_several_or_no_format_is_an_error_that_lists_them() {
    // A header that is odd is a header all the same.
    assert_eq!(sniff("t", "op addr op\nR 10 W\n"), Err(TraceErrorKind::BadHeader));
    for (text, found) in
        [("0 B\n", "several formats: mtrace, din"), ("what is this?\n", "fit no format")]
    {
        let error = parse_with(&ReadOptions::default(), text.as_bytes()).expect_err(text);
        assert_eq!(error.kind, TraceErrorKind::UnknownFormat);
        assert!(error.found.contains(found), "{error}");
        for format in Format::ALL {
            assert!(error.expected.contains(format.name()), "{error}");
        }
        assert!(error.help.contains("--format"), "{}", error.help);
    }
    assert_eq!(sniff("t", "0 1000\n0 0x1000\n"), Err(TraceErrorKind::UnknownFormat));
}

#[test]
fn many_comments_are_not_an_empty_trace() {
    // 17 bytes a line: 16 KiB end within the 964th.
    let text = |comments: usize| "# a long licence\n".repeat(comments) + "0 R 0x10\n";
    assert_eq!(sniff("t", &text(900)), Ok(Format::Mtrace));
    assert_eq!(sniff("t", &text(1000)), Err(TraceErrorKind::UnknownFormat));
    assert_eq!(sniff("t.mtrace", &text(1000)), Ok(Format::Mtrace));
}

#[test]
fn what_is_empty_or_binary_is_neither() {
    assert_eq!(sniff("t", ""), Err(TraceErrorKind::Empty));
    assert_eq!(sniff("t", "# only a comment\n"), Err(TraceErrorKind::Empty));
    assert_eq!(sniff("t", "\x7fELF\x02\x01\x01\0\0\0"), Err(TraceErrorKind::Binary));
    let error = parse_with(&ReadOptions::default(), b"ab\0").expect_err("binary");
    assert_eq!(error.place, trace::Place::Bytes(2));
}

#[test]
fn names_and_extensions_are_distinct() {
    for &format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
        for extension in format.extensions() {
            assert_eq!(Format::from_extension(extension), Some(format));
        }
    }
    assert_eq!(Format::from_name("nothing"), None);
}
