use super::{secret_name, Rules, HIDDEN};
use crate::json::{append_string, unescape, Entry, Kind, Tape, ESCAPED, KEY_ESCAPED, KEY_MARKED, MARKED, NAMED};

/// What it takes to mask JSON text of one level: within the strings of a text is
/// that of the next.
#[derive(Default)]
pub(super) struct Level {
    pub tape: Tape,
    buffers: Buffers,
}

#[derive(Default)]
pub(super) struct Buffers {
    key: Vec<u8>,   // without its escapes
    text: Vec<u8>,  // of a string without its escapes
    fresh: Vec<u8>, // what it becomes
}

impl Rules {
    /// Masks JSON text; whether there was something to mask, and nothing if the
    /// text is not valid.
    pub(super) fn json(&self, levels: &mut [Level], dst: &mut Vec<u8>, text: &[u8]) -> Option<bool> {
        let (first, below) = levels.split_first_mut()?;
        let Level { tape, buffers } = first;
        let tape = tape.read(text).ok()?;
        Some(self.scanned(buffers, below, dst, text, tape))
    }

    /// Masks the text of a tape.
    pub(super) fn tape(&self, levels: &mut [Level], dst: &mut Vec<u8>, text: &[u8], tape: &[Entry]) -> bool {
        match levels.split_first_mut() {
            Some((first, below)) => self.scanned(&mut first.buffers, below, dst, text, tape),
            None => false,
        }
    }

    fn scanned(
        &self,
        buffers: &mut Buffers,
        below: &mut [Level],
        dst: &mut Vec<u8>,
        src: &[u8],
        tape: &[Entry],
    ) -> bool {
        let telling = if self.options.secret_members { MARKED | NAMED | KEY_MARKED | KEY_ESCAPED } else { MARKED };
        let mut done = 0; // src[..done] stands in dst
        for v in tape {
            if v.flags & telling == 0 && !self.numbers {
                continue; // as most
            }
            match v.kind() {
                Kind::String => {}
                Kind::Number if self.numbers => {}
                _ => continue,
            }
            let (from, to) = (v.at as usize, (v.at + v.len) as usize);
            if v.flags == MARKED && !self.numbers {
                done = self.hide(dst, &src[..to - 1], done, from + 1);
            } else if self.replace(buffers, below, src, v) {
                dst.extend_from_slice(&src[done..from]);
                append_string(dst, &buffers.fresh);
                done = to;
            }
        }
        if done > 0 {
            dst.extend_from_slice(&src[done..]);
        }
        done > 0
    }

    #[inline(never)] // few values come so far
    /// Whether there is something to mask in a value, of which `buffers.fresh` is
    /// then the new text.
    fn replace(&self, buffers: &mut Buffers, below: &mut [Level], src: &[u8], v: &Entry) -> bool {
        let mut secret = false;
        if self.options.secret_members && v.flags & (KEY_MARKED | KEY_ESCAPED) != 0 {
            let mut key = v.key(src);
            if v.flags & KEY_ESCAPED != 0 {
                key = unescape(&mut buffers.key, key);
            }
            secret = secret_name(key);
        }
        if !secret && !self.numbers && v.flags & (MARKED | NAMED) == 0 {
            return false;
        }
        let mut text = v.raw(src);
        if v.kind() == Kind::String {
            text = &text[1..text.len() - 1];
            let may_nest = v.flags & NAMED != 0 && matches!(text.first(), Some(b'{' | b'[' | b'\\' | 0..=b' '));
            if !secret && !self.numbers && v.flags & MARKED == 0 && !may_nest {
                return false;
            }
            if v.flags & ESCAPED != 0 {
                text = unescape(&mut buffers.text, text);
            }
        }
        buffers.fresh.clear();
        self.text(below, &mut buffers.fresh, text, secret)
    }

    /// Masks text, all of it if it is a secret.
    pub(super) fn text(&self, below: &mut [Level], dst: &mut Vec<u8>, text: &[u8], secret: bool) -> bool {
        if text.is_empty() {
            return false;
        }
        if secret {
            dst.extend_from_slice(HIDDEN);
            return text != HIDDEN;
        }
        let looks_like_json = matches!(text.first(), Some(b'{' | b'[' | 0..=b' ')); // most texts do not
        if looks_like_json && matches!(crate::json::Value(text).kind(), Kind::Object | Kind::Array) {
            if let Some(masked) = self.json(below, dst, text) {
                return masked;
            }
        }
        self.append(dst, text)
    }
}
