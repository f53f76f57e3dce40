use std::collections::{HashMap, HashSet};

use slswasm::json::{unescape, Kind, Value};
use slswasm::mask;

use crate::risk::Level;
use crate::{ACTION_TRAIL, KUBERNETES};

/// What `--guest-config` says; the README describes the keys.
pub struct Config {
    pub drop_reads: bool,
    pub read_prefixes: Vec<String>,
    pub keep: HashSet<Vec<u8>>, // by event name
    pub risky: HashSet<Vec<u8>>,
    pub medium_at: u32,
    pub high_at: u32,
    pub indexes: [String; 3], // "": what the sink says
    source_types: HashMap<Vec<u8>, String>,
    pub mask: mask::Options,
}

const READ_PREFIXES: [&str; 3] = ["Describe", "List", "Get"];

const KEEP: [&str; 7] = [
    "GetSecretValue", "GetSecretParameter", "GetFederationToken", "GetAuthorizationToken", "GetObjectAcl",
    "GetAccessKeyLastUsed", "GetSessionToken",
];

const RISKY: [&str; 41] = [
    "CreateAccessKey", "UpdateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile",
    "AttachPolicyToUser", "AttachPolicyToGroup", "AttachPolicyToRole", "AttachPolicy", "CreatePolicyVersion",
    "SetDefaultPolicyVersion", "AddUserToGroup", "CreateRole", "UpdateRole", "CreateSAMLProvider",
    "CreateOIDCProvider", "UnbindMFADevice", "DeleteVirtualMFADevice", "SetPasswordPolicy", "SetSecurityPreference",
    "StopLogging", "DeleteTrail", "UpdateTrail", "DeleteProject", "DeleteLogStore", "UpdateLogStore",
    "AuthorizeSecurityGroup", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRule", "ModifySecurityIps",
    "AllocateInstancePublicConnection", "PutBucketAcl", "PutBucketPolicy", "DeleteBucketPolicy",
    "DeleteBucketEncryption", "ScheduleKeyDeletion", "DisableKey", "DeleteSecret", "DeleteSnapshot", "DeleteInstance",
    "ModifyImageSharePermission",
];

const SOURCE_TYPES: [(&str, &str); 4] = [
    (ACTION_TRAIL, "aliyun:actiontrail"),
    (KUBERNETES, "aliyun:ack:audit"),
    ("waf_access_log", "aliyun:waf"),
    ("flow_log", "aliyun:vpc:flow"),
];

impl Default for Config {
    fn default() -> Self {
        let set = |names: &[&str]| names.iter().map(|n| n.as_bytes().to_vec()).collect();
        Config {
            drop_reads: true,
            read_prefixes: READ_PREFIXES.map(String::from).to_vec(),
            keep: set(&KEEP),
            risky: set(&RISKY),
            medium_at: 30,
            high_at: 60,
            indexes: Default::default(),
            source_types: SOURCE_TYPES.iter().map(|(t, s)| (t.as_bytes().to_vec(), s.to_string())).collect(),
            mask: mask::Options {
                access_keys: true,
                emails: true,
                secret_members: true,
                keep_domains: vec!["onaliyun.com".to_string()],
            },
        }
    }
}

type Result<T> = std::result::Result<T, String>;

impl Config {
    /// Reads the configuration; what it does not say stays as it is by default.
    /// A key that is not known is an error: it may be a misspelt one.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let mut c = Config::default();
        if text.is_empty() {
            return Ok(c);
        }
        let object = Value::parse(text).filter(|v| v.kind() == Kind::Object);
        let object = object.ok_or("the configuration of the audit guest is not a JSON object")?;
        members("", object, |key, v| c.setting(key, v))?;
        if c.medium_at > c.high_at {
            return Err("thresholds: medium is above high".to_string());
        }
        Ok(c)
    }

    /// The sourcetype for a topic: empty for none, nothing if the topic is not
    /// known.
    pub fn source_type(&self, topic: &[u8]) -> Option<&str> {
        self.source_types.get(topic).map(String::as_str)
    }

    fn setting(&mut self, key: &str, v: Value) -> Result<()> {
        match key {
            "drop_reads" => self.drop_reads = boolean(key, v)?,
            "read_prefixes" => self.read_prefixes = list(key, v)?,
            "keep_events" => self.keep.extend(list(key, v)?.into_iter().map(String::into_bytes)),
            "risky_events" => self.risky.extend(list(key, v)?.into_iter().map(String::into_bytes)),
            "thresholds" => return members(key, v, |key, v| self.threshold(key, v)),
            "indexes" => return members(key, v, |key, v| self.index(key, v)),
            "sourcetypes" => {
                return members(key, v, |topic, v| {
                    let s = text(&format!("sourcetypes.{topic}"), v)?;
                    self.source_types.insert(topic.as_bytes().to_vec(), s);
                    Ok(())
                })
            }
            "mask" => return members(key, v, |key, v| self.masking(key, v)),
            _ => return unknown(key),
        }
        Ok(())
    }

    fn threshold(&mut self, key: &str, v: Value) -> Result<()> {
        let path = format!("thresholds.{key}");
        let n = v.int().filter(|n| (0..=1000).contains(n));
        let n = n.ok_or_else(|| wrong(&path, "a whole number from 0 to 1000"))? as u32;
        match key {
            "medium" => self.medium_at = n,
            "high" => self.high_at = n,
            _ => return unknown(&path),
        }
        Ok(())
    }

    fn index(&mut self, key: &str, v: Value) -> Result<()> {
        let path = format!("indexes.{key}");
        match Level::ALL.iter().find(|l| l.name() == key) {
            Some(level) => self.indexes[*level as usize] = text(&path, v)?,
            None => return unknown(&path),
        }
        Ok(())
    }

    fn masking(&mut self, key: &str, v: Value) -> Result<()> {
        let path = format!("mask.{key}");
        match key {
            "access_keys" => self.mask.access_keys = boolean(&path, v)?,
            "emails" => self.mask.emails = boolean(&path, v)?,
            "secrets" => self.mask.secret_members = boolean(&path, v)?,
            "keep_domains" => self.mask.keep_domains = list(&path, v)?,
            _ => return unknown(&path),
        }
        Ok(())
    }
}

fn unknown(key: &str) -> Result<()> {
    Err(format!("{key}: the audit guest has no such setting"))
}

fn wrong(key: &str, want: &str) -> String {
    format!("{key}: must be {want}")
}

/// Calls f for each member of an object.
fn members(key: &str, v: Value, mut f: impl FnMut(&str, Value) -> Result<()>) -> Result<()> {
    if v.kind() != Kind::Object {
        return Err(wrong(key, "an object"));
    }
    v.members().try_for_each(|(k, v)| f(&String::from_utf8_lossy(unescape(&mut Vec::new(), k)), v))
}

fn boolean(key: &str, v: Value) -> Result<bool> {
    match v.bytes() {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(wrong(key, "true or false")),
    }
}

fn text(key: &str, v: Value) -> Result<String> {
    if v.kind() != Kind::String {
        return Err(wrong(key, "a text"));
    }
    Ok(String::from_utf8_lossy(v.text(&mut Vec::new())).into_owned())
}

/// Reads texts.
fn list(key: &str, v: Value) -> Result<Vec<String>> {
    if v.kind() != Kind::Array {
        return Err(wrong(key, "a list of texts"));
    }
    let item = |v| text(key, v).ok().filter(|s| !s.is_empty());
    let items: Option<Vec<String>> = v.elements().map(item).collect();
    items.ok_or_else(|| wrong(key, "a list of texts that are not empty"))
}
