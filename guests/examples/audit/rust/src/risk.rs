use slswasm::Severity;

use crate::config::Config;
use crate::trail::Trail;

/// How risky an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    pub const ALL: [Level; 3] = [Level::Low, Level::Medium, Level::High];

    pub fn name(self) -> &'static str {
        ["low", "medium", "high"][self as usize]
    }

    pub fn severity(self) -> Severity {
        [Severity::Informational, Severity::Warning, Severity::Critical][self as usize]
    }
}

impl Config {
    /// Whether an event may be dropped: a read by its name, that went well, of
    /// somebody who is known not to be the root account. Whatever is unclear is
    /// kept.
    pub fn noise(&self, t: &Trail) -> bool {
        self.drop_reads
            && self.read_name(t.name)
            && t.rw != b"Write"
            && !t.failed()
            && !t.sign_in()
            && !t.identity.is_empty()
            && !t.root()
            && !self.keep.contains(t.name)
            && !self.risky.contains(t.name)
    }

    /// Whether an event's name is one of a read: a prefix, and then another word.
    fn read_name(&self, name: &[u8]) -> bool {
        let word = |rest: &[u8]| rest.first().map_or(false, u8::is_ascii_uppercase);
        self.read_prefixes.iter().any(|p| name.strip_prefix(p.as_bytes()).map_or(false, word))
    }

    /// How risky an event is, from 0 up. What makes it so adds up.
    pub fn score(&self, t: &Trail) -> u32 {
        let parts = [
            (t.write(), 15),
            (self.risky.contains(t.name), 40),
            (t.failed(), 30),
            (t.root(), 30),
            (t.sign_in() && t.no_mfa, 20),
        ];
        parts.iter().fold(5, |score, (applies, more)| if *applies { score + more } else { score })
    }

    pub fn level(&self, score: u32) -> Level {
        if score >= self.high_at {
            Level::High
        } else if score >= self.medium_at {
            Level::Medium
        } else {
            Level::Low
        }
    }
}
