use super::{secret_name, Rules, HIDDEN};
use crate::json::{append_string, plain_len, unescape, word, Rewriter};

/// Buffers for what is known to be valid JSON.
#[derive(Default)]
pub(super) struct Known {
    text: Vec<u8>,  // of a string without its escapes
    fresh: Vec<u8>, // what it becomes
}

/// Valid JSON text, masked by looking for the few bytes that can matter: those
/// that may tell a secret, the colons after names, and backslashes, since a
/// string with one may mean something else than it says. What is around such a
/// byte is looked at then.
struct Text<'a> {
    src: &'a [u8],
    dst: &'a mut Vec<u8>,
    done: usize, // src[..done] stands in dst
    buffers: &'a mut Known,
}

impl Rules {
    /// Masks text of more than eight bytes. Nothing is said if it could not: an
    /// array has the name of a secret.
    pub(super) fn known(
        &self,
        buffers: &mut Known,
        below: &mut [Rewriter],
        dst: &mut Vec<u8>,
        src: &[u8],
    ) -> Option<bool> {
        let before = dst.len();
        let mut text = Text { src, dst, done: 0, buffers };
        let mut i = next_stop(src, 1);
        while i < src.len() {
            let on = if src[i] != b':' {
                text.string(self, below, string_start(src, i))
            } else if self.options.secret_members && names_secret(src, i) {
                text.secret(i + 1)
            } else {
                Some(i + 1)
            };
            match on {
                Some(on) => i = next_stop(src, on),
                None => {
                    dst.truncate(before);
                    return None;
                }
            }
        }
        let done = text.done;
        if done > 0 {
            dst.extend_from_slice(&src[done..]);
        }
        Some(done > 0)
    }
}

impl Text<'_> {
    /// Masks the value of a secret, which starts behind `i`; where to go on, or
    /// nothing if it may be many.
    fn secret(&mut self, i: usize) -> Option<usize> {
        let i = after_space(self.src, i);
        match self.src[i] {
            b'[' => None,
            b'"' => {
                let (end, escaped) = string_end(self.src, i + 1);
                let raw = &self.src[i + 1..end];
                let text = if escaped { unescape(&mut self.buffers.text, raw) } else { raw };
                if !text.is_empty() && text != HIDDEN {
                    self.dst.extend_from_slice(&self.src[self.done..i]);
                    append_string(self.dst, HIDDEN);
                    self.done = end + 1;
                }
                Some(end + 1)
            }
            _ => Some(i),
        }
    }

    /// Masks the string of which the text starts at `i`; where it ends. One that
    /// is a name can be that of a secret, if it is escaped.
    fn string(&mut self, rules: &Rules, below: &mut [Rewriter], i: usize) -> Option<usize> {
        let (end, escaped) = string_end(self.src, i);
        let raw = &self.src[i..end];
        let text = if escaped { unescape(&mut self.buffers.text, raw) } else { raw };
        let colon = after_space(self.src, end + 1);
        if self.src.get(colon) == Some(&b':') {
            if escaped && rules.options.secret_members && secret_name(text) {
                return self.secret(colon + 1);
            }
            return Some(colon);
        }
        self.buffers.fresh.clear();
        if rules.text(below, &mut self.buffers.fresh, text) {
            self.dst.extend_from_slice(&self.src[self.done..i - 1]);
            append_string(self.dst, &self.buffers.fresh);
            self.done = end + 1;
        }
        Some(end + 1)
    }
}

/// Where from `i` on, which is not the start, a byte stands that can matter, or
/// the length.
fn next_stop(src: &[u8], i: usize) -> usize {
    let mut before = src.get(i - 1).map_or(0, |c| *c as u64); // a byte
    let mut at = i;
    for w in src.get(i..).unwrap_or_default().chunks_exact(8) {
        let w = word(w);
        let found = stops(w << 8 | before, w);
        before = w >> 56;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    if at >= src.len() {
        return src.len();
    }
    // The last eight bytes, less those that were seen.
    let last = src.len() - 8;
    let seen = 8 * (at - last);
    match stops(word(&src[last - 1..last + 7]) >> seen, word(&src[last..]) >> seen) {
        0 => src.len(),
        found => at + found.trailing_zeros() as usize / 8,
    }
}

/// A word whose lowest bit that is set is the top bit of the first byte of `w`
/// that can matter, or 0: an @ or %, a backslash, a full stop after P to S, an I
/// after every other capital letter (STS., TMP., LTAI, AKIA, ASIA), and a colon
/// after a quote, white space and a few more. `before` is what stands one byte
/// before `w`.
fn stops(before: u64, w: u64) -> u64 {
    const ONES: u64 = 0x0101010101010101;
    const TOPS: u64 = 0x80 * ONES;
    let all = |c: u8| c as u64 * ONES;
    let none = |w: u64| w.wrapping_sub(ONES);
    let found = none(w ^ all(b'@'))
        | none(w ^ all(b'%'))
        | none(w ^ all(b'\\'))
        | none(w ^ all(b'.') | (before & all(0xFC)) ^ all(b'P'))
        | none(w ^ all(b'I') | (before & all(0x61)) ^ all(b'A'))
        | none(w ^ all(b':') | before & all(0xD0));
    found & !w & TOPS
}

/// Whether the colon at `i` follows a name of a secret in quotes, and maybe white
/// space. If the quote begins a string, that is no matter: no name ends before
/// it.
fn names_secret(src: &[u8], i: usize) -> bool {
    match &src[..i] {
        [name @ .., b'"'] => secret_name(name),
        text => secret_before_space(text),
    }
}

#[inline(never)] // seldom needed
fn secret_before_space(text: &[u8]) -> bool {
    let space = text.iter().rev().take_while(|c| **c <= b' ').count();
    match &text[..text.len() - space] {
        [name @ .., b'"'] => secret_name(name),
        _ => false,
    }
}

fn after_space(src: &[u8], mut i: usize) -> usize {
    while i < src.len() && src[i] <= b' ' {
        i += 1;
    }
    i
}

/// Where the string around `i` starts. There is no escape before `i`.
fn string_start(src: &[u8], i: usize) -> usize {
    src[..i].iter().rposition(|c| *c == b'"').map_or(0, |quote| quote + 1)
}

/// Where from `i` on the string ends, and whether something in it is escaped.
fn string_end(src: &[u8], mut i: usize) -> (usize, bool) {
    let mut escaped = false;
    loop {
        i += plain_len(&src[i..]);
        match src.get(i) {
            Some(b'\\') => {
                escaped = true;
                i += 2;
            }
            Some(0x80..=0xFF) => i += 1,
            _ => return (i, escaped),
        }
    }
}
