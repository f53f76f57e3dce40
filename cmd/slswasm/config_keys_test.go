package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// keysOf returns a mapping with every key, each with a value that is not its
// default, one to a line.
func keysOf(k *keys, skip func(name string) bool) []string {
	var lines []string
	for _, f := range k.flags {
		name := f.Names()[0]
		if skip(name) {
			continue
		}
		value := "other-" + name
		switch f := f.(type) {
		case *cli.BoolFlag:
			value = fmt.Sprint(!f.Value)
		case *cli.IntFlag, *cli.Int64Flag:
			value = "7"
		case *cli.Float64Flag:
			value = "0.5"
		case *cli.DurationFlag:
			value = "7s"
		case *cli.GenericFlag:
			value = "7MiB"
		case *cli.StringSliceFlag:
			value = "[one-" + name + ", two]"
		case *cli.StringFlag:
			if f.TakesFile {
				value = "/files/" + name
			}
		}
		lines = append(lines, k.names[name]+": "+value)
	}
	return lines
}

// everything is a file with every key there is.
func everything(s *schema) string {
	perFlow := func(name string) bool {
		return s.source.names[name] != "" || s.transform.names[name] != ""
	}
	fixed := func(name string) bool {
		return slices.Contains([]string{"name", "type", keyTransforms, "sink"}, name)
	}
	entry := func(first string, k *keys) string {
		return "  - " + strings.Join(append([]string{first}, keysOf(k, fixed)...), "\n    ") + "\n"
	}
	return strings.Join(keysOf(s.top, perFlow), "\n") + "\n" +
		"sources:\n" + entry("name: a\n    transforms: [t]\n    sinks: [h, s]", s.source) +
		"transforms:\n" + entry("name: t", s.transform) +
		"sinks:\n" + entry("name: h\n    type: hec", s.hec) + entry("name: s\n    type: syslog", s.syslog)
}

func TestEveryFlagHasItsKey(t *testing.T) {
	cleanEnvironment(t)
	s := newSchema()
	for _, f := range new(runSettings).flags() {
		name := f.Names()[0]
		has := slices.ContainsFunc(s.all(), func(k *keys) bool { return k.names[name] != "" })
		if !has && name != "config" {
			t.Errorf("--%s has no key", name)
		}
	}
	text := everything(s)
	code, shown, errs := command("config", "show", writeConfig(t, text))
	if code != exitOK {
		t.Fatalf("exit code %d: %s\n%s", code, errs, text)
	}
	if d := cmp.Diff(lines(text), lines(shown)); d != "" {
		t.Errorf("what is set is not what is shown (-set +shown):\n%s", d)
	}
	code, again, errs := command("config", "show", writeConfig(t, shown))
	if code != exitOK || settingsOf(again) != settingsOf(shown) {
		t.Errorf("exit code %d: %s what is shown is not read as it is:\n%s", code, errs, cmp.Diff(settingsOf(shown), settingsOf(again)))
	}
}

var remark = regexp.MustCompile(`(?m)  # .*$`)

// settingsOf leaves out who has set what.
func settingsOf(shown string) string { return remark.ReplaceAllString(shown, "") }

// lines are what a file sets, in the order of the alphabet, secrets masked.
func lines(text string) []string {
	text = regexp.MustCompile(`(?m)((?:secret|token): ).*$`).ReplaceAllString(settingsOf(text), `$1"***"`)
	all := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(text, "  - ", "    "), ": ", ":_"))
	slices.Sort(all)
	return all
}

// What flags say of themselves is what the file goes by.
func TestKindsOfFlags(t *testing.T) {
	s := newSchema()
	for _, k := range s.all() {
		for _, f := range k.flags {
			name, about := f.Names()[0], f.(cli.DocGenerationFlag).GetUsage()
			_, secret := f.(secretFlag)
			if regexp.MustCompile(`(^|-)(secret|token|password|passphrase)$`).MatchString(name) && !secret {
				t.Errorf("--%s: is made with text, and not with secret", name)
			}
			if regexp.MustCompile("`(FILE|DIR)").MatchString(about) && !takesFile(f) {
				t.Errorf("--%s: is made with text, and not with file", name)
			}
		}
	}
}

// The example is right as it stands, and so is every line of it that is a
// remark.
func TestExampleOfConfig(t *testing.T) {
	cleanEnvironment(t)
	code, text, errs := command("config", "example")
	if code != exitOK {
		t.Fatal(errs)
	}
	path := writeConfig(t, text)
	if code, out, errs := command("config", "check", path); code != exitOK {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	whole := regexp.MustCompile(`(?m)^( *)#(  - |)([a-z-]+:.*)$`).ReplaceAllString(text, "$1$2$3")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "audit.wasm"), guesttest.BuildSmall(t, "audit"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := command("config", "check", path); code != exitOK {
		t.Errorf("with every key: exit code %d: %s%s\n%s", code, out, errs, whole)
	}
	d, err := readDocument(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, whole)
	}
	for _, heading := range regexp.MustCompile(`(?m)^# --- .*$`).FindAllString(text, -1) {
		if n := strings.Count(text, heading); n > 1 {
			t.Errorf("%q stands there %d times", heading, n)
		}
	}
	for name, count := range map[string][2]int{
		"top":        {len(d.top), len(keysOf(d.schema.top, func(n string) bool { return d.schema.source.names[n] != "" || d.schema.transform.names[n] != "" }))},
		"source":     {len(d.sources[0].given), len(d.schema.source.flags)},
		"transforms": {len(d.transforms[0].given), len(d.schema.transform.flags)},
		"hec":        {len(d.sinks[0].given), len(d.schema.hec.flags)},
		"syslog":     {len(d.sinks[1].given), len(d.schema.syslog.flags)},
	} {
		if count[0] != count[1] {
			t.Errorf("%s: %d of %d keys are in the example", name, count[0], count[1])
		}
	}
}

// The command line stands above the environment, that above an entry of the
// file, and that above the top of the file.
func TestPrecedence(t *testing.T) {
	cleanEnvironment(t)
	const text = `from: end
pull-count: 3
sources:
  - {name: a, project: p, logstore: x, group: file, from: 2026-01-01T00:00:00Z, access-key-id: i}
  - {name: b, project: p, logstore: y, group: file}
sinks:
  - {name: h, type: hec, url: https://a, token: t, index: file, source: file}
`
	t.Setenv("SLS_CG", "environment")
	t.Setenv("SLSWASM_PULL_COUNT", "5")
	t.Setenv("SLSWASM_HEC_SOURCE", "environment")
	t.Setenv("SLSWASM_FROM", "")          // is not set
	t.Setenv("SLSWASM_RETRY_MAX", "20s")  // is not in the file
	t.Setenv("SLSWASM_HEC_INDEX", "lost") // the command line has it, too
	path := writeConfig(t, text)
	code, shown, errs := command("config", "show", path, "--pull-count", "7", "--hec-index", "flag")
	if code != exitOK {
		t.Fatal(errs)
	}
	for _, want := range []string{
		"from: 2026-01-01T00:00:00Z  # " + path + ":4\n", "from: end  # " + path + ":1\n", "index: flag  # --hec-index\n",
		"source: environment  # SLSWASM_HEC_SOURCE\n", "retry-max: 20s  # SLSWASM_RETRY_MAX\n",
	} {
		if strings.Count(shown, want) != 1 {
			t.Errorf("not once: %q", want)
		}
	}
	for _, want := range []string{"group: environment  # SLS_CG\n", "pull-count: 7  # --pull-count\n", "on-expired: begin\n"} {
		if strings.Count(shown, want) != 2 {
			t.Errorf("not of both sources: %q", want)
		}
	}
	if t.Failed() {
		t.Log(shown)
	}
}

// Flags alone are shown as a file that says the same.
func TestShowWithoutFile(t *testing.T) {
	cleanEnvironment(t)
	dir := t.TempDir()
	t.Chdir(dir)
	args := []string{
		"--endpoint", "https://e", "--project", "p;q", "--logstore", "x,y;z", "--group", "g", "--access-key-id", "i", "--access-key-secret", "S3CRET",
		"--transform", "a.wasm", "--transform", "b/a.wasm", "--guest-config", `{"hmac_key":"S3CRET","drop":["x"]}`, "--memory-limit", "1234567", "--query", "file: ${x}",
		"--hec-url", "https://u:S3CRET@h", "--hec-token", "S3CRET", "--syslog-host", "s", "--sink", "syslog", "--sink", "hec",
	}
	code, shown, errs := command(append([]string{"config", "show"}, args...)...)
	if code != exitOK || strings.Contains(shown, "S3CRET") {
		t.Fatal(errs, shown)
	}
	for _, want := range []string{
		`logstore: "x,y;z"  # --logstore`, "transforms: [a, a-2]", "sinks: [syslog, hec]", "module: " + filepath.Join(dir, "b/a.wasm"),
		`config: {"drop":["x"],"hmac_key":"***"}  # --guest-config`, "memory-limit: 1234567", `query: "$$file: $${x}"`, `url: ["https://***@h"]`,
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if err := os.WriteFile("shown.yaml", []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	code, again, errs := command("config", "show", "shown.yaml")
	if d := cmp.Diff(settingsOf(shown), settingsOf(again)); code != exitOK || d != "" {
		t.Errorf("exit code %d %s\n%s", code, errs, d)
	}
}

// FuzzConfig: a file may be wrong in any way; it is refused, or it can be
// shown.
func FuzzConfig(f *testing.F) {
	f.Add(goodConfig)
	f.Add(example())
	f.Add(everything(newSchema()))
	f.Add("sources:\n- &a {name: x, <<: {group: y}}\n- *a\nsinks: [{type: hec}]\ntransforms: [{config: {a: [1]}}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10000 || strings.Contains(text, "file:") { // the fuzzer reads no file
			return
		}
		d, err := parseDocument("fuzz.yaml", []byte(text))
		if err != nil {
			return
		}
		var guests guestSettings
		var sink sinkSettings
		guests.flags()
		sink.flags()
		p, err := d.plan(&guests, &sink, settings{})
		if err == nil && p.show() == "" {
			t.Error("shows nothing")
		}
	})
}
