use std::collections::BTreeMap;

/// The files of a txtar archive: what follows `-- name --` lines. The comment
/// before the first of them is left out.
pub(super) fn files(text: &str) -> BTreeMap<&str, String> {
    let mut files = BTreeMap::new();
    let mut name = None;
    for line in text.split_inclusive('\n') {
        let marker = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        if let Some(n) = marker {
            files.insert(n, String::new());
            name = Some(n);
        } else if let Some(file) = name.and_then(|n| files.get_mut(n)) {
            file.push_str(line);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    #[test]
    fn takes_files_apart() {
        let files = super::files("what it shows\n\n-- a --\none\ntwo\n-- b.json --\n-- c --\r\nx");
        let got: Vec<_> = files.iter().map(|(n, text)| (*n, text.as_str())).collect();
        assert_eq!(got, [("a", "one\ntwo\n"), ("b.json", ""), ("c", "x")]);
    }
}
