//! A guest of slswasm that writes the access logs of the Web Application Firewall
//! as LEEF, for QRadar, the twin of the one in Go beside it. The README one folder
//! up lists the attributes.

use slswasm::payload::{Device, Leef};
use slswasm::{settings, Guest, Key, Log, Setup, Severity};

const DEVICE: Device = Device { vendor: "Alibaba Cloud", product: "WAF", version: "3.0" };

/// Attributes that are a field as it is, after those that are worked out.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("method", "request_method"),
    ("status", "status"),
    ("bytesIn", "request_length"),
    ("bytesOut", "body_bytes_sent"),
    ("userAgent", "http_user_agent"),
    ("referrer", "http_referer"),
    ("ruleId", "final_rule_id"),
    ("domain", "matched_host"),
    ("accountId", "user_id"),
    ("traceId", "request_traceid"),
];

struct WafLeef {
    topic: Key,
    action: Key,
    plugin: Key,
    status: Key,
    client: Key,
    peer: Key,
    peer_port: Key,
    upstream: Key,
    https: Key,
    host: Key,
    path: Key,
    query: Key,
    attributes: [(&'static str, Key); 10],
    drop_passed: bool,
    leef: Leef,
}

slswasm::export!(WafLeef);

impl Guest for WafLeef {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("waf-leef", "1.0.0");
        let mut drop_passed = false;
        settings::read("waf-leef", setup.config(), |s| match s.key() {
            "drop_passed" => s.bool(&mut drop_passed),
            _ => s.unknown(),
        })?;
        Ok(WafLeef {
            topic: setup.field("__topic__"),
            action: setup.field("final_action"),
            plugin: setup.field("final_plugin"),
            status: setup.field("status"),
            client: setup.field("real_client_ip"),
            peer: setup.field("remote_addr"),
            peer_port: setup.field("remote_port"),
            upstream: setup.field("upstream_addr"),
            https: setup.field("https"),
            host: setup.field("host"),
            path: setup.field("request_path"),
            query: setup.field("querystring"),
            attributes: ATTRIBUTES.map(|(name, field)| (name, setup.field(field))),
            drop_passed,
            leef: Leef::new(),
        })
    }

    fn handle(&mut self, mut log: Log) {
        if log.get(self.topic) != Some(b"waf_access_log") {
            return;
        }
        let (id, category) = match said(&log, self.action) {
            None if self.drop_passed => return log.drop(),
            None => (&b"access"[..], &b"pass"[..]),
            Some(action) => (said(&log, self.plugin).unwrap_or(b"action"), action),
        };
        let (severity, syslog) = rate(category, log.get(self.status));

        self.leef.begin(&DEVICE, id);
        self.leef.add("devTime", log.time_ns().div_euclid(1_000_000).to_string());
        self.leef.add("cat", category).add("sev", severity);
        self.addresses(&log);
        self.url(&log);
        for (name, field) in self.attributes {
            self.add(name, said(&log, field));
        }
        log.body(self.leef.bytes());
        log.hec().source_type("leef");
        log.syslog().app_name("waf").severity(syslog);
    }
}

impl WafLeef {
    /// Adds the client, whose port is only known if no proxy is before it, and the
    /// server, the first that was tried.
    fn addresses(&mut self, log: &Log) {
        let peer = said(log, self.peer);
        let source = said(log, self.client).or(peer);
        self.add("src", source);
        if source == peer {
            self.add("srcPort", said(log, self.peer_port));
        }
        let servers = said(log, self.upstream).unwrap_or(b"");
        let first = servers.split(|c| *c == b',').next().unwrap_or(b"");
        if let Some(i @ 1..) = first.iter().rposition(|c| *c == b':') {
            self.add("dst", Some(trim(&first[..i], b"[]")));
            self.add("dstPort", Some(&first[i + 1..]));
        }
    }

    /// Adds the address that was asked for, if the host is known.
    fn url(&mut self, log: &Log) {
        if let Some(host) = said(log, self.host) {
            let scheme: &[u8] = if log.get(self.https) == Some(b"on") { b"https://" } else { b"http://" };
            let path = said(log, self.path).unwrap_or(b"");
            let query = said(log, self.query);
            let mark = query.map_or(&b""[..], |_| b"?");
            self.leef.add("url", [scheme, host, path, mark, query.unwrap_or(b"")].concat());
        }
    }

    fn add(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            self.leef.add(name, value);
        }
    }
}

/// LEEF's severity, 1 to 10, and syslog's.
fn rate(category: &[u8], status: Option<&[u8]>) -> (&'static str, Severity) {
    match (category, status) {
        (b"block", _) => ("8", Severity::Warning),
        (b"pass", Some([b'5', _, _])) => ("3", Severity::Informational),
        (b"pass", _) => ("1", Severity::Informational),
        _ => ("5", Severity::Notice),
    }
}

/// A field's value, if it says something.
fn said<'a>(log: &Log<'a>, key: Key) -> Option<&'a [u8]> {
    log.get(key).filter(|v| !matches!(v, [] | [b'-']))
}

fn trim<'a>(mut s: &'a [u8], cut: &[u8]) -> &'a [u8] {
    while let [c, rest @ ..] = s {
        if !cut.contains(c) {
            break;
        }
        s = rest;
    }
    while let [rest @ .., c] = s {
        if !cut.contains(c) {
            break;
        }
        s = rest;
    }
    s
}

#[cfg(test)]
#[test]
fn cases() {
    slswasm::testing::run_cases::<WafLeef>("../cases", "waf-leef");
}
