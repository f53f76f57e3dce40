use std::fs::read_to_string;

use slswasm::json::{Kind, Value};
use slswasm::testing::{Log, Tester};

use super::Work;

fn text(json: Value) -> String {
    String::from_utf8(json.to_text().to_vec()).unwrap()
}

/// Each work makes of each message what the guest in Go made of it, which wrote
/// `results.jsonl`; null is where it failed.
#[test]
fn results_are_those_of_the_guest_in_go() {
    let mut found = [false; 10]; // the patterns
    for line in include_str!("results.jsonl").lines() {
        let results: Vec<_> = Value::parse(line.as_bytes()).unwrap().members().collect();
        let message = text(results[0].1);
        for (work, want) in &results[1..] {
            let work = std::str::from_utf8(work).unwrap();
            let outcome = Tester::<Work>::start(work).run(&Log::new(&[("message", &message)]));
            let got = outcome.events().first().map(|e| match &e.body {
                Some(body) => String::from_utf8(body.clone()).unwrap(),
                None => e.get("result").unwrap(),
            });
            let want = (want.kind() != Kind::Null).then(|| text(*want));
            assert_eq!(got, want, "{work}: {message}");
            if work == "regexp" {
                want.unwrap().bytes().for_each(|digit| found[(digit - b'0') as usize] = true);
            }
        }
    }
    assert_eq!(found, [true; 10], "a pattern is in no message");
}

#[test]
fn results_begin_with_the_message_that_is_measured() {
    let first = include_str!("results.jsonl").lines().next().unwrap();
    let (_, message) = Value::parse(first.as_bytes()).unwrap().members().next().unwrap();
    assert_eq!(text(message), read_to_string("../message.json").unwrap().trim());
}

#[test]
fn refuses_other_works() {
    let refused = Tester::<Work>::try_start("all").err();
    assert_eq!(refused.as_deref(), Some("the work is json, regexp, mask or cef"));
}
