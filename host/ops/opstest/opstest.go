// Package opstest lets the tests of host/ops run the program as it is
// released, against a Log Service and a Splunk of their own.
//
// It knows no unit, image or manifest: those are in the folders beside it.
package opstest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/testdata/logs"
)

// What the sample settings beside the packages name.
const (
	Project  = "my-project"
	Logstore = "actiontrail"
	Token    = "ops-token"
)

// patience is for what always comes, on a slow machine.
const patience = 3 * time.Minute

// Build builds the program as it is released, without a C library, and returns
// its path.
func Build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slswasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", path, "github.com/slswasm/slswasm/cmd/slswasm")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// A World is what stands around the program: a Log Service with Logs logs and
// a Splunk, both behind TLS, whose certificates are CA.
type World struct {
	Service *slstest.Server
	Splunk  *sinktest.HECReceiver
	Logs    int
	CA      []byte // PEM
}

// Start starts a world, which ends with the test.
func Start(t *testing.T) *World {
	t.Helper()
	w := &World{}
	var err error
	w.Service, err = slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: Project, Logstores: []slstest.Logstore{{Name: Logstore, Shards: 2}},
	}}})
	must(t, err)
	t.Cleanup(func() { must(t, w.Service.Close()) })
	sample, err := logs.Files.ReadFile("actiontrail.jsonl")
	must(t, err)
	w.Logs, err = w.Service.Load(Project, Logstore, bytes.NewReader(sample))
	must(t, err)
	must(t, w.Service.StartTLS(""))
	server := httptest.NewTLSServer(nil) // for its certificate
	defer server.Close()
	w.Splunk, err = sinktest.StartHEC(sinktest.HECOptions{Token: Token, TLS: &tls.Config{Certificates: server.TLS.Certificates}})
	must(t, err)
	t.Cleanup(func() { must(t, w.Splunk.Close()) })
	w.CA = append(w.Service.CertificatePEM(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	return w
}

// Here puts this world's addresses into the place of those that samples name.
func (w *World) Here(text string) string {
	return strings.NewReplacer(
		"https://cn-hangzhou.log.aliyuncs.com", "https://"+w.Service.Addr(),
		"https://splunk.example.com:8088", w.Splunk.URL(),
	).Replace(text)
}

// Secrets are the files that the samples name, as they hold in each world.
func Secrets() map[string]string {
	return map[string]string{
		"access-key":   "access_key_id = " + slstest.DefaultAccessKeyID + "\naccess_key_secret = " + slstest.DefaultAccessKeySecret + "\n",
		"splunk-token": Token + "\n",
		"admin-token":  "ops-admin-token-of-some-length\n",
	}
}

// Run runs a command to its end and returns what it wrote.
func Run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := Output(t, cmd)
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return out
}

// Output is like Run, for what may fail. Its limit of time is the test's.
func Output(t *testing.T, cmd *exec.Cmd) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err := cmd.Wait()
	return out.String(), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
