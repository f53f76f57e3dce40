use super::{find, Field, Log};
use crate::abi;

/// The batch of abi/ABI.md.
pub(super) fn encode(slots: &[Vec<u8>], table: bool, logs: &[Log]) -> Vec<u8> {
    let stride = abi::RECORD_SIZE + abi::SLOT_SIZE * slots.len();
    let mut b = Vec::new();
    for v in [abi::HEADER_SIZE, 0, logs.len(), slots.len(), stride, 0, 0, 0] {
        push(&mut b, v);
    }
    b.resize(b.len() + stride * logs.len(), 0);
    for (i, log) in logs.iter().enumerate() {
        let at = abi::HEADER_SIZE + i * stride;
        b[at + abi::REC_TIME..at + abi::REC_TIME + 8].copy_from_slice(&log.time_ns.to_le_bytes());
        put(&mut b, at + abi::REC_GROUP, log.group);
        let values: Vec<usize> = log.fields.iter().map(|f| append(&mut b, &f.value)).collect();
        for (j, slot) in slots.iter().enumerate() {
            let (off, len) = match find(&log.fields, slot) {
                Some(k) => (values[k] as u32, log.fields[k].value.len() as u32),
                None => (0, abi::ABSENT),
            };
            put(&mut b, at + abi::RECORD_SIZE + abi::SLOT_SIZE * j, off);
            put(&mut b, at + abi::RECORD_SIZE + abi::SLOT_SIZE * j + 4, len);
        }
        if table {
            encode_table(&mut b, at, &log.fields, &values);
        }
    }
    b
}

/// Appends a record's keys and its field table.
fn encode_table(b: &mut Vec<u8>, record: usize, fields: &[Field], values: &[usize]) {
    let keys: Vec<usize> = fields.iter().map(|f| append(b, &f.key)).collect();
    let table = b.len() as u32;
    put(b, record + abi::REC_FIELDS, table);
    put(b, record + abi::REC_COUNT, fields.len() as u32);
    for (j, f) in fields.iter().enumerate() {
        for v in [keys[j], f.key.len(), values[j], f.value.len()] {
            push(b, v);
        }
    }
}

/// Appends text and says where it stands.
fn append(b: &mut Vec<u8>, text: &[u8]) -> usize {
    b.extend_from_slice(text);
    b.len() - text.len()
}

fn push(b: &mut Vec<u8>, v: usize) {
    b.extend_from_slice(&(v as u32).to_le_bytes());
}

fn put(b: &mut [u8], at: usize, v: u32) {
    b[at..at + 4].copy_from_slice(&v.to_le_bytes());
}
