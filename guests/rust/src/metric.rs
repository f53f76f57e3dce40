use std::cell::Cell;
use std::rc::Rc;

/// What becomes of the values: `Counter` and `Gauge` of abi/metric.go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter = 0,
    Gauge = 1,
}

/// One number that people see beside the host's own. Between two calls it is
/// nothing but memory; the host hears of it once a batch.
#[derive(Debug)]
pub(crate) struct Metric {
    name: String,
    kind: Kind,
    number: Cell<Option<u32>>, // by which the host knows it
    said: Cell<bool>,          // in the batch under way
    value: Cell<f64>,
}

/// Something that only grows; see [`Setup::counter`](crate::Setup::counter).
#[derive(Clone, Debug)]
pub struct Counter(Rc<Metric>);

impl Counter {
    /// Adds `n`. What is negative, or no number, is left out.
    pub fn add(&self, n: f64) {
        if n >= 0.0 {
            self.0.value.set(self.0.value.get() + n);
            self.0.said.set(true);
        }
    }
}

/// Something that goes up and down; see [`Setup::gauge`](crate::Setup::gauge).
#[derive(Clone, Debug)]
pub struct Gauge(Rc<Metric>);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.value.set(value);
        self.0.said.set(true);
    }
}

/// All metrics of a guest.
#[derive(Default)]
pub(crate) struct Metrics {
    all: Vec<Rc<Metric>>,
    // Set with the first metric, so that a guest without one does not even import
    // what this calls.
    tell: Option<fn(&[Rc<Metric>])>,
}

impl Metrics {
    pub(crate) fn counter(&mut self, name: &str) -> Counter {
        Counter(self.declare(name, Kind::Counter))
    }

    pub(crate) fn gauge(&mut self, name: &str) -> Gauge {
        Gauge(self.declare(name, Kind::Gauge))
    }

    fn declare(&mut self, name: &str, kind: Kind) -> Rc<Metric> {
        if !valid(name) {
            panic!("slswasm: no metric can have the name {name:?}: it must be like [a-z][a-z0-9_]{{0,63}}");
        }
        if let Some(known) = self.all.iter().find(|m| m.name == name) {
            if known.kind != kind {
                panic!("slswasm: {name} cannot be both a counter and a gauge");
            }
            return known.clone();
        }
        let (number, said, value) = (Cell::new(None), Cell::new(false), Cell::new(0.0));
        let fresh = Rc::new(Metric { name: name.to_string(), kind, number, said, value });
        self.all.push(fresh.clone());
        self.tell = Some(tell);
        fresh
    }

    /// Tells the host what is new.
    pub(crate) fn tell(&self) {
        if let Some(tell) = self.tell {
            tell(&self.all);
        }
    }
}

fn valid(name: &str) -> bool {
    let plain = |c: &u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_');
    name.len() <= 64
        && name.as_bytes().first().map_or(false, u8::is_ascii_lowercase)
        && name.as_bytes().iter().all(plain)
}

fn tell(all: &[Rc<Metric>]) {
    for m in all {
        let number = m.number.get().unwrap_or_else(|| host::metric(&m.name, m.kind));
        m.number.set(Some(number));
        if m.said.take() {
            host::count(number, m.value.get());
            if m.kind == Kind::Counter {
                m.value.set(0.0);
            }
        }
    }
}

#[cfg(not(target_family = "wasm"))]
use crate::testing as host;

#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
mod host {
    use super::Kind;

    mod import {
        #[link(wasm_import_module = "slswasm_v1")]
        extern "C" {
            pub fn metric(kind: u32, name: *const u8, len: usize) -> u32;
            pub fn count(number: u32, value: f64);
        }
    }

    pub(super) fn metric(name: &str, kind: Kind) -> u32 {
        // SAFETY: the host reads the name and keeps nothing of the guest's memory.
        unsafe { import::metric(kind as u32, name.as_ptr(), name.len()) }
    }

    pub(super) fn count(number: u32, value: f64) {
        // SAFETY: it takes two numbers.
        unsafe { import::count(number, value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, Tester};
    use crate::{Guest, Key, Setup};

    struct Counting {
        a: Key,
        seen: Counter,
        length: Gauge,
    }

    impl Guest for Counting {
        fn new(setup: &mut Setup) -> Result<Self, String> {
            setup.counter("idle");
            let (seen, length) = (setup.counter("logs_seen"), setup.gauge("length"));
            Ok(Counting { a: setup.field("a"), seen, length })
        }

        fn handle(&mut self, log: crate::Log) {
            self.seen.add(1.5);
            self.seen.add(-7.0);
            self.seen.add(f64::NAN);
            self.length.set(log.get(self.a).map_or(0, <[u8]>::len) as f64);
            assert_ne!(log.get(self.a), Some(&b"bad"[..]));
        }
    }

    fn shown(t: &Tester<Counting>) -> String {
        t.metrics().iter().map(|(name, value)| format!("{name} {value}; ")).collect()
    }

    #[test]
    fn values_add_up_and_those_of_a_panic_do_not() {
        let mut t = Tester::<Counting>::start("");
        assert_eq!(shown(&t), "idle 0; length 0; logs_seen 0; ");
        t.run_batch(&[Log::new(&[("a", "xyz")]), Log::new(&[("a", "xy")])]);
        assert_eq!(shown(&t), "idle 0; length 2; logs_seen 3; ");
        t.run_batch(&[Log::new(&[("a", "xyz")]), Log::new(&[("a", "bad")])]);
        assert_eq!(shown(&t), "idle 0; length 0; logs_seen 4.5; ");
    }

    #[test]
    fn names_are_those_of_the_abi() {
        let mut m = Metrics::default();
        m.counter("taken");
        m.gauge(&"a".repeat(64));
        for name in ["", "Upper", "2a", "_a", "a-b", "ä", &"a".repeat(65)] {
            assert!(!valid(name), "{name:?}");
        }
        let again = m.counter("taken");
        again.add(1.0);
        assert_eq!(m.all.len(), 2);
    }

    #[test]
    #[should_panic(expected = "slswasm: taken cannot be both a counter and a gauge")]
    fn a_name_has_one_kind() {
        let mut m = Metrics::default();
        m.counter("taken");
        m.gauge("taken");
    }

    #[test]
    fn numbers_and_names_are_the_abis() {
        let host = match std::fs::read_to_string("../../abi/metric.go") {
            Ok(text) => text,
            Err(e) => return eprintln!("SKIPPED: this crate stands alone, nothing to hold it against: {e}"),
        };
        for line in [
            "ImportMetric = \"metric\"".to_string(),
            "ImportCount  = \"count\"".to_string(),
            format!("Counter MetricKind = {} ", Kind::Counter as u32),
            format!("Gauge   MetricKind = {} ", Kind::Gauge as u32),
            "MaxMetricName = 64".to_string(),
        ] {
            assert!(host.contains(&line), "{line}");
        }
    }
}
