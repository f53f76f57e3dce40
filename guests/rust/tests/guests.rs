//! Small guests through the whole way: batch, calls, reply, events.

use std::fmt::Write;

use slswasm::testing::{Event, Field, Log, Meta, Outcome, Tester};
use slswasm::{print, Event as Edit, Guest, Key, Level, Setup, Severity};

/// Declares a guest of one function, which is given the key of the field "a".
macro_rules! guest {
    ($name:ident, $handle:expr) => {
        guest!($name, $handle, |_| ());
    };
    ($name:ident, $handle:expr, $more:expr) => {
        struct $name(Key);

        impl Guest for $name {
            fn new(setup: &mut Setup) -> Result<Self, String> {
                let more: fn(&mut Setup) = $more;
                more(setup);
                Ok($name(setup.field("a")))
            }
            fn handle(&mut self, log: slswasm::Log) {
                let handle: fn(slswasm::Log, Key) = $handle;
                handle(log, self.0)
            }
        }
    };
}

fn run<G: Guest>(log: &Log) -> Outcome {
    Tester::<G>::start("").run(log)
}

/// Writes an event's fields and body in short.
fn show(e: &Event) -> String {
    let mut s = format!("{}s", e.time_ns / 1_000_000_000);
    for f in &e.fields {
        let json = if f.json { "(json)" } else { "" };
        write!(s, " {}={}{json}", String::from_utf8_lossy(&f.key), String::from_utf8_lossy(&f.value)).unwrap();
    }
    if let Some(body) = &e.body {
        write!(s, " body {} {}", String::from_utf8_lossy(body), e.body_json).unwrap();
    }
    s
}

#[test]
fn reads_what_was_declared() {
    guest!(Reader, |log, a| {
        let text = format!("{:?} {} {} {}", log.get(a), log.has(a), log.time_ns(), log.group());
        print(Level::Warn, &text);
    });
    let mut t = Tester::<Reader>::start("");
    let second = Log { time_ns: 1, group: 3, ..Log::new(&[("b", "x")]) };
    let first = Log::new::<_, &[u8]>(&[("c", b"z"), ("a", b"\xff\x00")]);
    let empty = Log::new(&[("a", "")]);
    let outcomes = t.run_batch(&[first, second, empty]);
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Keep(_))));
    let want = ["Some([255, 0]) true 1700000000000000000 0", "None false 1 3", "Some([]) true 1700000000000000000 0"];
    assert_eq!(t.printed, want.map(|s| (Level::Warn, s.to_string())));
}

#[test]
fn lists_and_finds_all_fields() {
    guest!(
        Lister,
        |mut log, a| {
            let list: Vec<Vec<u8>> = log.fields().map(|(k, v)| [k, b"=", v].concat()).collect();
            let found =
                [log.find("b"), log.find("a"), log.get(a), log.find("none")].map(|v| v.unwrap_or(b"-").to_vec());
            log.body([list.concat(), found.concat(), vec![b'0' + log.fields().len() as u8]].concat());
        },
        |setup| setup.all_fields()
    );
    let outcomes = Tester::<Lister>::start("").run_batch(&[Log::new(&[("a", "1"), ("b", "")]), Log::default()]);
    let bodies: Vec<&[u8]> = outcomes.iter().map(|o| o.events()[0].body.as_deref().unwrap()).collect();
    assert_eq!(bodies, [&b"a=1b=11-2"[..], b"----0"]);
}

#[test]
fn keeping_all_is_no_reply() {
    guest!(Keeper, |mut log, a| {
        log.set(a, "taken back");
        log.keep()
    });
    let mut t = Tester::<Keeper>::start("");
    let mut batch = t.batch(&[Log::default(), Log::default()]);
    assert_eq!(t.transform(&mut batch), None);
    assert_eq!(batch[20..24], [1, 0, 0, 0], "the cursor must name the last log");
}

#[test]
fn each_verdict_is_for_its_own_log() {
    guest!(Judge, |mut log, a| match log.get(a) {
        Some(b"drop") => log.drop(),
        Some(b"fail") => log.fail("why"),
        Some(b"edit") => log.set("k", "v"),
        Some(b"edit, drop") => {
            log.set("k", "v");
            log.drop()
        }
        Some(b"emit") => {
            log.emit().copy();
        }
        Some(b"emit nothing") => {
            log.emit();
        }
        Some(b"panic") => panic!("oh\nno"),
        Some(b"rename") => log.rename(a, ""),
        Some(b"no name") => log.set("", "v"),
        Some(b"time") => log.set_time_ns(-1),
        Some(b"facility") => {
            log.syslog().facility(24);
        }
        Some(b"list") => {
            log.fields();
        }
        _ => {}
    });
    let log = |a: &str| Log::new(&[("a", a)]);
    let kinds = |o: &Outcome| match o {
        Outcome::Keep(_) => "keep".to_string(),
        Outcome::Drop => "drop".to_string(),
        Outcome::Edit(_) => "edit".to_string(),
        Outcome::Emit(events) => format!("emit {}", events.len()),
        Outcome::Fail(why) => format!("fail {why}"),
    };
    let mut t = Tester::<Judge>::start("");
    for (a, want) in [
        ("", "keep"),
        ("drop", "drop"),
        ("fail", "fail why"),
        ("edit", "edit"),
        ("edit, drop", "drop"),
        ("emit", "emit 1"),
        ("emit nothing", "emit 0"),
        ("panic", "fail panic: oh\nno"),
        ("rename", "fail panic: slswasm: cannot rename a field to nothing"),
        ("no name", "fail panic: slswasm: a field's name cannot be empty"),
        ("time", "fail panic: slswasm: the time of an event cannot be before 1970"),
        ("facility", "fail panic: slswasm: a syslog facility of 24 is over 23"),
        ("list", "fail panic: slswasm: cannot list the fields: the guest did not ask for them with Setup::all_fields"),
    ] {
        let got: Vec<String> = t.run_batch(&[log("before"), log(a), log("after")]).iter().map(kinds).collect();
        assert_eq!(got, ["keep", want, "keep"]);
    }
}

#[test]
fn ops_apply_in_order() {
    type Ops = fn(&mut Edit, Key);
    let tests: [(Ops, &str); 11] = [
        (|e, a| (e.set(a, b"x"), e.set("c", "")).0, "5s a=x b=2 c="),
        (|e, a| e.set_json(a, r#"{"x":1}"#), r#"5s a={"x":1}(json) b=2"#),
        (|e, _| (e.set_json("b", "{}"), e.set("b", "y")).0, "5s a=1 b=y"),
        (|e, a| (e.delete(a), e.delete("c")).0, "5s b=2"),
        (|e, a| (e.rename(a, "z"), e.rename("c", "y")).0, "5s z=1 b=2"),
        (|e, _| e.rename("b", "a"), "5s a=2"),
        (|e, a| e.rename(a, "a"), "5s a=1 b=2"),
        (|e, _| (e.clear(), e.set(&b"c"[..], vec![b'3'])).0, "5s c=3"),
        (|e, _| (e.body_json("[]"), e.body("text")).0, "5s a=1 b=2 body text false"),
        (|e, _| e.body_json("[1]"), "5s a=1 b=2 body [1] true"),
        (|e, _| e.set_time_ns(7_000_000_000), "7s a=1 b=2"),
    ];
    thread_local!(static DO: std::cell::Cell<Ops> = std::cell::Cell::new(|_, _| ()));
    guest!(Editor, |mut log, a| DO.with(|f| f.get()(&mut log.event(), a)));
    guest!(Copier, |log, a| DO.with(|f| f.get()(&mut log.emit().copy(), a)));
    let log = Log { time_ns: 5_000_000_000, ..Log::new(&[("a", "1"), ("b", "2")]) };
    for (ops, want) in tests {
        DO.with(|f| f.set(ops));
        for outcome in [run::<Editor>(&log), run::<Copier>(&log)] {
            assert_eq!(outcome.events().iter().map(show).collect::<Vec<_>>(), [want]);
        }
    }
}

#[test]
fn emits_several() {
    guest!(Splitter, |mut log, a| {
        let value = log.get(a).unwrap_or(b"");
        log.set(a, "does not carry over");
        let mut emit = log.emit();
        emit.copy().set(a, "x");
        let mut e = emit.empty();
        e.set("n", value);
        e.hec().index("i");
        emit.copy();
    });
    let logs = [Log::new(&[("a", "1")]), Log::new(&[("a", "2")])];
    for (o, a) in Tester::<Splitter>::start("").run_batch(&logs).iter().zip(["1", "2"]) {
        let shown: Vec<String> = o.events().iter().map(show).collect();
        assert_eq!(shown, ["1700000000s a=x".to_string(), format!("1700000000s n={a}"), format!("1700000000s a={a}")]);
        assert_eq!(o.events()[1].meta.index.as_deref(), Some(&b"i"[..]));
    }
}

#[test]
fn says_metadata() {
    guest!(Header, |mut log, _| {
        log.hec().index("i").source("s").source_type("st").host("h").field("n", "v").field("n2", "");
        let syslog = log.syslog().facility(23).severity(Severity::Emergency).app_name("app").proc_id("pid");
        syslog.msg_id("mid").hostname("hn").structured("id", "n", "v").structured("id", "n2", "v2");
        log.route("west");
    });
    let text = |s: &str| Some(s.as_bytes().to_vec());
    let field = |k: &str, v: &str| Field { key: k.into(), value: v.into(), json: false };
    let want = Meta {
        index: text("i"),
        source: text("s"),
        source_type: text("st"),
        host: text("h"),
        fields: vec![field("n", "v"), field("n2", "")],
        facility: Some(23),
        severity: Some(0),
        app_name: text("app"),
        proc_id: text("pid"),
        msg_id: text("mid"),
        hostname: text("hn"),
        structured: vec![["id", "n", "v"], ["id", "n2", "v2"]]
            .into_iter()
            .map(|p| p.map(|s| s.as_bytes().to_vec()))
            .collect(),
        route: text("west"),
    };
    assert_eq!(run::<Header>(&Log::default()).events()[0].meta, want);
}
