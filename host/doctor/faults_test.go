package doctor

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/deadletter"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// A fault is something that is wrong, and the one line that must say so.
type fault struct {
	name    string
	spoil   func(*world)
	culprit string // the start of the subject, a slash, the check
	status  Status // Failed, unless it says otherwise
	words   string // in what was found
	remedy  string // in the remedy
}

const (
	service   = "source proj/store, group audit/"
	splunk    = "sink splunk/"
	siem      = "sink siem/"
	drop      = "guest drop.wasm/"
	machine   = "this machine/"
	inSetting = "settings/"
)

var faults = []fault{
	{name: "endpoint does not resolve", culprit: service + checkDNS, words: "no such host", remedy: "--endpoint",
		spoil: func(w *world) { w.source.Endpoint = "https://cn-nowhere.log.example" }},
	{name: "endpoint refuses", culprit: service + checkConn, words: "nobody listens", remedy: "--endpoint",
		spoil: func(w *world) { w.source.Endpoint = "https://127.0.0.1:1" }},
	{name: "endpoint's certificate has ended", culprit: service + checkCert, words: "it ended on", remedy: "renewed",
		spoil: func(w *world) { w.front = w.authority.server("127.0.0.1", -time.Hour) }},
	{name: "endpoint's certificate is for another", culprit: service + checkCert, words: "it is for other.example, and not for 127.0.0.1", remedy: "--endpoint",
		spoil: func(w *world) { w.front = w.authority.server("other.example", 1000*time.Hour) }},
	{name: "endpoint's certificate is not trusted", culprit: service + checkCert, words: "unknown authority", remedy: "SSL_CERT_FILE",
		spoil: func(w *world) { w.front = newAuthority(w.t).server("127.0.0.1", 1000*time.Hour) }},
	{name: "endpoint without TLS", culprit: service + checkCert, words: "does not speak TLS", remedy: "--endpoint",
		spoil: func(w *world) { w.front = nil }},
	{name: "endpoint is none", culprit: service + checkService, words: "not an answer of the Log Service", remedy: "--endpoint",
		spoil: func(w *world) { w.source.Endpoint = w.listen(http.NotFoundHandler()) }},
	{name: "service is broken", culprit: service + checkService, words: "500 InternalServerError", remedy: "later",
		spoil: func(w *world) { w.serve().Inject(slstest.Fault{Kind: slstest.ListShards, Status: 500}) }},

	{name: "clock 20 minutes behind", culprit: service + checkClock, words: "behind the service", remedy: "set this machine's clock",
		spoil: func(w *world) { w.service.Now = func() time.Time { return time.Now().Add(20 * time.Minute) } }},
	{name: "clock 20 minutes ahead", culprit: service + checkClock, words: "ahead of the service", remedy: "set this machine's clock",
		spoil: func(w *world) { w.service.Now = func() time.Time { return time.Now().Add(-20 * time.Minute) } }},
	{name: "clock 5 minutes behind", culprit: service + checkClock, status: Warning, words: "behind the service", remedy: "set this machine's clock",
		spoil: func(w *world) { w.service.Now = func() time.Time { return time.Now().Add(5 * time.Minute) } }},
	{name: "clock refused without a word", culprit: service + checkClock, words: "RequestTimeTooSkewed", remedy: "set this machine's clock",
		spoil: func(w *world) { w.serve().Inject(slstest.Fault{Status: 400, Code: "RequestTimeTooSkewed"}) }},

	{name: "access key id is unknown", culprit: service + checkKey, words: "unknown or disabled", remedy: "--access-key-id",
		spoil: func(w *world) { w.key("nobody", keySecret, stsToken) }},
	{name: "access key secret is wrong", culprit: service + checkKey, words: "SignatureNotMatch", remedy: "--access-key-secret",
		spoil: func(w *world) { w.key("id", "another-secret", stsToken) }},
	{name: "STS token is stale", culprit: service + checkKey, words: "x-acs-security-token", remedy: "STS token",
		spoil: func(w *world) { w.key("id", keySecret, "stale-token") }},
	{name: "credentials file is gone", culprit: service + checkKey, words: "credentials file", remedy: "--credentials-file", spoil: loseKey},
	{name: "project is unknown", culprit: service + checkProject, words: "ProjectNotExist", remedy: `--project "proj"`,
		spoil: func(w *world) { w.service.Projects[0].Name = "other" }},
	{name: "logstore is unknown", culprit: service + checkLogstore, words: "LogStoreNotExist", remedy: `--logstore "store"`,
		spoil: func(w *world) { w.service.Projects[0].Logstores[0].Name = "other" }},

	denied(mayListShards, "acs:log:*:*:project/proj/logstore/store in"),
	denied(mayListGroups, "acs:log:*:*:project/proj/logstore/store/consumergroup/* in"),
	denied(mayCreate, "acs:log:*:*:project/proj/logstore/store/consumergroup/* in"),
	denied(mayBeat, "acs:log:*:*:project/proj/logstore/store/consumergroup/audit in"),
	denied(mayReadSaved, "acs:log:*:*:project/proj/logstore/store/consumergroup/audit in"),
	denied(maySave, "acs:log:*:*:project/proj/logstore/store/consumergroup/audit in"),
	denied(mayPull, "acs:log:*:*:project/proj/logstore/store in"),

	{name: "quota of groups", culprit: service + checkGroup, words: "ConsumerGroupQuotaExceed", remedy: "delete a consumer group",
		spoil: func(w *world) { w.groups(30, 60) }},
	{name: "group hands shards on too soon", culprit: service + checkGroup, status: Warning, words: "too short for a heartbeat each 20s", remedy: "--heartbeat-interval",
		spoil: func(w *world) { w.group(30) }},
	{name: "group has another timeout", culprit: service + checkGroup, status: Warning, words: "1m0s, and not of 2m0s", remedy: "--group",
		spoil: func(w *world) { w.source.Timeout = 2 * time.Minute; w.group(60) }},
	{name: "shard cannot be read", culprit: service + checkPull, words: "an injected fault", remedy: "again",
		spoil: func(w *world) {
			w.source.Query = ""
			w.serve().Inject(slstest.Fault{Kind: slstest.PullLogs, When: func(c slstest.Call) bool { return c.N > 1 }, Status: 400, Code: "ParameterInvalid"})
		}},
	{name: "query is refused", culprit: service + checkQuery, words: "ParameterInvalid", remedy: "--query",
		spoil: func(w *world) { w.source.Query = "SELECT everything" }},

	{name: "module is no module", culprit: drop + checkModule, words: "is text", remedy: "build it",
		spoil: func(w *world) { w.guests[0].Wasm = []byte("hello") }},
	{name: "module traps at the start", culprit: drop + checkModule, words: "unreachable", remedy: "build it",
		spoil: func(w *world) { w.guests[0].Wasm = wasm(w.t, "init-trap") }},
	{name: "module refuses its configuration", culprit: drop + checkConfig, words: "refuses its configuration", remedy: "--guest-config",
		spoil: func(w *world) { w.guests[0].Wasm = wasm(w.t, "init-error") }},

	{name: "Splunk's token is wrong", culprit: splunk + "token", words: "Invalid token", remedy: "--hec-token",
		spoil: func(w *world) { w.hecOpts.Token = "another" }},
	{name: "Splunk's token does not acknowledge", culprit: splunk + "acknowledgement", words: "ACK is disabled", remedy: "--hec-ack",
		spoil: func(w *world) { w.hecOpts.Acks.On = false }},
	{name: "Splunk is down", culprit: splunk + checkConn, words: "nobody listens", remedy: "--hec-url",
		spoil: func(w *world) { w.hec.URL = "https://127.0.0.1:1" }},
	{name: "Splunk's name", culprit: splunk + checkDNS, words: "no such host", remedy: "--hec-url",
		spoil: func(w *world) { w.hec.URL = "https://splunk.example:8088" }},
	{name: "Splunk's certificate has ended", culprit: splunk + checkCert, words: "it ended on", remedy: "renewed",
		spoil: func(w *world) { w.hecOpts.TLS = w.authority.server("127.0.0.1", -time.Hour) }},
	{name: "Splunk's certificate ends soon", culprit: splunk + checkCert, status: Warning, words: "for 9 days more", remedy: "renewed",
		spoil: func(w *world) { w.hecOpts.TLS = w.authority.server("127.0.0.1", 10*24*time.Hour-time.Minute) }},
	{name: "Splunk's certificate is for another", culprit: splunk + checkCert, words: "for other.example, and not for 127.0.0.1", remedy: "--hec-server-name",
		spoil: func(w *world) { w.hecOpts.TLS = w.authority.server("other.example", 1000*time.Hour) }},
	{name: "Splunk's certificate is not trusted", culprit: splunk + checkCert, words: "unknown authority", remedy: "--hec-ca",
		spoil: func(w *world) { w.hecOpts.TLS = newAuthority(w.t).server("127.0.0.1", 1000*time.Hour) }},
	{name: "Splunk is unwell", culprit: splunk + "health", status: Warning, words: "not healthy", remedy: "busy",
		spoil: func(w *world) { a := sinktest.HECError(503, 18, sinktest.NoNumber); w.hecOpts.Health = &a }},
	{name: "Splunk's certificate is not verified", culprit: splunk + checkCert, status: Warning, words: "not verified", remedy: "verified",
		spoil: func(w *world) { w.hec.CAFile, w.hec.SkipVerify = "", true }},

	{name: "syslog refuses", culprit: siem + checkConn, words: "nobody listens", remedy: "--syslog-url",
		spoil: func(w *world) { w.syslog.Host, w.syslog.Port = "127.0.0.1", 1 }},
	{name: "syslog's certificate has ended", culprit: siem + checkCert, words: "it ended on", remedy: "renewed",
		spoil: func(w *world) { w.sysOpts.TLS = w.authority.server("127.0.0.1", -time.Hour) }},
	{name: "syslog without RELP", culprit: siem + "session", words: "syslog to", remedy: "RELP",
		spoil: func(w *world) { w.sysOpts.Network = syslog.TLS }},
	{name: "syslog is not confirmed", culprit: siem + "session", status: Warning, words: "nothing confirms", remedy: "relp",
		spoil: func(w *world) {
			w.sysOpts.Network, w.syslog.Protocol, w.syslog.Confirm = syslog.TLS, syslog.TLS, syslog.ConfirmNone
		}},

	{name: "service is busy", culprit: service + checkService, words: "503 ServerBusy", remedy: "later",
		spoil: func(w *world) { w.serve().Inject(slstest.Fault{Status: 503, Code: "ServerBusy"}) }},
	{name: "module asks for what is not offered", culprit: drop + checkModule, words: "not offered", remedy: "build it",
		spoil: func(w *world) { w.guests[0].Wasm = wasm(w.t, "import-unknown") }},
	{name: "Splunk's other port", culprit: splunk + "health", words: "no answer of a HTTP Event Collector", remedy: "--hec-url",
		spoil: func(w *world) { w.hecOpts.Health = &sinktest.HECAnswer{Status: 200, Body: "<html>"} }},
	{name: "Splunk's token is disabled", culprit: splunk + "token", words: "Token disabled", remedy: "enabled in Splunk",
		spoil: func(w *world) {
			w.hecOpts.Answer = func(int) *sinktest.HECAnswer { a := sinktest.HECError(403, 1, sinktest.NoNumber); return &a }
		}},
	{name: "syslog's certificate is for another", culprit: siem + checkCert, words: "for other.example, and not for 127.0.0.1", remedy: "--syslog-server-name",
		spoil: func(w *world) { w.sysOpts.TLS = w.authority.server("other.example", 1000*time.Hour) }},

	{name: "dead letters have no place", culprit: machine + checkLetters, words: "not a directory", remedy: "--dead-letters",
		spoil: func(w *world) {
			w.write("file", "")
			w.cfg.Host.DeadLetters = filepath.Join(w.dir, "file", "letters.jsonl")
		}},
	{name: "dead letters are something else", culprit: machine + checkLetters, words: "something else", remedy: "--dead-letters",
		spoil: func(w *world) { w.write("letters.jsonl", "my diary\n") }},
	{name: "dead letters are another's", culprit: machine + checkLetters, status: Warning, words: "another process", remedy: "of its own", spoil: writeLetters},
	{name: "disk is full", culprit: machine + checkDisk, status: Warning, words: "1KiB free", remedy: "make room",
		spoil: func(w *world) { w.cfg.freeSpace = func(string) (uint64, bool) { return 1024, true } }},
	{name: "too few files", culprit: machine + checkFiles, words: "2 shards and 20 connections to receivers need about 88 open files, and 64 are allowed", remedy: "LimitNOFILE",
		spoil: func(w *world) { w.cfg.fileLimit = func() (uint64, bool) { return 64, true } }},
	{name: "a setting is wrong", culprit: inSetting + "setting", words: "--on-error: what is that",
		spoil: func(w *world) { w.cfg.Settings = []error{errors.New("--on-error: what is that")} }},
}

func denied(action, resource string) fault {
	return fault{
		name: "right to " + action, culprit: service + action, words: "denied by sts or ram, action: " + action, remedy: "allow " + action + " on " + resource,
		spoil: func(w *world) { w.serve().Deny(action) },
	}
}

func (w *world) key(id, secret, token string) {
	w.source.Credentials = sls.NewStaticCredentialsProvider(id, secret, token)
	w.cfg.Secrets = append(w.cfg.Secrets, keySecret, stsToken)
}

func loseKey(w *world) {
	path := filepath.Join(w.dir, "key")
	w.write("key", fmt.Sprintf(`{"AccessKeyId":"id","AccessKeySecret":%q}`, keySecret))
	var err error
	w.source.Credentials, err = shard.FileCredentials(path)
	w.must(err)
	w.must(os.Remove(path))
}

func (w *world) write(name, text string) {
	w.must(os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

func writeLetters(w *world) {
	letters, err := deadletter.Open(deadletter.Config{Path: w.cfg.Host.DeadLetters, Logger: quiet()})
	w.must(err)
	w.t.Cleanup(func() { w.must(letters.Close()) })
}

// group makes the consumer group, with a timeout in seconds.
func (w *world) group(timeout int) { w.create(group, timeout) }

// groups makes others.
func (w *world) groups(n, timeout int) {
	for i := range n {
		w.create(fmt.Sprintf("other-%d", i), timeout)
	}
}

func (w *world) create(name string, timeout int) {
	client := sls.CreateNormalInterfaceV2("http://log.example", sls.NewStaticCredentialsProvider("id", keySecret, stsToken))
	client.SetHTTPClient(w.serve().InProcess())
	w.must(client.CreateConsumerGroup(project, logstore, sls.ConsumerGroup{ConsumerGroupName: name, Timeout: timeout}))
}

// Each fault is named where it is, with a remedy, and nothing else is blamed.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.spoil(w)
			if f.status == "" {
				f.status = Failed
			}
			i := strings.LastIndex(f.culprit, "/")
			subject, name := f.culprit[:i], f.culprit[i+1:]
			named := 0
			for _, l := range w.ask() {
				sameSubject := strings.HasPrefix(l.Subject, subject)
				switch {
				case sameSubject && l.Check == name && l.Status == f.status:
					named++
					if !strings.Contains(l.Found, f.words) || !strings.Contains(l.Remedy, f.remedy) {
						t.Errorf("found %q, remedy %q: want %q and %q", l.Found, l.Remedy, f.words, f.remedy)
					}
				case l.Status == OK:
				case l.Status == Skipped && sameSubject && f.status == Failed, l.Check == mayBeat && l.Status == Skipped:
				default:
					t.Errorf("blamed, too: %+v", l)
				}
				keepsSecrets(t, l)
			}
			if named != 1 {
				t.Errorf("the culprit was named %d times", named)
			}
		})
	}
}

func keepsSecrets(t *testing.T, l Line) {
	t.Helper()
	for _, text := range []string{l.Subject, l.Found, l.Remedy} {
		for _, secret := range []string{keySecret, stsToken, hecToken} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret in %q", text)
			}
		}
	}
}
