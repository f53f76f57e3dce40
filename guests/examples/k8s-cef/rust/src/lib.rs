//! A guest of slswasm that writes the audit logs of Kubernetes clusters as CEF, for
//! ArcSight and others, the twin of the one in Go beside it. The README one folder
//! up lists the extensions.

mod event;

use event::{Audited, Fields};
use slswasm::payload::{Cef, Device};
use slswasm::{settings, Guest, Key, Log, Setup, Severity};

const DEVICE: Device = Device { vendor: "Kubernetes", product: "kube-apiserver", version: "audit.k8s.io/v1" };

struct K8sCef {
    audit_id: Key,
    stage: Key,
    user_agent: Key,
    request_uri: Key,
    hostname: Key,
    fields: Fields,
    drop_stages: Vec<String>,
    cef: Cef,
}

slswasm::export!(K8sCef);

impl Guest for K8sCef {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("k8s-cef", "1.0.0");
        let mut drop_stages = vec!["RequestReceived".to_string()]; // ResponseComplete says the same and more
        settings::read("k8s-cef", setup.config(), |s| match s.key() {
            "drop_stages" => s.texts(&mut drop_stages),
            _ => s.unknown(),
        })?;
        Ok(K8sCef {
            audit_id: setup.field("auditID"),
            stage: setup.field("stage"),
            user_agent: setup.field("userAgent"),
            request_uri: setup.field("requestURI"),
            hostname: setup.field("__tag__:__hostname__"),
            fields: Fields::declare(setup),
            drop_stages,
            cef: Cef::new(),
        })
    }

    fn handle(&mut self, mut log: Log) {
        if !log.has(self.audit_id) {
            return;
        }
        let stage = log.get(self.stage).unwrap_or(b"");
        if self.drop_stages.iter().any(|s| s.as_bytes() == stage) {
            return log.drop();
        }
        let e = match Audited::read(&log, &self.fields) {
            Ok(e) => e,
            Err(why) => return log.fail(why),
        };
        let severity = e.severity();
        self.write(&log, &e, severity);
        log.body(self.cef.bytes());
        log.hec().source_type("cef");
        log.syslog().app_name("k8s-audit").severity(syslog(severity));
    }
}

impl K8sCef {
    fn write(&mut self, log: &Log, e: &Audited, severity: u8) {
        self.cef.begin(&DEVICE, e.class(":"), e.class(" "), severity);
        self.add("rt", log.time_ns().div_euclid(1_000_000).to_string().as_bytes());
        self.add("externalId", log.get(self.audit_id).unwrap_or(b""));
        self.add("act", e.verb);
        self.add("outcome", e.outcome());
        if e.source.contains(&b':') {
            self.label("c6a2", "Source IPv6 Address", &e.source);
        } else {
            self.add("src", &e.source);
        }
        self.add("suser", &e.user);
        self.add("suid", &e.uid);
        self.add("requestClientApplication", log.get(self.user_agent).unwrap_or(b""));
        self.add("request", log.get(self.request_uri).unwrap_or(b""));
        self.add("dvchost", log.get(self.hostname).unwrap_or(b""));
        self.label("cs1", "namespace", &e.namespace);
        self.label("cs2", "resource", &e.resource);
        self.label("cs3", "object", &e.name);
        self.label("cs4", "groups", &e.groups);
        self.label("cs5", "reason", &e.reason);
        self.label("cn1", "responseCode", &e.code);
    }

    /// Adds one of the extensions that say themselves what they mean.
    fn label(&mut self, key: &str, meaning: &str, value: &[u8]) {
        if !value.is_empty() {
            self.cef.add(format!("{key}Label"), meaning).add(key, value);
        }
    }

    fn add(&mut self, key: &str, value: &[u8]) {
        if !value.is_empty() {
            self.cef.add(key, value);
        }
    }
}

fn syslog(severity: u8) -> Severity {
    match severity {
        8.. => Severity::Critical,
        6.. => Severity::Warning,
        4.. => Severity::Notice,
        _ => Severity::Informational,
    }
}

#[cfg(test)]
#[test]
fn cases() {
    slswasm::testing::run_cases::<K8sCef>("../cases", "k8s-cef");
}
