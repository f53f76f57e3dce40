use std::borrow::Cow;

use super::{is, unescape, Kind, Scanner};

/// The text of one valid JSON value, a view into the text that it was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(pub(crate) &'a [u8]);

/// Whether text is one JSON value.
pub fn valid(text: &[u8]) -> bool {
    Scanner::new(text).finish().is_ok()
}

/// The value at a path of member names, such as
/// `get(event, &["userIdentity", "type"])`; nothing if the text is not valid or
/// there is none. Of members with the same name the last counts.
///
/// Each call walks the whole text: for several values, use a [`Scanner`].
pub fn get<'a>(text: &'a [u8], path: &[&str]) -> Option<Value<'a>> {
    if path.is_empty() {
        return Value::parse(text);
    }
    path.iter().try_fold(Value(text), |v, name| member(v.0, name))
}

fn member<'a>(text: &'a [u8], name: &str) -> Option<Value<'a>> {
    let mut scan = Scanner::new(text);
    if scan.next()? != Kind::Object {
        return None;
    }
    let mut found = None;
    while scan.next()? != Kind::End {
        let key = scan.key();
        scan.skip();
        if is(key, name) {
            found = Some(scan.raw());
        }
    }
    scan.finish().ok()?; // white space may follow, and nothing else
    found
}

impl<'a> Value<'a> {
    /// Text that is one JSON value; nothing if it is not.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        valid(text).then_some(Value(text))
    }

    /// The value as it is written.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value's kind.
    pub fn kind(self) -> Kind {
        match self.trimmed().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// What a string says, and any other value as it is written. It is a view
    /// if it can be; otherwise it is written over `buf`.
    pub fn text<'b>(self, buf: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        match self.inside_string() {
            Some(s) => unescape(buf, s),
            None => self.0,
        }
    }

    /// Like [`text`](Self::text), with memory of its own where it cannot be a
    /// view.
    pub fn to_text(self) -> Cow<'a, [u8]> {
        match self.inside_string() {
            Some(s) if s.contains(&b'\\') => {
                let mut text = Vec::new();
                unescape(&mut text, s);
                text.into()
            }
            Some(s) => s.into(),
            None => self.0.into(),
        }
    }

    /// An integer that fits; nothing for any other value.
    pub fn int(self) -> Option<i64> {
        if self.kind() != Kind::Number {
            return None;
        }
        std::str::from_utf8(self.trimmed()).ok()?.parse().ok()
    }

    /// The members of an object, none of any other value. Keys are as they are
    /// written; see [`unescape`].
    pub fn members(self) -> Members<'a> {
        Members(self.inside(Kind::Object))
    }

    /// The elements of an array, none of any other value.
    pub fn elements(self) -> Elements<'a> {
        Elements(self.inside(Kind::Array))
    }

    fn inside_string(self) -> Option<&'a [u8]> {
        match self.trimmed() {
            [b'"', s @ .., b'"'] => Some(s),
            _ => None,
        }
    }

    fn inside(self, kind: Kind) -> Option<Scanner<'a>> {
        let mut scan = Scanner::new(self.0);
        (scan.next() == Some(kind)).then_some(scan)
    }

    /// The value without the white space around it.
    fn trimmed(self) -> &'a [u8] {
        let space = |c: &u8| matches!(c, b' ' | b'\t' | b'\r' | b'\n');
        let start = self.0.iter().position(|c| !space(c)).unwrap_or(0);
        let end = self.0.iter().rposition(|c| !space(c)).map_or(0, |i| i + 1);
        &self.0[start..end]
    }
}

/// See [`Value::members`].
pub struct Members<'a>(Option<Scanner<'a>>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let scan = self.0.as_mut()?;
        if scan.next()? == Kind::End {
            self.0 = None;
            return None;
        }
        let key = scan.key();
        scan.skip();
        Some((key, scan.raw()))
    }
}

/// See [`Value::elements`].
pub struct Elements<'a>(Option<Scanner<'a>>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let scan = self.0.as_mut()?;
        if scan.next()? == Kind::End {
            self.0 = None;
            return None;
        }
        scan.skip();
        Some(scan.raw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gets_by_path() {
        let text =
            br#" {"a":{"b":"\u0041\n","n":-12},"list":[1],"a\"b":true,"twice":{"x":1},"twice":{"y":2},"z":null} "#;
        for (path, want) in [
            ("a.b", r#""\u0041\n""#),
            ("a.n", "-12"),
            ("list", "[1]"),
            ("a\"b", "true"),
            ("twice.y", "2"),
            ("z", "null"),
            ("twice.x", ""),
            ("none", ""),
            ("a.b.c", ""),
            ("list.0", ""),
        ] {
            let path: Vec<&str> = path.split('.').collect();
            let got = get(text, &path).map_or("", |v| std::str::from_utf8(v.bytes()).unwrap());
            assert_eq!(got, want, "{path:?}");
        }
        assert_eq!(get(br#"{"a":1} x"#, &["a"]), None);
        assert_eq!(get(br#"{"a":1"#, &["a"]), None);
        assert_eq!(get(b"5", &[]).map(Value::bytes), Some(&b"5"[..]));
    }

    #[test]
    fn ints_are_those_that_fit() {
        for (text, want) in [
            ("12", Some(12)),
            (" -1 ", Some(-1)),
            ("1.5", None),
            ("\"1\"", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Value::parse(text.as_bytes()).unwrap().int(), want, "{text}");
        }
    }

    #[test]
    fn texts_are_what_strings_say() {
        for (json, want) in [(r#" "a\u0041\"" "#, "aA\""), ("\"b\"", "b"), ("[1]", "[1]")] {
            let mut buf = Vec::new();
            assert_eq!(Value::parse(json.as_bytes()).unwrap().text(&mut buf), want.as_bytes());
            assert_eq!(Value::parse(json.as_bytes()).unwrap().to_text(), want.as_bytes());
        }
    }

    #[test]
    fn lists_members_and_elements() {
        let object = Value::parse(br#"{"a":[1,{"x":2}],"b":"c"}"#).unwrap();
        let mut got = Vec::new();
        for (key, value) in object.members() {
            got.push([key, b"=", value.bytes()].concat());
            got.extend(value.elements().map(|e| e.bytes().to_vec()));
        }
        let want: [&[u8]; 4] = [br#"a=[1,{"x":2}]"#, b"1", br#"{"x":2}"#, br#"b="c""#];
        assert_eq!(got, want);
        assert_eq!(object.elements().count(), 0);
    }
}
