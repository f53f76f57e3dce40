//! A guest that panics where its log says so: what becomes of it under the host
//! is tested in host/guest/guesttest.

use slswasm::{Guest, Key, Log, Setup};

struct Panics(Key);

impl Guest for Panics {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        assert!(setup.config() != b"panic", "panics\nat the start");
        Ok(Panics(setup.field("say")))
    }

    fn handle(&mut self, mut log: Log) {
        match log.get(self.0) {
            Some(b"panic") => panic!("this log is too much:\n{}", log.time_ns()),
            Some(b"index") => log.set("never", [b'x'; 4][log.group() as usize + 4].to_string()),
            Some(b"print") => slswasm::print(slswasm::Level::Warn, "careful"),
            _ => log.set("said", "nothing"),
        }
    }
}

slswasm::export!(Panics);
