//! Whose instructions program counters are of: the files that a program had mapped.

use serde_json::{Map, Value};

/// A part of a program's file, where it was mapped when the trace was made.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Module {
    /// The first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// Where in the file `start` is, in bytes.
    pub offset: u64,
    /// The file, as the program's system called it.
    pub path: String,
    /// The build id of the file (ELF's `.note.gnu.build-id`) in hex, where it has one.
    pub build_id: Option<String>,
}

impl Module {
    /// Returns whether an address is in it.
    #[must_use]
    pub const fn contains(&self, addr: u64) -> bool {
        self.start <= addr && addr < self.end
    }

    /// Reads a line of Linux's `/proc/PID/maps`; `None` if what is mapped there is no file, or may
    /// be written to, so that it holds no instructions.
    ///
    /// `START-END PERMISSIONS OFFSET DEVICE INODE PATH` (`proc_pid_maps(5)`), numbers in hex.
    #[must_use]
    pub fn of_maps_line(line: &str) -> Option<Module> {
        let mut rest = line;
        let mut field = || {
            let (field, after) = rest.split_once(' ')?;
            rest = after.trim_start_matches(' ');
            Some(field)
        };
        let (start, end) = field()?.split_once('-')?;
        let (permissions, offset, _device, _inode) = (field()?, field()?, field()?, field()?);
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let is_code = permissions.starts_with('r') && permissions.as_bytes().get(1) == Some(&b'-');
        let path = rest.trim_end_matches('\n');
        let module = Module {
            start: hex(start)?,
            end: hex(end)?,
            offset: hex(offset)?,
            path: path.to_owned(),
            build_id: None,
        };
        (is_code && path.starts_with('/') && module.start < module.end).then_some(module)
    }
}

/// Writes modules as JSON, as many of them as so many bytes hold; returns how many.
pub(crate) fn to_json(modules: &[Module], bytes_max: usize) -> (String, usize) {
    let mut json = String::from("[");
    let mut kept = 0;
    for module in modules {
        let mut object = Map::new();
        let numbers = [("start", module.start), ("end", module.end), ("offset", module.offset)];
        for (key, number) in numbers {
            object.insert(key.to_owned(), format!("{number:#x}").into());
        }
        object.insert("path".to_owned(), module.path.clone().into());
        object.insert("build_id".to_owned(), module.build_id.clone().into());
        let object = Value::Object(object).to_string();
        if json.len() + object.len() + 2 > bytes_max {
            break;
        }
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&object);
        kept += 1;
    }
    json.push(']');
    (json, kept)
}

/// Reads what [`to_json`] writes; keys that it does not know are of a later version.
pub(crate) fn from_json(json: &[u8]) -> Option<Vec<Module>> {
    let modules: Vec<Map<String, Value>> = serde_json::from_slice(json).ok()?;
    let module = |object: &Map<String, Value>| {
        let text = |key: &str| {
            let text = object.get(key)?.as_str()?.replace(char::is_control, " ");
            (!text.is_empty()).then_some(text)
        };
        let number = |key| u64::from_str_radix(text(key)?.strip_prefix("0x")?, 16).ok();
        let (start, end) = (number("start")?, number("end")?);
        let (offset, path) = (number("offset")?, text("path")?);
        let build_id = text("build_id");
        (start < end).then_some(Module { start, end, offset, path, build_id })
    };
    modules.iter().map(module).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str, build_id: Option<&str>) -> Module {
        let build_id = build_id.map(str::to_owned);
        Module { start: 0x40_1000, end: u64::MAX, offset: 0x1000, path: path.to_owned(), build_id }
    }

    #[test]
    fn lines_of_maps_are_read_if_they_are_of_code() {
        let line = "7f2c9a628000-7f2c9a77d000 r-xp 00026000 fe:00 1835 /usr/lib/a b/libc.so.6\n";
        let expected = Module {
            start: 0x7f2c_9a62_8000,
            end: 0x7f2c_9a77_d000,
            offset: 0x26000,
            path: "/usr/lib/a b/libc.so.6".to_owned(),
            build_id: None,
        };
        assert_eq!(Module::of_maps_line(line), Some(expected));
        for line in [
            "00401000-00402000 rw-p 00001000 fe:00 7 /bin/a",
            "00401000-00402000 ---p 00001000 fe:00 7 /bin/a",
            "7ffd1000-7ffd2000 r-xp 00000000 00:00 0 [vdso]",
            "7ffd1000-7ffd2000 r--p 00000000 00:00 0 ",
            "00402000-00401000 r-xp 00001000 fe:00 7 /bin/a",
            "00401000 r-xp",
            "",
        ] {
            assert_eq!(Module::of_maps_line(line), None, "{line}");
        }
    }

    #[test]
    fn modules_come_back_from_json_as_they_were() {
        let modules = [module("/bin/\"quoted\"", Some("00ff")), module("/lib/ä", None)];
        let (json, kept) = to_json(&modules, 1 << 20);
        assert_eq!(kept, 2);
        assert_eq!(from_json(json.as_bytes()).unwrap(), modules);
        let (one, kept) = to_json(&modules, json.len() - 1);
        assert_eq!(kept, 1);
        assert_eq!(from_json(one.as_bytes()).unwrap(), modules[..1]);
        assert_eq!(to_json(&[], 10), ("[]".to_owned(), 0));
    }

    #[test]
    fn what_is_no_table_of_modules_is_refused() {
        for json in [
            "",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"start":"0x2","end":"0x1","offset":"0x0","path":"/a"}]"#,
            r#"[{"start":1,"end":"0x2","offset":"0x0","path":"/a"}]"#,
            r#"[{"start":"0x1","end":"0x2","offset":"0x0","path":""}]"#,
        ] {
            assert_eq!(from_json(json.as_bytes()), None, "{json}");
        }
    }
}
