package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goodConfig has three sources, two transforms and three sinks.
const goodConfig = `log-level: info
dead-letters: letters.jsonl
max-in-flight: 64MiB
endpoint: https://cn-hangzhou.log.aliyuncs.com
project: shop
access-key-id: ${AK_ID}
access-key-secret: file:secret
sources:
  - name: prod
    logstore: [audit, trail]
    group: siem
    from: begin
    query: "* | where instance_id = 'i-1'"
    transforms: [audit, redact]
    sinks: [splunk, archive]
    pull-count: 500
  - name: test
    logstore: test
    group: siem
    transforms: [redact]
    sinks: [archive]
    on-error: pass
  - logstore: raw
    group: ${GROUP:-plain}
    heartbeat-interval: 5s
transforms:
  - name: audit
    module: audit.wasm
    config:
      keep_reads: false
      hmac_key: ${AK_ID}
    memory-limit: 32MiB
  - name: redact
    module: redact.wasm
    config: redact.json
sinks:
  - name: splunk
    type: hec
    url: [https://a.example.com:8088, https://b.example.com:8088]
    token: file:secret
    ack: true
  - name: archive
    type: hec
    host: archive.example.com
    token: archive-token
    gzip: true
  - name: qradar
    type: syslog
    host: qradar.example.com
    port: 6514
    protocol: tls
    payload: leef
`

// cleanEnvironment leaves no variable that is a setting.
func cleanEnvironment(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SLS_") || strings.HasPrefix(name, "SLSWASM_") {
			t.Setenv(name, value) // which puts it back
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("AK_ID", "id-of-the-environment")
}

// writeConfig writes the file, and those that it refers to.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	dir, module := t.TempDir(), string(readHostile(t, "drop"))
	for name, content := range map[string]string{
		"slswasm.yaml": text, "secret": "S3CRET\n", "audit.wasm": module, "redact.wasm": module, "redact.json": "{}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "slswasm.yaml")
}

// command runs the program.
func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = realMain(append([]string{"slswasm"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestGoodConfig(t *testing.T) {
	cleanEnvironment(t)
	for name, text := range map[string]string{"as it is": goodConfig, "of Windows": "\ufeff" + strings.ReplaceAll(goodConfig, "\n", "\r\n")} {
		code, out, errs := command("config", "check", writeConfig(t, text))
		if code != exitOK || !strings.Contains(out, "3 sources, 2 transforms and 3 sinks are right") {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
}

// A mistake in the good file: what stands there instead, and what is said of
// which line.
var mistakesInConfig = []struct {
	instead, of string
	want        string // LINE: MESSAGE
}{
	// Keys with a slip of the pen.
	{"lgo-level: info", "log-level: info", "1:1: lgo-level: there is no such key; did you mean log-level?"},
	{"dead_letters: letters.jsonl", "dead-letters: letters.jsonl", "2:1: dead_letters: there is no such key; did you mean dead-letters?"},
	{"maxInFlight: 64MiB", "max-in-flight: 64MiB", "3:1: maxInFlight: there is no such key; did you mean max-in-flight?"},
	{"endpiont: x", "endpoint: https://cn-hangzhou.log.aliyuncs.com", "4:1: endpiont: there is no such key; did you mean endpoint?"},
	{"porject: shop", "project: shop", "5:1: porject: there is no such key; did you mean project?"},
	{"acess-key-id: ${AK_ID}", "access-key-id: ${AK_ID}", "6:1: acess-key-id: there is no such key; did you mean access-key-id?"},
	{"access-key-secert: file:secret", "access-key-secret: file:secret", "7:1: access-key-secert: there is no such key; did you mean access-key-secret?"},
	{"source:", "sources:", "8:1: source: there is no such key; did you mean sources?"},
	{"- nane: prod", "- name: prod", "9:5: nane: there is no such key; did you mean name?"},
	{"logstores: [audit, trail]", "logstore: [audit, trail]", "10:5: logstores: there is no such key; did you mean logstore?"},
	{"gruop: siem\n    from", "group: siem\n    from", "11:5: gruop: there is no such key; did you mean group?"},
	{"form: begin", "from: begin", "12:5: form: there is no such key; did you mean from?"},
	{"querry:", "query:", "13:5: querry: there is no such key; did you mean query?"},
	{"transform: [audit, redact]", "transforms: [audit, redact]", "14:5: transform: there is no such key; did you mean transforms?"},
	{"sink: [splunk, archive]", "sinks: [splunk, archive]", "15:5: sink: there is no such key here; did you mean sinks?"},
	{"pull_count: 500", "pull-count: 500", "16:5: pull_count: there is no such key; did you mean pull-count?"},
	{"heartbeat: 5s", "heartbeat-interval: 5s", "25:5: heartbeat: there is no such key; did you mean heartbeat-interval?"},
	{"transforsm:\n  - name: audit", "transforms:\n  - name: audit", "26:1: transforsm: there is no such key; did you mean transforms?"},
	{"modul: audit.wasm", "module: audit.wasm", "28:5: modul: there is no such key; did you mean module?"},
	{"memory_limits: 32MiB", "memory-limit: 32MiB", "32:5: memory_limits: there is no such key; did you mean memory-limit?"},
	{"snks:\n  - name: splunk", "sinks:\n  - name: splunk", "36:1: snks: there is no such key; did you mean sinks?"},
	{"typ: hec\n    url", "type: hec\n    url", "37:5: a sink without a type: want type: hec or type: syslog"},
	{"urls: [", "url: [", "39:5: urls: there is no such key; did you mean url?"},
	{"tokn: file:secret", "token: file:secret", "40:5: tokn: there is no such key; did you mean token?"},
	{"acks: true", "ack: true", "41:5: acks: there is no such key; did you mean ack?"},
	{"gzpi: true", "gzip: true", "46:5: gzpi: there is no such key; did you mean gzip?"},
	{"prot: 6514", "port: 6514", "50:5: prot: there is no such key; did you mean port?"},
	{"protocoll: tls", "protocol: tls", "51:5: protocoll: there is no such key; did you mean protocol?"},
	{"paylod: leef", "payload: leef", "52:5: paylod: there is no such key; did you mean payload?"},

	// Keys that belong elsewhere, or have another name here.
	{"hec-url: https://x", "log-level: info", "1:1: hec-url: there is no such key here; it belongs in an entry of sinks with type: hec, as url"},
	{"url: https://x", "log-level: info", "1:1: url: there is no such key here; it belongs in an entry of sinks with type: hec, or in an entry of sinks with type: syslog"},
	{"hec-gzip: true", "gzip: true", "46:5: hec-gzip: there is no such key here; did you mean gzip?"},
	{"ssl_verify: true", "gzip: true", "46:5: ssl_verify: there is no such key here; did you mean verify?"},
	{"module: audit.wasm", "from: begin", "12:5: module: there is no such key here; it belongs in an entry of transforms"},
	{"transform: audit.wasm", "log-level: info", "1:1: transform: there is no such key; did you mean transforms?"},
	{"guest-config: x.json", "log-level: info", "1:1: guest-config: there is no such key here; it belongs in an entry of transforms, as config"},
	{"framing: lf", "gzip: true", "46:5: framing: there is no such key here; it belongs in an entry of sinks with type: syslog"},
	{"log-level: debug", "from: begin", "12:5: log-level: there is no such key here; it belongs in the top of the file"},
	{"cursor_start_time: begin", "from: begin", "12:5: cursor_start_time: there is no such key here; did you mean from?"},
	{"SLS_CG: siem", "group: siem\n    from: begin", "11:5: SLS_CG: there is no such key here; did you mean group?"},
	{"config: x.yaml", "log-level: info", "1:1: config: there is no such key here; it belongs in an entry of transforms"},
	{"zebra: 1", "log-level: info", "1:1: zebra: there is no such key\n"},

	// Names of nobody.
	{"transforms: [audit, redcat]", "transforms: [audit, redact]", `14:25: there is no transform "redcat"; did you mean redact?`},
	{"sinks: [splnk, archive]", "sinks: [splunk, archive]", `15:13: there is no sink "splnk"; did you mean splunk?`},
	{"sinks: archve", "sinks: [archive]", `21:12: there is no sink "archve"; did you mean archive?`},
	{"type: hek", "type: hec\n    url: [https://a.example.com:8088, https://b.example.com:8088]", `38:11: type: "hek" is none of: hec, syslog; did you mean hec?`},
	{"name: prod", "name: test", "17:11: name: prod is the name of number 1, too"},
	{"name: a b", "name: qradar", `47:11: name: "a b": want letters, digits and . _ - /`},

	// Values.
	{"max-in-flight: lots", "max-in-flight: 64MiB", `3:16: "lots" is no size: want a number with its unit, such as 64MiB`},
	{"max-in-flight: 1", "max-in-flight: 64MiB", "3:16: max-in-flight 1B: want at least 1MiB"},
	{"pull-count: many", "pull-count: 500", `16:17: "many" is no whole number`},
	{"pull-count: 5000", "pull-count: 500", "16:17: source prod: pull-count 5000: want 1 to 1000"},
	{"pull-count: [5]", "pull-count: 500", "16:17: want one value, not a list"},
	{"from: yesterday", "from: begin", `12:11: source prod: from: "yesterday" is no position`},
	{"on-error: ignore", "on-error: pass", `22:15: source test: on-error: "ignore" is none of`},
	{"heartbeat-interval: 5", "heartbeat-interval: 5s", `25:25: "5" is no duration: want a number with its unit, such as 30s or 5m`},
	{"memory-limit: 1", "memory-limit: 32MiB", "32:19: transform audit: memory-limit 1B: want 64KiB to 4GiB"},
	{"module: missing.wasm", "module: audit.wasm", "28:13: transform audit: module: open "},
	{"module: audit.wasm@sha256:00", "module: audit.wasm", "28:13: transform audit: module: "},
	{"config: missing.json", "config: redact.json", "35:13: transform redact: config: open "},
	{"ack: yes", "ack: true", `41:10: "yes": want true or false`},
	{"port: 0", "port: 6514", "50:11: sink qradar: port: cannot be 0"},
	{"protocol: https", "protocol: tls", "51:15: sink qradar: protocol: "},
	{"token: ", "token: archive-token", `45:5: there is no value: leave the key out`},
	{`token: ""`, "token: archive-token", "45:12: sink archive: token"},
	{"port: {}", "port: 6514", "50:11: want one value, not a mapping"},
	{"access-key-id: ${NOT_SET}", "access-key-id: ${AK_ID}", "6:16: ${NOT_SET}: this environment variable is not set"},
	{"access-key-secret: file:nowhere", "access-key-secret: file:secret", "7:20: open "},

	// What is missing, or not used.
	{"", "    group: siem\n    from: begin\n", "9:5: source prod: group is missing"},
	{"", "project: shop\n", "8:5: source prod: project is missing"},
	{"", "    module: redact.wasm\n", "33:5: transform redact: module is missing"},
	{"", "    host: qradar.example.com\n", "47:5: sink qradar: "},
	{"transforms: [redact]", "transforms: [audit, redact]", "27:5: transform audit: no source names it"},
	{"sinks: []\nsinks2:\n  - name: splunk", "sinks:\n  - name: splunk", "36:1: sinks: the list is empty; leave the key out"},
	{"logstore: test\n    group: siem", "logstore: raw\n    group: ${GROUP:-plain}", "23:5: source number 3: consumes logstore test of project shop in group \"siem\", as source test does"},
	{"name: shop/raw", "name: test", "23:5: source number 3: another source is called shop/raw, too; give each a name"},
	{"logstore: [audit, audit]", "logstore: [audit, trail]", "10:15: source prod: logstore: audit of project shop is named twice"},

	// YAML.
	{"\tfrom: begin", "    from: begin", "12:1: a tab: YAML is indented with spaces alone"},
	{"  from: begin", "from: begin", "12:7: a key and its colon cannot stand here"},
	{" from: begin", "    from: begin", "12:2: the indentation of this line is that of no line above it"},
	{"query: * | where", "query: \"* | where instance_id = 'i-1'\"", "13:14: a value that begins with * wants quotes"},
	{"transforms: [audit, redact\n", "transforms: [audit, redact]\n", "14:17: this [ is not closed"},
	{"from: \"begin", "from: begin", "12:11: a quotation mark that is not closed on its line"},
	{"log-level: debug", "dead-letters: letters.jsonl", "2:1: log-level: the key stands twice, first on line 1"},
	{"project: *shop", "project: shop", "5:10: *shop: there is no anchor &shop before this"},
	{"---\nproject: shop", "project: shop", "6:1: a second document begins here"},
	{"sources:\nx:", "sources:", "8:1: want a list, not nothing"},
	{"sources: all\nx:", "sources:", "8:10: want a list, not a text"},
	{"sources:\n  - just a name\n", "sources:\n", "9:5: want KEY: VALUE, not a text"},
	{"project shop", "project: shop", "5:1: want KEY: VALUE, with a space behind the colon"},
	{"project: !!str shop", "project: shop", "5:10: tags such as !!str mean nothing here"},
}

func TestMistakesInConfig(t *testing.T) {
	cleanEnvironment(t)
	for _, m := range mistakesInConfig {
		if !strings.Contains(goodConfig, m.of) {
			t.Fatalf("%q: not in the file", m.of)
		}
		path := writeConfig(t, strings.Replace(goodConfig, m.of, m.instead, 1))
		err := checked(path)
		if err == nil {
			t.Errorf("%q for %q: nothing is wrong; want %s", m.instead, m.of, m.want)
			continue
		}
		text := strings.ReplaceAll(err.Error(), path, "FILE")
		if !strings.Contains(text, "FILE:"+m.want) {
			t.Errorf("%q for %q:\n%s\nwant FILE:%s", m.instead, m.of, text, m.want)
		}
		if strings.Contains(text, "S3CRET") || strings.Contains(text, "archive-token") {
			t.Errorf("%q: shows a secret: %s", m.instead, text)
		}
	}
}

// checked is config check without the command around it, which takes most of
// the time.
func checked(path string) error {
	d, err := readDocument(path)
	if err != nil {
		return err
	}
	var s runSettings
	if _, err := fill(s.flags(), d.top); err != nil {
		return err
	}
	p, err := d.plan(&s.guests, &s.sink, settings{})
	if p == nil {
		return err
	}
	return s.check(p, err)
}

// What the command says of mistakes is all of them, in the order of the lines.
func TestAllMistakesAreTold(t *testing.T) {
	cleanEnvironment(t)
	text := strings.NewReplacer("log-level: info", "log-level: loud", "on-error: pass", "on-error: ignore", "port: 6514", "port: 0").Replace(goodConfig)
	path := writeConfig(t, text)
	code, out, errs := command("config", "check", path, "--pull-count", "5000")
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^(?:slswasm|  FILE|  source).*$`).FindAllString(strings.ReplaceAll(errs, path, "FILE"), -1) {
		got = append(got, strings.TrimSpace(strings.TrimPrefix(m, "slswasm:")))
	}
	want := []string{
		`FILE:1:12: log-level: "loud" is none of: debug, info, warn, error`,
		`FILE:22:15: source test: on-error: "ignore" is none of: dead-letter, halt, pass, drop`,
		`FILE:50:11: sink qradar: port: cannot be 0`,
		`source prod: --pull-count 5000: want 1 to 1000`,
		`source test: --pull-count 5000: want 1 to 1000`,
		`source number 3: --pull-count 5000: want 1 to 1000`,
	}
	if d := cmp.Diff(want, got); d != "" || code != exitUsage || out != "" {
		t.Errorf("exit code %d, output %q, (-want +got):\n%s%s", code, out, d, errs)
	}
}
