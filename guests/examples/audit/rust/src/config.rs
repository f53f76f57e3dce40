use std::collections::BTreeMap;

use slswasm::{mask, settings};

use crate::risk::Level;
use crate::{ACTION_TRAIL, KUBERNETES};

/// What `--guest-config` says; the README describes the keys.
pub struct Config {
    pub drop_reads: bool,
    pub read_prefixes: Vec<String>,
    pub keep: Names, // of events
    pub risky: Names,
    pub medium_at: u32,
    pub high_at: u32,
    pub indexes: [String; 3], // "": what the sink says
    source_types: BTreeMap<Vec<u8>, String>,
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
        Config {
            drop_reads: true,
            read_prefixes: READ_PREFIXES.map(String::from).to_vec(),
            keep: Names::new(KEEP),
            risky: Names::new(RISKY),
            medium_at: 30,
            high_at: 60,
            indexes: Default::default(),
            source_types: SOURCE_TYPES.iter().map(|(t, s)| (t.as_bytes().to_vec(), s.to_string())).collect(),
            mask: mask::Options {
                access_keys: true,
                emails: true,
                secret_members: true,
                keep_domains: vec!["onaliyun.com".to_string()],
                ..Default::default()
            },
        }
    }
}

impl Config {
    /// Reads the configuration; what it does not say stays as it is by default.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut c = Config::default();
        let (mut keep, mut risky) = (Vec::new(), Vec::new());
        settings::read("audit", text, |s| match s.key() {
            "drop_reads" => s.bool(&mut c.drop_reads),
            "read_prefixes" => s.texts(&mut c.read_prefixes),
            "keep_events" => s.texts(&mut keep),
            "risky_events" => s.texts(&mut risky),
            "thresholds" => s.object(|s| match s.key() {
                "medium" => s.int(&mut c.medium_at, 0..=1000),
                "high" => s.int(&mut c.high_at, 0..=1000),
                _ => s.unknown(),
            }),
            "indexes" => s.object(|s| match Level::ALL.iter().find(|l| l.name() == s.key()) {
                Some(level) => s.text(&mut c.indexes[*level as usize]),
                None => s.unknown(),
            }),
            "sourcetypes" => s.object(|s| s.text(c.source_types.entry(s.key().into()).or_default())),
            "mask" => s.object(|s| match s.key() {
                "access_keys" => s.bool(&mut c.mask.access_keys),
                "emails" => s.bool(&mut c.mask.emails),
                "secrets" => s.bool(&mut c.mask.secret_members),
                "keep_domains" => s.texts(&mut c.mask.keep_domains),
                _ => s.unknown(),
            }),
            _ => s.unknown(),
        })?;
        if c.medium_at > c.high_at {
            return Err("thresholds: medium is above high".to_string());
        }
        c.keep.extend(keep);
        c.risky.extend(risky);
        Ok(c)
    }

    /// The sourcetype for a topic: empty for none, nothing if the topic is not
    /// known.
    pub fn source_type(&self, topic: &[u8]) -> Option<&str> {
        self.source_types.get(topic).map(String::as_str)
    }
}

/// A set of names. It finds one among those of its length, which takes less than
/// to hash it.
#[derive(Default)]
pub struct Names([Vec<String>; 16]);

impl Names {
    fn new<const N: usize>(list: [&str; N]) -> Self {
        let mut names = Names::default();
        names.extend(list.map(String::from));
        names
    }

    fn extend(&mut self, list: impl IntoIterator<Item = String>) {
        for name in list {
            self.0[name.len() % 16].push(name);
        }
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        self.0[name.len() % 16].iter().any(|n| n.as_bytes() == name)
    }
}
