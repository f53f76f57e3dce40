package main

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/testdata/logs"
)

// The command line, in testdata/scripts: what it prints and how it exits.
// Each script has a service with the sample logs and receivers of its own, and
// finds them in the environment, together with the documented settings.
func TestScripts(t *testing.T) {
	audit := guesttest.BuildSmall(t, "audit")
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/scripts",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for key, value := range map[string]string{
				"HOME": e.WorkDir, "XDG_CACHE_HOME": cacheHome(t), "NO_COLOR": "1",
			} {
				e.Setenv(key, value)
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "audit.wasm"), audit, 0o600); err != nil {
				return err
			}
			if err := toolchains(e); err != nil {
				return err
			}
			return surround(e)
		},
		Condition: hasToolchain,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"hostile":  hostile,
			"groups":   groups,
			"arrived":  arrived,
			"caughtup": caughtUp,
			"emulated": emulated,
			"awaits":   awaits,
		},
	})
}

// cacheHome is where the developer's caches are: compiling a module of Go
// takes seconds, and more under the race detector.
func cacheHome(t *testing.T) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return t.TempDir()
	}
	return dir
}

func surround(e *testscript.Env) error {
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: testProject, Logstores: []slstest.Logstore{{Name: testLogstore, Shards: 2}},
	}}})
	if err != nil {
		return err
	}
	e.Defer(func() { service.Close() })
	sample, err := logs.Files.Open("actiontrail.jsonl")
	if err != nil {
		return err
	}
	defer sample.Close()
	if _, err := service.Load(testProject, testLogstore, sample); err != nil {
		return err
	}
	if err := service.Start(""); err != nil {
		return err
	}
	plain, err := sinktest.StartHEC(sinktest.HECOptions{Token: testToken})
	if err != nil {
		return err
	}
	e.Defer(func() { plain.Close() })
	server := httptest.NewTLSServer(nil) // for its certificate
	defer server.Close()
	secure, err := sinktest.StartHEC(sinktest.HECOptions{Token: testToken, TLS: &tls.Config{Certificates: server.TLS.Certificates}})
	if err != nil {
		return err
	}
	e.Defer(func() { secure.Close() })
	syslog, err := sinktest.StartSyslog(sinktest.SyslogOptions{})
	if err != nil {
		return err
	}
	e.Defer(func() { syslog.Close() })
	for key, value := range map[string]string{
		"SLS_ENDPOINT": "http://" + service.Addr(), "SLS_PROJECT": testProject, "SLS_LOGSTORE": testLogstore,
		"SLS_CG": "scripts", "SLS_AK_ID": slstest.DefaultAccessKeyID, "SLS_AK_KEY": slstest.DefaultAccessKeySecret,
		"HEC": plain.URL(), "HECS": secure.URL(), "TOKEN": testToken,
		"SYSLOG_HOST": syslog.Host(), "SYSLOG_PORT": strconv.Itoa(syslog.Port()),
		"SLSWASM_FETCH_INTERVAL": "20ms", // which is how long a run with an end waits to see that it is over
	} {
		e.Setenv(key, value)
	}
	e.Values["service"] = service
	e.Values["arrived"] = map[string]func() int{"hec": plain.Count, "hecs": secure.Count, "syslog": syslog.Count}
	return nil
}

// hostile NAME... writes NAME.wasm of testdata/wat.
func hostile(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		wasm, err := hexFile(name)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name+".wasm"), wasm, 0o600))
	}
}

func readHostile(t *testing.T, name string) []byte {
	t.Helper()
	wasm, err := hexFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func hexFile(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join("../../testdata/wat", name+".hex"))
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
}

// arrived RECEIVER N checks how many events it has got.
func arrived(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := ts.Value("arrived").(map[string]func() int)[args[0]](); got != want {
		ts.Fatalf("%d events arrived at %s, want %d", got, args[0], want)
	}
}

// groups N makes so many consumer groups.
func groups(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	service := ts.Value("service").(*slstest.Server)
	client := sls.CreateNormalInterfaceV2(service.Endpoint(),
		sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""))
	client.SetHTTPClient(service.Client())
	for i := range n {
		ts.Check(client.CreateConsumerGroup(testProject, testLogstore,
			sls.ConsumerGroup{ConsumerGroupName: fmt.Sprintf("group-%d", i), Timeout: 60}))
	}
}

// caughtup GROUP waits until the checkpoints of a group stand at the end.
func caughtUp(ts *testscript.TestScript, _ bool, args []string) {
	service := ts.Value("service").(*slstest.Server)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(service.Await(ctx, func() bool { return service.CaughtUp(testProject, testLogstore, args[0]) }))
}

// emulated FLAG... starts slswasm emulate, to which SLS_ENDPOINT leads from now
// on; it has to end well with the script.
func emulated(ts *testscript.TestScript, _ bool, flags []string) {
	cmd := exec.Command("slswasm", append([]string{"emulate"}, flags...)...)
	cmd.Dir = ts.MkAbs(".")
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("slswasm emulate: %v", err)
		}
	})
	var ready struct{ Endpoint string }
	ts.Check(json.NewDecoder(stdout).Decode(&ready))
	ts.Setenv("SLS_ENDPOINT", ready.Endpoint)
}

// awaits RECEIVER N waits until it has got so many events.
func awaits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	count := ts.Value("arrived").(map[string]func() int)[args[0]]
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for count() < want {
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("%d events arrived at %s, want %d", count(), args[0], want)
		}
	}
}
