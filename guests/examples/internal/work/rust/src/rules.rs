//! Patterns of the kinds that watch for secrets and attacks: what the ten regular
//! expressions of the guest in Go say, written out by hand, for there is no engine
//! without other crates. So what this costs says how quick such code is, and nothing
//! about regular expressions in Rust. Where `(?i)` takes letters beyond ASCII, as the
//! ſ for an s, these do not.

type Rule = fn(&[u8]) -> bool;

/// In the order of the guest in Go, which has the expressions.
pub const ALL: [Rule; 10] =
    [address, email, access_key, password, uuid, timestamp, request, traversal, web_token, injection];

/// Whether a rule holds from some place on; it is given what is before, and what
/// follows.
fn anywhere(text: &[u8], rule: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    (0..=text.len()).any(|i| rule(&text[..i], &text[i..]))
}

/// What follows the bytes that `is` holds of, if those are as many as that.
fn run(text: &[u8], least: usize, is: impl Fn(u8) -> bool) -> Option<&[u8]> {
    let n = text.iter().take_while(|c| is(**c)).count();
    (n >= least).then(|| &text[n..])
}

/// What follows a text without regard to the case of its letters.
fn any_case<'t>(text: &'t [u8], want: &str) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at(want.len().min(text.len()));
    start.eq_ignore_ascii_case(want.as_bytes()).then_some(rest)
}

/// What follows bytes of a shape: `d` stands for a digit, `x` for a hexadecimal one in
/// lower case, all else for itself.
fn shaped<'t>(text: &'t [u8], shape: &str) -> Option<&'t [u8]> {
    let fits = |(c, s): (&u8, u8)| match s {
        b'd' => c.is_ascii_digit(),
        b'x' => matches!(c, b'0'..=b'9' | b'a'..=b'f'),
        _ => *c == s,
    };
    let rest = text.get(shape.len()..)?;
    text.iter().zip(shape.bytes()).all(fits).then_some(rest)
}

fn word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

fn space(c: u8) -> bool {
    matches!(c, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// \b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b
fn address(text: &[u8]) -> bool {
    fn number(text: &[u8]) -> Option<&[u8]> {
        let rest = run(text, 1, |c| c.is_ascii_digit())?;
        (text.len() - rest.len() <= 3).then_some(rest)
    }
    fn four(mut text: &[u8]) -> Option<&[u8]> {
        for _ in 0..3 {
            text = number(text)?.strip_prefix(b".")?;
        }
        number(text)
    }
    anywhere(text, |before, text| {
        let ends_word = |rest: &[u8]| !matches!(rest.first(), Some(c) if word(*c));
        !matches!(before.last(), Some(c) if word(*c)) && four(text).map_or(false, ends_word)
    })
}

/// [a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}
fn email(text: &[u8]) -> bool {
    let name = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'%' | b'+' | b'-');
    anywhere(text, |before, text| {
        let rest = match (before.last(), text) {
            (Some(c), [b'@', rest @ ..]) if name(*c) => rest,
            _ => return false,
        };
        let n = rest.iter().take_while(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-')).count();
        let ends = |w: &[u8]| w[1] == b'.' && w[2].is_ascii_lowercase() && w[3].is_ascii_lowercase();
        rest[..n].windows(4).any(ends)
    })
}

/// LTAI[A-Za-z0-9]{12,20}
fn access_key(text: &[u8]) -> bool {
    anywhere(text, |_, text| {
        let rest = text.strip_prefix(b"LTAI");
        rest.and_then(|rest| run(rest, 12, |c| c.is_ascii_alphanumeric())).is_some()
    })
}

/// (?i)(password|passwd|secret)["' :=]+[^"' ,}]+
fn password(text: &[u8]) -> bool {
    anywhere(text, |_, text| {
        let rest = ["password", "passwd", "secret"].iter().find_map(|name| any_case(text, name));
        let rest = rest.unwrap_or_default();
        let n = rest.iter().take_while(|c| matches!(c, b'"' | b'\'' | b' ' | b':' | b'=')).count();
        // The value is what follows, or one of what is between.
        n > 0 && rest[1..].iter().take(n).any(|c| !matches!(c, b'"' | b'\'' | b' ' | b',' | b'}'))
    })
}

/// [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
fn uuid(text: &[u8]) -> bool {
    anywhere(text, |_, text| shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").is_some())
}

/// \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z
fn timestamp(text: &[u8]) -> bool {
    anywhere(text, |_, text| match shaped(text, "dddd-dd-ddTdd:dd:dd") {
        Some([b'.', rest @ ..]) => run(rest, 1, |c| c.is_ascii_digit()).map_or(false, |rest| rest.starts_with(b"Z")),
        Some(rest) => rest.starts_with(b"Z"),
        None => false,
    })
}

/// (GET|POST|PUT|DELETE) /[^ "]* HTTP/1\.[01]
fn request(text: &[u8]) -> bool {
    anywhere(text, |_, text| {
        let methods: [&[u8]; 4] = [b"GET /", b"POST /", b"PUT /", b"DELETE /"];
        let path = methods.iter().find_map(|method| text.strip_prefix(*method));
        let rest = path.and_then(|path| run(path, 0, |c| c != b' ' && c != b'"')).unwrap_or_default();
        matches!(rest.strip_prefix(b" HTTP/1."), Some([b'0' | b'1', ..]))
    })
}

/// (\.\./){2,}|%2e%2e%2f
fn traversal(text: &[u8]) -> bool {
    anywhere(text, |_, text| text.starts_with(b"../../") || text.starts_with(b"%2e%2e%2f"))
}

/// eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+
fn web_token(text: &[u8]) -> bool {
    fn part(text: &[u8]) -> Option<&[u8]> {
        run(text, 1, |c| word(c) || c == b'-')
    }
    fn three(text: &[u8]) -> Option<&[u8]> {
        let rest = part(text.strip_prefix(b"eyJ")?)?;
        let rest = part(rest.strip_prefix(b".eyJ")?)?;
        part(rest.strip_prefix(b".")?)
    }
    anywhere(text, |_, text| three(text).is_some())
}

/// (?i)union\s+select|or\s+1\s*=\s*1
fn injection(text: &[u8]) -> bool {
    fn union(text: &[u8]) -> Option<&[u8]> {
        any_case(run(any_case(text, "union")?, 1, space)?, "select")
    }
    fn always(text: &[u8]) -> Option<&[u8]> {
        let rest = run(any_case(text, "or")?, 1, space)?.strip_prefix(b"1")?;
        let rest = run(rest, 0, space)?.strip_prefix(b"=")?;
        run(rest, 0, space)?.strip_prefix(b"1")
    }
    anywhere(text, |_, text| union(text).is_some() || always(text).is_some())
}
