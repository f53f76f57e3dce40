//! A guest of slswasm for the flow logs of VPCs, the twin of the one in Go beside
//! it: it drops what says nothing, keeps what was refused, and samples the rest
//! flow by flow. The README one folder up says how.

use std::net::Ipv4Addr;

use slswasm::{settings, Counter, Guest, Key, Log, Setup, Severity};

struct VpcFlow {
    topic: Key,
    action: Key,
    status: Key,
    source: [Key; 2], // address and port
    target: [Key; 2],
    protocol: Key,
    rate: u64,              // of the accepted flows, one in so many stays
    rate_text: String,      // the same
    checkers: Vec<Network>, // where health checks come from
    counts: Counts,
}

/// What becomes of flow logs, for people: all others pass.
struct Counts {
    no_data: Counter,
    health_checks: Counter,
    sampled_away: Counter,
    sampled: Counter,
    not_accepted: Counter,
}

slswasm::export!(VpcFlow);

impl Guest for VpcFlow {
    fn new(setup: &mut Setup) -> Result<Self, String> {
        setup.name("vpc-flow", "1.0.0");
        let mut rate = 10;
        let mut networks = vec!["100.64.0.0/10".to_string()]; // Alibaba Cloud's load balancers
        settings::read("vpc-flow", setup.config(), |s| match s.key() {
            "sample_rate" => s.int(&mut rate, 1..=1_000_000),
            "health_checkers" => {
                s.texts(&mut networks)?;
                if networks.iter().any(|n| Network::parse(n).is_none()) {
                    return s.wrong("a list of IPv4 networks such as \"100.64.0.0/10\"");
                }
                Ok(())
            }
            _ => s.unknown(),
        })?;
        Ok(VpcFlow {
            topic: setup.field("__topic__"),
            action: setup.field("action"),
            status: setup.field("log-status"),
            source: ["srcaddr", "srcport"].map(|f| setup.field(f)),
            target: ["dstaddr", "dstport"].map(|f| setup.field(f)),
            protocol: setup.field("protocol"),
            rate,
            rate_text: rate.to_string(),
            counts: Counts {
                no_data: setup.counter("no_data"),
                health_checks: setup.counter("health_checks"),
                sampled_away: setup.counter("sampled_away"),
                sampled: setup.counter("sampled"),
                not_accepted: setup.counter("not_accepted"),
            },
            checkers: networks.iter().filter_map(|n| Network::parse(n)).collect(),
        })
    }

    fn handle(&mut self, mut log: Log) {
        if log.get(self.topic) != Some(b"flow_log") {
            return;
        }
        match (log.get(self.action), log.get(self.status)) {
            (_, Some(b"NODATA")) => {
                self.counts.no_data.add(1.0);
                return log.drop();
            }
            (Some(b"ACCEPT"), Some(b"OK")) => {
                if self.health_check(&log) {
                    self.counts.health_checks.add(1.0);
                    return log.drop();
                }
                if self.flow(&log) % self.rate != 0 {
                    self.counts.sampled_away.add(1.0);
                    return log.drop();
                }
                self.counts.sampled.add(1.0);
                log.set("sample_rate", &self.rate_text);
                log.syslog().severity(Severity::Informational);
            }
            _ => {
                self.counts.not_accepted.add(1.0);
                log.syslog().severity(Severity::Warning);
            }
        }
        log.hec().source_type("aliyun:vpc:flow");
        log.syslog().app_name("vpc-flow");
    }
}

impl VpcFlow {
    fn health_check(&self, log: &Log) -> bool {
        let address = log.get(self.source[0]).and_then(|a| std::str::from_utf8(a).ok());
        let address: Option<Ipv4Addr> = address.and_then(|a| a.parse().ok());
        address.map_or(false, |a| self.checkers.iter().any(|n| n.contains(a)))
    }

    /// The same number for all logs of a flow, in both directions.
    fn flow(&self, log: &Log) -> u64 {
        let text = |key| log.get(key).unwrap_or(b"");
        let end = |[address, port]: [Key; 2]| hash(hash(OFFSET, text(address)), text(port));
        let ends = end(self.source).wrapping_add(end(self.target));
        mix(ends.wrapping_add(hash(OFFSET, text(self.protocol))))
    }
}

/// Where a hash starts.
const OFFSET: u64 = 14695981039346656037;

/// Goes on with a hash, 64-bit FNV-1a, over text and one space.
fn hash(h: u64, text: &[u8]) -> u64 {
    text.iter().chain(b" ").fold(h, |h, c| (h ^ *c as u64).wrapping_mul(1099511628211))
}

/// The last step of MurmurHash3. Without it, ports in a row would have hashes in
/// a row.
fn mix(mut h: u64) -> u64 {
    h = (h ^ (h >> 33)).wrapping_mul(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ceb9fe1a85ec53);
    h ^ (h >> 33)
}

/// An IPv4 network.
struct Network {
    address: u32,
    mask: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        if bits.starts_with(['0', '+']) && bits != "0" {
            return None;
        }
        let bits: u32 = bits.parse().ok().filter(|b| *b <= 32)?;
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        Some(Network { address: u32::from(address) & mask, mask })
    }

    fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask == self.address
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, VpcFlow};

    #[test]
    fn cases() {
        slswasm::testing::run_cases::<VpcFlow>("../cases", "vpc-flow");
    }

    #[test]
    fn networks() {
        for (network, inside, outside) in [
            ("100.64.0.0/10", "100.127.255.255", "100.128.0.0"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
            ("10.0.0.1/8", "10.9.8.7", "11.0.0.0"),
        ] {
            let n = Network::parse(network).unwrap();
            assert!(n.contains(inside.parse().unwrap()) && !n.contains(outside.parse().unwrap()), "{network}");
        }
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("255.1.2.3".parse().unwrap()));
        for wrong in ["100.64.0.1", "1.2.3/8", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/08", "::/0", ""] {
            assert!(Network::parse(wrong).is_none(), "{wrong}");
        }
    }
}
