use crate::metric::Metrics;
use crate::{abi, json, Counter, Gauge};

/// A field that the guest declared: it has a slot in every log, so that reading
/// it costs next to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub(crate) u32);

/// What a guest is given at the start, and what it says of itself.
pub struct Setup<'a> {
    config: &'a [u8],
    name: String,
    version: String,
    pub(crate) fields: Vec<String>,
    pub(crate) all_fields: bool,
    batch_max: Option<u32>,
    pub(crate) metrics: Metrics,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(config: &'a [u8]) -> Self {
        Setup {
            config,
            name: String::new(),
            version: String::new(),
            fields: Vec::new(),
            all_fields: false,
            batch_max: None,
            metrics: Metrics::default(),
        }
    }

    /// The configuration: the bytes of `--guest-config`, empty when there are
    /// none.
    pub fn config(&self) -> &'a [u8] {
        self.config
    }

    /// Says what the guest is called in log lines and dead letters, and its
    /// version.
    pub fn name(&mut self, name: &str, version: &str) {
        self.name = name.to_string();
        self.version = version.to_string();
    }

    /// Declares a field that the guest reads, by its name in the flattened log:
    /// `__topic__`, `__tag__:k`, or a content key such as `verb`.
    ///
    /// # Panics
    /// When the name is empty or `*`, which no field can have.
    pub fn field(&mut self, name: &str) -> Key {
        if name.is_empty() || name == abi::ALL_FIELDS {
            panic!("slswasm: no field can have the name {name:?}; all_fields asks for all of them");
        }
        let slot = self.fields.iter().position(|f| *f == name).unwrap_or_else(|| {
            self.fields.push(name.to_string());
            self.fields.len() - 1
        });
        Key(slot as u32)
    }

    /// Asks for all the fields of every log: [`Log::fields`](crate::Log::fields)
    /// then lists them, and [`Log::find`](crate::Log::find) finds any. It costs
    /// several times what declared fields cost.
    pub fn all_fields(&mut self) {
        self.all_fields = true;
    }

    /// Limits the logs in one call, 1 to 65536; the host's default is 256.
    pub fn batch_max(&mut self, logs: u32) {
        self.batch_max = Some(logs);
    }

    /// Declares something that is counted, for people to see beside the host's
    /// own numbers; the guest keeps it and calls [`Counter::add`]. The name is
    /// like `[a-z][a-z0-9_]{0,63}`; declared twice, it is one counter. The host
    /// adds up what all instances count, and counts each log once: what is counted
    /// in work that is thrown away and repeated, is thrown away with it. A guest
    /// may have 64 names; those beyond are counted together, as "other".
    ///
    /// # Panics
    /// When the name is none, or a gauge has it.
    pub fn counter(&mut self, name: &str) -> Counter {
        self.metrics.counter(name)
    }

    /// Declares something that is measured, as [`counter`](Self::counter) does.
    /// The host shows the sum of what the instances have set last.
    ///
    /// # Panics
    /// When the name is none, or a counter has it.
    pub fn gauge(&mut self, name: &str) -> Gauge {
        self.metrics.gauge(name)
    }

    /// The descriptor of abi/ABI.md, with what is wrong.
    pub(crate) fn descriptor(&self, error: &str) -> Vec<u8> {
        let mut d = br#"{"name":"#.to_vec();
        json::append_string(&mut d, &self.name);
        d.extend_from_slice(br#","version":"#);
        json::append_string(&mut d, &self.version);
        d.extend_from_slice(br#","fields":["#);
        let all = self.all_fields.then_some(abi::ALL_FIELDS);
        for (i, f) in self.fields.iter().map(String::as_str).chain(all).enumerate() {
            if i > 0 {
                d.push(b',');
            }
            json::append_string(&mut d, f);
        }
        d.push(b']');
        if let Some(n) = self.batch_max {
            d.extend_from_slice(br#","batch_max":"#);
            d.extend_from_slice(n.to_string().as_bytes());
        }
        d.extend_from_slice(br#","error":"#);
        json::append_string(&mut d, error);
        d.push(b'}');
        d
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Guest, Log, Runtime};

    struct Picky;

    impl Guest for Picky {
        fn new(setup: &mut Setup) -> Result<Self, String> {
            setup.name("a\"b\n", "1.0");
            let verb = setup.field("verb");
            setup.field("__tag__:k");
            assert_eq!(setup.field("verb"), verb);
            setup.all_fields();
            setup.batch_max(7);
            match setup.config() {
                b"" => Err(String::new()),
                b"good" => Ok(Picky),
                _ => Err("key \"x\": not known".to_string()),
            }
        }
        fn handle(&mut self, _: Log) {}
    }

    #[test]
    fn the_descriptor_says_what_was_declared() {
        let start = r#"{"name":"a\"b\n","version":"1.0","fields":["verb","__tag__:k","*"],"batch_max":7,"error":"#;
        for (config, error) in [
            ("good", r#""""#),
            ("bad", r#""key \"x\": not known""#),
            ("", r#""the guest refused its configuration and did not say why""#),
        ] {
            let (descriptor, runtime) = Runtime::<Picky>::start(config.as_bytes());
            assert_eq!(String::from_utf8(descriptor).unwrap(), format!("{start}{error}}}"));
            assert_eq!(runtime.is_some(), config == "good");
        }
    }

    #[test]
    fn without_a_word_it_reads_nothing() {
        assert_eq!(Setup::new(b"").descriptor(""), br#"{"name":"","version":"","fields":[],"error":""}"#);
    }

    #[test]
    #[should_panic(expected = "slswasm: no field can have the name \"*\"")]
    fn a_star_is_no_field() {
        Setup::new(b"").field("*");
    }
}
