use crate::metric::Metrics;
use crate::reply::Reply;
use crate::{abi, Guest, Log, Setup};

/// A guest that was started, and its side of the ABI. [`export!`](crate::export!)
/// puts it into a module, and [`testing`](crate::testing) into a test.
pub struct Runtime<G> {
    guest: G,
    slots: usize,
    all_fields: bool,
    reply: Reply,
    metrics: Metrics,
}

impl<G: Guest> Runtime<G> {
    /// Gives the configuration to the guest. Returns its descriptor (JSON), as
    /// the export `slswasm_v1_init` does, and the guest unless it refused.
    pub fn start(config: &[u8]) -> (Vec<u8>, Option<Self>) {
        let mut setup = Setup::new(config);
        match G::new(&mut setup) {
            Ok(guest) => {
                let (slots, all_fields) = (setup.fields.len(), setup.all_fields);
                let descriptor = setup.descriptor("");
                let metrics = setup.metrics;
                metrics.tell();
                (descriptor, Some(Runtime { guest, slots, all_fields, reply: Reply::new(), metrics }))
            }
            Err(why) if why.is_empty() => {
                (setup.descriptor("the guest refused its configuration and did not say why"), None)
            }
            Err(why) => (setup.descriptor(&why), None),
        }
    }

    /// Passes a batch through the guest and returns the reply, or nothing when
    /// every log is kept unchanged, as the export `slswasm_v1_transform` does.
    ///
    /// # Panics
    /// When the guest does, and when the batch is not one of the host's.
    pub fn transform(&mut self, batch: &mut [u8]) -> Option<&[u8]> {
        let first = word(batch, abi::OFF_HEADER_LEN) as usize;
        let n = word(batch, abi::OFF_COUNT);
        let stride = word(batch, abi::OFF_STRIDE) as usize;
        if word(batch, abi::OFF_SLOTS) as usize != self.slots {
            panic!("slswasm: the batch does not have the slots that this guest declared");
        }
        let (header, rest) = batch.split_at_mut(first);
        let rest = &*rest;
        self.reply.begin(n);
        for i in 0..n {
            header[abi::OFF_CURSOR..abi::OFF_CURSOR + 4].copy_from_slice(&i.to_le_bytes());
            let record = &rest[i as usize * stride..][..stride];
            self.reply.begin_record();
            self.guest.handle(Log::new(&mut self.reply, record, rest, first, self.all_fields));
            self.reply.end_record();
        }
        self.metrics.tell();
        self.reply.finished()
    }
}

/// The little-endian word at `at`.
pub(crate) fn word(b: &[u8], at: usize) -> u32 {
    let b = &b[at..at + 4];
    u32::from_le_bytes([b[0], b[1], b[2], b[3]])
}
