use std::path::Path;

use super::{find, Event, Field, Log, Meta, Outcome};
use crate::json::{append_string, unescape, Kind, Scanner, Value};

/// Reads a file with one flattened log on each line, as in testdata/logs of
/// slswasm's repository: JSON objects of texts.
///
/// # Panics
/// When the file cannot be read.
pub fn read_logs(file: impl AsRef<Path>) -> Vec<Log> {
    let file = file.as_ref();
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    parse_logs(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

pub(super) fn parse_logs(text: &str) -> Result<Vec<Log>, String> {
    lines(text).map(|(i, line)| parse_log(line).map_err(|why| format!("line {i}: {why}"))).collect()
}

/// The lines that are not empty, and their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, line)| (i + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

/// Reads one flattened log. `__time__` and `__time_ns_part__` give the log's
/// time too.
fn parse_log(line: &str) -> Result<Log, String> {
    let object = Value::parse(line.as_bytes()).filter(|v| v.kind() == Kind::Object);
    let mut log = Log::default();
    for (key, value) in object.ok_or(format!("not a JSON object: {line:.80}"))?.members() {
        let key = unescape(&mut Vec::new(), key).to_vec();
        if value.kind() != Kind::String {
            return Err(format!("field {}: not a text", String::from_utf8_lossy(&key)));
        }
        if find(&log.fields, &key).is_some() {
            return Err(format!("field {}: named twice; a log's keys differ", String::from_utf8_lossy(&key)));
        }
        log.fields.push(Field { key, value: value.text(&mut Vec::new()).to_vec(), json: false });
    }
    for (key, unit) in [("__time__", 1_000_000_000), ("__time_ns_part__", 1)] {
        if let Some(i) = find(&log.fields, key.as_bytes()) {
            let value = String::from_utf8_lossy(&log.fields[i].value);
            let n: i64 = value.parse().map_err(|e| format!("field {key}: {e}"))?;
            log.time_ns += n * unit;
        }
    }
    Ok(log)
}

/// Writes what became of a log as out.jsonl has it.
pub(super) fn outcome_lines(outcome: &Outcome, log: &Log) -> Vec<String> {
    match outcome {
        Outcome::Fail(why) => vec![format!(r#"{{"fail":{}}}"#, quote(why.as_bytes()))],
        _ if outcome.events().is_empty() => vec![r#"{"drop":true}"#.to_string()], // dropped, or none was emitted
        _ => outcome.events().iter().map(|e| event_line(e, log)).collect(),
    }
}

fn event_line(e: &Event, log: &Log) -> String {
    let mut members = Vec::new();
    if e.time_ns != log.time_ns {
        members.push(format!(r#""time":"{}""#, e.time_ns));
    }
    members.push(match &e.body {
        None => format!(r#""fields":{}"#, object(&e.fields)),
        Some(body) if e.body_json => format!(r#""body_json":{}"#, String::from_utf8_lossy(body)),
        Some(body) => format!(r#""body":{}"#, quote(body)),
    });
    let meta = meta_members(&e.meta);
    if !meta.is_empty() {
        members.push(format!(r#""meta":{{{}}}"#, meta.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn meta_members(m: &Meta) -> Vec<String> {
    let text = |key: &str, v: &Option<Vec<u8>>| {
        let v = v.as_ref().filter(|v| !v.is_empty())?; // empty is as if nothing was said
        Some(format!(r#""{key}":{}"#, quote(v)))
    };
    let level = |key: &str, v: Option<u8>| v.map(|v| format!(r#""{key}":{v}"#));
    let list = |s: &[Vec<u8>; 3]| format!("[{},{},{}]", quote(&s[0]), quote(&s[1]), quote(&s[2]));
    let structured: Vec<String> = m.structured.iter().map(list).collect();
    let all = [
        text("index", &m.index),
        text("source", &m.source),
        text("sourcetype", &m.source_type),
        text("host", &m.host),
        (!m.fields.is_empty()).then(|| format!(r#""fields":{}"#, object(&m.fields))),
        level("facility", m.facility),
        level("severity", m.severity),
        text("app_name", &m.app_name),
        text("procid", &m.proc_id),
        text("msgid", &m.msg_id),
        text("hostname", &m.hostname),
        (!structured.is_empty()).then(|| format!(r#""structured":[{}]"#, structured.join(","))),
        text("route", &m.route),
    ];
    all.into_iter().flatten().collect()
}

fn object(fields: &[Field]) -> String {
    let member = |f: &Field| {
        let value = if f.json { String::from_utf8_lossy(&f.value).into_owned() } else { quote(&f.value) };
        format!("{}:{value}", quote(&f.key))
    };
    format!("{{{}}}", fields.iter().map(member).collect::<Vec<_>>().join(","))
}

fn quote(s: &[u8]) -> String {
    let mut out = Vec::new();
    append_string(&mut out, s);
    String::from_utf8(out).expect("JSON strings are UTF-8")
}

/// Compares two JSON texts by what they say, members in order.
pub(super) fn same(a: &str, b: &str) -> Result<bool, String> {
    Ok(tokens(a)? == tokens(b)?)
}

/// A value's kind, depth, key and text.
type Token = (Kind, usize, Vec<u8>, Vec<u8>);

fn tokens(s: &str) -> Result<Vec<Token>, String> {
    let mut scan = Scanner::new(s.as_bytes());
    let mut all = Vec::new();
    while let Some(kind) = scan.next() {
        let key = unescape(&mut Vec::new(), scan.key()).to_vec();
        all.push((kind, scan.depth(), key, scan.raw().text(&mut Vec::new()).to_vec()));
    }
    scan.finish().map_err(|e| format!("not JSON: {e}: {s:.80}"))?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_logs() {
        let l = parse_log(r#"{"__time__":"17","__time_ns_part__":"5","b":"x\u0041","a":""}"#).unwrap();
        assert_eq!((l.time_ns, l.fields.len(), &l.fields[2].value[..]), (17_000_000_005, 4, &b"xA"[..]));
        for line in ["[]", r#"{"a":1}"#, r#"{"__time__":"x"}"#, r#"{"a":"b""#, "", r#"{"a":"1","a":"2"}"#] {
            assert!(parse_log(line).is_err(), "{line}");
        }
    }

    #[test]
    fn writes_outcomes() {
        let log = Log { time_ns: 2, ..Log::default() };
        let field = |k: &str, v: &str, json| Field { key: k.into(), value: v.into(), json };
        let fields = vec![field("b", "<é\"", false), field("a", r#"{"x": [1]}"#, true)];
        let e = Event { time_ns: 1, fields, ..Event::default() };
        let meta = Meta {
            index: Some(b"i".to_vec()),
            host: Some(Vec::new()),
            severity: Some(3),
            fields: vec![field("k", "v", false)],
            structured: vec![[b"id".to_vec(), b"n".to_vec(), b"v".to_vec()]],
            route: Some(b"west".to_vec()),
            ..Meta::default()
        };
        let body = Some(br#"{"x":1}"#.to_vec());
        let with_body = Event { time_ns: 2, body: body.clone(), body_json: true, meta, ..Event::default() };
        let text = Event { time_ns: 2, body, ..Event::default() };
        let want = [
            r#"{"time":"1","fields":{"b":"<é\"","a":{"x": [1]}}}"#,
            r#"{"body_json":{"x":1},"meta":{"index":"i","fields":{"k":"v"},"severity":3,"structured":[["id","n","v"]],"route":"west"}}"#,
            r#"{"body":"{\"x\":1}"}"#,
        ];
        assert_eq!(outcome_lines(&Outcome::Emit(vec![e, with_body, text]), &log), want);
        assert_eq!(outcome_lines(&Outcome::Drop, &log), [r#"{"drop":true}"#]);
        assert_eq!(outcome_lines(&Outcome::Emit(Vec::new()), &log), [r#"{"drop":true}"#]);
        assert_eq!(outcome_lines(&Outcome::Fail("why".to_string()), &log), [r#"{"fail":"why"}"#]);
    }

    #[test]
    fn compares_what_lines_say() {
        for (a, b, want) in [
            (r#"{"a":1,"b":"é"}"#, r#" { "a" : 1, "b": "\u00e9" }"#, true),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, false),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            ("[[]]", "[]", false),
        ] {
            assert_eq!(same(a, b), Ok(want), "{a} {b}");
        }
        assert!(same("{}", r#"{"a""#).is_err());
    }
}
