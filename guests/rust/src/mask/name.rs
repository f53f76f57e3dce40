/// Whether a member of this name holds a secret, by how the name ends, without
/// regard to case, hyphens and underscores: password, passwd, pwd, secret,
/// token, private key, authorization or credentials. The tokens for paging and
/// for idempotence (NextToken, ClientToken) are none.
pub fn secret_name(name: &[u8]) -> bool {
    if !secret_end(name) {
        return false;
    }
    let mut buf = [0; 24]; // the name's end, without punctuation
    let mut n = buf.len();
    for c in name.iter().rev().filter(|c| !matches!(c, b'-' | b'_')) {
        if n == 0 {
            break;
        }
        n -= 1;
        buf[n] = c.to_ascii_lowercase();
    }
    let ends = |s: &&str| buf[n..].ends_with(s.as_bytes());
    !PUBLIC.iter().any(ends) && SECRET.iter().any(ends)
}

/// Sorts out most names by their last three letters, without a loop.
fn secret_end(name: &[u8]) -> bool {
    if let [.., a, b, c] = *name {
        // password, passwd, pwd, secret, token, private key, authorization, credentials
        return matches!(
            &[a | 0x20, b | 0x20, c | 0x20],
            b"ord" | b"swd" | b"pwd" | b"ret" | b"ken" | b"key" | b"ion" | b"als"
        );
    }
    false
}

const PUBLIC: [&str; 3] = ["nexttoken", "clienttoken", "continuationtoken"];
const SECRET: [&str; 8] =
    ["password", "passwd", "pwd", "secret", "token", "privatekey", "authorization", "credentials"];

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
