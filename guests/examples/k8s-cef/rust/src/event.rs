use std::borrow::Cow;

use slswasm::json::{Kind, Value};
use slswasm::{Key, Log, Setup};

/// The fields that an event is read from.
pub struct Fields {
    verb: Key,
    user: Key,
    source_ips: Key,
    object_ref: Key,
    status: Key,
    annotations: Key,
}

impl Fields {
    pub fn declare(setup: &mut Setup) -> Self {
        Fields {
            verb: setup.field("verb"),
            user: setup.field("user"),
            source_ips: setup.field("sourceIPs"),
            object_ref: setup.field("objectRef"),
            status: setup.field("responseStatus"),
            annotations: setup.field("annotations"),
        }
    }
}

/// A view into the log if it can be.
type Text<'a> = Cow<'a, [u8]>;

/// What an audit log says that matters here; empty where it says nothing.
#[derive(Default)]
pub struct Audited<'a> {
    pub verb: &'a [u8],
    pub user: Text<'a>,
    pub uid: Text<'a>,
    pub groups: Vec<u8>,    // with commas between them
    pub source: Text<'a>,   // the first of the addresses: the client's
    pub resource: Text<'a>, // with its subresource, as in pods/exec
    pub namespace: Text<'a>,
    pub name: Text<'a>,
    subresource: Text<'a>,
    pub code: Text<'a>,
    decision: Text<'a>, // allow or forbid
    pub reason: Text<'a>,
}

impl<'a> Audited<'a> {
    /// Reads the fields that are JSON text. A field that is missing or empty says
    /// nothing; any other that is not what it must be is an error.
    pub fn read(log: &Log<'a>, fields: &Fields) -> Result<Self, String> {
        let mut e = Audited { verb: log.get(fields.verb).unwrap_or(b""), ..Audited::default() };
        for (key, v) in members("user", log.get(fields.user))? {
            match key {
                b"username" => e.user = scalar(v),
                b"uid" => e.uid = scalar(v),
                b"groups" => e.groups = groups(v),
                _ => {}
            }
        }
        for (key, v) in members("objectRef", log.get(fields.object_ref))? {
            match key {
                b"resource" => e.resource = scalar(v),
                b"subresource" => e.subresource = scalar(v),
                b"namespace" => e.namespace = scalar(v),
                b"name" => e.name = scalar(v),
                _ => {}
            }
        }
        for (key, v) in members("responseStatus", log.get(fields.status))? {
            if key == b"code" {
                e.code = scalar(v);
            }
        }
        for (key, v) in members("annotations", log.get(fields.annotations))? {
            match key {
                b"authorization.k8s.io/decision" => e.decision = scalar(v),
                b"authorization.k8s.io/reason" => e.reason = scalar(v),
                _ => {}
            }
        }
        if !e.subresource.is_empty() {
            e.resource = [&e.resource[..], b"/", &e.subresource].concat().into();
        }
        if let Some(list) = value("sourceIPs", log.get(fields.source_ips), Kind::Array, "array")? {
            e.source = list.elements().next().map(scalar).unwrap_or_default();
        }
        Ok(e)
    }

    /// What kind of event this is, as in "create:pods/exec".
    pub fn class(&self, separator: &str) -> Vec<u8> {
        let verb = if self.verb.is_empty() { b"unknown" } else { self.verb };
        if self.resource.is_empty() {
            return verb.to_vec();
        }
        [verb, separator.as_bytes(), &self.resource].concat()
    }

    pub fn outcome(&self) -> &'static [u8] {
        match self.code.first() {
            _ if self.denied() => b"failure",
            Some(b'4'..) => b"failure",
            Some(_) => b"success",
            None => b"",
        }
    }

    fn denied(&self) -> bool {
        matches!(&self.code[..], b"401" | b"403") || &self.decision[..] == b"forbid"
    }

    /// Rates the event, 0 to 10, by the worst that is true of it.
    pub fn severity(&self) -> u8 {
        let reads = matches!(self.verb, b"get" | b"list" | b"watch");
        match (&self.resource[..], &self.subresource[..]) {
            (_, b"exec" | b"attach" | b"portforward") => 8,
            (b"roles" | b"rolebindings" | b"clusterroles" | b"clusterrolebindings", _) if !reads => 8,
            _ if self.denied() => 7,
            (b"secrets", _) | (_, b"token") => 6,
            _ if !reads => 4,
            _ => 2,
        }
    }
}

fn groups(list: Value) -> Vec<u8> {
    list.elements().map(scalar).fold(Vec::new(), |mut groups, g| {
        if !groups.is_empty() {
            groups.push(b',');
        }
        groups.extend_from_slice(&g);
        groups
    })
}

/// The members of a field's JSON.
fn members<'a>(field: &str, text: Option<&'a [u8]>) -> Result<impl Iterator<Item = (&'a [u8], Value<'a>)>, String> {
    Ok(value(field, text, Kind::Object, "object")?.into_iter().flat_map(Value::members))
}

/// A field's JSON, nothing if the field is missing or empty.
fn value<'a>(field: &str, text: Option<&'a [u8]>, kind: Kind, name: &str) -> Result<Option<Value<'a>>, String> {
    match text {
        None | Some(b"") => Ok(None),
        Some(text) => match Value::parse(text).filter(|v| v.kind() == kind) {
            None => Err(format!("{field} is not a JSON {name}")),
            found => Ok(found),
        },
    }
}

/// The text of a string, a number as it is written, and nothing else.
fn scalar(v: Value) -> Text {
    match v.kind() {
        Kind::String | Kind::Number => v.to_text(),
        _ => Text::default(),
    }
}
