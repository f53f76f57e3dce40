//! What is between the quotes of a JSON string.

/// Whether a byte stands in a string for itself and is a character.
pub(super) const fn plain(c: u8) -> bool {
    c >= b' ' && c < 0x80 && c != b'"' && c != b'\\'
}

const ONES: u64 = 0x0101010101010101;
const TOPS: u64 = 0x80 * ONES;

/// A word whose lowest bit that is set is the top bit of the first byte of `w`
/// that is not plain, or 0. With one bit turned, a quote follows the control
/// characters, so one comparison tells both. A byte minus what it may not be, or
/// may not be below, goes below zero; what that borrows from the bytes above
/// does not matter, nor do bytes over 0x80, which are not plain anyway.
fn special(w: u64) -> u64 {
    const QUOTE: u64 = b' ' as u64;
    const TURN: u64 = b'"' as u64 ^ QUOTE;
    let low = (w ^ (TURN * ONES)).wrapping_sub((QUOTE + 1) * ONES);
    let escape = (w ^ (b'\\' as u64 * ONES)).wrapping_sub(ONES);
    (low | escape | w) & TOPS
}

/// The index of the first byte that is not plain, or the length. It goes by
/// words, up to the last few bytes.
#[inline(always)]
pub(crate) fn plain_len(s: &[u8]) -> usize {
    let mut words = s.chunks_exact(8);
    let mut at = 0;
    for w in &mut words {
        let m = special(word(w));
        if m != 0 {
            return at + m.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + last_plain(words.remainder())
}

#[inline(never)] // most texts end in a word
fn last_plain(s: &[u8]) -> usize {
    s.iter().take_while(|c| plain(**c)).count()
}

/// Eight bytes as a number, the first lowest.
#[inline(always)]
pub(crate) fn word(b: &[u8]) -> u64 {
    b.try_into().map_or(0, u64::from_le_bytes)
}

/// The indexes of all bytes of `s` that `marks` marks with their top bits.
#[inline(always)]
fn marked<'a>(s: &'a [u8], marks: impl Fn(u64) -> u64 + 'a) -> impl Iterator<Item = usize> + 'a {
    let (mut at, mut found) = (0, 0); // marks before `at` that were not passed on
    std::iter::from_fn(move || {
        while found == 0 {
            let w = match s.get(at..at + 8) {
                Some(w) => word(w),
                None if at >= s.len() => return None,
                None => s[at..].iter().rev().fold(ONES * b'a' as u64, |w, c| w << 8 | *c as u64),
            };
            found = marks(w) & TOPS;
            at += 8;
        }
        let i = at - 8 + found.trailing_zeros() as usize / 8;
        found &= found - 1;
        Some(i)
    })
}

/// Marks the bytes of a word, if they are below 0x80, that are `c`, and those only.
#[inline(always)]
fn same(w: u64, c: u8) -> u64 {
    let w = w ^ (c as u64 * ONES);
    !(((w & !TOPS) + !TOPS) | w)
}

/// Marks the control characters of a word in the same way.
#[inline(always)]
fn control(w: u64) -> u64 {
    !(((w & !TOPS) + (0x80 - b' ' as u64) * ONES) | w)
}

/// A member that is what most are: a string, not the first member, without
/// spaces and escapes, as in `,"key":"text"`.
pub(super) struct Text<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8], // with its quotes
    pub rest: &'a [u8],
}

impl<'a> Text<'a> {
    /// Reads one at the start of `s`.
    #[inline(always)]
    pub(super) fn read(s: &'a [u8]) -> Option<Self> {
        let s = match s {
            [b',', b'"', s @ ..] => s,
            _ => return None,
        };
        let (key, s) = s.split_at(plain_len(s));
        let (s, text) = match s {
            [b'"', b':', s @ ..] => match s {
                [b'"', text @ ..] => (s, text),
                _ => return None,
            },
            _ => return None,
        };
        let len = plain_len(text);
        if text.get(len) != Some(&b'"') {
            return None;
        }
        let (value, rest) = s.split_at(len + 2);
        Some(Text { key, value, rest })
    }
}

/// The length of the escape that `b` starts with, 0 if it is none.
pub(super) fn escape(b: &[u8]) -> usize {
    match b.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
        Some(b'u') if hex4(&b[2..]).is_some() => 6,
        _ => 0,
    }
}

/// The length of the character that `b` starts with, 0 if it is not UTF-8.
pub(super) fn utf8(b: &[u8]) -> usize {
    let follows = |i: usize, least: u8, most: u8| matches!(b.get(i), Some(c) if (least..=most).contains(c));
    let more = |i| follows(i, 0x80, 0xBF);
    match b.first() {
        Some(0..=0x7F) => 1,
        Some(0xC2..=0xDF) if more(1) => 2,
        Some(c @ 0xE0..=0xEF) => {
            let least = if *c == 0xE0 { 0xA0 } else { 0x80 };
            let most = if *c == 0xED { 0x9F } else { 0xBF };
            if follows(1, least, most) && more(2) {
                3
            } else {
                0
            }
        }
        Some(c @ 0xF0..=0xF4) => {
            let least = if *c == 0xF0 { 0x90 } else { 0x80 };
            let most = if *c == 0xF4 { 0x8F } else { 0xBF };
            if follows(1, least, most) && more(2) && more(3) {
                4
            } else {
                0
            }
        }
        _ => 0,
    }
}

/// Reads four hexadecimal digits.
fn hex4(b: &[u8]) -> Option<u32> {
    b.get(..4)?.iter().try_fold(0, |n, c| Some((n << 4) | (*c as char).to_digit(16)?))
}

fn escaped(s: &[u8]) -> bool {
    s.contains(&b'\\')
}

/// Whether `s`, the inside of a JSON string as it is written, means `text`.
pub fn is(s: &[u8], text: &str) -> bool {
    if !escaped(s) {
        return s == text.as_bytes();
    }
    unescape(&mut Vec::new(), s) == text.as_bytes()
}

/// What the inside of a valid JSON string means: `s` itself if nothing in it
/// is escaped, otherwise text written over `buf`. Half a surrogate pair means
/// U+FFFD.
pub fn unescape<'a>(buf: &'a mut Vec<u8>, s: &'a [u8]) -> &'a [u8] {
    if !escaped(s) {
        return s;
    }
    buf.clear();
    let mut done = 0; // what s[..done] means stands in buf
    let mut next = 0; // where the next escape may start
    for i in marked(s, |w| same(w, b'\\')) {
        if i < next {
            continue; // it is what is escaped
        }
        buf.extend_from_slice(&s[done..i]);
        next = i + 2;
        done = next;
        match s.get(i + 1) {
            Some(b'b') => buf.push(8),
            Some(b'f') => buf.push(12),
            Some(b'n') => buf.push(b'\n'),
            Some(b'r') => buf.push(b'\r'),
            Some(b't') => buf.push(b'\t'),
            Some(b'u') => {
                let (c, n) = unicode(&s[i..]);
                buf.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                next = i + n;
                done = next;
            }
            _ => done = i + 1, // it stands for itself
        }
    }
    buf.extend_from_slice(s.get(done..).unwrap_or_default());
    buf
}

/// Reads a `\u`, with the other half of a surrogate pair, and says how much it
/// read.
fn unicode(s: &[u8]) -> (char, usize) {
    let high = hex4(&s[2..]).unwrap_or(0xFFFD);
    if let Some(c) = char::from_u32(high) {
        return (c, 6);
    }
    if let (0xD800..=0xDBFF, Some(b"\\u")) = (high, s.get(6..8)) {
        if let Some(low @ 0xDC00..=0xDFFF) = hex4(&s[8..]) {
            let c = char::from_u32(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00));
            return (c.unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

/// Appends text as a JSON string, with its quotes. Bytes that are not UTF-8
/// become U+FFFD.
#[inline]
pub fn append_string(dst: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    append(dst, text.as_ref());
}

#[inline(never)]
fn append(dst: &mut Vec<u8>, text: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    dst.push(b'"');
    let mut done = 0; // text[..done] stands in dst
    let mut next = 0; // what is before was looked at
    for i in marked(text, |w| control(w) | same(w, b'"') | same(w, b'\\') | w) {
        let c = text[i];
        if i < next {
            continue;
        }
        if c >= 0x80 {
            let n = utf8(&text[i..]);
            if n > 0 {
                next = i + n;
                continue;
            }
        }
        dst.extend_from_slice(&text[done..i]);
        done = i + 1;
        match c {
            b'"' | b'\\' => {
                dst.push(b'\\');
                done = i;
            }
            b'\n' => dst.extend_from_slice(b"\\n"),
            0x80..=0xFF => dst.extend_from_slice("\u{FFFD}".as_bytes()),
            _ => dst.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[c as usize >> 4], HEX[c as usize & 15]]),
        }
    }
    dst.extend_from_slice(&text[done..]);
    dst.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(s: &str) -> String {
        String::from_utf8(unescape(&mut Vec::new(), s.as_bytes()).to_vec()).unwrap()
    }

    /// Every byte at every place of texts up to three words long.
    #[test]
    fn plain_is_told_by_words_as_by_bytes() {
        for len in 0..26 {
            for at in 0..=len {
                for c in 0..=255 {
                    let mut text = vec![b'x'; len];
                    if let Some(b) = text.get_mut(at) {
                        *b = c;
                    }
                    for i in 0..=len {
                        let want = (i..len).find(|k| !plain(text[*k])).unwrap_or(len);
                        assert_eq!(i + plain_len(&text[i..]), want, "{text:?} from {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn reads_plain_members_only() {
        for (text, want) in [
            (r#","key":"text","#, Some(("key", "\"text\"", ","))),
            (r#","":"""#, Some(("", "\"\"", ""))),
            (r#","key":"textextextext""#, Some(("key", "\"textextextext\"", ""))),
            (r#", "key":"text","#, None),
            (r#","key" :"text","#, None),
            (r#","key": "text","#, None),
            (r#","key":1234567,"#, None),
            (r#","k\y":"text","#, None),
            (r#","key":"t\xt","#, None),
            (r#","key":"textextextext"#, None),
            (r#","key":""#, None),
            (r#","key":"#, None),
            (r#","key""#, None),
            (r#","key"#, None),
            (",", None),
        ] {
            let got = Text::read(text.as_bytes()).map(|t| (t.key, t.value, t.rest));
            let want = want.map(|(k, v, r)| (k.as_bytes(), v.as_bytes(), r.as_bytes()));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn unescapes() {
        assert_eq!(meaning("plain é"), "plain é");
        assert_eq!(meaning(r#"\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00x"#), "\"\\/\u{8}\u{c}\n\r\téé😀x");
        assert_eq!(meaning(r"\ud800x\udc00\ud800\u0041\ud800\ud800"), "\u{fffd}x\u{fffd}\u{fffd}A\u{fffd}\u{fffd}");
    }

    #[test]
    fn compares_meaning() {
        for (s, want) in [("key", true), (r"k\u0065y", true), (r"k\\u0065y", false), ("kez", false)] {
            assert_eq!(is(s.as_bytes(), "key"), want, "{s}");
        }
        assert!(!is(br"a\nb", r"a\nb"), "the written form was taken for the meaning");
    }

    #[test]
    fn appends_what_means_the_same() {
        let mut dst = b">".to_vec();
        append_string(
            &mut dst,
            b"a\"b\\\n\x00\x1f\x7f\xffx\xc3\xe9\xed\xa0\x80\xc3\xa9 a longer text \xf0\x9f\x98\x80",
        );
        let fffd = "\u{fffd}";
        let want =
            format!(r#">"a\"b\\\n\u0000\u001f{}{fffd}x{fffd}{fffd}{fffd}{fffd}{fffd}é a longer text 😀""#, '\x7f');
        assert_eq!(String::from_utf8(dst).unwrap(), want);
    }

    #[test]
    fn every_character_goes_there_and_back() {
        let all: String = (0..=0x10FFFF).filter_map(char::from_u32).collect();
        let mut json = Vec::new();
        append_string(&mut json, &all);
        assert!(crate::json::valid(&json));
        assert_eq!(unescape(&mut Vec::new(), &json[1..json.len() - 1]), all.as_bytes());
    }

    #[test]
    fn utf8_is_std_s() {
        let mut b = [0u8; 4];
        for first in 0x80..=0xFFu8 {
            for second in 0..=0xFFu8 {
                for third in [0x00, 0x7F, 0x80, 0xBF, 0xC0] {
                    b.copy_from_slice(&[first, second, third, 0x80]);
                    let want = match std::str::from_utf8(&b) {
                        Ok(s) => s.chars().next().map_or(0, char::len_utf8),
                        Err(e) if e.valid_up_to() > 0 => {
                            let s = std::str::from_utf8(&b[..e.valid_up_to()]).unwrap();
                            s.chars().next().map_or(0, char::len_utf8)
                        }
                        Err(_) => 0,
                    };
                    assert_eq!(utf8(&b), want, "{b:x?}");
                }
            }
        }
    }
}
