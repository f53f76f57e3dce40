//! For writing guests of slswasm: WebAssembly modules through which logs pass
//! on their way from Alibaba Cloud Log Service to Splunk or syslog.
//!
//! A guest says which fields it reads, and what becomes of each log:
//!
//! ```
//! use slswasm::{Guest, Key, Log, Setup};
//!
//! struct Verbs {
//!     verb: Key,
//! }
//!
//! impl Guest for Verbs {
//!     fn new(setup: &mut Setup) -> Result<Self, String> {
//!         setup.name("verbs", "1.0.0");
//!         Ok(Verbs { verb: setup.field("verb") })
//!     }
//!
//!     fn handle(&mut self, mut log: Log) {
//!         if log.get(self.verb) == Some(b"get") {
//!             return log.drop();
//!         }
//!         log.hec().source_type("kube:audit");
//!     }
//! }
//!
//! slswasm::export!(Verbs);
//! # fn main() {}
//! ```
//!
//! It is a library of `crate-type = ["cdylib"]`:
//!
//! ```text
//! RUSTFLAGS='-C target-feature=+bulk-memory' cargo build --release --target wasm32-unknown-unknown
//! ```
//!
//! `panic = "abort"`, `lto = true` and `codegen-units = 1` in its release
//! profile make it smaller and faster.
//!
//! The same guest runs under plain `cargo test`, without WebAssembly: see
//! [`testing`]. The other modules hold what most guests need: reading [`json`],
//! hiding secrets ([`mask`]), bodies in CEF, LEEF and key="value" pairs
//! ([`payload`]), and reading the configuration ([`settings`]).
//!
//! A panic ends the instance. The host then runs the log at fault alone, and
//! when it panics again, fails it with the panic's text; the others run on a
//! fresh instance. It costs time, but no other log.
//!
//! Here lives the guest's side of the ABI (abi/ABI.md of slswasm's repository)
//! and nothing of the host; there are no dependencies.

#![deny(missing_docs, unsafe_code)]

mod abi;
mod event;
#[doc(hidden)]
pub mod export;
pub mod json;
mod log;
pub mod mask;
#[cfg(any(target_family = "wasm", test))]
mod memory;
mod meta;
mod metric;
pub mod payload;
mod print;
mod reply;
mod runtime;
pub mod settings;
mod setup;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use event::{AnyKey, Event};
pub use log::{Emit, Fields, Log};
pub use meta::{Hec, Severity, Syslog};
pub use metric::{Counter, Gauge};
pub use print::{print, Level};
pub use runtime::Runtime;
pub use setup::{Key, Setup};

/// What a module does.
pub trait Guest: Sized {
    /// Declares what the guest reads and takes its configuration. It is called
    /// once in each instance, before any log. After an error nothing starts, and
    /// the user reads the error's text. Every instance must declare the same.
    fn new(setup: &mut Setup) -> Result<Self, String>;

    /// Says what becomes of a log. A log of which nothing is said passes
    /// unchanged. State is for speed only: an instance may end at any log, and
    /// there may be several at once.
    fn handle(&mut self, log: Log);
}

/// The README's example, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
