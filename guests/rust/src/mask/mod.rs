//! Hides secrets and what is personal in text and in JSON: access key ids, e-mail
//! addresses, the numbers of phones, identity cards and payment cards, and the
//! values of members named like a password or a token.
//!
//! Masking what is masked already changes nothing, so a log may pass twice. It
//! is meant for logs that are kept by others, and no proof that nothing is left:
//! what looks like no secret is not found.

mod json;
mod name;
mod number;
mod secrets;

pub use name::secret_name;

use self::json::Level;
use crate::json::{Error, Picked, Scanner};

/// How many levels of JSON text within strings of JSON text are looked into:
/// requestParameterJson of ActionTrail is one.
const DEPTH: usize = 3;

/// What stands for what was hidden.
const HIDDEN: &[u8] = b"****";

/// What to hide.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Hides access key ids of Alibaba Cloud (LTAI...), of its temporary
    /// credentials (STS., TMP.) and of AWS (AKIA, ASIA): the first eight and the
    /// last two characters stay.
    pub access_keys: bool,
    /// Hides the name in e-mail addresses: the first letter of a name of three
    /// or more stays, and the domain.
    pub emails: bool,
    /// Domains, with all below them, whose addresses stay: those that are
    /// account names rather than mailboxes.
    pub keep_domains: Vec<String>,
    /// Hides JSON members whose names end like a password, a secret or a token
    /// does; see [`secret_name`].
    pub secret_members: bool,
    /// Hides mobile numbers of mainland China (13812345678, with 86 before it or
    /// without, 138 1234 5678) and any number of 8 to 15 digits after a plus: the
    /// first three and the last two digits stay.
    pub phones: bool,
    /// Hides numbers of China's identity cards, 18 digits of which the last may
    /// be X, with a possible day of birth and a right check digit: the first three
    /// and the last two stay.
    pub identities: bool,
    /// Hides numbers of payment cards, 13 to 19 digits with a right check digit:
    /// the first six and the last four stay.
    pub cards: bool,
}

impl Options {
    /// Whether to look at numbers at all.
    fn numbers(&self) -> bool {
        self.phones || self.identities || self.cards
    }
}

/// Masks; it holds buffers, so use one again and again.
pub struct Masker {
    rules: Rules,
    levels: [Level; DEPTH],
}

struct Rules {
    options: Options,
    numbers: bool, // some are to be hidden
}

impl Masker {
    /// Makes one.
    pub fn new(options: Options) -> Self {
        let numbers = options.numbers();
        Masker { rules: Rules { options, numbers }, levels: Default::default() }
    }

    /// Appends text with its secrets masked. If there are none, it leaves `dst`
    /// as it was and returns false.
    pub fn append(&self, dst: &mut Vec<u8>, text: &[u8]) -> bool {
        self.rules.append(dst, text)
    }

    /// Masks the value of a field, as JSON if it is an object or an array,
    /// otherwise as text, and all of it if the field is named like a secret and
    /// `secret_members` is set. It returns what [`append`](Self::append) returns.
    pub fn value(&mut self, dst: &mut Vec<u8>, key: &[u8], value: &[u8]) -> bool {
        let secret = self.rules.options.secret_members && secret_name(key);
        let before = dst.len();
        let masked = self.rules.text(&mut self.levels, dst, value, secret);
        if !masked {
            dst.truncate(before);
        }
        masked
    }

    /// Masks every string value in JSON text, with JSON text that is itself in a
    /// string, and if numbers of phones or the like are hidden, every number: one
    /// with something to hide becomes a string. If there is nothing to mask, it leaves `dst` as it was and returns
    /// false; otherwise it appends the masked text. An error says that `text` is
    /// not valid JSON.
    pub fn json(&mut self, dst: &mut Vec<u8>, text: &[u8]) -> Result<bool, Error> {
        match self.rules.json(&mut self.levels, dst, text) {
            Some(masked) => Ok(masked),
            None => Err(Scanner::new(text).finish().err().unwrap_or_default()),
        }
    }

    /// Like [`json`](Self::json) for what a [`Picker`](crate::json::Picker) has read: it
    /// is not read again.
    pub fn picked(&mut self, dst: &mut Vec<u8>, picked: Picked) -> bool {
        self.rules.tape(&mut self.levels, dst, picked.text, picked.tape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Kind, Rewriter, Value};

    fn all() -> Masker {
        Masker::new(Options {
            access_keys: true,
            emails: true,
            secret_members: true,
            keep_domains: vec!["onaliyun.com".to_string()],
            ..Options::default()
        })
    }

    #[test]
    fn masks_text() {
        for (text, want) in [
            ("", ""),
            ("nothing here", "nothing here"),
            ("LTAI5tExampleKey000000001", "LTAI5tEx****01"),
            ("id=LTAI5tExampleKey000000001,", "id=LTAI5tEx****01,"),
            ("%3DLTAI5tExampleKey000000001%26", "%3DLTAI5tEx****01%26"),
            ("LTAIshort", "LTAIshort"),
            ("LTAI", "LTAI"),
            ("STS.NTExampleExampleExample", "STS.NTEx****le"),
            ("TMP.3KdExampleExampleExample", "TMP.3KdE****le"),
            ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSF****LE"),
            ("LTAI5tExampleKey0001 LTAI5tOther00002", "LTAI5tEx****01 LTAI5tOt****02"),
            ("alice@example.com", "a***@example.com"),
            ("to: alice.b+x@mail.example.com.", "to: a***@mail.example.com."),
            ("al@example.com", "***@example.com"),
            ("@example.com", "@example.com"),
            ("alice@localhost", "alice@localhost"),
            ("alice@example.c", "alice@example.c"),
            ("a@b@example.com", "a@***@example.com"),
            ("alice%40example.com", "a***%40example.com"),
            ("100%41example.com", "100%41example.com"),
            ("联系alice@example.com", "***@example.com"),
            ("alice@corp.onaliyun.com", "alice@corp.onaliyun.com"),
            ("alice@ONALIYUN.com", "alice@ONALIYUN.com"),
            ("alice@notonaliyun.com", "a***@notonaliyun.com"),
            ("alice@example.com,bob@example.org", "a***@example.com,b***@example.org"),
            ("LTAI5tExampleKey000001@example.com", "LTAI5tEx****01@example.com"),
        ] {
            let mut got = b">".to_vec();
            let masked = all().append(&mut got, text.as_bytes());
            if !masked {
                got.extend_from_slice(text.as_bytes());
            }
            assert_eq!(String::from_utf8(got).unwrap(), format!(">{want}"));
            assert_eq!(masked, text != want, "{text}");
        }
    }

    #[test]
    fn masks_json() {
        let src = br#"{"accessKeyId":"LTAI5tExampleKey000000001","n":1,"tokens":["x"],"token":["x","****"],"to":"bob@example.com","requestParameterJson":"{\"Password\":\"p\\\"w\",\"Users\":[\"\\nLTAI5tExampleKey000000001\"]}","broken":"{\"a\":LTAI5tExampleKey000000001","p\u0061ssword":"x","empty":""}"#;
        let want = r#"{"accessKeyId":"LTAI5tEx****01","n":1,"tokens":["x"],"token":["****","****"],"to":"b***@example.com","requestParameterJson":"{\"Password\":\"****\",\"Users\":[\"\\nLTAI5tEx****01\"]}","broken":"{\"a\":LTAI5tEx****01","p\u0061ssword":"****","empty":""}"#;
        let mut m = all();
        let mut got = Vec::new();
        assert_eq!(m.json(&mut got, src), Ok(true));
        assert_eq!(std::str::from_utf8(&got), Ok(want));
        let mut again = Vec::new();
        assert_eq!(m.json(&mut again, &got), Ok(false));
        assert!(again.is_empty());
        assert!(m.json(&mut again, br#"{"a":"#).is_err());
    }

    /// Masks JSON text by looking at each string, without its escapes.
    fn slowly(m: &Masker, below: usize, dst: &mut Vec<u8>, src: &[u8]) -> Result<bool, Error> {
        let mut rewriter = Rewriter::new().numbers(m.rules.numbers);
        rewriter.strings(dst, src, |dst, key, text| {
            if text.is_empty() {
                return false;
            }
            if m.rules.options.secret_members && secret_name(key) {
                dst.extend_from_slice(HIDDEN);
                return text != HIDDEN;
            }
            if below > 0 && matches!(Value(text).kind(), Kind::Object | Kind::Array) {
                let mut masked = Vec::new();
                if let Ok(changed) = slowly(m, below - 1, &mut masked, text) {
                    dst.extend_from_slice(&masked);
                    return changed;
                }
            }
            m.append(dst, text)
        })
    }

    /// What is found by what is known of each string is what is found in it, in
    /// texts made of pieces that mean something.
    #[test]
    fn masks_json_as_slowly() {
        let pieces = [
            "LTAI5tExampleKey000000001", "STS.NTExampleExample", "AKIAIOSFODNN7EXAMPLE", "x@example.com",
            "%40example.com", "****", "%", ".", "SI", "é", " ", ":", "\\\"", "\\\\", "\\n", "[1]", "{", "a",
            "password", "S\\u0065cret", "next", "-token", "private_", "Key", r#"{\"pwd\":\"b@example.com\"}"#,
        ];
        let spaces = ["", "", "", "", " ", "\n\t"];
        let mut random = 1u64;
        let mut pick = move |n: usize| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) as usize % n
        };
        fn value(pick: &mut impl FnMut(usize) -> usize, depth: usize, out: &mut String, all: (&[&str], &[&str])) {
            let text = |pick: &mut dyn FnMut(usize) -> usize, out: &mut String| {
                out.push('"');
                (0..pick(4)).for_each(|_| out.push_str(all.0[pick(all.0.len())]));
                out.push('"');
                out.push_str(all.1[pick(all.1.len())]);
            };
            let kind = pick(8);
            match kind {
                0 => return out.push_str("-1.5e3"),
                1..=5 => return text(pick, out),
                _ if depth == 4 => return text(pick, out),
                _ => {}
            }
            out.push(if kind == 6 { '[' } else { '{' });
            for i in 0..pick(4) {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(all.1[pick(all.1.len())]);
                if kind == 7 {
                    text(pick, out);
                    out.push(':');
                    out.push_str(all.1[pick(all.1.len())]);
                }
                value(pick, depth + 1, out, all);
            }
            out.push_str(all.1[pick(all.1.len())]);
            out.push(if kind == 6 { ']' } else { '}' });
        }
        let mut maskers = [
            self::all(),
            Masker::new(Options { access_keys: true, ..Options::default() }),
            Masker::new(Options { secret_members: true, ..Options::default() }),
        ];
        let mut changed = 0;
        for _ in 0..50_000 {
            let mut src = String::new();
            value(&mut pick, 0, &mut src, (&pieces, &spaces));
            for m in &mut maskers {
                let (mut want, mut got) = (b">".to_vec(), b">".to_vec());
                let masked = slowly(m, DEPTH - 1, &mut want, src.as_bytes()).unwrap();
                let same = m.json(&mut got, src.as_bytes()).unwrap();
                let shown = (String::from_utf8_lossy(&got), String::from_utf8_lossy(&want));
                assert_eq!((same, &shown.0), (masked, &shown.1), "{src}");
                changed += masked as u32;
            }
        }
        assert!(changed > 10_000, "only {changed} texts had something to mask");
    }
}
