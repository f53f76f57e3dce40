package offline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/offline/wasmfile"
)

// A Report is what can be known of a module. Texts of the module are as they
// are in it: not for a terminal.
type Report struct {
	Module string `json:"module"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`

	ABI       []int             `json:"abi"` // versions that it is built for
	Exports   []wasmfile.Item   `json:"exports"`
	Imports   []wasmfile.Item   `json:"imports"`
	Memory    []wasmfile.Memory `json:"memory"` // limits, in pages of 64 KiB
	Features  []string          `json:"features"`
	Producers []string          `json:"producers"`
	Functions int               `json:"functions"`
	Unread    string            `json:"unread,omitempty"` // why the rest of the file could not be read

	Descriptor  *Descriptor `json:"descriptor,omitempty"` // nil: it did not get that far
	Started     int         `json:"memory_after_start,omitempty"`
	Metered     bool        `json:"metered"`
	Unmetered   string      `json:"unmetered,omitempty"`   // why it has a time limit only
	Interpreted string      `json:"interpreted,omitempty"` // why it is not compiled
	Metrics     []Metric    `json:"metrics"`               // that it names at its start

	Problem string `json:"problem,omitempty"` // why it cannot run; "": it can

	Conformance []Rule `json:"conformance,omitempty"` // set by Conform
}

// A Descriptor is what a guest answers to its configuration.
type Descriptor struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Fields   []string `json:"fields"`
	BatchMax int      `json:"batch_max"`
}

// A Metric is something that a guest counts or measures.
type Metric struct {
	Kind string `json:"kind"` // "counter" or "gauge"
	Name string `json:"name"`
}

// Inspect reads a module and starts it. That it cannot run is in the Report;
// the error is ctx's alone.
func Inspect(ctx context.Context, m *Module) (*Report, error) {
	sum := sha256.Sum256(m.Wasm)
	r := &Report{Module: m.Name, Size: len(m.Wasm), SHA256: hex.EncodeToString(sum[:])}
	file, err := wasmfile.Read(m.Wasm)
	if err != nil {
		r.Unread = err.Error()
	}
	r.Exports, r.Imports, r.Memory = list(file.Exports), list(file.Imports), list(file.Memories)
	r.Features, r.Producers, r.Functions = list(file.Features), list(file.Producers), file.Functions
	r.ABI, r.Metrics = versions(file.Exports), []Metric{}
	if err := r.start(ctx, m); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		r.Problem = strings.TrimPrefix(err.Error(), "guest "+m.Name+": ")
	}
	return r, nil
}

// list makes an empty list of none, for JSON.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// versions are the versions of the ABI whose transform is exported.
func versions(exports []wasmfile.Item) []int {
	found := []int{}
	for _, e := range exports {
		text, isOurs := strings.CutPrefix(e.Name, "slswasm_v")
		text, isTransform := strings.CutSuffix(text, "_transform")
		if v, err := strconv.Atoi(text); isOurs && isTransform && err == nil && v > 0 {
			found = append(found, v)
		}
	}
	slices.Sort(found)
	return found
}

func (r *Report) start(ctx context.Context, m *Module) error {
	compiled, err := m.Compile(ctx)
	if err != nil {
		return err
	}
	defer compiled.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only looked at
	r.describe(compiled.Info())
	r.Unmetered, r.Interpreted = compiled.Info().Unmetered, compiled.Info().Interpreted
	r.Metered = r.Unmetered == ""
	for _, m := range compiled.Metrics() {
		r.Metrics = append(r.Metrics, Metric{m.Kind.String(), m.Name})
	}
	r.Started, err = compiled.Memory(ctx)
	return err
}

func (r *Report) describe(i guest.Info) {
	r.Descriptor = &Descriptor{Name: i.Name, Version: i.Version, Fields: list(i.Fields), BatchMax: i.BatchMax}
}
