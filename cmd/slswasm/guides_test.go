package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/testdata/logs"
)

// A guide is one of host/docs: its file is written and its commands are run as
// they stand, with the emulator and receivers in the places that they name.
type guide struct {
	file, guest string
	logstores   []string       // by sample
	arrives     map[string]int // patterns, and how many events have them, at least
}

var guides = []guide{
	{"splunk.md", "audit", []string{"actiontrail"}, map[string]int{`"risk":"high"`: 1, `"index":"security"`: 1, `"sls_event_id":"my-project/actiontrail/`: 20}},
	{"qradar.md", "waf-leef", []string{"waf", "actiontrail"}, map[string]int{`LEEF:1\.0\|Alibaba Cloud\|WAF\|`: 24, `LEEF:1\.0\|Alibaba Cloud\|Log Service\|`: 35}},
	{"arcsight.md", "k8s-cef", []string{"k8s-audit", "actiontrail"}, map[string]int{`CEF:0\|Kubernetes\|`: 10, `CEF:0\|Alibaba Cloud\|Log Service\|1\.0\|`: 35}},
}

func TestGuides(t *testing.T) {
	for _, g := range guides {
		t.Run(g.file, func(t *testing.T) { t.Parallel(); g.follow(t) })
	}
}

func (g guide) follow(t *testing.T) {
	text, err := os.ReadFile("../../host/docs/" + g.file)
	if err != nil {
		t.Fatal(err)
	}
	var arrived bytes.Buffer
	var mu sync.Mutex
	hec, err := sinktest.StartHEC(sinktest.HECOptions{Token: testToken, OnEvent: func(e *sinktest.HECEvent) {
		mu.Lock()
		defer mu.Unlock()
		arrived.WriteString(`"index":"` + e.Index + `" ` + string(e.Event) + string(e.Fields) + "\n")
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer hec.Close()
	syslog, err := sinktest.StartSyslog(sinktest.SyslogOptions{Framing: sinktest.FrameLF})
	if err != nil {
		t.Fatal(err)
	}
	defer syslog.Close()
	sdk, err := filepath.Abs(checkout)
	if err != nil {
		t.Fatal(err)
	}
	places := strings.NewReplacer(
		"https://cn-hangzhou.log.aliyuncs.com", "http://"+g.service(t).Addr(),
		"https://splunk.example.com:8088", hec.URL(),
		"tls://qradar.example.com:6514", "tcp://"+syslog.Host()+":"+strconv.Itoa(syslog.Port()),
		"tls://arcsight.example.com:6514", "tcp://"+syslog.Host()+":"+strconv.Itoa(syslog.Port()),
		"    ca: qradar-ca.pem\n", "", "    ca: arcsight-ca.pem\n", "", // which belong to tls
		"admin: 127.0.0.1:9464", "admin: 127.0.0.1:0", // guides are followed side by side
		"SLS_AK_ID=... SLS_AK_KEY=...", "SLS_AK_ID="+slstest.DefaultAccessKeyID+" SLS_AK_KEY="+slstest.DefaultAccessKeySecret,
		"SPLUNK_TOKEN=...", "SPLUNK_TOKEN="+testToken,
		"slswasm new siem-audit", "slswasm new --sdk "+sdk+" siem-audit",
	)
	dir := t.TempDir()
	module := guesttest.BuildSmall(t, g.guest)
	if err := os.WriteFile(filepath.Join(dir, g.guest+".tinygo.wasm"), module, 0o600); err != nil {
		t.Fatal(err)
	}
	config := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if err := os.WriteFile(filepath.Join(dir, "slswasm.yaml"), []byte(places.Replace(string(config[1]))), 0o600); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		script.WriteString(places.Replace(string(block[1])))
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-exc", script.String())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SLSWASM_FETCH_INTERVAL=20ms", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range syslog.Messages() {
		arrived.WriteString(string(m.Msg) + "\n")
	}
	for pattern, least := range g.arrives {
		if n := len(regexp.MustCompile(pattern).FindAll(arrived.Bytes(), -1)); n < least {
			t.Errorf("%d events with %s, want %d or more; all that arrived:\n%.5000s", n, pattern, least, arrived.Bytes())
		}
	}
}

// service has the guide's logstores, with sample logs.
func (g guide) service(t *testing.T) *slstest.Server {
	project := slstest.Project{Name: "my-project"}
	for _, name := range g.logstores {
		project.Logstores = append(project.Logstores, slstest.Logstore{Name: name, Shards: 2})
	}
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{project}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	for _, name := range g.logstores {
		sample, err := fs.ReadFile(logs.Files, name+".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := service.Load("my-project", name, bytes.NewReader(sample)); err != nil {
			t.Fatal(err)
		}
	}
	if err := service.Start(""); err != nil {
		t.Fatal(err)
	}
	return service
}
