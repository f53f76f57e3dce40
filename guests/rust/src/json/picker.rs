use std::ops::Range;

use super::tape::{Entry, Tape, KEY_ESCAPED};
use super::{unescape, Error, Kind, Value};

/// Finds the values at some places of JSON texts, one pass over each text. In a
/// guest it takes much less than a [`Scanner`](super::Scanner), for it is the host that
/// looks at each byte. It holds buffers: use it again and again.
///
/// ```
/// use slswasm::json::Picker;
///
/// let mut picker = Picker::new(["/eventName", "/userIdentity/type"]);
/// let picked = picker.read(br#"{"eventName":"ListUsers","userIdentity":{"type":"ram-user"}}"#).unwrap();
/// assert_eq!(picked.value(1).unwrap().bytes(), br#""ram-user""#);
/// ```
pub struct Picker {
    tape: Tape,
    root: Branches,
    found: Vec<Range<u32>>, // of the text for each place; empty: there is none
    key: Vec<u8>,           // without its escapes
}

/// The members of an object that matter, by a hash of their names.
#[derive(Default)]
struct Branches([Vec<Branch>; HASHES]);

const HASHES: usize = 32;

struct Branch {
    name: Vec<u8>,
    place: Option<usize>,         // that it has
    below: Option<Box<Branches>>, // of its own that matter
}

/// What a [`Picker`] has read.
#[derive(Clone, Copy)]
pub struct Picked<'p, 't> {
    pub(crate) text: &'t [u8],
    pub(crate) tape: &'p [Entry],
    found: &'p [Range<u32>],
}

impl Picker {
    /// Takes places as JSON Pointers (RFC 6901) of members of objects: `/a/b` is the
    /// b of the a of the text; `~1` stands for a slash in a name, `~0` for a tilde.
    /// It panics on what is none.
    pub fn new<'a>(places: impl IntoIterator<Item = &'a str>) -> Self {
        let mut root = Branches::default();
        let mut n = 0;
        for (i, place) in places.into_iter().enumerate() {
            let names = match place.strip_prefix('/') {
                Some(names) => names.split('/'),
                None => panic!("slswasm: a Picker's place is like /a/b, not {place}"),
            };
            let mut names = names.map(|name| name.replace("~1", "/").replace("~0", "~").into_bytes()).peekable();
            let mut branches = &mut root;
            while let Some(name) = names.next() {
                let branch = branches.add(name);
                if names.peek().is_none() {
                    branch.place = Some(i);
                    break;
                }
                branches = branch.below.get_or_insert_with(Box::default);
            }
            n = i + 1;
        }
        Picker { tape: Tape::default(), root, found: vec![0..0; n], key: Vec::new() }
    }

    /// Finds the values in a text. Of members with the same name the last
    /// counts. An error says what is wrong with the text.
    pub fn read<'t>(&mut self, text: &'t [u8]) -> Result<Picked<'_, 't>, Error> {
        self.found.fill(0..0);
        let tape = self.tape.read(text)?;
        let mut search = Search { text, tape, found: &mut self.found, key: &mut self.key };
        search.value(&self.root, 0);
        Ok(Picked { text, tape, found: &self.found })
    }
}

impl<'t> Picked<'_, 't> {
    /// The value at the place of this number, if there is one.
    pub fn value(&self, place: usize) -> Option<Value<'t>> {
        let Range { start, end } = self.found[place];
        self.text.get(start as usize..end as usize).filter(|v| !v.is_empty()).map(Value)
    }

    /// All of the text.
    pub fn whole(&self) -> Value<'t> {
        Value(self.text)
    }
}

struct Search<'p, 't> {
    text: &'t [u8],
    tape: &'p [Entry],
    found: &'p mut [Range<u32>],
    key: &'p mut Vec<u8>,
}

impl Search<'_, '_> {
    /// Finds values in the one of the entry at `i`, if it is an object.
    fn value(&mut self, branches: &Branches, i: usize) {
        let tape = match self.tape.get(i) {
            Some(e) if e.kind() == Kind::Object => self.tape.get(..e.next as usize - 1).unwrap_or_default(),
            _ => return,
        };
        let mut at = i + 1;
        while let Some(e) = tape.get(at) {
            let list = &branches.0[hash(e.key_len, e.key_byte(self.text))];
            if !list.is_empty() || e.flags & KEY_ESCAPED != 0 {
                self.member(branches, at, e);
            }
            at = e.next as usize;
        }
    }

    /// Looks whether the member of the entry at `i` matters.
    #[inline(never)] // most are passed over
    fn member(&mut self, branches: &Branches, i: usize, e: &Entry) {
        let mut key = e.key(self.text);
        if e.flags & KEY_ESCAPED != 0 {
            key = unescape(self.key, key);
        }
        if let Some(b) = branches.0[name_hash(key)].iter().find(|b| b.name == key) {
            if let Some(place) = b.place {
                self.found[place] = e.at..e.at + e.len;
            }
            if let Some(below) = &b.below {
                self.value(below, i);
            }
        }
    }
}

impl Branches {
    fn add(&mut self, name: Vec<u8>) -> &mut Branch {
        let list = &mut self.0[name_hash(&name)];
        let known = list.iter().position(|b| b.name == name);
        let i = known.unwrap_or_else(|| {
            list.push(Branch { name, place: None, below: None });
            list.len() - 1
        });
        &mut list[i]
    }
}

fn name_hash(name: &[u8]) -> usize {
    hash(name.len() as u32, *name.get(name.len() * 3 / 4).unwrap_or(&b'"'))
}

/// Tells most names apart, by their lengths and the bytes at three quarters of these.
#[inline(always)]
fn hash(len: u32, byte: u8) -> usize {
    (len + byte as u32) as usize % HASHES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_values() {
        let mut p = Picker::new(["/a", "/b/c", "/b", "/x~1y/~0", "/", "/b/d/e", "/z"]);
        for (text, want) in [
            (
                r#"{"a":1,"b":{"c":"x","d":{"e":[1]}},"x/y":{"~":null},"":{"":2},"c":3}"#,
                r#"1 "x" {"c":"x","d":{"e":[1]}} null {"":2} [1] -"#,
            ),
            (r#"{"a":1,"a":{"a":2},"b":{"c":3},"b":{"d":4}}"#, r#"{"a":2} 3 {"d":4} - - - -"#),
            (r#" {"\u0061" : true , "b" : [ {"c":1} ] } "#, r#"true - [ {"c":1} ] - - - -"#),
            (r#"[{"a":1}]"#, "- - - - - - -"),
            (r#""a""#, "- - - - - - -"),
            ("{}", "- - - - - - -"),
        ] {
            let picked = p.read(text.as_bytes()).unwrap();
            let show = |i| picked.value(i).map_or("-".into(), |v| String::from_utf8_lossy(v.bytes()));
            assert_eq!((0..7).map(show).collect::<Vec<_>>().join(" "), want, "{text}");
            assert_eq!(picked.whole().bytes(), text.as_bytes());
        }
        let error = p.read(br#"{"a":1"#).err().unwrap();
        assert_eq!(error.to_string(), "the text ends too early at byte 6");
    }

    #[test]
    #[should_panic(expected = "a Picker's place is like /a/b, not a/b")]
    fn places_begin_with_a_slash() {
        Picker::new(["a/b"]);
    }
}
