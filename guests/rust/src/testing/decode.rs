use super::{find, Event, Field, Log, Meta, Outcome};
use crate::{abi, json};

type Result<T> = std::result::Result<T, String>;

/// Reads a reply and applies it to the logs; no reply keeps them all.
pub(super) fn decode(reply: Option<&[u8]>, slots: &[Vec<u8>], logs: &[Log]) -> Result<Vec<Outcome>> {
    let reply = match reply {
        Some(reply) => reply,
        None => return Ok(logs.iter().map(|l| Outcome::Keep(l.event())).collect()),
    };
    let mut r = Reader { b: reply, slots };
    let n = r.word()? as usize;
    if n != logs.len() {
        return Err(format!("it has {n} verdicts for {} logs", logs.len()));
    }
    let outcome = |(i, log)| r.outcome(log).map_err(|why| format!("log {i}: {why}"));
    let outcomes = logs.iter().enumerate().map(outcome).collect::<Result<_>>()?;
    if !r.b.is_empty() {
        return Err("bytes follow the last verdict".to_string());
    }
    Ok(outcomes)
}

struct Reader<'a> {
    b: &'a [u8],
    slots: &'a [Vec<u8>],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.b.len() {
            return Err(format!("it stops short: {n} more bytes wanted, {} left", self.b.len()));
        }
        let (taken, rest) = self.b.split_at(n);
        self.b = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<u32> {
        Ok(crate::runtime::word(self.take(4)?, 0))
    }

    fn time(&mut self) -> Result<i64> {
        let mut b = [0; 8];
        b.copy_from_slice(self.take(8)?);
        match i64::from_le_bytes(b) {
            ns if ns < 0 => Err("a time before 1970".to_string()),
            ns => Ok(ns),
        }
    }

    fn text(&mut self) -> Result<Vec<u8>> {
        let n = self.word()?;
        Ok(self.take(n as usize)?.to_vec())
    }

    fn json(&mut self) -> Result<Vec<u8>> {
        let text = self.text()?;
        if !json::valid(&text) {
            return Err(format!("not valid JSON: {:.200}", String::from_utf8_lossy(&text)));
        }
        Ok(text)
    }

    fn name(&mut self) -> Result<Vec<u8>> {
        let name = self.text()?;
        if name.is_empty() {
            return Err("an empty key".to_string());
        }
        Ok(name)
    }

    fn key(&mut self) -> Result<Vec<u8>> {
        let word = crate::runtime::word(self.b.get(..4).ok_or("it stops short: a key wanted")?, 0);
        if word & abi::SLOT_KEY == 0 {
            return self.name();
        }
        self.word()?;
        let slot = (word & !abi::SLOT_KEY) as usize;
        self.slots.get(slot).cloned().ok_or(format!("slot {slot} was not declared"))
    }

    fn outcome(&mut self, log: &Log) -> Result<Outcome> {
        Ok(match self.byte()? {
            abi::KEEP => Outcome::Keep(log.event()),
            abi::DROP => Outcome::Drop,
            abi::EDIT => Outcome::Edit(self.edited(log.event())?),
            abi::EMIT => Outcome::Emit(self.emitted(log)?),
            abi::FAIL => Outcome::Fail(String::from_utf8_lossy(&self.text()?).into_owned()),
            v => return Err(format!("no verdict has the number {v}")),
        })
    }

    fn emitted(&mut self, log: &Log) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for _ in 0..self.word()? {
            let base = match self.byte()? {
                abi::CLONE => log.event(),
                abi::EMPTY => Event { fields: Vec::new(), ..log.event() },
                v => return Err(format!("no base has the number {v}")),
            };
            events.push(self.edited(base)?);
        }
        Ok(events)
    }

    fn edited(&mut self, mut e: Event) -> Result<Event> {
        loop {
            match self.byte()? {
                abi::OP_END => return Ok(e),
                abi::OP_SET => e.set(Field { key: self.key()?, value: self.text()?, json: false }),
                abi::OP_SET_JSON => e.set(Field { key: self.key()?, value: self.json()?, json: true }),
                abi::OP_DELETE => e.delete(&self.key()?),
                abi::OP_RENAME => e.rename(&self.key()?, self.name()?),
                abi::OP_CLEAR => e.fields.clear(),
                abi::OP_BODY => (e.body, e.body_json) = (Some(self.text()?), false),
                abi::OP_BODY_JSON => (e.body, e.body_json) = (Some(self.json()?), true),
                abi::OP_TIME => e.time_ns = self.time()?,
                abi::OP_META => self.meta(&mut e.meta)?,
                v => return Err(format!("no op has the number {v}")),
            }
        }
    }

    fn meta(&mut self, m: &mut Meta) -> Result<()> {
        let id = self.byte()?;
        let text = match id {
            abi::META_INDEX => &mut m.index,
            abi::META_SOURCE => &mut m.source,
            abi::META_SOURCE_TYPE => &mut m.source_type,
            abi::META_HOST => &mut m.host,
            abi::META_APP_NAME => &mut m.app_name,
            abi::META_PROC_ID => &mut m.proc_id,
            abi::META_MSG_ID => &mut m.msg_id,
            abi::META_HOSTNAME => &mut m.hostname,
            abi::META_ROUTE => &mut m.route,
            _ => return self.other_meta(id, m),
        };
        *text = Some(self.text()?);
        Ok(())
    }

    fn other_meta(&mut self, id: u8, m: &mut Meta) -> Result<()> {
        match id {
            abi::META_FIELD => m.fields.push(Field { key: self.text()?, value: self.text()?, json: false }),
            abi::META_FACILITY => m.facility = Some(self.up_to(23)?),
            abi::META_SEVERITY => m.severity = Some(self.up_to(7)?),
            abi::META_STRUCTURED => m.structured.push([self.text()?, self.text()?, self.text()?]),
            id => return Err(format!("no metadata has the number {id}")),
        }
        Ok(())
    }

    fn up_to(&mut self, most: u8) -> Result<u8> {
        match self.byte()? {
            v if v > most => Err(format!("a syslog facility or severity of {v} is over {most}")),
            v => Ok(v),
        }
    }
}

impl Event {
    fn set(&mut self, f: Field) {
        match find(&self.fields, &f.key) {
            Some(i) => self.fields[i] = f,
            None => self.fields.push(f),
        }
    }

    fn delete(&mut self, key: &[u8]) {
        self.fields.retain(|f| f.key != key);
    }

    fn rename(&mut self, from: &[u8], to: Vec<u8>) {
        if from == to || find(&self.fields, from).is_none() {
            return;
        }
        self.delete(&to);
        if let Some(i) = find(&self.fields, from) {
            self.fields[i].key = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_host_refuses() {
        for (reply, want) in [
            (&b"\x01\x00\x00"[..], "stops short"),
            (b"\x02\x00\x00\x00", "2 verdicts for 1 logs"),
            (b"\x01\x00\x00\x00", "stops short"),
            (b"\x01\x00\x00\x00\x05", "no verdict has the number 5"),
            (b"\x01\x00\x00\x00\x00\x00", "bytes follow"),
            (b"\x01\x00\x00\x00\x02", "stops short"),
            (b"\x01\x00\x00\x00\x02\x0a", "no op has the number 10"),
            (b"\x01\x00\x00\x00\x02\x09\x06", "no metadata has the number 6"),
            (b"\x01\x00\x00\x00\x02\x09\x11\x08", "8 is over 7"),
            (b"\x01\x00\x00\x00\x03\x01\x00\x00\x00\x02", "no base has the number 2"),
            (b"\x01\x00\x00\x00\x02\x03\x01\x00\x00\x80", "slot 1 was not declared"),
            (b"\x01\x00\x00\x00\x02\x03\x00\x00\x00\x00", "an empty key"),
            (b"\x01\x00\x00\x00\x02\x03\x00", "stops short"),
            (b"\x01\x00\x00\x00\x04\xff\xff\xff\x7f", "stops short"),
            (b"\x01\x00\x00\x00\x02\x07\x01\x00\x00\x00{", "not valid JSON"),
            (b"\x01\x00\x00\x00\x02\x08\xff\xff\xff\xff\xff\xff\xff\xff\x00", "before 1970"),
            (b"\x01\x00\x00\x00\x03\x02\x00\x00\x00\x00\x00", "stops short"),
        ] {
            let got = decode(Some(reply), &[b"a".to_vec()], &[Log::new(&[("a", "1")])]).unwrap_err();
            assert!(got.contains(want), "{reply:?}: {got}, want {want}");
        }
    }
}
