//! Names for addresses, where the trace has them.

use cache::Addr;

/// What addresses are called in sentences.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// In the order of the addresses; of one address, the name that counts first.
    names: Vec<(u64, String)>,
}

impl Names {
    /// Makes a table of names and their addresses. Of several names of one address the first in the
    /// alphabet counts.
    pub fn new(names: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut names: Vec<_> = names.into_iter().map(|(name, addr)| (addr, name)).collect();
        names.sort_unstable();
        names.dedup_by_key(|(addr, _)| *addr);
        Self { names }
    }

    /// Returns all names, in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (Addr, &str)> {
        self.names.iter().map(|(addr, name)| (Addr(*addr), name.as_str()))
    }

    /// Returns the address of a name.
    pub fn find(&self, name: &str) -> Option<Addr> {
        self.names.iter().find(|(_, known)| known == name).map(|(addr, _)| Addr(*addr))
    }

    /// Returns the name of the lowest address that has one.
    pub fn first(&self) -> Option<&str> {
        self.names.first().map(|(_, name)| name.as_str())
    }

    /// Returns what an address is called: by its name, by the name of an address before it that is
    /// no further away than the start of its line, with an offset, or by its number.
    pub fn call(&self, addr: Addr, line: Addr) -> String {
        let next = self.names.partition_point(|(named, _)| *named <= addr.0);
        let before = next.checked_sub(1).map(|at| &self.names[at]);
        match before {
            Some((named, name)) if *named == addr.0 => name.clone(),
            Some((named, name)) if *named >= line.0 => format!("{name}+{}", addr.0 - named),
            _ => addr.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_called_by_the_nearest_name_in_its_line() {
        let names = [("y", 0x1008), ("x", 0x1000), ("alias", 0x1008), ("far", 0x0f00)];
        let names = Names::new(names.map(|(name, addr)| (name.to_owned(), addr)));
        let call = |addr| names.call(Addr(addr), Addr(addr & !63));
        assert_eq!(call(0x1000), "x");
        assert_eq!(call(0x1004), "x+4");
        assert_eq!(call(0x1008), "alias");
        assert_eq!(call(0x103c), "alias+52");
        // Another line, with no name in it.
        assert_eq!((call(0x1040), call(0x0ffc)), ("0x1040".to_owned(), "0xffc".to_owned()));
        assert_eq!(Names::default().call(Addr(16), Addr(0)), "0x10");
    }
}
