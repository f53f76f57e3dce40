//! Reads a guest's configuration, a JSON object, into variables that hold the
//! defaults:
//!
//! ```
//! use slswasm::settings;
//!
//! let (mut rate, mut networks) = (10, vec!["100.64.0.0/10".to_string()]);
//! settings::read("sampler", br#"{"rate":5}"#, |s| match s.key() {
//!     "rate" => s.int(&mut rate, 1..=1000),
//!     "networks" => s.texts(&mut networks),
//!     _ => s.unknown(),
//! })?;
//! assert_eq!(rate, 5);
//! # Ok::<(), String>(())
//! ```
//!
//! It is strict, so that nobody runs for weeks with a setting misspelt: a key
//! that is not known is an error, as is a value of another type. Errors name the
//! key by its path, as in "mask.emails".
//!
//! Where a configuration comes from is the host's matter.

use std::ops::RangeInclusive;

use crate::json::{unescape, Kind, Value};

/// Nothing, or what is wrong with a setting.
pub type Result = std::result::Result<(), String>;

/// One setting, to be read into a variable.
pub struct Setting<'a> {
    guest: &'a str,
    path: String,
    key: String,
    value: Value<'a>,
}

/// Reads `config`, the bytes of `--guest-config`, setting by setting. Empty text
/// changes nothing. Of keys that are given twice, each is read, in order.
pub fn read(guest: &str, config: &[u8], each: impl FnMut(&Setting) -> Result) -> Result {
    if config.is_empty() {
        return Ok(());
    }
    let value = Value::parse(config).filter(|v| v.kind() == Kind::Object);
    let value = value.ok_or_else(|| format!("the configuration of the {guest} guest is not a JSON object"))?;
    Setting { guest, path: String::new(), key: String::new(), value }.object(each)
}

impl<'a> Setting<'a> {
    /// Its key in the object at hand.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its value, valid JSON.
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    /// The error for a key that the guest does not know.
    pub fn unknown(&self) -> Result {
        Err(format!("{}: the {} guest has no such setting", self.path, self.guest))
    }

    /// The error for a value that is not what it must be, such as "a list of
    /// networks".
    pub fn wrong(&self, want: &str) -> Result {
        Err(format!("{}: must be {want}", self.path))
    }

    /// Reads an object within the object, setting by setting.
    pub fn object(&self, mut each: impl FnMut(&Setting) -> Result) -> Result {
        if self.value.kind() != Kind::Object {
            return self.wrong("an object");
        }
        self.value.members().try_for_each(|(key, value)| {
            let key = String::from_utf8_lossy(unescape(&mut Vec::new(), key)).into_owned();
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            each(&Setting { guest: self.guest, path, key, value })
        })
    }

    /// Reads true or false.
    pub fn bool(&self, to: &mut bool) -> Result {
        if self.value.kind() != Kind::Bool {
            return self.wrong("true or false");
        }
        *to = self.value.bytes() == b"true";
        Ok(())
    }

    /// Reads a whole number in a range, which `T` must be able to hold.
    pub fn int<T: TryFrom<i64>>(&self, to: &mut T, range: RangeInclusive<i64>) -> Result {
        match self.value.int().filter(|n| range.contains(n)).map(T::try_from) {
            Some(Ok(n)) => {
                *to = n;
                Ok(())
            }
            _ => self.wrong(&format!("a whole number from {} to {}", range.start(), range.end())),
        }
    }

    /// Reads a text, which may be empty.
    pub fn text(&self, to: &mut String) -> Result {
        if self.value.kind() != Kind::String {
            return self.wrong("a text");
        }
        *to = text(self.value);
        Ok(())
    }

    /// Reads a list of texts, none of them empty, in place of the default.
    pub fn texts(&self, to: &mut Vec<String>) -> Result {
        if self.value.kind() != Kind::Array {
            return self.wrong("a list of texts");
        }
        let one = |v: Value| Some(text(v)).filter(|s| v.kind() == Kind::String && !s.is_empty());
        match self.value.elements().map(one).collect() {
            Some(texts) => {
                *to = texts;
                Ok(())
            }
            None => self.wrong("a list of texts that are not empty"),
        }
    }
}

fn text(v: Value) -> String {
    String::from_utf8_lossy(v.text(&mut Vec::new())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq)]
    struct All {
        on: bool,
        rate: u8,
        name: String,
        names: Vec<String>,
        inner: String,
        types: BTreeMap<String, String>,
    }

    fn defaults() -> All {
        let types = BTreeMap::from([("a".to_string(), "A".to_string())]);
        let names = vec!["default".to_string()];
        All { on: false, rate: 7, name: String::new(), names, inner: String::new(), types }
    }

    fn parse(config: &str) -> std::result::Result<All, String> {
        let mut c = defaults();
        read("sample", config.as_bytes(), |s| match s.key() {
            "on" => s.bool(&mut c.on),
            "rate" => s.int(&mut c.rate, 1..=100),
            "byte" => s.int(&mut c.rate, 1..=1000),
            "name" => s.text(&mut c.name),
            "names" => s.texts(&mut c.names),
            "in" => s.object(|s| match s.key() {
                "inner" => s.text(&mut c.inner),
                _ => s.unknown(),
            }),
            "types" => s.object(|s| s.text(c.types.entry(s.key().to_string()).or_default())),
            "own" => s.wrong("something else"),
            _ => s.unknown(),
        })?;
        Ok(c)
    }

    #[test]
    fn reads() {
        for config in ["", " {\n} "] {
            assert_eq!(parse(config), Ok(defaults()));
        }
        let config = r#"{"on":true,"rate":100,"name":"x\n","names":["a","\u0062"],"in":{"inner":"y"},"types":{"b":"","a":"AA"},"rate":1}"#;
        let c = parse(config).unwrap();
        let types = BTreeMap::from([("a".to_string(), "AA".to_string()), ("b".to_string(), String::new())]);
        let names = vec!["a".to_string(), "b".to_string()];
        assert_eq!(c, All { on: true, rate: 1, name: "x\n".to_string(), names, inner: "y".to_string(), types });
        assert!(parse(r#"{"names":[]}"#).unwrap().names.is_empty());
    }

    #[test]
    fn errors_name_the_setting() {
        let not_object = "the configuration of the sample guest is not a JSON object";
        let rate = "rate: must be a whole number from 1 to 100";
        let names = "names: must be a list of texts that are not empty";
        for (config, want) in [
            (r#"{"on":yes}"#, not_object),
            ("[]", not_object),
            (" ", not_object),
            ("{} x", not_object),
            (r#"{"off":true}"#, "off: the sample guest has no such setting"),
            (r#"{"On":true}"#, "On: the sample guest has no such setting"),
            (r#"{"in":{"inne\u0052":1}}"#, "in.inneR: the sample guest has no such setting"),
            (r#"{"on":"true"}"#, "on: must be true or false"),
            (r#"{"rate":0}"#, rate),
            (r#"{"rate":101}"#, rate),
            (r#"{"rate":1.5}"#, rate),
            (r#"{"byte":256}"#, "byte: must be a whole number from 1 to 1000"),
            (r#"{"name":5}"#, "name: must be a text"),
            (r#"{"names":"a"}"#, "names: must be a list of texts"),
            (r#"{"names":["a",""]}"#, names),
            (r#"{"names":["a",1]}"#, names),
            (r#"{"in":[]}"#, "in: must be an object"),
            (r#"{"types":{"b":1}}"#, "types.b: must be a text"),
            (r#"{"own":1}"#, "own: must be something else"),
        ] {
            assert_eq!(parse(config), Err(want.to_string()), "{config}");
        }
    }
}
