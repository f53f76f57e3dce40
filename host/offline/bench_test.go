package offline

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

func TestKeepAllIsTheFixture(t *testing.T) {
	if hex.EncodeToString(fixture(t, "keep")) != keepAll {
		t.Error("keep.go holds something else than testdata/wat/keep.hex")
	}
}

func TestBench(t *testing.T) {
	m, err := open(t, "drop").Compile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	logs := []abi.Event{
		{Log: abi.Log{Fields: []abi.Field{{Key: text("ab"), Value: text("cd")}}}},
		{Log: abi.Log{Fields: []abi.Field{{Key: text("ab"), Value: text("")}}}},
		{Log: abi.Log{}},
	}
	c, err := Bench(t.Context(), m, Limits{}, logs, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if c.Records < 100_000 || c.Records%3 != 0 || c.RecordBytes != 2 {
		t.Errorf("%d records of %f bytes", c.Records, c.RecordBytes)
	}
	if c.Module.Dropped != c.Records || c.Module.Events != 0 || c.KeepAll.Events != c.Records || c.KeepAll.Dropped != 0 || c.Module.Failed != 0 {
		t.Errorf("%+v", c)
	}
	for _, m := range []Measure{c.Module, c.KeepAll} {
		if m.RecordsPerSecond <= 0 || m.MBPerCPUSecond <= 0 || m.NsPerRecord <= 0 || m.StartMs <= 0 {
			t.Errorf("%+v", m)
		}
		if m.MemoryBefore != 40<<16 || m.MemoryAfter != m.MemoryBefore {
			t.Errorf("memory went from %d to %d", m.MemoryBefore, m.MemoryAfter)
		}
	}
}
