use super::{number, Rules, HIDDEN};
use crate::json::word;

/// How much of an access key id stays: enough to tell keys apart, and a tail
/// too short to look like the start of another one.
const HEAD: usize = 8;
const TAIL: usize = 2;

/// The length of the shortest secret: a@b.cc.
const SHORTEST: usize = 6;

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
        let done = self.hide(dst, text, 0, 0);
        if done > 0 {
            dst.extend_from_slice(&text[done..]);
        }
        done > 0
    }

    /// Looks for secrets in text from `start` on. Of text, what is before `done`
    /// stands in `dst`; what is before the end that it returns does afterwards, masked.
    pub(super) fn hide(&self, dst: &mut Vec<u8>, text: &[u8], mut done: usize, start: usize) -> usize {
        let mut seen = start; // a secret that starts before was looked at
        let mut past = start; // the last one
        let mut i = self.next(text, start);
        while i < text.len() {
            let found = self.find(text, past, seen, i);
            if found.from < found.to {
                dst.extend_from_slice(&text[done..found.from]);
                append_hidden(dst, &text[found.from..found.to], text[i]);
                done = found.to;
                past = found.end;
            }
            seen = found.end.max(i + 1);
            i = self.next(text, seen);
        }
        done
    }

    /// Looks at the secret that is told by the byte at `i`, if there is one.
    fn find(&self, text: &[u8], past: usize, seen: usize, i: usize) -> Found {
        let found = match text[i] {
            b'@' | b'%' if self.options.emails => self.email(text, past, i).map(|from| Found { from, to: i, end: i }),
            b'.' | b'I' if self.options.access_keys => access_key(text, seen, i),
            b'0'..=b'9' if self.numbers => return number::find(&self.options, text, i),
            _ => None,
        };
        found.unwrap_or_else(|| Found::nothing(i))
    }

    /// Where from `i` on a secret may be told, or the length.
    #[inline(always)]
    fn next(&self, text: &[u8], i: usize) -> usize {
        if text.len() < SHORTEST {
            return text.len();
        }
        let mut words = text.get(i..).unwrap_or_default().chunks_exact(8);
        let mut at = i;
        for w in &mut words {
            let marks = self.marks(word(w));
            if marks != 0 {
                return at + marks.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        // The last word, less the bytes that were seen.
        let last = match text.len().checked_sub(8) {
            Some(last) => word(&text[last..]) >> (8 * (at - last).min(7)),
            None => text[at..].iter().rev().fold(0, |w, c| w << 8 | *c as u64),
        };
        match self.marks(last) {
            0 => text.len(),
            marks => (at + marks.trailing_zeros() as usize / 8).min(text.len()),
        }
    }

    /// A word whose lowest bit that is set is the top bit of the first byte of
    /// `w` that may tell a secret, or 0: the @ or % of an address, the full stop
    /// or the I that all access key ids have near their start, a digit.
    fn marks(&self, w: u64) -> u64 {
        const ONES: u64 = 0x0101010101010101;
        const TOPS: u64 = 0x80 * ONES;
        let is = |c: u8| (w ^ (c as u64 * ONES)).wrapping_sub(ONES);
        let mut found = is(b'@') | is(b'%') | is(b'.') | is(b'I');
        if self.numbers {
            let low = w & !TOPS;
            found |= (low + (0x80 - b'0' as u64) * ONES) & !(low + (0x7F - b'9' as u64) * ONES);
        }
        found & !w & TOPS
    }

    /// Where the name of the address around the @ (or %40) at `i` starts, if it
    /// is one to mask.
    fn email(&self, text: &[u8], past: usize, i: usize) -> Option<usize> {
        let domain = match text[i] {
            b'%' => text[i + 1..].strip_prefix(b"40")?,
            _ => &text[i + 1..],
        };
        let domain = &domain[..domain_len(domain)];
        if domain.is_empty() || self.kept(domain) {
            return None; // first: who looked back from each of many would see the same bytes again and again
        }
        let mut from = i;
        while from > past && is(text[from - 1], LOCAL) {
            from -= 1;
        }
        if from == i || i - from == TAIL && text[..from].ends_with(HIDDEN) {
            return None; // the latter is the tail of a masked access key id
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

/// What to hide of the access key id, that starts at `seen` or later, that the
/// byte at `i` tells: the first full stop or I in one. What comes before does not
/// matter: it may be escaped, as in "%3DLTAI...".
fn access_key(text: &[u8], seen: usize, i: usize) -> Option<Found> {
    let prefix = |before: usize| {
        let from = i.checked_sub(before).filter(|from| *from >= seen)?;
        text.get(from..from + 4).map(|prefix| (from, prefix))
    };
    let (from, more) = match (prefix(3), prefix(2)) {
        (Some((from, b"LTAI" | b"STS." | b"TMP.")), _) => (from, 12),
        (_, Some((from, b"AKIA" | b"ASIA"))) => (from, 16),
        _ => return None,
    };
    let letters = text[from + 4..].iter().take_while(|c| is(**c, LETTER | DIGIT)).count();
    let end = from + 4 + letters;
    (letters >= more).then_some(Found { from: from + HEAD, to: end - TAIL, end })
}

/// How long the domain name is that `b` starts with: labels with dots between
/// them, the last of two letters or more; 0 if it is none.
fn domain_len(b: &[u8]) -> usize {
    let (mut end, mut label, mut letters, mut dots) = (0, 0, 0, 0);
    for (i, c) in b.iter().enumerate() {
        if is(*c, LETTER | DIGIT) || *c == b'-' && label > 0 {
            label += 1;
            letters += is(*c, LETTER) as usize;
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

/// What a byte is.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const LOCAL: u8 = 4; // it may stand in the name of an e-mail address, or in UTF-8

const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut c = 0;
    while c < 256 {
        bytes[c] = match c as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER | LOCAL,
            b'0'..=b'9' => DIGIT | LOCAL,
            b'.' | b'_' | b'%' | b'+' | b'-' | 0x80..=0xFF => LOCAL,
            _ => 0,
        };
        c += 1;
    }
    bytes
};

/// Whether a byte is any of these.
fn is(c: u8, any: u8) -> bool {
    BYTES[c as usize] & any != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{secret_name, Masker, Options};

    /// `append` as it is said: each byte is looked at, in order.
    fn slowly(m: &Masker, text: &[u8]) -> Vec<u8> {
        let rules = &m.rules;
        let (mut out, mut done, mut i) = (Vec::new(), 0, 0);
        while i < text.len() {
            let found = match text[i] {
                b'@' | b'%' | b'0'..=b'9' => rules.find(text, done, i, i),
                _ if rules.options.access_keys => key(&text[i..]).map_or(Found::nothing(i), |n| Found {
                    from: i + HEAD,
                    to: i + n - TAIL,
                    end: i + n,
                }),
                _ => Found::nothing(i),
            };
            if found.from < found.to {
                out.extend_from_slice(&text[done..found.from]);
                append_hidden(&mut out, &text[found.from..found.to], text[i]);
                out.extend_from_slice(&text[found.to..found.end]);
                done = found.end;
            }
            i = found.end.max(i + 1);
        }
        out.extend_from_slice(&text[done..]);
        out
    }

    fn key(text: &[u8]) -> Option<usize> {
        let prefixes: [(&[u8], usize); 5] = [(b"LTAI", 12), (b"STS.", 12), (b"TMP.", 12), (b"AKIA", 16), (b"ASIA", 16)];
        let (_, more) = prefixes.iter().find(|(p, _)| text.starts_with(p))?;
        let n = text[4..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        (n >= *more).then_some(4 + n)
    }

    /// `secret_name` as it is said.
    fn secret_slowly(name: &str) -> bool {
        let letters: String = name.chars().filter(|c| !"-_".contains(*c)).collect::<String>().to_ascii_lowercase();
        let ends = |list: &[&str]| list.iter().any(|end| letters.ends_with(end));
        let secret = ["password", "passwd", "pwd", "secret", "token", "privatekey", "authorization", "credentials"];
        let whole = name.len() >= 3 && !name.as_bytes()[name.len() - 3..].iter().any(|c| b"-_".contains(c));
        whole && ends(&secret) && !ends(&["nexttoken", "clienttoken", "continuationtoken"])
    }

    /// What looks like many addresses, in one word, is looked at once. If it were for each of
    /// them, this would not end.
    #[test]
    fn many_marks_are_looked_at_once() {
        let keep_domains = vec!["onaliyun.com".to_string()];
        let m = Masker::new(Options { access_keys: true, emails: true, keep_domains, ..Options::default() });
        for piece in ["%40", "%40onaliyun.com", "@", "a%", "x.%4"] {
            assert!(!m.append(&mut Vec::new(), piece.repeat(1 << 20).as_bytes()), "{piece}");
        }
    }

    /// Texts made of pieces that mean something, by a generator that always
    /// makes the same ones.
    #[test]
    fn words_find_what_bytes_find() {
        let pieces = [
            "LTAI", "STS.", "TMP.", "AKIA", "ASIA", "I", ".", "@", "%", "%40", "example.com", "5tExampleKey0000", "0",
            "13812345678", "4111 1111 1111 1111", " ", "+", "é", "****", "A", "next", "token", "-", "_", "pass",
            "Word", "secret", "private", "KEY", "client", "pwd",
        ];
        let on = Options {
            access_keys: true,
            emails: true,
            phones: true,
            cards: true,
            identities: true,
            ..Options::default()
        };
        let maskers = [
            Masker::new(on.clone()),
            Masker::new(Options { phones: false, cards: false, identities: false, ..on.clone() }),
            Masker::new(Options { access_keys: false, ..on.clone() }),
            Masker::new(Options { emails: false, ..on }),
            Masker::new(Options::default()),
        ];
        let mut random = 1u64;
        for _ in 0..40_000 {
            let mut text = String::new();
            for _ in 0..6 {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(random >> 33) as usize % pieces.len()]);
            }
            for m in &maskers {
                let mut got = Vec::new();
                if !m.append(&mut got, text.as_bytes()) {
                    got.extend_from_slice(text.as_bytes());
                }
                assert_eq!(got, slowly(m, text.as_bytes()), "{text}");
            }
            assert_eq!(secret_name(text.as_bytes()), secret_slowly(&text), "{text}");
        }
    }
}
