// Command vpc-flow is a guest of slswasm for the flow logs of VPCs: it drops
// what says nothing, keeps what was refused, and samples the rest flow by
// flow. README.md says how.
package main

import (
	"net/netip"
	"strconv"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	topic    = slswasm.Field("__topic__")
	action   = slswasm.Field("action")
	status   = slswasm.Field("log-status")
	srcAddr  = slswasm.Field("srcaddr")
	srcPort  = slswasm.Field("srcport")
	dstAddr  = slswasm.Field("dstaddr")
	dstPort  = slswasm.Field("dstport")
	protocol = slswasm.Field("protocol")

	sampleRate = slswasm.Named("sample_rate")
)

// What becomes of flow logs, for people: all others pass.
var (
	noData       = slswasm.Counter("no_data")
	healthChecks = slswasm.Counter("health_checks")
	sampledAway  = slswasm.Counter("sampled_away")
	sampled      = slswasm.Counter("sampled")
	notAccepted  = slswasm.Counter("not_accepted")
)

var (
	rate     int            // of the accepted flows, one in so many stays
	rateText string         // the same
	checkers []netip.Prefix // where health checks come from

	_ = slswasm.Name("vpc-flow", "1.0.0")
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(text []byte) error {
	rate = 10
	networks := []string{"100.64.0.0/10"} // Alibaba Cloud's load balancers
	err := settings.Read("vpc-flow", text, settings.Object{
		"sample_rate": settings.Int(&rate, 1, 1_000_000),
		"health_checkers": func(at settings.Place, v jsonscan.Value) error {
			if err := settings.Texts(&networks)(at, v); err != nil {
				return err
			}
			if _, ok := prefixes(networks); !ok {
				return at.Wrong(`a list of IPv4 networks such as "100.64.0.0/10"`)
			}
			return nil
		},
	})
	rateText = strconv.Itoa(rate)
	checkers, _ = prefixes(networks)
	return err
}

func prefixes(networks []string) (list []netip.Prefix, ok bool) {
	for _, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil || !p.Addr().Is4() {
			return nil, false
		}
		list = append(list, p)
	}
	return list, true
}

func handle(l *slswasm.Log) {
	switch {
	case l.GetString(topic) != "flow_log":
		return
	case l.GetString(status) == "NODATA":
		noData.Add(1)
		l.Drop()
		return
	case l.GetString(action) == "ACCEPT" && l.GetString(status) == "OK":
		if healthCheck(l.GetString(srcAddr)) {
			healthChecks.Add(1)
			l.Drop()
			return
		}
		if flow(l)%uint64(rate) != 0 {
			sampledAway.Add(1)
			l.Drop()
			return
		}
		sampled.Add(1)
		l.SetString(sampleRate, rateText)
		l.Syslog().Severity(slswasm.Informational)
	default:
		notAccepted.Add(1)
		l.Syslog().Severity(slswasm.Warning)
	}
	l.HEC().SourceType("aliyun:vpc:flow")
	l.Syslog().AppName("vpc-flow")
}

func healthCheck(addr string) bool {
	if len(checkers) == 0 {
		return false
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	for _, p := range checkers {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// flow is the same number for all logs of a flow, in both directions.
func flow(l *slswasm.Log) uint64 {
	source := hash(hash(offset, l.Get(srcAddr)), l.Get(srcPort))
	target := hash(hash(offset, l.Get(dstAddr)), l.Get(dstPort))
	return mix(source + target + hash(offset, l.Get(protocol)))
}

// offset is where a hash starts.
const offset = 14695981039346656037

// hash goes on with a hash, 64-bit FNV-1a, over text and one space.
func hash(h uint64, text []byte) uint64 {
	const prime = 1099511628211
	for _, c := range text {
		h = (h ^ uint64(c)) * prime
	}
	return (h ^ ' ') * prime
}

// mix is the last step of MurmurHash3. Without it, ports in a row would have
// hashes in a row.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
