/// Whether a member of this name holds a secret, by how the name ends, without
/// regard to case, hyphens and underscores: password, passwd, pwd, secret,
/// token, private key, authorization or credentials. The tokens for paging and
/// for idempotence (NextToken, ClientToken) are none.
#[inline]
pub fn secret_name(name: &[u8]) -> bool {
    ends_like_secret(name) && secret_end(name)
}

/// False for most names that are no secrets'.
#[inline(always)]
pub(super) fn ends_like_secret(name: &[u8]) -> bool {
    matches!(*name, [.., a, b] if ENDS[b as usize & 31] >> (a & 31) & 1 != 0)
}

/// For the lower five bits of the last letter of a secret's name, a bit for those
/// of the letter before: as of password, secret, token, key, authorization and
/// credentials.
const ENDS: [u32; 32] = {
    let mut ends = [0; 32];
    let pairs = [b"rd", b"wd", b"et", b"en", b"ey", b"on", b"ls"];
    let mut i = 0;
    while i < pairs.len() {
        ends[pairs[i][1] as usize & 31] |= 1 << (pairs[i][0] & 31);
        i += 1;
    }
    ends
};

#[inline(never)]
fn secret_end(name: &[u8]) -> bool {
    let (name, end) = match *name {
        [ref name @ .., a, b, c] => (name, end_of(&[a, b, c]) | 0x202020), // in lower case
        _ => return false,
    };
    const ORD: u32 = end_of(b"ord");
    const SWD: u32 = end_of(b"swd");
    const PWD: u32 = end_of(b"pwd");
    const RET: u32 = end_of(b"ret");
    const KEN: u32 = end_of(b"ken");
    const KEY: u32 = end_of(b"key");
    const ION: u32 = end_of(b"ion");
    const ALS: u32 = end_of(b"als");
    let before: &[u8] = match end {
        ORD => b"passw",
        SWD => b"pas",
        PWD => return true,
        RET => b"sec",
        KEN => return token(name),
        KEY => b"private",
        ION => b"authorizat",
        ALS => b"credenti",
        _ => return false,
    };
    cut_end(name, before).is_some()
}

/// Three letters as a number, which a match tells apart in few steps.
const fn end_of(s: &[u8; 3]) -> u32 {
    (s[0] as u32) << 16 | (s[1] as u32) << 8 | s[2] as u32
}

/// Whether what stands before `ken` makes it a token that is secret.
fn token(name: &[u8]) -> bool {
    let public: [&[u8]; 3] = [b"next", b"client", b"continuation"];
    match cut_end(name, b"to") {
        Some(rest) => !public.iter().any(|p| cut_end(rest, p).is_some()),
        None => false,
    }
}

/// What is before `end`, in lower case, in a name that ends so, without regard to
/// case, hyphens and underscores.
fn cut_end<'a>(mut name: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    for want in end.iter().rev() {
        loop {
            let (c, rest) = name.split_last()?;
            name = rest;
            if *c | 0x20 == *want {
                break;
            }
            if !matches!(c, b'-' | b'_') {
                return None;
            }
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_secret_names() {
        for name in [
            "Password", "newPassword", "db_password", "AccessKeySecret", "access-key-secret", "SecurityToken",
            "private_key", "Authorization", "aVeryVeryLongNameThatEndsInPassword", "pwd",
        ] {
            assert!(secret_name(name.as_bytes()), "{name}");
        }
        for name in ["NextToken", "clientToken", "passwordPolicy", "secretName", "", "userName", "key", "wd"] {
            assert!(!secret_name(name.as_bytes()), "{name}");
        }
    }
}
