use std::path::{Path, PathBuf};

use super::archive::files;
use super::jsonl::{lines, outcome_lines, parse_logs, same};
use super::Tester;
use crate::Guest;

/// Runs the cases in a folder that name this guest as their module: logs that go
/// in and events that must come out, as data. guests/examples/README.md of
/// slswasm's repository describes the format. What should come out is written
/// by the guests in Go; here it is only compared.
///
/// # Panics
/// When a case fails, with all that is wrong, or there is none.
pub fn run_cases<G: Guest>(folder: impl AsRef<Path>, module: &str) {
    let folder = folder.as_ref();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().map_or(false, |e| e == "txtar"));
    paths.sort();
    let (mut ran, mut wrong) = (0, Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let files = files(&text);
        let section = |name| files.get(name).map_or("", String::as_str).trim();
        if section("module") != module {
            continue;
        }
        ran += 1;
        let found = match section("error.txt") {
            "" => {
                let counts = files.get("counts.txt").map(String::as_str);
                run_case::<G>(section("config.json"), section("in.jsonl"), section("out.jsonl"), counts)
            }
            want => refused::<G>(section("config.json"), want),
        };
        wrong.extend(found.into_iter().map(|w| format!("{}: {w}", path.display())));
    }
    assert!(ran > 0, "no case in {} is for the module {module}", folder.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn refused<G: Guest>(config: &str, want: &str) -> Vec<String> {
    let got = Tester::<G>::try_start(config).err().unwrap_or_default();
    if got == want {
        return Vec::new();
    }
    vec![format!("the guest's answer to its configuration is {got:?}, want {want:?}")]
}

fn run_case<G: Guest>(config: &str, input: &str, want: &str, counts: Option<&str>) -> Vec<String> {
    let mut guest = match Tester::<G>::try_start(config) {
        Ok(guest) => guest,
        Err(why) => return vec![format!("the guest refused its configuration: {why}")],
    };
    let logs = match parse_logs(input) {
        Ok(logs) if !logs.is_empty() => logs,
        Ok(_) => return vec!["in.jsonl is missing or empty".to_string()],
        Err(why) => return vec![format!("in.jsonl: {why}")],
    };
    let outcomes = guest.run_batch(&logs);
    let got: Vec<String> = outcomes.iter().zip(&logs).flat_map(|(o, log)| outcome_lines(o, log)).collect();
    let want: Vec<&str> = lines(want).map(|(_, line)| line).collect();
    let mut wrong = Vec::new();
    let counted: String = guest.metrics().iter().map(|(name, value)| format!("{name} {value}\n")).collect();
    if counts.map_or(false, |want| want != counted) {
        wrong.push(format!("counts.txt:\ngot\n{counted}want\n{}", counts.unwrap_or("")));
    }
    for i in 0..got.len().max(want.len()) {
        let none = r#""no such line""#;
        let (g, w) = (got.get(i).map_or(none, String::as_str), want.get(i).copied().unwrap_or(none));
        match same(g, w) {
            Ok(true) => {}
            Ok(false) => wrong.push(format!("out.jsonl, line {}:\ngot  {g}\nwant {w}", i + 1)),
            Err(why) => wrong.push(format!("out.jsonl, line {}: {why}", i + 1)),
        }
    }
    wrong
}
