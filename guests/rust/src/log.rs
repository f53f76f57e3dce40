use crate::event::{edits, AnyKey};
use crate::reply::Reply;
use crate::runtime::word;
use crate::{abi, Event, Hec, Key, Syslog};

/// One log on its way: what is in it, what becomes of it, and edits to it. Reading shows the log as it came: edits are instructions to
/// the host, and change nothing here.
///
/// What is read is borrowed from the batch and not from the `Log`, so it can be
/// held while the log is edited.
pub struct Log<'a> {
    reply: &'a mut Reply,
    record: &'a [u8],
    rest: &'a [u8],   // the batch from its first record on
    skipped: usize,   // bytes of the batch before that
    has_fields: bool, // the guest asked for all fields
}

impl<'a> Log<'a> {
    pub(crate) fn new(
        reply: &'a mut Reply,
        record: &'a [u8],
        rest: &'a [u8],
        skipped: usize,
        has_fields: bool,
    ) -> Self {
        Log { reply, record, rest, skipped, has_fields }
    }

    /// The value of a declared field, nothing if the log has no such field.
    pub fn get(&self, key: Key) -> Option<&'a [u8]> {
        self.view(self.record, abi::RECORD_SIZE + key.0 as usize * abi::SLOT_SIZE)
    }

    /// Whether the log has this declared field.
    pub fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// The value of any field, by its name.
    ///
    /// # Panics
    /// When the guest did not ask for [`all_fields`](crate::Setup::all_fields).
    pub fn find(&self, name: impl AsRef<[u8]>) -> Option<&'a [u8]> {
        let name = name.as_ref();
        self.fields().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All fields, key and value, in the order of the flattened log.
    ///
    /// # Panics
    /// When the guest did not ask for [`all_fields`](crate::Setup::all_fields).
    pub fn fields(&self) -> Fields<'a> {
        if !self.has_fields {
            panic!("slswasm: cannot list the fields: the guest did not ask for them with Setup::all_fields");
        }
        let rows = word(self.record, abi::REC_COUNT) as usize;
        let rows = if rows == 0 {
            &[]
        } else {
            let at = word(self.record, abi::REC_FIELDS) as usize - self.skipped;
            &self.rest[at..at + rows * abi::FIELD_SIZE]
        };
        Fields { rows, rest: self.rest, skipped: self.skipped }
    }

    /// When the event happened, in nanoseconds since 1970-01-01 UTC.
    pub fn time_ns(&self) -> i64 {
        let mut b = [0; 8];
        b.copy_from_slice(&self.record[abi::REC_TIME..abi::REC_TIME + 8]);
        i64::from_le_bytes(b)
    }

    /// A number that logs of one batch share when they came in one LogGroup,
    /// with the same topic, source and tags.
    pub fn group(&self) -> u32 {
        word(self.record, abi::REC_GROUP)
    }

    /// The log as an event, for functions that edit both.
    pub fn event(&mut self) -> Event<'_> {
        Event { reply: self.reply }
    }

    /// Lets the log pass unchanged: takes back the edits made so far.
    pub fn keep(self) {
        self.reply.keep();
    }

    /// Discards the log, on purpose: it counts as settled and is not delivered.
    pub fn drop(self) {
        self.reply.decide(abi::DROP);
    }

    /// Says that the guest cannot transform this log, and why. The log goes the
    /// way of `--on-error`: by default to the dead letters.
    pub fn fail(self, why: impl AsRef<[u8]>) {
        self.reply.decide(abi::FAIL);
        self.reply.text(why.as_ref());
    }

    /// Puts any number of events in place of the log; edits made so far do not
    /// carry over. With none it is [`drop`](Self::drop).
    pub fn emit(self) -> Emit<'a> {
        self.reply.decide(abi::EMIT);
        self.reply.word(0);
        Emit { reply: self.reply }
    }

    fn reply(&mut self) -> &mut Reply {
        self.reply
    }

    fn view(&self, b: &[u8], at: usize) -> Option<&'a [u8]> {
        view(self.rest, self.skipped, b, at)
    }
}

/// Edits apply in the order of the calls, and copy what they are given.
impl Log<'_> {
    edits!();
}

/// The bytes that the two words at `at` point to, nothing if they say absent.
fn view<'a>(rest: &'a [u8], skipped: usize, b: &[u8], at: usize) -> Option<&'a [u8]> {
    match word(b, at + 4) {
        abi::ABSENT => None,
        0 => Some(&[]), // the offset then means nothing
        len => {
            let off = word(b, at) as usize - skipped;
            Some(&rest[off..off + len as usize])
        }
    }
}

/// Events in place of a log. Each can be edited until the next one is begun.
pub struct Emit<'a> {
    reply: &'a mut Reply,
}

impl Emit<'_> {
    /// Begins an event with the log's fields and time.
    pub fn copy(&mut self) -> Event<'_> {
        self.event(abi::CLONE)
    }

    /// Begins an event with no field and the log's time.
    pub fn empty(&mut self) -> Event<'_> {
        self.event(abi::EMPTY)
    }

    fn event(&mut self, base: u8) -> Event<'_> {
        self.reply.begin_event(base);
        Event { reply: self.reply }
    }
}

/// The fields of a log, see [`Log::fields`].
#[derive(Clone)]
pub struct Fields<'a> {
    rows: &'a [u8],
    rest: &'a [u8],
    skipped: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rows.is_empty() {
            return None;
        }
        let (row, rows) = self.rows.split_at(abi::FIELD_SIZE);
        self.rows = rows;
        let at = |i| view(self.rest, self.skipped, row, i).unwrap_or(&[]);
        Some((at(0), at(8)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.rows.len() / abi::FIELD_SIZE;
        (n, Some(n))
    }
}

impl ExactSizeIterator for Fields<'_> {}
