use slswasm::testing::{read_logs, run_cases, Log, Outcome, Tester};

use super::Audit;

const LOGS: &str = "../../../../testdata/logs/";

#[test]
fn cases() {
    run_cases::<Audit>("../cases", "audit");
}

#[test]
fn samples() {
    let mut guest = Tester::<Audit>::start("");
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for name in ["actiontrail", "k8s-audit", "waf", "vpc-flow"] {
        for (i, outcome) in guest.run_batch(&read_logs(format!("{LOGS}{name}.jsonl"))).iter().enumerate() {
            let verdict = match outcome {
                Outcome::Drop => "drop",
                Outcome::Edit(_) => "edit",
                other => panic!("{name}, line {}: {other:?}", i + 1),
            };
            *counts.entry(format!("{name} {verdict}")).or_default() += 1;
            for e in outcome.events() {
                *counts.entry(e.get("risk").unwrap_or_default()).or_default() += 1;
                assert!(e.meta.source_type.is_some(), "{name}, line {} has no sourcetype", i + 1);
            }
        }
    }
    println!("{counts:?}");
    for want in ["actiontrail drop", "actiontrail edit", "low", "medium", "high"] {
        assert!(counts.contains_key(want), "the samples show no {want}");
    }
}

/// A replayed event, or a second guest in the chain, changes nothing more.
#[test]
fn twice_is_once() {
    let mut guest = Tester::<Audit>::start("");
    for outcome in guest.run_batch(&read_logs(format!("{LOGS}actiontrail.jsonl"))) {
        for e in outcome.events() {
            let again = guest.run(&Log { time_ns: e.time_ns, group: 0, fields: e.fields.clone() });
            assert_eq!(again.events(), outcome.events());
        }
    }
}
