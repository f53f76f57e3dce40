use crate::reply::Reply;
use crate::{abi, Hec, Key, Syslog};

/// The name of a field: one that was declared, which is cheaper, or any text.
#[derive(Clone, Copy, Debug)]
pub enum AnyKey<'k> {
    /// A declared field.
    Declared(Key),
    /// A field by its name, which may not be empty.
    Named(&'k [u8]),
}

impl From<Key> for AnyKey<'_> {
    fn from(key: Key) -> Self {
        AnyKey::Declared(key)
    }
}

impl<'k> From<&'k str> for AnyKey<'k> {
    fn from(name: &'k str) -> Self {
        AnyKey::Named(name.as_bytes())
    }
}

impl<'k> From<&'k [u8]> for AnyKey<'k> {
    fn from(name: &'k [u8]) -> Self {
        AnyKey::Named(name)
    }
}

/// The edits, for [`Event`] and for [`Log`](crate::Log): methods of both, and
/// not of one through the other, so that `log.set("a", log.get(b).unwrap())`
/// passes the borrow checker.
macro_rules! edits {
    () => {
        /// Replaces a field's value where it stands, or adds the field at the end.
        pub fn set<'k>(&mut self, key: impl Into<AnyKey<'k>>, value: impl AsRef<[u8]>) {
            self.reply().op_key(abi::OP_SET, key.into());
            self.reply().text(value.as_ref());
        }

        /// Like [`set`](Self::set) with one JSON value, which receivers that take
        /// JSON get nested as it is. Text that is not valid JSON is an error that
        /// costs the log and the instance: check what you did not write
        /// ([`json::valid`](crate::json::valid)).
        pub fn set_json<'k>(&mut self, key: impl Into<AnyKey<'k>>, value: impl AsRef<[u8]>) {
            self.reply().op_key(abi::OP_SET_JSON, key.into());
            self.reply().text(value.as_ref());
        }

        /// Removes a field, if there is one.
        pub fn delete<'k>(&mut self, key: impl Into<AnyKey<'k>>) {
            self.reply().op_key(abi::OP_DELETE, key.into());
        }

        /// Gives a field another name and leaves it in its place. A field that
        /// already has that name is removed. If there is no field `key`, nothing
        /// happens.
        ///
        /// # Panics
        /// When the name is empty.
        pub fn rename<'k>(&mut self, key: impl Into<AnyKey<'k>>, name: impl AsRef<[u8]>) {
            let name = name.as_ref();
            if name.is_empty() {
                panic!("slswasm: cannot rename a field to nothing");
            }
            self.reply().op_key(abi::OP_RENAME, key.into());
            self.reply().text(name);
        }

        /// Removes all fields.
        pub fn clear(&mut self) {
            self.reply().op([abi::OP_CLEAR]);
        }

        /// Makes text the whole HEC event or syslog MSG, in place of the fields.
        pub fn body(&mut self, text: impl AsRef<[u8]>) {
            self.reply().op([abi::OP_BODY]);
            self.reply().text(text.as_ref());
        }

        /// Like [`body`](Self::body) with one JSON value; see
        /// [`set_json`](Self::set_json).
        pub fn body_json(&mut self, value: impl AsRef<[u8]>) {
            self.reply().op([abi::OP_BODY_JSON]);
            self.reply().text(value.as_ref());
        }

        /// Changes when the event happened, in nanoseconds since 1970-01-01 UTC.
        ///
        /// # Panics
        /// When it is before 1970.
        pub fn set_time_ns(&mut self, ns: i64) {
            if ns < 0 {
                panic!("slswasm: the time of an event cannot be before 1970");
            }
            self.reply().op([abi::OP_TIME]);
            self.reply().long(ns);
        }

        /// What the event says to Splunk's HTTP Event Collector beside its fields.
        /// What is not said is left to the sink's settings.
        pub fn hec(&mut self) -> Hec<'_> {
            Hec { reply: self.reply() }
        }

        /// What the event says in its syslog header. What is not said is left to the
        /// sink's settings.
        pub fn syslog(&mut self) -> Syslog<'_> {
            Syslog { reply: self.reply() }
        }

        /// Sends the event to the sink of this name.
        pub fn route(&mut self, sink: impl AsRef<[u8]>) {
            self.reply().op([abi::OP_META, abi::META_ROUTE]);
            self.reply().text(sink.as_ref());
        }
    };
}

pub(crate) use edits;

/// What leaves in place of a log: the log itself with edits, or one of those
/// that [`Emit`](crate::Emit) begins. Edits apply in the order of the calls,
/// and copy what they are given.
pub struct Event<'a> {
    pub(crate) reply: &'a mut Reply,
}

impl Event<'_> {
    edits!();

    fn reply(&mut self) -> &mut Reply {
        self.reply
    }
}

impl Reply {
    #[inline(always)] // with a key that is known it is short
    pub(crate) fn op_key(&mut self, op: u8, key: AnyKey) {
        if let AnyKey::Named(b"") = key {
            panic!("slswasm: a field's name cannot be empty");
        }
        self.op([op]);
        match key {
            AnyKey::Declared(Key(slot)) => self.word(abi::SLOT_KEY | slot),
            AnyKey::Named(name) => self.text(name),
        }
    }
}
