//! Numbers of people: of their phones, identity cards and payment cards.

use super::secrets::Found;
use super::{Options, HIDDEN};

const MAX_DIGITS: usize = 19; // in a card's number; in a phone's there are 15 (E.164)

/// Digits that may be one number: groups of digits, with one space or hyphen
/// between them.
struct Run {
    plus: bool, // stands before it
    digits: [u8; MAX_DIGITS],
    groups: [Group; MAX_DIGITS],
    count: usize, // of groups
}

/// A group ends a number, if it is one.
#[derive(Clone, Copy, Default)]
struct Group {
    size: usize,  // digits in it
    total: usize, // digits up to its end
    end: usize,   // in the text
    word: bool,   // it ends a word
}

/// What to hide of the number that starts with the digit at `i`.
pub(super) fn find(options: &Options, text: &[u8], i: usize) -> Found {
    if let Some(next) = escape_end(text, i) {
        return Found::nothing(next);
    }
    let first = i + count_digits(&text[i..]);
    if !starts_word(text, i) || first - i > MAX_DIGITS {
        return Found::nothing(if first - i == 17 { first + check_x(text, first) } else { first });
    }
    let run = Run::read(text, i);
    let groups = &run.groups[..run.count];
    for n in (1..=run.count).rev() {
        let end = groups[n - 1].end;
        if !groups[n - 1].word {
            continue;
        }
        if let Some((head, tail)) = run.keeps(options, &groups[..n]) {
            return Found { from: head_end(text, i, head), to: tail_start(text, end, tail), end };
        }
    }
    Found::nothing(groups[0].end)
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

/// 1 if an identity number's check digit of 10 stands at `i`.
fn check_x(text: &[u8], i: usize) -> usize {
    matches!(text.get(i), Some(b'x' | b'X')) as usize
}

/// Where the escape (%32) ends that the digit at `i` belongs to.
fn escape_end(text: &[u8], i: usize) -> Option<usize> {
    if i >= 1 && text[i - 1] == b'%' {
        return Some((i + 2).min(text.len()));
    }
    (i >= 2 && text[i - 2] == b'%' && text[i - 1].is_ascii_hexdigit()).then_some(i + 1)
}

/// Whether the digit at `i` may be the first of a number: not within a word, not
/// behind a decimal point, and not what is left of a number that is masked. An
/// escape (%3D, \n) belongs to no word.
fn starts_word(text: &[u8], i: usize) -> bool {
    if i == 0 || i >= 3 && text[i - 3] == b'%' || i >= 2 && text[i - 2] == b'\\' {
        return true;
    }
    if text[i - 1] == b'.' {
        return i < 2 || !text[i - 2].is_ascii_digit();
    }
    !is_word(text[i - 1]) && !text[..i].ends_with(HIDDEN)
}

/// The same for the last digit of a number, before `i`.
fn ends_word(text: &[u8], i: usize) -> bool {
    match text[i..] {
        [] => true,
        [b'.', c, ..] => !c.is_ascii_digit(),
        [c, ..] => !is_word(c) && !text[i..].starts_with(HIDDEN),
    }
}

impl Run {
    /// Reads the groups from the digit at `i` on, as many as can be one number;
    /// the first has no more digits than that.
    fn read(text: &[u8], mut i: usize) -> Self {
        let plus = i >= 1 && text[i - 1] == b'+' && (i < 2 || !is_word(text[i - 2]))
            || i >= 3 && matches!(&text[i - 3..i], b"%2b" | b"%2B");
        let mut run = Run { plus, digits: [0; MAX_DIGITS], groups: [Group::default(); MAX_DIGITS], count: 0 };
        let mut total = 0;
        loop {
            let mut size = count_digits(&text[i..]);
            if total + size > MAX_DIGITS {
                return run;
            }
            run.digits[total..total + size].copy_from_slice(&text[i..i + size]);
            i += size;
            if size == 17 && run.count == 0 && check_x(text, i) == 1 {
                run.digits[size] = b'X';
                size += 1;
                i += 1;
            }
            total += size;
            run.groups[run.count] = Group { size, total, end: i, word: ends_word(text, i) };
            run.count += 1;
            if !matches!(text[i..], [b' ' | b'-', b'0'..=b'9', ..]) {
                return run;
            }
            i += 1;
        }
    }

    /// How many digits at the number's start and at its end stay; nothing if
    /// these groups are no number to hide.
    fn keeps(&self, options: &Options, groups: &[Group]) -> Option<(usize, usize)> {
        let digits = &self.digits[..groups[groups.len() - 1].total];
        if options.identities && groups.len() == 1 && identity(digits) {
            return Some((3, 2));
        }
        if options.phones && phone(self.plus, digits, groups) {
            return Some((3, 2));
        }
        (options.cards && card(digits, groups)).then_some((6, 4))
    }
}

/// A mobile number of mainland China in one piece, with or without its 86, or as
/// 138 1234 5678; or any number after a plus, of 8 to 15 digits.
fn phone(plus: bool, digits: &[u8], groups: &[Group]) -> bool {
    if plus && (8..=15).contains(&digits.len()) && digits[0] != b'0' {
        return true;
    }
    let national = match digits.strip_prefix(b"86") {
        Some(rest) if rest.len() == 11 && groups.len() == 1 => rest,
        _ => digits,
    };
    if national.len() != 11 || national[0] != b'1' || national[1] < b'3' {
        return false;
    }
    groups.len() == 1 || groups.len() == 3 && groups[0].size == 3 && groups[1].size == 4
}

/// 13 to 19 digits with a right check digit (Luhn, ISO/IEC 7812-1), that start as
/// those of the card brands do (3 to 6, or 2221 to 2720), in one piece, in fours,
/// or as 4-6-5.
fn card(digits: &[u8], groups: &[Group]) -> bool {
    let n = digits.len();
    if n < 13 || !brand(digits) || !card_groups(groups) {
        return false;
    }
    let sum: usize = digits.iter().enumerate().map(|(i, c)| luhn(*c, (n - i) % 2 == 0)).sum();
    sum % 10 == 0
}

/// What a digit adds to the sum.
fn luhn(c: u8, double: bool) -> usize {
    match ((c - b'0') as usize, double) {
        (d, false) => d,
        (d, true) if d > 4 => 2 * d - 9,
        (d, true) => 2 * d,
    }
}

fn brand(digits: &[u8]) -> bool {
    matches!(digits[0], b'3'..=b'6')
        || digits.len() == 16 && (b"2221"..=b"2720").contains(&&[digits[0], digits[1], digits[2], digits[3]])
}

fn card_groups(groups: &[Group]) -> bool {
    if let [a, b, c] = groups {
        if (a.size, b.size, c.size) == (4, 6, 5) {
            return true;
        }
    }
    groups.windows(2).all(|g| g[0].size == 4 && g[1].size <= 4)
}

/// A number of China's identity cards (GB 11643): six digits for the place,
/// eight for the day of birth, three more, and a check digit of ISO 7064.
fn identity(d: &[u8]) -> bool {
    if d.len() != 18 {
        return false;
    }
    let two = |i: usize| (d[i] - b'0') * 10 + (d[i + 1] - b'0');
    if !matches!((two(6), two(10), two(12)), (19 | 20, 1..=12, 1..=31)) {
        return false;
    }
    let sum = d[..17].iter().fold(0, |sum, c| (sum + (c - b'0') as usize) * 2 % 11);
    d[17] == b"10X98765432"[sum]
}

/// Where n digits from `i` on end.
fn head_end(text: &[u8], mut i: usize, mut n: usize) -> usize {
    loop {
        n -= text[i].is_ascii_digit() as usize;
        i += 1;
        if n == 0 {
            return i;
        }
    }
}

/// Where the last n digits before `end` start.
fn tail_start(text: &[u8], end: usize, mut n: usize) -> usize {
    let mut i = end;
    while n > 0 {
        i -= 1;
        n -= (text[i].is_ascii_digit() || text[i] | 0x20 == b'x') as usize;
    }
    i
}

#[cfg(test)]
mod tests {
    use crate::mask::{Masker, Options};

    fn everything() -> Masker {
        Masker::new(Options {
            access_keys: true,
            emails: true,
            secret_members: true,
            phones: true,
            identities: true,
            cards: true,
            keep_domains: Vec::new(),
        })
    }

    fn masked(m: &Masker, text: &str) -> String {
        let mut got = Vec::new();
        if m.append(&mut got, text.as_bytes()) {
            assert_ne!(got, text.as_bytes());
            return String::from_utf8(got).unwrap();
        }
        assert!(got.is_empty());
        text.to_string()
    }

    #[test]
    fn masks_numbers() {
        let m = everything();
        for (text, want) in [
            // phones
            ("13812345678", "138****78"),
            ("手机13812345678。", "手机138****78。"),
            ("call 13812345678.", "call 138****78."),
            ("8613812345678", "861****78"),
            ("86-13812345678", "86-138****78"),
            ("+8613812345678", "+861****78"),
            ("+86 138 1234 5678", "+86 1****78"),
            ("138 1234 5678", "138****78"),
            ("138-1234-5678,139-1234-5679", "138****78,139****79"),
            ("13812345678 13912345678", "138****78 139****78"),
            ("42 13812345678", "42 138****78"),
            ("+1 555 123 4567", "+1 55****67"),
            ("%2B15551234567", "%2B155****67"),
            ("+1234567", "+1234567"),
            ("+0800 2025", "+0800 2025"),
            ("x+442071234567", "x+442071234567"),
            ("12812345678", "12812345678"),
            ("1381234 5678", "1381234 5678"),
            ("1763712000 1", "1763712000 1"),
            ("phone%3D13812345678%26x", "phone%3D138****78%26x"),
            ("%2013812345678", "%20138****78"),
            ("%e813812345678", "%e8138****78"),
            ("5% 13812345678", "5% 138****78"),
            (r"\n13812345678\n", r"\n138****78\n"),
            ("a13812345678", "a13812345678"),
            ("_13812345678", "_13812345678"),
            ("13812345678_", "13812345678_"),
            ("0.13812345678", "0.13812345678"),
            ("13812345678.5", "13812345678.5"),
            ("v1.2 13812345678", "v1.2 138****78"),
            ("138****78", "138****78"),
            ("**13812345678**", "**138****78**"),
            ("%1", "%1"),
            ("13812345678@example.com", "138****78@example.com"),
            ("tel:13812345678@x", "tel:138****78@x"),
            ("00000000000000000000000000 1", "00000000000000000000000000 1"),
            // identity cards
            ("110101199003070396", "110****96"),
            ("11010119900307039X", "11010119900307039X"), // wrong check digit
            ("11010119900307002X", "110****2X"),
            ("11010119900307002x", "110****2x"),
            ("11010119901307002X", "11010119901307002X"), // no such month
            ("110101199003070020", "110101199003070020"),
            ("271234567890123456", "271234567890123456"),
            ("11010119900307002Xy", "11010119900307002Xy"),
            ("110101-199003070396", "110101-199003070396"),
            ("4111111111111111", "411111****1111"),
            ("card 4111 1111 1111 1111 12/26", "card 4111 11****1111 12/26"),
            ("4111-1111-1111-1111", "4111-11****1111"),
            ("3782 822463 10005", "3782 82****0005"),
            ("4222222222222", "422222****2222"),
            ("422222222222", "422222222222"),
            ("378282246310005", "378282****0005"),
            ("6200000000000000000", "620000****0000"),
            ("2223003122003222", "222300****3222"),
            ("4111111111111112", "4111111111111112"),
            ("1098765432101234", "1098765432101234"),
            ("41 1111111111 1111", "41 1111111111 1111"),
            ("4111 1111 1111 1111 4111 1111 1111 1111", "4111 11****1111 4111 11****1111"),
        ] {
            assert_eq!(masked(&m, text), want, "{text}");
        }
    }

    #[test]
    fn masks_by_option() {
        let text = "13812345678 110101199003070396 4111111111111111";
        let none = Options::default();
        for (options, want) in [
            (Options { phones: true, ..none.clone() }, "138****78 110101199003070396 4111111111111111"),
            (Options { identities: true, ..none.clone() }, "13812345678 110****96 4111111111111111"),
            (Options { cards: true, ..none.clone() }, "13812345678 110101199003070396 411111****1111"),
            (none, text),
        ] {
            assert_eq!(masked(&Masker::new(options), text), want);
        }
    }

    #[test]
    fn masks_values() {
        let mut m = everything();
        for (key, value, want) in [
            ("text", "call 13812345678", "call 138****78"),
            ("password", "made-up", "****"),
            ("password", "****", ""),
            ("password", "", ""),
            (
                "json",
                r#"{"n":13812345678,"m":-1.5,"s":"13812345678","token":7}"#,
                r#"{"n":"138****78","m":-1.5,"s":"138****78","token":"****"}"#,
            ),
            ("json", r#"["{\"n\":[13812345678]}"]"#, r#"["{\"n\":[\"138****78\"]}"]"#),
            ("json", r#"{"n":13812345678"#, r#"{"n":138****78"#),
            ("json", "\n{\"n\":13812345678}", "\n{\"n\":\"138****78\"}"),
            ("json", r#"{"n":1}"#, ""),
        ] {
            let mut got = Vec::new();
            assert_eq!(m.value(&mut got, key.as_bytes(), value.as_bytes()), !want.is_empty());
            assert_eq!(std::str::from_utf8(&got), Ok(want), "{key}={value}");
        }
    }
}
