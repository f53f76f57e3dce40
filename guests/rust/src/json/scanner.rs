use std::fmt;

use super::text::{escape, plain_len, utf8, Text};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    rest: &'a [u8],  // what was not read yet
    value: &'a [u8], // at hand, right before rest
    key: &'a [u8],
    key_escaped: bool,  // something in it is
    text_escaped: bool, // something in the value, a string, is
    kind: Kind,
    place: Place,
    at: usize,     // depth of the value
    inside: usize, // depth of the container at hand; 0: the top
    outside: [Outside; MAX_DEPTH],
    error: Option<Error>,
}

/// What stands before the next value: which container has begun, or of which
/// there was a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Object,
    Member,
    Array,
    Element,
    Done,
    Wrong,
}

/// What is around a container: the place that it has, and its key.
#[derive(Clone, Copy)]
struct Outside {
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
            rest: src,
            value: &[],
            key: &src[..0],
            key_escaped: false,
            text_escaped: false,
            kind: Kind::End,
            place: Place::Top,
            at: 0,
            inside: 0,
            outside: [Outside { start: 0, end: 0 }; MAX_DEPTH],
            error: None,
        }
    }

    /// Moves to the next value, or the end of an object or array. There is none
    /// at the end of the text and after the first error.
    #[allow(clippy::should_implement_trait)] // an Iterator has a skip of its own
    #[inline]
    pub fn next(&mut self) -> Option<Kind> {
        if self.place == Place::Member {
            if let Some(text) = Text::read(self.rest) {
                self.key = text.key;
                self.value = text.value;
                self.rest = text.rest;
                self.key_escaped = false;
                self.text_escaped = false;
                self.kind = Kind::String;
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
                self.error = Some(Error { what, at: self.src.len() - self.rest.len() });
                self.place = Place::Wrong;
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
        self.key
    }

    /// Whether the key has escapes in it.
    pub fn key_escaped(&self) -> bool {
        self.key_escaped
    }

    /// Whether the value at hand is a string with escapes in it.
    pub fn text_escaped(&self) -> bool {
        self.kind == Kind::String && self.text_escaped
    }

    /// The text of the value at hand, a string's with its quotes; of an object
    /// or array, only its bracket, unless [`skip`](Self::skip) was called.
    pub fn raw(&self) -> Value<'a> {
        Value(self.value)
    }

    /// Where the value at hand starts in the text, in bytes.
    pub fn offset(&self) -> usize {
        self.src.len() - self.rest.len() - self.value.len()
    }

    /// Passes over the rest of the object or array at hand;
    /// [`raw`](Self::raw) is then all of it. It does nothing on another value.
    pub fn skip(&mut self) {
        if self.kind != Kind::Object && self.kind != Kind::Array {
            return;
        }
        let (kind, start, at) = (self.kind, self.offset(), self.at);
        while let Some(found) = self.next() {
            if found == Kind::End && self.at == at {
                self.kind = kind;
                self.value = &self.src[start..self.src.len() - self.rest.len()];
                return;
            }
        }
    }

    /// Passes over what is left of the text, and says what is wrong with it.
    pub fn finish(&mut self) -> Result<(), Error> {
        while self.next().is_some() {}
        self.error.map_or(Ok(()), Err)
    }

    /// Like [`finish`](Self::finish), and returns all of the text, which is then
    /// known to be a value.
    pub fn whole(&mut self) -> Result<Value<'a>, Error> {
        self.finish().map(|()| Value(self.src))
    }

    fn step(&mut self) -> Result<Option<Kind>, &'static str> {
        let c = self.space();
        match (self.place, c) {
            (Place::Wrong, _) | (Place::Done, None) => Ok(None),
            (Place::Done, Some(_)) => Err(EXTRA),
            (Place::Object | Place::Member, Some(b'}')) | (Place::Array | Place::Element, Some(b']')) => {
                Ok(Some(self.close()))
            }
            (Place::Top, _) => {
                self.place = Place::Done;
                self.value(c)
            }
            (Place::Object, _) => {
                self.place = Place::Member;
                self.member(c)
            }
            (Place::Array, _) => {
                self.place = Place::Element;
                self.value(c)
            }
            (Place::Member, _) => {
                let c = self.comma(c)?;
                self.member(c)
            }
            (Place::Element, _) => {
                let c = self.comma(c)?;
                self.value(c)
            }
        }
    }

    fn fail<T>(&self) -> Result<T, &'static str> {
        Err(if self.rest.is_empty() { ENDS } else { CHARACTER })
    }

    /// Passes over white space; the character after it, if there is one.
    #[inline(always)]
    fn space(&mut self) -> Option<u8> {
        match self.rest.first() {
            Some(c) if *c > b' ' => Some(*c), // mostly there is none
            _ => self.after_space(),
        }
    }

    #[inline(never)]
    fn after_space(&mut self) -> Option<u8> {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// Passes over so many bytes, of which it is known that they are there.
    #[inline(always)]
    fn pass(&mut self, n: usize) {
        self.rest = self.rest.get(n..).unwrap_or_default();
    }

    /// Passes over the comma before all values of a container but the first.
    fn comma(&mut self, c: Option<u8>) -> Result<Option<u8>, &'static str> {
        if c != Some(b',') {
            return self.fail();
        }
        self.pass(1);
        Ok(self.space())
    }

    fn member(&mut self, c: Option<u8>) -> Result<Option<Kind>, &'static str> {
        if c != Some(b'"') {
            return self.fail();
        }
        let (raw, escaped) = self.string()?;
        self.key = raw.get(1..raw.len() - 1).unwrap_or_default();
        self.key_escaped = escaped;
        if self.space() != Some(b':') {
            return self.fail();
        }
        self.pass(1);
        let c = self.space();
        self.value(c)
    }

    fn value(&mut self, c: Option<u8>) -> Result<Option<Kind>, &'static str> {
        self.at = self.inside;
        match c {
            Some(b'"') => {
                let (raw, escaped) = self.string()?;
                self.value = raw;
                self.text_escaped = escaped;
                Ok(Some(Kind::String))
            }
            Some(b'{') => self.open(Kind::Object, Place::Object),
            Some(b'[') => self.open(Kind::Array, Place::Array),
            Some(b't') => self.word(b"true", Kind::Bool),
            Some(b'f') => self.word(b"false", Kind::Bool),
            Some(b'n') => self.word(b"null", Kind::Null),
            _ => self.number(),
        }
    }

    fn open(&mut self, kind: Kind, place: Place) -> Result<Option<Kind>, &'static str> {
        let outside = self.outside.get_mut(self.inside).ok_or(DEEP)?;
        let start = self.key.as_ptr() as usize - self.src.as_ptr() as usize;
        let end = (start + self.key.len()) as u32;
        let object = if self.place == Place::Member { OBJECT } else { 0 };
        let escaped = if self.key_escaped { ESCAPED } else { 0 };
        *outside = Outside { start: start as u32, end: end | object | escaped };
        self.inside += 1;
        self.place = place;
        self.take(1);
        Ok(Some(kind))
    }

    fn close(&mut self) -> Kind {
        self.inside -= 1;
        self.at = self.inside;
        let Outside { start, end } = self.outside[self.inside];
        self.place = match self.inside {
            0 => Place::Done,
            _ if end & OBJECT != 0 => Place::Member,
            _ => Place::Element,
        };
        self.key = self.src.get(start as usize..(end & !(OBJECT | ESCAPED)) as usize).unwrap_or_default();
        self.key_escaped = end & ESCAPED != 0;
        self.take(1);
        Kind::End
    }

    fn word(&mut self, word: &'static [u8], kind: Kind) -> Result<Option<Kind>, &'static str> {
        if !self.rest.starts_with(word) {
            return self.fail();
        }
        self.take(word.len());
        Ok(Some(kind))
    }

    fn number(&mut self) -> Result<Option<Kind>, &'static str> {
        match number_len(self.rest) {
            Ok(len) => self.take(len),
            Err(len) => {
                self.pass(len);
                return self.fail();
            }
        }
        Ok(Some(Kind::Number))
    }

    /// Passes over a value of so many bytes.
    #[inline(always)]
    fn take(&mut self, len: usize) {
        let (value, rest) = self.rest.split_at(len);
        self.value = value;
        self.rest = rest;
    }

    /// Passes over a string, which begins with a quote, and says whether
    /// something in it is escaped.
    #[inline(always)]
    fn string(&mut self) -> Result<(&'a [u8], bool), &'static str> {
        let len = 1 + plain_len(self.rest.get(1..).unwrap_or_default());
        if self.rest.get(len) != Some(&b'"') {
            return self.odd_string(len);
        }
        let (string, rest) = self.rest.split_at(len + 1);
        self.rest = rest;
        Ok((string, false))
    }

    /// Goes on with a string in which the byte at `i` is not plain.
    #[inline(never)]
    fn odd_string(&mut self, mut i: usize) -> Result<(&'a [u8], bool), &'static str> {
        let s = self.rest;
        let mut escaped = false;
        loop {
            let n = match s.get(i) {
                Some(b'"') => {
                    let (string, rest) = s.split_at(i + 1);
                    self.rest = rest;
                    return Ok((string, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    escape(&s[i..])
                }
                Some(0x80..=0xFF) => match utf8(&s[i..]) {
                    0 => {
                        self.pass(i);
                        return Err(UTF8);
                    }
                    n => n,
                },
                _ => 0,
            };
            if n == 0 {
                self.pass(i);
                return self.fail();
            }
            i += n;
            i += plain_len(&s[i..]);
        }
    }
}

/// The length of the number that `s` starts with, or where it is wrong.
fn number_len(s: &[u8]) -> Result<usize, usize> {
    let accept = |i: usize, any: &[u8]| matches!(s.get(i), Some(c) if any.contains(c));
    let digits = |i: usize| {
        let n = s[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        if n > 0 {
            Ok(i + n)
        } else {
            Err(i)
        }
    };
    let mut i = accept(0, b"-") as usize;
    i = if accept(i, b"0") { i + 1 } else { digits(i)? };
    if accept(i, b".") {
        i = digits(i + 1)?;
    }
    if accept(i, b"eE") {
        i = digits(i + 1 + accept(i + 1, b"+-") as usize)?;
    }
    Ok(i)
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
