package shard

import (
	"bytes"
	"testing"
)

// What a pull of several parts is checked by must agree with the decoder.
func TestCheckAgrees(t *testing.T) {
	d := newDecoder()
	for name, list := range samples() {
		raw := marshal(t, list)
		if groups, err := check(raw, nil); err != nil || len(groups) != len(list.LogGroups) {
			t.Errorf("%s: %d groups of %d, %v", name, len(groups), len(list.LogGroups), err)
		}
		// Every byte another one, and every length, of what is not too long.
		for i := range min(len(raw), 2000) {
			broken := bytes.Clone(raw[:min(len(raw), 4000)])
			broken[i] ^= byte(1 + i*37%255)
			agree(t, d, broken)
			agree(t, d, raw[:i])
		}
	}
}

func FuzzCheck(f *testing.F) {
	for name, list := range samples() {
		if name != "large values" && name != "many fields" {
			f.Add(marshal(f, list))
		}
	}
	f.Add([]byte{0x0a, 0x06, 0x0a, 0x04, 0x08, 0x01, 0x1b, 0x1c})
	d := newDecoder()
	f.Fuzz(func(t *testing.T, raw []byte) { agree(t, d, raw) })
}

func agree(t *testing.T, d *decoder, raw []byte) {
	t.Helper()
	logs, want := d.decode(raw)
	all := texts(logs)
	groups, got := check(raw, nil)
	if (got == nil) != (want == nil) || want == nil && len(groups) != d.groups {
		t.Fatalf("%x: %d groups, %v; the decoder: %d, %v", raw, len(groups), got, d.groups, want)
	}
	if want != nil {
		return
	}
	parts, err := inParts(d, raw, 300)
	if err != nil {
		t.Fatalf("%x, in parts: %v", raw, err)
	}
	same(t, parts, all)
}
