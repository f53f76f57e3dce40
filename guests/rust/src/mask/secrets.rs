use super::{number, Options, Rules, HIDDEN};

/// How much of an access key id stays: enough to tell keys apart, and a tail
/// too short to look like the start of another one.
const HEAD: usize = 8;
const TAIL: usize = 2;

/// Prefixes of access key ids, and how many letters and digits follow at least.
const PREFIXES: [(&[u8; 4], usize); 5] = [(b"LTAI", 12), (b"STS.", 12), (b"TMP.", 12), (b"AKIA", 16), (b"ASIA", 16)];

/// The bytes at which a secret may be told.
pub(super) fn starts(options: &Options) -> [bool; 256] {
    let mut start = [false; 256];
    if options.access_keys {
        for (text, _) in PREFIXES {
            start[text[0] as usize] = true;
        }
    }
    if options.emails {
        start[b'@' as usize] = true;
        start[b'%' as usize] = true;
    }
    if options.numbers() {
        start[b'0' as usize..=b'9' as usize].fill(true);
    }
    start
}

/// What to hide of a text, and where to go on: before `end` starts nothing else.
pub(super) struct Found {
    pub from: usize,
    pub to: usize,
    pub end: usize,
}

impl Found {
    pub(super) fn nothing(end: usize) -> Self {
        Found { from: end, to: end, end }
    }
}

impl Rules {
    pub(super) fn append(&self, dst: &mut Vec<u8>, text: &[u8]) -> bool {
        let mut done = 0; // text[..done] stands in dst
        let mut i = self.next(text, 0);
        while i < text.len() {
            let found = self.find(text, done, i);
            if found.from < found.to {
                dst.extend_from_slice(&text[done..found.from]);
                append_hidden(dst, &text[found.from..found.to], text[i]);
                dst.extend_from_slice(&text[found.to..found.end]);
                done = found.end;
            }
            i = self.next(text, found.end.max(i + 1));
        }
        if done > 0 {
            dst.extend_from_slice(&text[done..]);
        }
        done > 0
    }

    /// Looks at the secret that is told by the byte at `i`, if there is one.
    fn find(&self, text: &[u8], done: usize, i: usize) -> Found {
        match text[i] {
            b'@' | b'%' => self.email(text, done, i).map_or(Found::nothing(i), |from| Found { from, to: i, end: i }),
            b'0'..=b'9' => number::find(&self.options, text, i),
            _ => access_key(text, i).map_or(Found::nothing(i), |end| Found { from: i + HEAD, to: end - TAIL, end }),
        }
    }

    /// Where from `i` on a secret may be told, or the length. It takes eight
    /// bytes at a time: under a time limit, each turn of a loop costs as much as
    /// reading dozens of bytes.
    fn next(&self, text: &[u8], mut i: usize) -> usize {
        let t = |c: u8| self.start[c as usize];
        while let Some(b) = text.get(i..i + 8) {
            if t(b[0]) | t(b[1]) | t(b[2]) | t(b[3]) | t(b[4]) | t(b[5]) | t(b[6]) | t(b[7]) {
                break;
            }
            i += 8;
        }
        while i < text.len() && !t(text[i]) {
            i += 1;
        }
        i
    }

    /// Where the name of the address around the @ (or %40) at `i` starts, if it
    /// is one to mask.
    fn email(&self, text: &[u8], done: usize, i: usize) -> Option<usize> {
        let domain = match text[i] {
            b'%' => text[i + 1..].strip_prefix(b"40")?,
            _ => &text[i + 1..],
        };
        let mut from = i;
        while from > done && local(text[from - 1]) {
            from -= 1;
        }
        if i - from == TAIL && text[..from].ends_with(HIDDEN) {
            return None; // the tail of a masked access key id
        }
        let domain = &domain[..domain_len(domain)];
        if from == i || domain.is_empty() || self.kept(domain) {
            return None;
        }
        Some(from)
    }

    fn kept(&self, domain: &[u8]) -> bool {
        self.options.keep_domains.iter().any(|k| {
            let rest = match domain.len().checked_sub(k.len()) {
                Some(rest) => rest,
                None => return false,
            };
            domain[rest..].eq_ignore_ascii_case(k.as_bytes()) && (rest == 0 || domain[rest - 1] == b'.')
        })
    }
}

/// Where the access key id at `i` ends. What comes before does not matter: it
/// may be escaped, as in "%3DLTAI...".
fn access_key(text: &[u8], i: usize) -> Option<usize> {
    let text = &text[i..];
    let (_, more) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(&prefix[..]))?;
    let letters = text[4..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    (letters >= *more).then_some(i + 4 + letters)
}

/// How long the domain name is that `b` starts with: labels with dots between
/// them, the last of two letters or more; 0 if it is none.
fn domain_len(b: &[u8]) -> usize {
    let (mut end, mut label, mut letters, mut dots) = (0, 0, 0, 0);
    for (i, c) in b.iter().enumerate() {
        if c.is_ascii_alphanumeric() || *c == b'-' && label > 0 {
            label += 1;
            letters += c.is_ascii_alphabetic() as usize;
            if dots > 0 && letters >= 2 {
                end = i + 1;
            }
        } else if *c == b'.' && label > 0 {
            dots += 1;
            label = 0;
            letters = 0;
        } else {
            break;
        }
    }
    end
}

/// Appends what stands for a secret that is told by `c`.
fn append_hidden(dst: &mut Vec<u8>, secret: &[u8], c: u8) {
    if c != b'@' && c != b'%' {
        return dst.extend_from_slice(HIDDEN);
    }
    if secret.len() > 2 && secret[0].is_ascii_alphanumeric() {
        dst.push(secret[0]);
    }
    dst.extend_from_slice(b"***");
}

/// Whether a byte may stand in the name of an e-mail address, or in UTF-8.
fn local(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'%' | b'+' | b'-' | 0x80..=0xFF)
}
