//! Runs a guest under plain `cargo test`, without WebAssembly:
//!
//! ```
//! # use slswasm::{Guest, Key, Setup};
//! # struct Verbs { verb: Key }
//! # impl Guest for Verbs {
//! #     fn new(setup: &mut Setup) -> Result<Self, String> { Ok(Verbs { verb: setup.field("verb") }) }
//! #     fn handle(&mut self, log: slswasm::Log) { if log.get(self.verb) == Some(b"get") { log.drop() } }
//! # }
//! use slswasm::testing::{Log, Outcome, Tester};
//!
//! let mut guest = Tester::<Verbs>::start("");
//! assert_eq!(guest.run(&Log::new(&[("verb", "get")])), Outcome::Drop);
//! ```
//!
//! The logs take the way that the host sends them: they are written into a
//! batch, the batch passes through the guest, and the reply is read and applied
//! to the logs, by the rules of abi/ABI.md. So a test sees the events that a
//! sink would see. [`run_cases`] does so for cases that are data.

mod archive;
mod cases;
mod decode;
mod encode;
mod jsonl;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::metric::Kind;
use crate::{abi, json, Guest, Level, Runtime};

pub use cases::run_cases;
pub use jsonl::read_logs;

/// One key and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Field {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    /// The value is one JSON value, not text.
    pub json: bool,
}

/// One flattened log. Keys are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Log {
    /// Nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    pub group: u32,
    pub fields: Vec<Field>,
}

impl Log {
    /// Makes a log of keys and values, at a time of 2023.
    pub fn new<K: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(K, V)]) -> Self {
        let field = |(k, v): &(K, V)| Field { key: k.as_ref().to_vec(), value: v.as_ref().to_vec(), json: false };
        Log { time_ns: 1_700_000_000_000_000_000, group: 0, fields: fields.iter().map(field).collect() }
    }

    fn event(&self) -> Event {
        Event { time_ns: self.time_ns, fields: self.fields.clone(), ..Event::default() }
    }
}

/// What would be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Event {
    pub time_ns: i64,
    pub fields: Vec<Field>,
    /// In place of the fields.
    pub body: Option<Vec<u8>>,
    /// The body is one JSON value.
    pub body_json: bool,
    pub meta: Meta,
}

impl Event {
    /// The value of a field, in lossy UTF-8.
    pub fn get(&self, key: &str) -> Option<String> {
        find(&self.fields, key.as_bytes()).map(|i| String::from_utf8_lossy(&self.fields[i].value).into_owned())
    }
}

fn find(fields: &[Field], key: &[u8]) -> Option<usize> {
    fields.iter().position(|f| f.key == key)
}

/// What the guest said beside the content; nothing where it said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Meta {
    pub index: Option<Vec<u8>>,
    pub source: Option<Vec<u8>>,
    pub source_type: Option<Vec<u8>>,
    pub host: Option<Vec<u8>>,
    pub fields: Vec<Field>,
    pub facility: Option<u8>,
    pub severity: Option<u8>,
    pub app_name: Option<Vec<u8>>,
    pub proc_id: Option<Vec<u8>>,
    pub msg_id: Option<Vec<u8>>,
    pub hostname: Option<Vec<u8>>,
    /// SD-ID, SD-NAME and value.
    pub structured: Vec<[Vec<u8>; 3]>,
    pub route: Option<Vec<u8>>,
}

/// What became of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed unchanged.
    Keep(Event),
    /// It was dropped.
    Drop,
    /// It was edited.
    Edit(Event),
    /// Events came in its place.
    Emit(Vec<Event>),
    /// The guest failed it, or panicked, and why.
    Fail(String),
}

impl Outcome {
    /// What would be delivered.
    pub fn events(&self) -> &[Event] {
        match self {
            Outcome::Keep(e) | Outcome::Edit(e) => std::slice::from_ref(e),
            Outcome::Emit(events) => events,
            Outcome::Drop | Outcome::Fail(_) => &[],
        }
    }
}

/// A guest that takes logs.
pub struct Tester<G> {
    config: Vec<u8>,
    runtime: Runtime<G>,
    slots: Vec<Vec<u8>>,
    all_fields: bool,
    /// What the guest said of itself, JSON.
    pub descriptor: Vec<u8>,
    /// What it printed so far; it is in the test's output too.
    pub printed: Vec<(Level, String)>,
    metrics: BTreeMap<String, f64>,
}

impl<G: Guest> Tester<G> {
    /// Gives the guest its configuration.
    ///
    /// # Panics
    /// When the guest refuses it.
    pub fn start(config: &str) -> Self {
        Self::try_start(config).unwrap_or_else(|why| panic!("the guest refused its configuration: {why}"))
    }

    /// Gives the guest its configuration, and returns why it refused.
    pub fn try_start(config: &str) -> Result<Self, String> {
        let config = config.as_bytes().to_vec();
        let (descriptor, runtime) = Runtime::<G>::start(&config);
        let runtime = runtime.ok_or_else(|| {
            let error = json::get(&descriptor, &["error"]).expect("the descriptor is not valid");
            String::from_utf8_lossy(error.text(&mut Vec::new())).into_owned()
        })?;
        let fields = json::get(&descriptor, &["fields"]).expect("the descriptor is not valid");
        let mut slots: Vec<Vec<u8>> = fields.elements().map(|f| f.text(&mut Vec::new()).to_vec()).collect();
        let declared = slots.len();
        slots.retain(|s| s != abi::ALL_FIELDS.as_bytes());
        let all_fields = slots.len() < declared;
        let printed = PRINTED.with(RefCell::take);
        let mut tester = Tester { config, runtime, slots, all_fields, descriptor, printed, metrics: BTreeMap::new() };
        tester.hear();
        Ok(tester)
    }

    /// Passes one log through the guest.
    pub fn run(&mut self, log: &Log) -> Outcome {
        self.run_batch(std::slice::from_ref(log)).remove(0)
    }

    /// Passes logs through the guest in one call; if it panics, one by one on
    /// fresh guests, as the host does.
    ///
    /// # Panics
    /// When the host would not accept the guest's reply.
    pub fn run_batch(&mut self, logs: &[Log]) -> Vec<Outcome> {
        let mut batch = self.batch(logs);
        let reply = catch_unwind(AssertUnwindSafe(|| self.runtime.transform(&mut batch).map(<[u8]>::to_vec)));
        self.printed.extend(PRINTED.with(RefCell::take));
        self.hear();
        match reply {
            Ok(reply) => decode::decode(reply.as_deref(), &self.slots, logs)
                .unwrap_or_else(|why| panic!("the host would not accept the guest's reply: {why}")),
            Err(payload) => {
                self.runtime =
                    Runtime::start(&self.config).1.expect("the guest refuses the configuration that it took");
                self.hear();
                match logs {
                    [_] => vec![Outcome::Fail(panic_text(&*payload))],
                    _ => logs.iter().map(|log| self.run(log)).collect(),
                }
            }
        }
    }

    /// What the guest has counted and measured since its start, by name.
    pub fn metrics(&self) -> &BTreeMap<String, f64> {
        &self.metrics
    }

    /// Takes what the guest has said of its metrics.
    fn hear(&mut self) {
        for (name, kind, value) in TOLD.with(RefCell::take) {
            let all = self.metrics.entry(name).or_insert(0.0);
            *all = if kind == Kind::Counter { *all + value } else { value };
        }
    }

    /// The bytes that [`run_batch`](Self::run_batch) passes to the guest, for
    /// benchmarks of [`transform`](Self::transform).
    pub fn batch(&self, logs: &[Log]) -> Vec<u8> {
        encode::encode(&self.slots, self.all_fields, logs)
    }

    /// Passes the bytes of a batch through the guest, and returns its reply.
    pub fn transform(&mut self, batch: &mut [u8]) -> Option<&[u8]> {
        self.runtime.transform(batch)
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("with a value that has no text"))
}

thread_local! {
    static NAMED: RefCell<Vec<(String, Kind)>> = RefCell::default();
    static TOLD: RefCell<Vec<(String, Kind, f64)>> = RefCell::default();
    static PRINTED: RefCell<Vec<(Level, String)>> = RefCell::default();
}

pub(crate) fn printed(level: Level, text: &str) {
    println!("guest: {level:?}: {text}");
    PRINTED.with(|p| p.borrow_mut().push((level, text.to_string())));
}

/// Stands in for the import `metric`.
pub(crate) fn metric(name: &str, kind: Kind) -> u32 {
    TOLD.with(|t| t.borrow_mut().push((name.to_string(), kind, 0.0)));
    NAMED.with(|n| {
        n.borrow_mut().push((name.to_string(), kind));
        n.borrow().len() as u32 - 1
    })
}

/// Stands in for the import `count`.
pub(crate) fn count(number: u32, value: f64) {
    let (name, kind) = NAMED.with(|n| n.borrow()[number as usize].clone());
    TOLD.with(|t| t.borrow_mut().push((name, kind, value)));
}
