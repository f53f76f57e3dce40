use super::{Error, Kind, Scanner};

/// What one value of a valid text is and where it stands, or one end of an
/// object or array. All entries of a text, in its order, are its tape: in a guest,
/// the host's import `json` writes them (abi/ABI.md, "The tape").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Entry {
    kind: u8,
    pub flags: u8,
    depth: u16,    // objects and arrays around it
    pub next: u32, // index of the entry after it and after all that is in it
    key_at: u32,   // where the member's key starts, behind its quote; in an array, the array's
    pub key_len: u32,
    pub at: u32, // where the value starts, a string's with its quotes
    pub len: u32,
}

/// Flags of an entry: a backslash is in the string; one is in the key; there is
/// something in the string that credentials and e-mail addresses have: an @, a %, a
/// full stop after P to S, an I after every other capital letter, a u after a
/// backslash; the key ends as the names of secrets do; so does, in the string,
/// something in front of a quote.
pub(crate) const ESCAPED: u8 = 1;
pub(crate) const KEY_ESCAPED: u8 = 2;
pub(crate) const MARKED: u8 = 4;
pub(crate) const KEY_MARKED: u8 = 8;
pub(crate) const NAMED: u8 = 16;

impl Entry {
    pub fn kind(&self) -> Kind {
        match self.kind {
            1 => Kind::Null,
            2 => Kind::Bool,
            3 => Kind::Number,
            4 => Kind::String,
            5 => Kind::Object,
            6 => Kind::Array,
            _ => Kind::End,
        }
    }

    /// The key, as it is written between the quotes.
    #[inline(always)]
    pub fn key<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.key_at as usize..(self.key_at + self.key_len) as usize).unwrap_or_default()
    }

    /// A byte of the key, the one at three quarters of its length; of an empty key,
    /// the quote behind it.
    #[inline(always)]
    pub fn key_byte(&self, text: &[u8]) -> u8 {
        text.get((self.key_at + self.key_len * 3 / 4) as usize).copied().unwrap_or_default()
    }

    /// All of the value as it is written, a string with its quotes.
    #[inline(always)]
    pub fn raw<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.at as usize..(self.at + self.len) as usize).unwrap_or_default()
    }
}

/// Room for tapes, to be used again and again.
#[derive(Default)]
pub(crate) struct Tape(Vec<Entry>);

impl Tape {
    /// Reads a text.
    pub fn read(&mut self, text: &[u8]) -> Result<&[Entry], Error> {
        match self.fill(text) {
            0 => Err(Scanner::new(text).finish().err().unwrap_or_default()),
            n => Ok(&self.0[..n]),
        }
    }

    /// Has the host write the tape of a text; how many entries it has, none if
    /// the text is not valid.
    #[cfg(target_family = "wasm")]
    fn fill(&mut self, text: &[u8]) -> usize {
        loop {
            if let Ok(n) = usize::try_from(crate::export::json(text, &mut self.0)) {
                return n;
            }
            self.0.resize((2 * self.0.len()).max(64), Entry::default());
        }
    }

    /// Makes the tape of a text as the host does.
    #[cfg(not(target_family = "wasm"))]
    fn fill(&mut self, text: &[u8]) -> usize {
        self.0.clear();
        let mut scan = Scanner::new(text);
        let mut around = Vec::new(); // indexes of objects and arrays
        while let Some(kind) = scan.next() {
            let (raw, key) = (scan.raw().bytes(), scan.key());
            let mut flags = 0;
            flags |= if scan.text_escaped() { ESCAPED } else { 0 };
            flags |= if scan.key_escaped() { KEY_ESCAPED } else { 0 };
            flags |= if kind == Kind::String && marked(raw) { MARKED } else { 0 };
            flags |= if ends_like_secret(key) { KEY_MARKED } else { 0 };
            flags |= if kind == Kind::String && named(raw) { NAMED } else { 0 };
            let has_key = scan.depth() > 0 && key.as_ptr() != text.as_ptr();
            let (at, next) = (scan.offset() as u32, self.0.len() as u32 + 1);
            match kind {
                Kind::Object | Kind::Array => around.push(self.0.len()),
                Kind::End => {
                    let start = &mut self.0[around.pop().unwrap_or_default()];
                    start.next = next;
                    start.len = at + 1 - start.at;
                }
                _ => {}
            }
            self.0.push(Entry {
                kind: kind as u8 + 1,
                flags,
                depth: scan.depth() as u16,
                next,
                key_at: if has_key { (key.as_ptr() as usize - text.as_ptr() as usize) as u32 } else { 0 },
                key_len: key.len() as u32,
                at,
                len: raw.len() as u32,
            });
        }
        match scan.finish() {
            Ok(()) => self.0.len(),
            Err(_) => 0,
        }
    }
}

#[cfg(not(target_family = "wasm"))]
fn marked(s: &[u8]) -> bool {
    s.windows(2).any(|pair| match *pair {
        [_, b'@' | b'%'] | [b'\\', b'u'] => true,
        [before, b'.'] => before & 0xFC == b'P',
        [before, b'I'] => before & 0xE1 == b'A',
        _ => false,
    })
}

/// Whether the name of a secret may stand in front of a quote in a string.
#[cfg(not(target_family = "wasm"))]
fn named(s: &[u8]) -> bool {
    let text = &s[1..s.len() - 1];
    (0..text.len()).filter(|i| text[*i] == b'"').any(|quote| {
        let escapes = text[..quote].iter().rev().take_while(|c| **c == b'\\').count();
        ends_like_secret(&text[..quote - escapes])
    })
}

/// False for most names that are no secrets'.
#[cfg(not(target_family = "wasm"))]
fn ends_like_secret(name: &[u8]) -> bool {
    let ends = [b"rd", b"wd", b"et", b"en", b"ey", b"on", b"ls"];
    matches!(*name, [.., a, b] if ends.iter().any(|end| (end[0] ^ a | end[1] ^ b) & 31 == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this crate makes without a host is what the host makes.
    #[test]
    fn tapes_are_the_hosts() {
        let tapes = match std::fs::read_to_string("../../abi/testdata/tapes.txt") {
            Ok(text) => text,
            Err(e) => return eprintln!("SKIPPED: this crate stands alone, nothing to hold it against: {e}"),
        };
        for line in tapes.lines() {
            let (quoted, want) = line.rsplit_once(' ').unwrap();
            // Go quotes as JSON does, for what is in these texts.
            let text = crate::json::Value::parse(quoted.as_bytes()).unwrap().to_text().to_vec();
            let mut room = Tape::default();
            let tape = room.read(&text).unwrap().iter();
            let got = tape.flat_map(|e| {
                let head = [e.kind, e.flags, e.depth as u8, (e.depth >> 8) as u8];
                let words = [u32::from_le_bytes(head), e.next, e.key_at, e.key_len, e.at, e.len];
                words.map(|w| format!("{:08x}", w.swap_bytes()))
            });
            let got = got.collect::<String>();
            assert_eq!(got, want, "{quoted}");
        }
        assert!(tapes.lines().count() >= 5);
    }
}
