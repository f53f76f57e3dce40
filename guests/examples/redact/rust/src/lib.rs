//! A guest of slswasm that hides what is personal or secret in any field of any
//! log, the twin of the one in Go beside it: e-mail addresses, phone numbers,
//! numbers of identity and payment cards, access key ids, passwords. The README
//! one folder up says what counts.

use slswasm::mask::{Masker, Options};
use slswasm::{settings, Guest, Log, Setup};

struct Redact {
    masker: Masker,
    keep: Vec<String>, // fields that stay as they are
    buffer: Vec<u8>,
}

slswasm::export!(Redact);

impl Guest for Redact {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("redact", "1.0.0");
        setup.all_fields();
        let mut hide = Options {
            access_keys: true,
            emails: true,
            phones: true,
            identities: true,
            cards: true,
            secret_members: true,
            keep_domains: Vec::new(),
        };
        let mut keep = Vec::new();
        settings::read("redact", setup.config(), |s| match s.key() {
            "access_keys" => s.bool(&mut hide.access_keys),
            "emails" => s.bool(&mut hide.emails),
            "phones" => s.bool(&mut hide.phones),
            "id_cards" => s.bool(&mut hide.identities),
            "cards" => s.bool(&mut hide.cards),
            "secrets" => s.bool(&mut hide.secret_members),
            "keep_domains" => s.texts(&mut hide.keep_domains),
            "keep_fields" => s.texts(&mut keep),
            _ => s.unknown(),
        })?;
        keep.extend(["__time__".to_string(), "__time_ns_part__".to_string()]);
        Ok(Redact { masker: Masker::new(hide), keep, buffer: Vec::new() })
    }

    fn handle(&mut self, mut log: Log) {
        for (key, value) in log.fields() {
            if self.keep.iter().any(|k| k.as_bytes() == key) {
                continue;
            }
            self.buffer.clear();
            if self.masker.value(&mut self.buffer, key, value) {
                log.set(key, &self.buffer);
            }
        }
    }
}

#[cfg(test)]
#[test]
fn cases() {
    slswasm::testing::run_cases::<Redact>("../cases", "redact");
}
