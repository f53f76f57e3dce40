package abi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Bounds of a descriptor (ABI.md, "Exports").
const (
	DefaultBatchMax = 256
	MaxBatchMax     = 65536
	MaxSlots        = 1024
)

// A Descriptor is what a guest says of itself when it starts.
type Descriptor struct {
	Name, Version string   // for people; may hold any text
	Slots         [][]byte // names of the declared fields; never written to
	Table         bool     // the guest wants every field of a log
	BatchMax      int      // the most records in a batch
	Error         string   // not empty: the guest refuses its configuration
}

// DefaultDescriptor is what a guest without an init function stands for.
func DefaultDescriptor() *Descriptor {
	return &Descriptor{Table: true, BatchMax: DefaultBatchMax}
}

// ParseDescriptor reads the JSON text that a guest's init answered. Its
// errors name the key and are the guest author's to mend.
func ParseDescriptor(text []byte) (*Descriptor, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("descriptor: not valid UTF-8")
	}
	// A map and not a struct: encoding/json would take "FIELDS" for "fields".
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("descriptor: not a JSON object: %w", err)
	}
	d := &Descriptor{BatchMax: DefaultBatchMax}
	var fields []string
	for _, k := range []struct {
		name string
		into any
	}{
		{"name", &d.Name}, {"version", &d.Version}, {"fields", &fields},
		{"batch_max", &d.BatchMax}, {"error", &d.Error},
	} {
		raw, ok := keys[k.name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, k.into); err != nil {
			return nil, fmt.Errorf("descriptor: %s: %w", k.name, err)
		}
	}
	if d.BatchMax < 1 || d.BatchMax > MaxBatchMax {
		return nil, fmt.Errorf("descriptor: batch_max: %d is not in 1 to %d", d.BatchMax, MaxBatchMax)
	}
	return d, d.declare(fields)
}

// declare gives each name its slot.
func (d *Descriptor) declare(fields []string) error {
	seen := make(map[string]bool, len(fields))
	for _, name := range fields {
		switch {
		case name == "":
			return errors.New("descriptor: fields: an empty name")
		case seen[name]:
			return fmt.Errorf("descriptor: fields: %q is named twice", name)
		case name == AllFields:
			d.Table = true
		default:
			d.Slots = append(d.Slots, []byte(name))
		}
		seen[name] = true
	}
	if len(d.Slots) > MaxSlots {
		return fmt.Errorf("descriptor: fields: %d names, at most %d can be declared", len(d.Slots), MaxSlots)
	}
	return nil
}

// SameInput reports whether both descriptors ask for the same batches.
func (d *Descriptor) SameInput(o *Descriptor) bool {
	if d.Table != o.Table || d.BatchMax != o.BatchMax || len(d.Slots) != len(o.Slots) {
		return false
	}
	for i, name := range d.Slots {
		if !bytes.Equal(name, o.Slots[i]) {
			return false
		}
	}
	return true
}
