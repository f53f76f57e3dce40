//! A guest of slswasm that makes one event of each element of a JSON array in a
//! log, the twin of the one in Go beside it, for producers that pack many records
//! into one. The README one folder up says how.

use slswasm::json::{self, Kind, Value};
use slswasm::{settings, Event, Guest, Key, Log, Setup};

struct Split {
    packed: Key,   // the field with the array
    stamp: String, // the member with an element's time, "" for none
    most: usize,   // elements of one log
}

slswasm::export!(Split);

impl Guest for Split {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("split", "1.0.0");
        setup.batch_max(64); // one log may become many
        let (mut field, mut stamp, mut most) = ("records".to_string(), String::new(), 10_000);
        settings::read("split", setup.config(), |s| match s.key() {
            "field" => s.text(&mut field),
            "time" => s.text(&mut stamp),
            "max" => s.int(&mut most, 1..=100_000),
            _ => s.unknown(),
        })?;
        if field.is_empty() || field == "*" {
            return Err("field: must be the name of one field".to_string());
        }
        Ok(Split { packed: setup.field(&field), stamp, most })
    }

    fn handle(&mut self, log: Log) {
        let array = match log.get(self.packed) {
            Some(text) => Value::parse(text).filter(|v| v.kind() == Kind::Array),
            None => return,
        };
        let array = match array {
            Some(array) => array,
            None => return log.fail("the field to split is not a JSON array"),
        };
        let n = array.elements().count();
        if n == 0 {
            return; // the log stays
        }
        if n > self.most {
            return log.fail(format!("the field to split has {n} elements, more than {}", self.most));
        }
        let mut emit = log.emit();
        for (i, v) in array.elements().enumerate() {
            self.element(emit.copy(), v, i, n);
        }
    }
}

impl Split {
    /// Makes the i-th of n events.
    fn element(&self, mut e: Event, v: Value, i: usize, n: usize) {
        if v.kind() == Kind::String {
            e.set(self.packed, v.text(&mut Vec::new()));
        } else {
            e.set_json(self.packed, v.bytes());
        }
        e.set("split_index", i.to_string());
        e.set("split_count", n.to_string());
        if let Some(ns) = self.time_of(v) {
            e.set_time_ns(ns);
        }
    }

    /// What an element says of its time. A number of seconds that would be in the
    /// year 5138 is one of milliseconds.
    fn time_of(&self, v: Value) -> Option<i64> {
        if self.stamp.is_empty() {
            return None;
        }
        match json::get(v.bytes(), &[&self.stamp])?.int()? {
            s @ 0..=8_999_999_999 => Some(s * 1_000_000_000),
            ms @ 100_000_000_000..=8_999_999_999_999 => Some(ms * 1_000_000),
            _ => None,
        }
    }
}

#[cfg(test)]
#[test]
fn cases() {
    slswasm::testing::run_cases::<Split>("../cases", "split");
}
