use std::fmt;

use super::text::{escape, pass_text, skip_plain, utf8};
use super::Value;

/// How deep objects and arrays may be nested.
pub const MAX_DEPTH: usize = 256;

/// What a [`Scanner`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Null,
    Bool,
    Number,
    String,
    Object,
    Array,
    /// The end of an object or an array.
    End,
}

/// What is wrong with a text, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    what: &'static str,
    at: usize,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for Error {}

const ENDS: &str = "the text ends too early";
const DEEP: &str = "objects and arrays are nested more than 256 deep";
const CHARACTER: &str = "unexpected character";
const UTF8: &str = "a string is not valid UTF-8";
const EXTRA: &str = "something follows the value";

/// Walks JSON text, value by value:
///
/// ```
/// use slswasm::json::{Kind, Scanner};
///
/// let mut scan = Scanner::new(br#"{"eventName":"ListUsers","n":[1,2]}"#);
/// while let Some(kind) = scan.next() {
///     if kind == Kind::String && scan.key() == b"eventName" {
///         assert_eq!(scan.raw().bytes(), br#""ListUsers""#);
///     }
/// }
/// scan.finish().unwrap();
/// ```
///
/// Only after [`finish`](Self::finish) is the text known to be valid.
pub struct Scanner<'a> {
    src: &'a [u8],
    pos: usize,
    error: Option<Error>,
    kind: Kind,
    start: usize, // of the value, which ends at pos
    at: usize,    // its depth
    fresh: bool,  // no value yet in the container at hand, or at the top

    escaped: bool, // something in the last string was
    inside: usize, // of the container at hand; 0: the top
    levels: [Level; MAX_DEPTH + 1],
}

/// What is known of a container: its kind and the last key in it.
#[derive(Clone, Copy)]
struct Level {
    start: u32,
    end: u32, // with the two flags
}

const OBJECT: u32 = 1 << 31;
const ESCAPED: u32 = 1 << 30;

impl<'a> Scanner<'a> {
    /// Starts on a text, of less than 1 GiB.
    pub fn new(src: &'a [u8]) -> Self {
        assert!(src.len() < ESCAPED as usize, "slswasm: JSON text of 1 GiB or more");
        Scanner {
            src,
            pos: 0,
            error: None,
            kind: Kind::End,
            start: 0,
            at: 0,
            fresh: true,
            escaped: false,
            inside: 0,
            levels: [Level { start: 0, end: 0 }; MAX_DEPTH + 1],
        }
    }

    /// Moves to the next value, or the end of an object or array. There is none
    /// at the end of the text and after the first error.
    #[allow(clippy::should_implement_trait)] // an Iterator has a skip of its own
    pub fn next(&mut self) -> Option<Kind> {
        if self.error.is_some() {
            return None;
        }
        if !self.fresh && self.levels[self.inside].end & OBJECT != 0 {
            if let Some((key, text)) = pass_text(self.src, self.pos) {
                self.levels[self.inside] = Level { start: self.pos as u32 + 2, end: key as u32 | OBJECT };
                self.start = key + 2;
                self.pos = text + 1;
                self.at = self.inside;
                self.kind = Kind::String;
                self.escaped = false;
                return Some(Kind::String);
            }
        }
        self.other()
    }

    /// `next` for whatever there may be.
    #[inline(never)]
    fn other(&mut self) -> Option<Kind> {
        match self.step() {
            Ok(Some(kind)) => {
                self.kind = kind;
                Some(kind)
            }
            Ok(None) => None,
            Err(what) => {
                self.error = Some(Error { what, at: self.pos });
                None
            }
        }
    }

    /// The kind of the value at hand.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many objects and arrays are around the value at hand. For
    /// [`Kind::End`] it is that of the object or array that has ended.
    pub fn depth(&self) -> usize {
        self.at
    }

    /// The name of the member at hand, as it is written between the quotes; see
    /// [`unescape`](super::unescape). In an array, it is the array's own name.
    pub fn key(&self) -> &'a [u8] {
        let level = self.levels[self.at];
        &self.src[level.start as usize..(level.end & !(OBJECT | ESCAPED)) as usize]
    }

    /// Whether the key has escapes in it.
    pub fn key_escaped(&self) -> bool {
        self.levels[self.at].end & ESCAPED != 0
    }

    /// Whether the value at hand is a string with escapes in it.
    pub fn text_escaped(&self) -> bool {
        self.kind == Kind::String && self.escaped
    }

    /// The text of the value at hand, a string's with its quotes; of an object
    /// or array, only its bracket, unless [`skip`](Self::skip) was called.
    pub fn raw(&self) -> Value<'a> {
        Value(&self.src[self.start..self.pos])
    }

    /// Where the value at hand starts in the text, in bytes.
    pub fn offset(&self) -> usize {
        self.start
    }

    /// Passes over the rest of the object or array at hand;
    /// [`raw`](Self::raw) is then all of it. It does nothing on another value.
    pub fn skip(&mut self) {
        if self.kind != Kind::Object && self.kind != Kind::Array {
            return;
        }
        let (kind, start, at) = (self.kind, self.start, self.at);
        while let Some(found) = self.next() {
            if found == Kind::End && self.at == at {
                self.kind = kind;
                self.start = start;
                return;
            }
        }
    }

    /// Passes over what is left of the text, and says what is wrong with it.
    pub fn finish(&mut self) -> Result<(), Error> {
        while self.next().is_some() {}
        self.error.map_or(Ok(()), Err)
    }

    fn step(&mut self) -> Result<Option<Kind>, &'static str> {
        let c = self.space();
        if self.inside == 0 {
            return match (self.fresh, c) {
                (true, _) => self.value(c),
                (false, None) => Ok(None),
                (false, Some(_)) => Err(EXTRA),
            };
        }
        let object = self.levels[self.inside].end & OBJECT != 0;
        if c == Some(if object { b'}' } else { b']' }) {
            return Ok(Some(self.close()));
        }
        let c = self.comma(c)?;
        if object {
            self.member(c)
        } else {
            self.value(c)
        }
    }

    fn fail<T>(&self) -> Result<T, &'static str> {
        Err(if self.pos >= self.src.len() { ENDS } else { CHARACTER })
    }

    /// Passes over white space; the character after it, if there is one.
    fn space(&mut self) -> Option<u8> {
        loop {
            let c = *self.src.get(self.pos)?;
            if c > b' ' || !matches!(c, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(c);
            }
            self.pos += 1;
        }
    }

    /// Passes over the comma before all values of a container but the first.
    fn comma(&mut self, c: Option<u8>) -> Result<Option<u8>, &'static str> {
        if self.fresh {
            return Ok(c);
        }
        if c != Some(b',') {
            return self.fail();
        }
        self.pos += 1;
        Ok(self.space())
    }

    fn member(&mut self, c: Option<u8>) -> Result<Option<Kind>, &'static str> {
        if c != Some(b'"') {
            return self.fail();
        }
        let start = self.pos as u32 + 1;
        self.string()?;
        let escaped = if self.escaped { ESCAPED } else { 0 };
        self.levels[self.inside] = Level { start, end: (self.pos as u32 - 1) | OBJECT | escaped };
        if self.space() != Some(b':') {
            return self.fail();
        }
        self.pos += 1;
        let c = self.space();
        self.value(c)
    }

    fn value(&mut self, c: Option<u8>) -> Result<Option<Kind>, &'static str> {
        self.start = self.pos;
        self.at = self.inside;
        self.fresh = false;
        match c {
            Some(b'"') => self.string()?,
            Some(b'{') => return self.open(Kind::Object, OBJECT),
            Some(b'[') => return self.open(Kind::Array, 0),
            Some(b't') => return self.word(b"true", Kind::Bool),
            Some(b'f') => return self.word(b"false", Kind::Bool),
            Some(b'n') => return self.word(b"null", Kind::Null),
            _ => return self.number(),
        }
        Ok(Some(Kind::String))
    }

    fn open(&mut self, kind: Kind, flag: u32) -> Result<Option<Kind>, &'static str> {
        if self.inside == MAX_DEPTH {
            return Err(DEEP);
        }
        let Level { start, end } = self.levels[self.inside]; // an array's elements go by its name
        self.inside += 1;
        self.levels[self.inside] = Level { start, end: end & !OBJECT | flag };
        self.fresh = true;
        self.pos += 1;
        Ok(Some(kind))
    }

    fn close(&mut self) -> Kind {
        self.start = self.pos;
        self.pos += 1;
        self.inside -= 1;
        self.at = self.inside;
        self.fresh = false;
        Kind::End
    }

    fn word(&mut self, word: &'static [u8], kind: Kind) -> Result<Option<Kind>, &'static str> {
        if !self.src[self.pos..].starts_with(word) {
            return self.fail();
        }
        self.pos += word.len();
        Ok(Some(kind))
    }

    fn number(&mut self) -> Result<Option<Kind>, &'static str> {
        self.accept(b"-");
        if !self.accept(b"0") {
            self.digits()?;
        }
        if self.accept(b".") {
            self.digits()?;
        }
        if self.accept(b"eE") {
            self.accept(b"+-");
            self.digits()?;
        }
        Ok(Some(Kind::Number))
    }

    fn accept(&mut self, any: &[u8]) -> bool {
        let found = matches!(self.src.get(self.pos), Some(c) if any.contains(c));
        self.pos += found as usize;
        found
    }

    fn digits(&mut self) -> Result<(), &'static str> {
        let start = self.pos;
        while let Some(b'0'..=b'9') = self.src.get(self.pos) {
            self.pos += 1;
        }
        if self.pos > start {
            Ok(())
        } else {
            self.fail()
        }
    }

    /// Passes over a string, of which pos is the first quote.
    #[inline]
    fn string(&mut self) -> Result<(), &'static str> {
        let i = skip_plain(self.src, self.pos + 1);
        if self.src.get(i) == Some(&b'"') {
            self.pos = i + 1;
            self.escaped = false;
            return Ok(());
        }
        self.odd_string(i)
    }

    /// Goes on with a string in which the byte at i is not plain.
    fn odd_string(&mut self, i: usize) -> Result<(), &'static str> {
        self.escaped = false;
        self.pos = i;
        loop {
            let n = match self.src.get(self.pos) {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.escaped = true;
                    escape(&self.src[self.pos..])
                }
                Some(0x80..=0xFF) => match utf8(&self.src[self.pos..]) {
                    0 => return Err(UTF8),
                    n => n,
                },
                _ => 0,
            };
            if n == 0 {
                return self.fail();
            }
            self.pos = skip_plain(self.src, self.pos + n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::valid;
    use super::*;

    #[test]
    fn takes_rfc_8259() {
        for text in [
            "{}", "[]", " null ", "true", "false", "-0.5e+10", "1E5", r#""a""#, r#""\u00e9\ud83d\ude00\ud800x\n\/""#,
            r#"{"a":{"b":[1,2,{"c":"d"}]},"e":"f","a":{"x":"y"}}"#, r#"{"k\u0065y":"v","":{"":1}}"#, "\t[ 1 ,\r\n2 ] ",
            "[[[[]]]]", "\"\x7f\"", "\"é 主机 😀\"",
        ] {
            assert!(valid(text.as_bytes()), "{text}");
        }
        for text in [
            r#"{"a":1,}"#, "[1,]", "[,1]", r#"{"a"}"#, r#"{"a":}"#, "01", "1.", ".1", "1e", "-", "+1", "tru", "nulx",
            "\"a", r#""\x""#, r#""\u12g4""#, r#""\u12"#, "\"\x01\"", r#""a" "b""#, "]", "}", "{]", "[}", "", " ",
            "\x0b1", "{1:2}",
        ] {
            assert!(!valid(text.as_bytes()), "{text}");
        }
        assert!(!valid(b"\"\xff\"") && !valid(b"\"\xed\xa0\x80\""));
    }

    #[test]
    fn depth_is_limited() {
        for (n, want) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
            assert_eq!(valid(("[".repeat(n) + &"]".repeat(n)).as_bytes()), want);
        }
    }

    #[test]
    fn visits_values() {
        let mut scan = Scanner::new(br#"{"a": {"b": [1, "x", {"c": null}], "s": [[]] }, "d": true}"#);
        let mut got = Vec::new();
        while let Some(kind) = scan.next() {
            if kind == Kind::Array && scan.key() == b"s" {
                scan.skip();
            }
            let (key, raw) = (String::from_utf8_lossy(scan.key()), String::from_utf8_lossy(scan.raw().bytes()));
            got.push(format!("{:?} {} {key} {raw}", scan.kind(), scan.depth()));
        }
        scan.finish().unwrap();
        let want = [
            "Object 0  {", "Object 1 a {", "Array 2 b [", "Number 3 b 1", "String 3 b \"x\"", "Object 3 b {",
            "Null 4 c null", "End 3 b }", "End 2 b ]", "Array 2 s [[]]", "End 1 a }", "Bool 1 d true", "End 0  }",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn errors_say_where() {
        let deep = "[".repeat(MAX_DEPTH + 1);
        for (text, want) in [
            (&b"{\"a\":1"[..], "the text ends too early at byte 6"),
            (b"{\"a\":01}", "unexpected character at byte 6"),
            (b"\"\xff\"", "a string is not valid UTF-8 at byte 1"),
            (b"1 2", "something follows the value at byte 2"),
            (b"{\"a\" \"b\":1}", "unexpected character at byte 5"),
            (deep.as_bytes(), "objects and arrays are nested more than 256 deep at byte 256"),
        ] {
            let got = Scanner::new(text).finish();
            assert_eq!(got.map_err(|e| e.to_string()), Err(want.to_string()));
        }
    }
}
