use super::{append_string, unescape, Error, Kind, Scanner};

/// Copies JSON text with some of its strings replaced. It holds buffers: use
/// one again and again.
#[derive(Default)]
pub struct Rewriter {
    numbers: bool,
    key: Vec<u8>,   // without its escapes
    text: Vec<u8>,  // of a string without its escapes
    fresh: Vec<u8>, // what replace has written
}

impl Rewriter {
    /// Makes one with empty buffers.
    pub const fn new() -> Self {
        Rewriter { numbers: false, key: Vec::new(), text: Vec::new(), fresh: Vec::new() }
    }

    /// Passes numbers to `replace` too; a replaced one becomes a string.
    pub const fn numbers(mut self, yes: bool) -> Self {
        self.numbers = yes;
        self
    }

    /// Passes every string value, not the keys, to `replace`: its member's key
    /// and its text, both without escapes. `replace` appends the new text and
    /// returns true, or returns false to keep the string. An array's strings go
    /// by the array's key.
    ///
    /// If nothing was replaced, it leaves `dst` as it was and returns false;
    /// otherwise it appends the new JSON text. An error says that `src` is not
    /// valid; what stands in `dst` is then of no use.
    pub fn strings(
        &mut self,
        dst: &mut Vec<u8>,
        src: &[u8],
        mut replace: impl FnMut(&mut Vec<u8>, &[u8], &[u8]) -> bool,
    ) -> Result<bool, Error> {
        let mut scan = Scanner::new(src);
        let mut done = 0; // src[..done] stands in dst
        while let Some(kind) = scan.next() {
            let (mut key, raw) = (scan.key(), scan.raw().bytes());
            let mut text = match kind {
                Kind::String => &raw[1..raw.len() - 1],
                Kind::Number if self.numbers => raw,
                _ => continue,
            };
            if scan.key_escaped() {
                key = unescape(&mut self.key, key);
            }
            if scan.text_escaped() {
                text = unescape(&mut self.text, text);
            }
            self.fresh.clear();
            if replace(&mut self.fresh, key, text) {
                dst.extend_from_slice(&src[done..scan.offset()]);
                append_string(dst, &self.fresh);
                done = scan.offset() + raw.len();
            }
        }
        scan.finish()?;
        if done > 0 {
            dst.extend_from_slice(&src[done..]);
        }
        Ok(done > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_strings() {
        let src = br#" {"a" : "x\u0041", "n": 5, "list":["x","keep",{"b":"x\ny"}], "\u0078":"z"} "#;
        let mut dst = b">".to_vec();
        let mut keys = Vec::new();
        let replaced = Rewriter::new().strings(&mut dst, src, |dst, key, text| {
            keys.push(String::from_utf8(key.to_vec()).unwrap());
            dst.extend_from_slice(b"<\"");
            dst.extend_from_slice(text);
            text[0] == b'x'
        });
        assert_eq!(replaced, Ok(true));
        let want = r#"> {"a" : "<\"xA", "n": 5, "list":["<\"x","keep",{"b":"<\"x\ny"}], "\u0078":"z"} "#;
        assert_eq!(String::from_utf8(dst).unwrap(), want);
        assert_eq!(keys.join(" "), "a list list b x");
    }

    #[test]
    fn replaces_numbers_when_asked() {
        let mut dst = Vec::new();
        let mut w = Rewriter::new().numbers(true);
        let replaced = w.strings(&mut dst, br#"{"n":-1.50,"m":[7,true,"s"]}"#, |dst, _, text| {
            dst.extend_from_slice(text);
            text != b"7"
        });
        assert_eq!(replaced, Ok(true));
        assert_eq!(std::str::from_utf8(&dst), Ok(r#"{"n":"-1.50","m":[7,true,"s"]}"#));
    }

    #[test]
    fn keeps_what_is_kept() {
        let mut dst = b">".to_vec();
        assert_eq!(Rewriter::new().strings(&mut dst, br#"{"a":"\u0041","b":""}"#, |_, _, _| false), Ok(false));
        assert_eq!(dst, b">");
        assert!(Rewriter::new().strings(&mut dst, br#"{"a":"b""#, |_, _, _| false).is_err());
    }
}
