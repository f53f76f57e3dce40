//! A guest of slswasm that chooses the sinks of each log by its topic, the twin of
//! the one in Go beside it: one, several or none. The README one folder up lists
//! its settings.

use std::collections::HashMap;

use slswasm::{settings, Guest, Key, Log, Setup};

struct Route {
    topic: Key,
    routes: HashMap<Vec<u8>, Vec<String>>, // sinks by topic
    others: Vec<String>,                   // sinks of all other topics
}

slswasm::export!(Route);

impl Guest for Route {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("route", "1.0.0");
        let sinks = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        let mut routes = HashMap::from([
            (b"actiontrail_audit_event".to_vec(), sinks(&["hec", "syslog"])),
            (b"waf_access_log".to_vec(), sinks(&["syslog"])),
        ]);
        let mut others = sinks(&["hec"]);
        settings::read("route", setup.config(), |s| match s.key() {
            "topics" => s.object(|s| s.texts(routes.entry(s.key().into()).or_default())),
            "others" => s.texts(&mut others),
            _ => s.unknown(),
        })?;
        Ok(Route { topic: setup.field("__topic__"), routes, others })
    }

    fn handle(&mut self, mut log: Log) {
        let topic = log.get(self.topic).unwrap_or(b"");
        match self.routes.get(topic).unwrap_or(&self.others).as_slice() {
            [] => log.drop(),
            [sink] => log.route(sink),
            sinks => {
                let mut emit = log.emit();
                for sink in sinks {
                    emit.copy().route(sink);
                }
            }
        }
    }
}

#[cfg(test)]
#[test]
fn cases() {
    slswasm::testing::run_cases::<Route>("../cases", "route");
}
