// Package kubernetes_test holds the manifests against Kubernetes' own types,
// against each other, and against what the program does.
package kubernetes_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/slswasm/slswasm/host/ops/opstest"
)

// A manifest has what is looked at here, of all kinds.
type manifest struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Selector    any    // a map of labels, or one below matchLabels
		PodSelector any    `yaml:"podSelector"`
		ServiceName string `yaml:"serviceName"`
		Template    struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
		Egress       []struct{ Ports []struct{ Port int } }
		Ingress      []struct{ Ports []struct{ Port int } }
		ScaleTarget  struct{ Kind, Name string }                `yaml:"scaleTargetRef"`
		VolumeClaims []struct{ Metadata struct{ Name string } } `yaml:"volumeClaimTemplates"`
		Metrics      []struct {
			External struct{ Metric struct{ Name string } }
		}
	}
}

type pod struct {
	Grace        int   `yaml:"terminationGracePeriodSeconds"`
	ServiceLinks *bool `yaml:"enableServiceLinks"`
	TokenMounted *bool `yaml:"automountServiceAccountToken"`
	Security     struct {
		RunAsNonRoot bool                  `yaml:"runAsNonRoot"`
		User         int                   `yaml:"runAsUser"`
		Group        int                   `yaml:"runAsGroup"`
		FSGroup      int                   `yaml:"fsGroup"`
		Seccomp      struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Containers []container
	Volumes    []struct {
		Name   string
		Secret struct {
			SecretName string `yaml:"secretName"`
		}
	}
}

type container struct {
	Args  []string
	Env   []struct{ Name string }
	Ports []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Startup  probe `yaml:"startupProbe"`
	Alive    probe `yaml:"livenessProbe"`
	Ready    probe `yaml:"readinessProbe"`
	Security struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct{ Drop []string }
	} `yaml:"securityContext"`
	Mounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
}

// sources are the files that the kustomizations name.
func sources(t *testing.T, dirs ...string) []byte {
	t.Helper()
	var all [][]byte
	for _, dir := range dirs {
		var k struct{ Resources []string }
		if err := yaml.Unmarshal(read(t, dir, "kustomization.yaml"), &k); err != nil {
			t.Fatal(err)
		}
		for _, file := range k.Resources {
			all = append(all, bytes.TrimSpace(read(t, dir, file)))
		}
	}
	return bytes.Join(all, []byte("\n---\n"))
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	found := map[string]manifest{}
	for _, text := range strings.Split(string(sources(t, ".", "scaling")), "\n---\n") {
		var m manifest
		if err := yaml.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		found[m.Kind] = m
	}
	return found
}

// Kubernetes' own types have all the fields, as the files have them and as
// kustomize puts them together.
func TestManifestsAreUnderstood(t *testing.T) {
	t.Parallel()
	strict := filepath.Join(t.TempDir(), "strict")
	for _, args := range [][]string{{"mod", "download"}, {"build", "-o", strict, "."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = "testdata/strict", append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		if out, err := opstest.Output(t, cmd); err != nil && args[0] == "mod" {
			t.Skipf("SKIPPED: Kubernetes' types are not to be had: %v\n%s", err, out)
		} else if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	understood := func(from string, text []byte, want int) {
		out, err := strictly(t, strict, string(text))
		if err != nil || strings.Count(out, "\n") != want {
			t.Errorf("%s: %v, %d of %d\n%s", from, err, strings.Count(out, "\n"), want, out)
		}
	}
	understood("the files", sources(t, ".", "scaling"), 7)
	if out, err := strictly(t, strict, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\nspec:\n  clusterIp: None\n"); err == nil {
		t.Errorf("a misspelt field passes: %s", out)
	}
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Log("SKIPPED: kubectl is not installed: it would put the manifests together")
		return
	}
	base := filepath.Join(t.TempDir(), "base")
	if err := os.CopyFS(base, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(base), "overlay") // as the README says to make one
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	overlay := "resources: [../base]\ncomponents: [../base/scaling]\n"
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o600); err != nil {
		t.Fatal(err)
	}
	out := opstest.Run(t, exec.CommandContext(t.Context(), "kubectl", "kustomize", dir))
	understood("kustomize", []byte(out), 8)
	if !strings.Contains(out, "name: slswasm-config-") || !strings.Contains(out, "image: registry.example.com/slswasm:v0.1.0") {
		t.Errorf("kustomize: settings or image are not put in\n%s", out)
	}
	if strings.Contains(out, "  replicas:") {
		t.Error("each apply sets back what the autoscaler has set")
	}
}

func strictly(t *testing.T, strict, text string) (string, error) {
	cmd := exec.CommandContext(t.Context(), strict)
	cmd.Stdin = strings.NewReader(text)
	return opstest.Output(t, cmd)
}

func labels(t *testing.T, selector any) map[string]string {
	t.Helper()
	text, err := yaml.Marshal(selector)
	if err != nil {
		t.Fatal(err)
	}
	var below struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	if err := yaml.Unmarshal(text, &below); err == nil && len(below.MatchLabels) > 0 {
		return below.MatchLabels
	}
	var plain map[string]string
	if err := yaml.Unmarshal(text, &plain); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return plain
}

func TestManifestsMeanTheSamePods(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	set := all["StatefulSet"]
	for kind, selector := range map[string]any{
		"StatefulSet": set.Spec.Selector, "Service": all["Service"].Spec.Selector,
		"PodDisruptionBudget": all["PodDisruptionBudget"].Spec.Selector, "NetworkPolicy": all["NetworkPolicy"].Spec.PodSelector,
	} {
		if got := labels(t, selector); len(got) == 0 || !maps.Equal(got, set.Spec.Template.Metadata.Labels) {
			t.Errorf("%s selects %v, and pods have %v", kind, got, set.Spec.Template.Metadata.Labels)
		}
	}
	if target := all["HorizontalPodAutoscaler"].Spec.ScaleTarget; target.Kind != set.Kind || target.Name != set.Metadata.Name {
		t.Errorf("the autoscaler is for %+v", target)
	}
	if set.Spec.ServiceName != all["Service"].Metadata.Name {
		t.Errorf("serviceName: %s", set.Spec.ServiceName)
	}
}

// What the namespace asks of pods, and more.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	p := all["StatefulSet"].Spec.Template.Spec
	c := p.Containers[0]
	no := func(b *bool) bool { return b != nil && !*b }
	if s := p.Security; !s.RunAsNonRoot || s.Seccomp.Type != "RuntimeDefault" || !no(p.TokenMounted) {
		t.Errorf("%+v", s)
	}
	if s := c.Security; !s.ReadOnly || !no(s.Escalation) || fmt.Sprint(s.Capabilities.Drop) != "[ALL]" {
		t.Errorf("%+v", s)
	}
	if !no(p.ServiceLinks) {
		t.Error("enableServiceLinks: variables of services are taken for settings")
	}
	if all["Namespace"].Metadata.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace takes any pod")
	}
}

// The manifests, the image and the settings name the same user, folders, ports
// and paths.
func TestManifestsFitTheProgram(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	p := all["StatefulSet"].Spec.Template.Spec
	c := p.Containers[0]
	image := read(t, "..", "docker", "Dockerfile")
	settings := string(read(t, "slswasm.yaml"))

	user := fmt.Sprintf("\nUSER %d:%d\n", p.Security.User, p.Security.Group)
	if !bytes.Contains(image, []byte(user)) || p.Security.FSGroup != p.Security.Group {
		t.Errorf("the image has another%s", user)
	}
	volume := regexp.MustCompile(`(?m)^VOLUME (.*)$`).FindSubmatch(image)[1]
	mounts := map[string]string{}
	for _, m := range c.Mounts {
		mounts[m.Name] = m.MountPath
		if m.ReadOnly == (m.Name == "state") {
			t.Errorf("%+v", m)
		}
	}
	if claim := all["StatefulSet"].Spec.VolumeClaims[0].Metadata.Name; mounts[claim] != string(volume) {
		t.Errorf("the volume is at %s, and the image writes to %s", mounts[claim], volume)
	}
	if fmt.Sprint(c.Args) != "[run --config "+mounts["config"]+"/slswasm.yaml]" {
		t.Errorf("%q does not read what is at %s", c.Args, mounts["config"])
	}
	for _, file := range regexp.MustCompile(`-file: (\S+)`).FindAllStringSubmatch(settings, -1) {
		if filepath.Dir(file[1]) != mounts["secrets"] {
			t.Errorf("%s is not at %s", file[1], mounts["secrets"])
		}
	}
	port := fmt.Sprintf("0.0.0.0:%d\n", c.Ports[0].Port)
	if !strings.Contains(settings, "admin: "+port) || all["NetworkPolicy"].Spec.Ingress[0].Ports[0].Port != c.Ports[0].Port {
		t.Errorf("the probes ask another port than %s", port)
	}
	for path, is := range map[string]probe{"/healthz": c.Alive, "/readyz": c.Ready} {
		if is.Get.Path != path || is.Get.Port != c.Ports[0].Name {
			t.Errorf("%+v, want %s", is, path)
		}
	}
	if c.Startup != c.Alive {
		t.Errorf("the start is probed at %+v", c.Startup)
	}
	open := map[string]bool{}
	for _, port := range all["NetworkPolicy"].Spec.Egress[0].Ports {
		open[fmt.Sprint(port.Port)] = true
	}
	if to := regexp.MustCompile(`https://[a-z.]+:(\d+)`).FindStringSubmatch(settings); !open[to[1]] || !open["443"] || !open["53"] {
		t.Errorf("the network policy lets out %v", open)
	}
	metric := strings.TrimSuffix(strings.TrimPrefix(all["HorizontalPodAutoscaler"].Spec.Metrics[0].External.Metric.Name, "slswasm_"), "_max")
	if !bytes.Contains(read(t, "../../metrics/collector.go"), []byte(`"`+metric+`"`)) {
		t.Errorf("there is no metric %s", metric)
	}

	program := opstest.Build(t)
	help := opstest.Run(t, exec.CommandContext(t.Context(), program, "run", "--help"))
	for _, v := range c.Env {
		if !strings.Contains(help, "$"+v.Name+"]") {
			t.Errorf("%s is none of the settings", v.Name)
		}
	}
	drain, err := time.ParseDuration(regexp.MustCompile(`--drain-timeout .*default: (\w+)`).FindStringSubmatch(help)[1])
	if err != nil || time.Duration(p.Grace)*time.Second < drain+15*time.Second {
		t.Errorf("terminationGracePeriodSeconds: %d, and --drain-timeout %v: %v", p.Grace, drain, err)
	}

	// The settings are right, where the secrets are.
	dir := t.TempDir()
	files := opstest.Secrets()
	files["slswasm.yaml"] = strings.ReplaceAll(settings, mounts["secrets"], dir)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opstest.Run(t, exec.CommandContext(t.Context(), program, "config", "check", filepath.Join(dir, "slswasm.yaml")))
}
