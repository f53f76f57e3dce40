//! A guest of slswasm that does what guests are written for, to measure what it
//! costs within its limits: the twin of the one in Go beside it. Its configuration
//! names the work: json, regexp, mask or cef. It is no example.
//!
//! Without other crates, two works are not done by the libraries that a guest would
//! have: see [`tree`] and [`rules`].

mod rules;
mod tree;

use slswasm::json::{Kind, Scanner};
use slswasm::mask::{Masker, Options};
use slswasm::payload::{Cef, Device};
use slswasm::{Guest, Key, Log, Setup};

struct Work {
    message: Key,
    work: fn(&mut Work, Log, &[u8]),
    masker: Masker,
    masked: Vec<u8>, // kept for its room, as the next two
    cef: Cef,
    value: Vec<u8>,
}

slswasm::export!(Work);

impl Guest for Work {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("work", "1.0.0");
        let work = match setup.config() {
            b"json" => Work::parse,
            b"regexp" => Work::find,
            b"mask" => Work::hide,
            b"cef" => Work::write,
            _ => return Err("the work is json, regexp, mask or cef".to_string()),
        };
        Ok(Work {
            message: setup.field("message"),
            work,
            masker: Masker::new(Options { emails: true, ..Options::default() }),
            masked: Vec::new(),
            cef: Cef::new(),
            value: Vec::new(),
        })
    }

    fn handle(&mut self, log: Log) {
        let message = log.get(self.message).unwrap_or(b"");
        (self.work)(self, log, message);
    }
}

impl Work {
    /// Makes a tree of the message and counts what hangs on it.
    fn parse(&mut self, mut log: Log, message: &[u8]) {
        match tree::parse(message) {
            Ok(tree) => log.set("result", tree.leaves().to_string()),
            Err(why) => log.fail(why),
        }
    }

    /// Says which of ten patterns are found.
    fn find(&mut self, mut log: Log, message: &[u8]) {
        let found = rules::ALL.iter().zip("0123456789".chars()).filter(|(rule, _)| rule(message));
        log.set("result", found.map(|(_, digit)| digit).collect::<String>());
    }

    /// Masks e-mail addresses.
    fn hide(&mut self, mut log: Log, message: &[u8]) {
        self.masked.clear();
        self.masker.append(&mut self.masked, message);
        log.set("result", &self.masked);
    }

    /// Makes a CEF extension of each member of the message.
    fn write(&mut self, mut log: Log, message: &[u8]) {
        let device = Device { vendor: "Example", product: "shop", version: "1" };
        self.cef.begin(&device, "order", "order placed", 3);
        let mut scan = Scanner::new(message);
        let mut more = scan.next() == Some(Kind::Object);
        while more {
            more = !matches!(scan.next(), None | Some(Kind::End));
            if more {
                scan.skip();
                self.cef.add(scan.key(), scan.raw().text(&mut self.value));
            }
        }
        log.body(self.cef.bytes());
    }
}

#[cfg(test)]
mod tests;
