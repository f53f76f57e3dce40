//! A guest of slswasm for the audit logs of Alibaba Cloud, the twin of the one
//! in Go beside it: it drops the reads of ActionTrail that went well, masks
//! secrets in what is left, and says how risky each event is. The README one
//! folder up lists its settings.

mod config;
mod risk;
mod trail;

use std::fmt::Write;

use config::Config;
use risk::Level;
use slswasm::json::{Kind, Picker};
use slswasm::mask::Masker;
use slswasm::{Event, Guest, Key, Log, Setup};
use trail::Trail;

const ACTION_TRAIL: &str = "actiontrail_audit_event"; // the topic, as documented
const KUBERNETES: &str = "kubernetes"; // stands for a topic: what ACK writes depends on the cluster

struct Audit {
    topic: Key,
    event: Key,
    audit_id: Key,
    config: Config,
    picker: Picker,
    masker: Masker,
    masked: Vec<u8>, // kept for its room, as the next
    score: String,
}

slswasm::export!(Audit);

impl Guest for Audit {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("audit", "1.0.0");
        let config = Config::parse(setup.config())?;
        Ok(Audit {
            topic: setup.field("__topic__"),
            event: setup.field("event"),
            audit_id: setup.field("auditID"),
            picker: trail::picker(),
            masker: Masker::new(config.mask.clone()),
            config,
            masked: Vec::new(),
            score: String::new(),
        })
    }

    fn handle(&mut self, mut log: Log) {
        let topic = log.get(self.topic).unwrap_or(b"");
        if topic == ACTION_TRAIL.as_bytes() {
            return self.action_trail(log);
        }
        let mut source_type = self.config.source_type(topic);
        if source_type.is_none() && log.has(self.audit_id) {
            source_type = self.config.source_type(KUBERNETES.as_bytes());
        }
        if let Some(s) = source_type.filter(|s| !s.is_empty()) {
            log.hec().source_type(s);
        }
    }
}

impl Audit {
    fn action_trail(&mut self, mut log: Log) {
        let text = log.get(self.event).unwrap_or(b"");
        let event = match self.picker.read(text) {
            Ok(event) if event.whole().kind() == Kind::Object => event,
            Ok(_) => return self.keep_unread(log, "event is not a JSON object"),
            Err(why) => return self.keep_unread(log, &format!("event is not JSON: {why}")),
        };
        let trail = Trail::new(event);
        if self.config.noise(&trail) {
            return log.drop();
        }

        self.masked.clear();
        if self.masker.picked(&mut self.masked, event) {
            log.set_json(self.event, &self.masked);
        } else {
            log.set_json(self.event, text);
        }

        let score = self.config.score(&trail);
        let level = self.config.level(score);
        log.set("risk", level.name());
        self.score.clear();
        let _ = write!(self.score, "{score}"); // a String takes all
        log.set("risk_score", &self.score);
        self.header(log.event(), level);
        log.hec().field("risk", level.name());
        log.syslog().msg_id(&trail.name[..trail.name.len().min(32)]); // what a MSGID can hold
    }

    /// Says what a log of ActionTrail says beside its fields.
    fn header(&self, mut event: Event, level: Level) {
        if let Some(s) = self.config.source_type(ACTION_TRAIL.as_bytes()).filter(|s| !s.is_empty()) {
            event.hec().source_type(s);
        }
        let index = &self.config.indexes[level as usize];
        if !index.is_empty() {
            event.hec().index(index);
        }
        event.syslog().app_name("actiontrail").severity(level.severity());
    }

    /// Keeps a log whose event cannot be read: somebody must look at it, and
    /// nothing is known of what is in it.
    fn keep_unread(&self, mut log: Log, why: &str) {
        log.set("audit_error", why);
        self.header(log.event(), Level::Medium);
    }
}

#[cfg(test)]
mod tests;
