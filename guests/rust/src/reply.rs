use crate::abi;

/// The reply under way; its buffer is kept from batch to batch.
pub(crate) struct Reply {
    bytes: Vec<u8>,
    start: usize,     // of the verdict of the record in hand
    event_open: bool, // an emitted event has been begun
    changed: bool,    // any verdict but keep
}

impl Reply {
    pub(crate) const fn new() -> Self {
        Reply { bytes: Vec::new(), start: 0, event_open: false, changed: false }
    }

    pub(crate) fn begin(&mut self, records: u32) {
        self.bytes.clear();
        self.changed = false;
        self.word(records);
    }

    /// The reply, nothing when every log is kept.
    pub(crate) fn finished(&self) -> Option<&[u8]> {
        self.changed.then_some(&self.bytes[..])
    }

    pub(crate) fn begin_record(&mut self) {
        self.start = self.bytes.len();
        self.event_open = false;
    }

    /// Completes the verdict of the record in hand.
    pub(crate) fn end_record(&mut self) {
        match self.bytes.get(self.start) {
            None => return self.bytes.push(abi::KEEP),
            Some(&abi::EDIT) => self.bytes.push(abi::OP_END),
            Some(_) => self.end_event(),
        }
        self.changed = true;
    }

    /// Takes back whatever was said of the record in hand.
    pub(crate) fn keep(&mut self) {
        self.bytes.truncate(self.start);
    }

    /// Writes a verdict in place of whatever was said before.
    pub(crate) fn decide(&mut self, verdict: u8) {
        self.keep();
        self.bytes.push(verdict);
    }

    pub(crate) fn begin_event(&mut self, base: u8) {
        self.end_event();
        self.event_open = true;
        let count = self.start + 1;
        let count = &mut self.bytes[count..count + 4];
        let n = u32::from_le_bytes([count[0], count[1], count[2], count[3]]) + 1;
        count.copy_from_slice(&n.to_le_bytes());
        self.bytes.push(base);
    }

    fn end_event(&mut self) {
        if self.event_open {
            self.bytes.push(abi::OP_END);
        }
    }

    /// Starts an operation: its code and what of its operands is at hand; the caller
    /// writes the others.
    pub(crate) fn op<const N: usize>(&mut self, start: [u8; N]) {
        if self.bytes.len() == self.start {
            self.bytes.push(abi::EDIT);
        }
        self.bytes.extend_from_slice(&start);
    }

    pub(crate) fn word(&mut self, v: u32) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn long(&mut self, v: i64) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        self.word(text.len() as u32);
        self.bytes.extend_from_slice(text);
    }
}
