use crate::abi;
use crate::reply::Reply;

/// Metadata for Splunk; see [`Event::hec`](crate::Event::hec). Calls chain.
pub struct Hec<'e> {
    pub(crate) reply: &'e mut Reply,
}

impl Hec<'_> {
    /// Sets the index.
    pub fn index(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_INDEX, v.as_ref())
    }

    /// Sets the source.
    pub fn source(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_SOURCE, v.as_ref())
    }

    /// Sets the sourcetype.
    pub fn source_type(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_SOURCE_TYPE, v.as_ref())
    }

    /// Sets the host.
    pub fn host(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_HOST, v.as_ref())
    }

    /// Adds an indexed field; it may be called again for others.
    pub fn field(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let hec = self.text(abi::META_FIELD, name.as_ref());
        hec.reply.text(value.as_ref());
        hec
    }

    fn text(self, id: u8, v: &[u8]) -> Self {
        self.reply.op([abi::OP_META, id]);
        self.reply.text(v);
        self
    }
}

/// One of RFC 5424's severities, section 6.2.1, from the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Severity {
    Emergency = 0,
    Alert = 1,
    Critical = 2,
    Error = 3,
    Warning = 4,
    Notice = 5,
    Informational = 6,
    Debug = 7,
}

/// Metadata for syslog; see [`Event::syslog`](crate::Event::syslog). Calls
/// chain.
pub struct Syslog<'e> {
    pub(crate) reply: &'e mut Reply,
}

impl Syslog<'_> {
    /// Sets the severity.
    pub fn severity(self, v: Severity) -> Self {
        self.reply.op([abi::OP_META, abi::META_SEVERITY, v as u8]);
        self
    }

    /// Sets the facility, 0 to 23 (RFC 5424, section 6.2.1).
    ///
    /// # Panics
    /// When it is over 23.
    pub fn facility(self, v: u8) -> Self {
        if v > 23 {
            panic!("slswasm: a syslog facility of {v} is over 23");
        }
        self.reply.op([abi::OP_META, abi::META_FACILITY, v]);
        self
    }

    /// Sets APP-NAME.
    pub fn app_name(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_APP_NAME, v.as_ref())
    }

    /// Sets PROCID.
    pub fn proc_id(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_PROC_ID, v.as_ref())
    }

    /// Sets MSGID.
    pub fn msg_id(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_MSG_ID, v.as_ref())
    }

    /// Sets HOSTNAME.
    pub fn hostname(self, v: impl AsRef<[u8]>) -> Self {
        self.text(abi::META_HOSTNAME, v.as_ref())
    }

    /// Adds a parameter to the structured data element of this id; it may be
    /// called again for others.
    pub fn structured(self, id: impl AsRef<[u8]>, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let syslog = self.text(abi::META_STRUCTURED, id.as_ref());
        syslog.reply.text(name.as_ref());
        syslog.reply.text(value.as_ref());
        syslog
    }

    fn text(self, id: u8, v: &[u8]) -> Self {
        self.reply.op([abi::OP_META, id]);
        self.reply.text(v);
        self
    }
}
