//! Program counters to functions and lines, by what the files of the program say.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs::File;
use std::path::Path;

use addr2line::Loader;
use object::read::ReadCache;
use object::{Object, ObjectSegment};
use trace::Module;

/// Where an instruction is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Place {
    /// The file that it is of, without its folder.
    pub(crate) module: Option<String>,
    /// The function, where the file says it.
    pub(crate) function: Option<String>,
    /// The source file, without its folder, and the line, from 1.
    pub(crate) line: Option<(String, u32)>,
}

/// Finds places of instructions.
pub(crate) struct Symbols {
    modules: Vec<Module>,
    /// What was read of each file; `None` if it is not there or not the one of the trace.
    files: HashMap<String, Option<Symbolic>>,
}

/// A file that says something about its instructions.
struct Symbolic {
    loader: Loader,
    /// The segments: where they are in the file, their length, and their address, in bytes.
    segments: Vec<(u64, u64, u64)>,
}

impl Symbols {
    pub(crate) fn new(modules: &[Module]) -> Self {
        Self { modules: modules.to_vec(), files: HashMap::new() }
    }

    /// Returns the files that are not there any more, or are others now.
    pub(crate) fn missing(&self) -> Vec<&str> {
        let gone = self.files.iter().filter(|(_, file)| file.is_none());
        let mut gone: Vec<_> = gone.map(|(path, _)| path.as_str()).collect();
        gone.sort_unstable();
        gone
    }

    /// Returns where the instruction at an address is.
    pub(crate) fn place(&mut self, pc: u64) -> Place {
        let Some(module) = self.modules.iter().find(|module| module.contains(pc)) else {
            return Place::default();
        };
        let mut place = Place { module: Some(base_name(&module.path)), ..Place::default() };
        if !self.files.contains_key(&module.path) {
            self.files.insert(module.path.clone(), Symbolic::of(module));
        }
        if let Some(Some(file)) = self.files.get(&module.path)
            && let Some(address) = file.address(pc - module.start + module.offset)
        {
            place.function = file.function(address);
            place.line = file.line(address);
        }
        place
    }
}

impl Symbolic {
    /// Reads a file, if it is the one that the module was of.
    fn of(module: &Module) -> Option<Self> {
        let path = Path::new(&module.path);
        if module.build_id.is_some() && build_id(path) != module.build_id {
            return None;
        }
        let segments = with_object(path, |file| {
            let segments = file.segments().map(|segment| {
                let (offset, length) = segment.file_range();
                (offset, length, segment.address())
            });
            Some(segments.collect())
        })?;
        Some(Self { loader: Loader::new(path).ok()?, segments })
    }

    /// Returns the address, as the file has it, of what is at an offset of the file.
    fn address(&self, offset: u64) -> Option<u64> {
        let within = |(start, length, _): &&(u64, u64, u64)| {
            offset.checked_sub(*start).is_some_and(|distance| distance < *length)
        };
        let (start, _, address) = self.segments.iter().find(within)?;
        Some(offset - start + address)
    }

    /// Returns the innermost function, also one that was inlined.
    fn function(&self, address: u64) -> Option<String> {
        let mut frames = self.loader.find_frames(address).ok()?;
        let named = frames.next().ok().flatten().and_then(|frame| {
            let name = frame.function?;
            name.demangle().ok().map(std::borrow::Cow::into_owned)
        });
        named.or_else(|| {
            let symbol = self.loader.find_symbol(address)?;
            Some(addr2line::demangle_auto(symbol.into(), None).into_owned())
        })
    }

    fn line(&self, address: u64) -> Option<(String, u32)> {
        let location = self.loader.find_location(address).ok()??;
        Some((base_name(location.file?), location.line.filter(|line| *line > 0)?))
    }
}

/// Returns the build id of an ELF file in hex, if it has one.
pub(crate) fn build_id(path: &Path) -> Option<String> {
    with_object(path, |file| {
        let mut hex = String::new();
        for byte in file.build_id().ok()?? {
            let _ = write!(hex, "{byte:02x}");
        }
        Some(hex)
    })
}

/// Reads some of an object file; only what is asked for is read.
fn with_object<T>(
    path: &Path,
    read: impl FnOnce(&object::File<'_, &ReadCache<File>>) -> Option<T>,
) -> Option<T> {
    if !path.is_file() {
        return None;
    }
    let cache = ReadCache::new(File::open(path).ok()?);
    read(&object::File::parse(&cache).ok()?)
}

fn base_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
