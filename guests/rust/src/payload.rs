//! Builds the bodies that a SIEM expects in place of a log's fields: CEF for
//! ArcSight and many others, LEEF for QRadar, and key="value" pairs for Splunk.
//! Give the result to [`Event::body`](crate::Event::body).
//!
//! ```
//! use slswasm::payload::{Cef, Device};
//!
//! let device = Device { vendor: "Alibaba Cloud", product: "ActionTrail", version: "1" };
//! let mut cef = Cef::new(); // keeps its buffer: make it once
//! cef.begin(&device, "ConsoleSignin", "Console sign-in", 8).add("src", "203.0.113.7");
//! assert_eq!(cef.bytes(), b"CEF:0|Alibaba Cloud|ActionTrail|1|ConsoleSignin|Console sign-in|8|src=203.0.113.7");
//! ```
//!
//! The framing of syslog messages, and characters that no receiver takes, are
//! the sink's matter.

/// What CEF and LEEF want to know of the sender.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Device<'a> {
    pub vendor: &'a str,
    pub product: &'a str,
    pub version: &'a str,
}

/// Builds a message of ArcSight's Common Event Format, version 0.
#[derive(Default)]
pub struct Cef {
    buf: Vec<u8>,
    more: bool,
}

impl Cef {
    /// Makes one with an empty buffer.
    pub const fn new() -> Self {
        Cef { buf: Vec::new(), more: false }
    }

    /// Starts a message: the event's class, its name for people, and how bad it
    /// is, 0 to 10; severities beyond are taken for 10.
    pub fn begin(&mut self, device: &Device, id: impl AsRef<[u8]>, name: impl AsRef<[u8]>, severity: u8) -> &mut Self {
        self.buf.clear();
        self.more = false;
        self.buf.extend_from_slice(b"CEF:0|");
        for s in
            [device.vendor.as_bytes(), device.product.as_bytes(), device.version.as_bytes(), id.as_ref(), name.as_ref()]
        {
            escape(&mut self.buf, s, |c| match c {
                b'\\' => Some(b"\\\\"),
                b'|' => Some(b"\\|"),
                b'\n' | b'\r' => Some(b" "),
                _ => None,
            });
            self.buf.push(b'|');
        }
        self.buf.extend_from_slice(severity.min(10).to_string().as_bytes());
        self.buf.push(b'|');
        self
    }

    /// Appends an extension. In the key, what is not a letter, a digit, a dot or
    /// an underscore becomes an underscore.
    pub fn add(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        if self.more {
            self.buf.push(b' ');
        }
        self.more = true;
        append_name(&mut self.buf, key.as_ref());
        self.buf.push(b'=');
        escape(&mut self.buf, value.as_ref(), |c| match c {
            b'\\' => Some(b"\\\\"),
            b'=' => Some(b"\\="),
            b'\n' => Some(b"\\n"),
            b'\r' => Some(b"\\r"),
            _ => None,
        });
        self
    }

    /// The message so far.
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }
}

/// Builds a message of QRadar's Log Event Extended Format, version 1.0, with
/// tabs between the attributes. LEEF knows no escapes: what would end a value
/// becomes a space.
#[derive(Default)]
pub struct Leef {
    buf: Vec<u8>,
    more: bool,
}

impl Leef {
    /// Makes one with an empty buffer.
    pub const fn new() -> Self {
        Leef { buf: Vec::new(), more: false }
    }

    /// Starts a message.
    pub fn begin(&mut self, device: &Device, event_id: impl AsRef<[u8]>) -> &mut Self {
        self.buf.clear();
        self.more = false;
        self.buf.extend_from_slice(b"LEEF:1.0|");
        for s in [device.vendor.as_bytes(), device.product.as_bytes(), device.version.as_bytes(), event_id.as_ref()] {
            escape(&mut self.buf, s, |c| matches!(c, b'|' | b'\n' | b'\r' | b'\t').then_some(b" "));
            self.buf.push(b'|');
        }
        self
    }

    /// Appends an attribute. In the key, what is not a letter, a digit, a dot or
    /// an underscore becomes an underscore.
    pub fn add(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        if self.more {
            self.buf.push(b'\t');
        }
        self.more = true;
        append_name(&mut self.buf, key.as_ref());
        self.buf.push(b'=');
        escape(&mut self.buf, value.as_ref(), |c| matches!(c, b'\n' | b'\r' | b'\t').then_some(b" "));
        self
    }

    /// The message so far.
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }
}

/// Builds key="value" pairs with spaces between them, which Splunk takes apart
/// when it searches. Quotes, backslashes and line breaks in values are escaped.
#[derive(Default)]
pub struct KeyValue {
    buf: Vec<u8>,
}

impl KeyValue {
    /// Makes one with an empty buffer.
    pub const fn new() -> Self {
        KeyValue { buf: Vec::new() }
    }

    /// Starts a message.
    pub fn begin(&mut self) -> &mut Self {
        self.buf.clear();
        self
    }

    /// Appends a pair. In the key, what is not a letter, a digit, a dot or an
    /// underscore becomes an underscore.
    pub fn add(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        if !self.buf.is_empty() {
            self.buf.push(b' ');
        }
        append_name(&mut self.buf, key.as_ref());
        self.buf.extend_from_slice(b"=\"");
        escape(&mut self.buf, value.as_ref(), |c| match c {
            b'\\' => Some(b"\\\\"),
            b'"' => Some(b"\\\""),
            b'\n' => Some(b"\\n"),
            b'\r' => Some(b"\\r"),
            _ => None,
        });
        self.buf.push(b'"');
        self
    }

    /// The message so far.
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }
}

/// Appends s with some of its bytes replaced.
#[inline]
fn escape(dst: &mut Vec<u8>, s: &[u8], replace: impl Fn(u8) -> Option<&'static [u8]>) {
    dst.reserve(s.len());
    let mut done = 0; // s[..done] stands in dst
    for (i, c) in s.iter().enumerate() {
        if let Some(fresh) = replace(*c) {
            dst.extend_from_slice(&s[done..i]);
            dst.extend_from_slice(fresh);
            done = i + 1;
        }
    }
    dst.extend_from_slice(&s[done..]);
}

fn append_name(dst: &mut Vec<u8>, key: &[u8]) {
    dst.extend(key.iter().map(|c| match c {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' => *c,
        _ => b'_',
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Device = Device { vendor: "Alibaba|Cloud\\", product: "Action\nTrail", version: "1" };

    #[test]
    fn cef() {
        let mut c = Cef::new();
        for _ in 0..2 {
            // the buffer is used again
            c.begin(&DEVICE, "id", "a name", 12)
                .add("src", "203.0.113.7")
                .add("msg x=", b"a=b\\c|d\r\nend|")
                .add("last", "");
            let want =
                r"CEF:0|Alibaba\|Cloud\\|Action Trail|1|id|a name|10|src=203.0.113.7 msg_x_=a\=b\\c|d\r\nend| last=";
            assert_eq!(std::str::from_utf8(c.bytes()), Ok(want));
        }
    }

    #[test]
    fn leef() {
        let mut l = Leef::new();
        for _ in 0..2 {
            l.begin(&DEVICE, "ConsoleSignin").add("src", "203.0.113.7").add("a\tkey", "a=b\tc\r\nd|");
            let want = "LEEF:1.0|Alibaba Cloud\\|Action Trail|1|ConsoleSignin|src=203.0.113.7\ta_key=a=b c  d|";
            assert_eq!(std::str::from_utf8(l.bytes()), Ok(want));
        }
    }

    #[test]
    fn key_value() {
        let mut k = KeyValue::new();
        for _ in 0..2 {
            k.begin().add("user", "al\"ice\\").add("a b", "two\nlines\r");
            assert_eq!(std::str::from_utf8(k.bytes()), Ok(r#"user="al\"ice\\" a_b="two\nlines\r""#));
        }
    }
}
