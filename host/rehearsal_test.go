package host

import (
	"bytes"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// pulledLogs are logs of 1,000 bytes and a bit whose keys and values lie in
// one buffer, as those of a pull do.
func pulledLogs(n int) (logs []abi.Log, memory []byte) {
	memory = bytes.Repeat([]byte("kv"+"0123456789abcdef"), n*60)
	for i := range n {
		at := memory[i*60*18:]
		logs = append(logs, abi.Log{Time: int64(i), Group: 1, Index: uint32(i), Fields: []abi.Field{
			{Key: at[:1], Value: at[2:18]}, {Key: at[1:2], Value: at[18 : 60*18], JSON: i%2 == 0}, {Key: at[:2]},
		}})
	}
	return logs, memory
}

func TestLastBatch(t *testing.T) {
	var l lastBatch
	logs, memory := pulledLogs(2 * keepLogs)
	l.keep(nil)
	l.keep(logs)
	kept := l.logs()
	if len(kept) != keepLogs {
		t.Fatalf("%d logs are kept, want %d", len(kept), keepLogs)
	}
	fresh, _ := pulledLogs(2 * keepLogs)
	clear(memory) // the pull's memory serves the next one
	for i, e := range kept {
		want := fresh[i]
		if e.Time != want.Time || e.Group != 1 || e.Index != uint32(i) || e.Origin != i || len(e.Fields) != len(want.Fields) {
			t.Fatalf("log %d: %+v", i, e)
		}
		for j, f := range e.Fields {
			if !bytes.Equal(f.Key, want.Fields[j].Key) || !bytes.Equal(f.Value, want.Fields[j].Value) || f.JSON != want.Fields[j].JSON {
				t.Errorf("log %d, field %d: %+v", i, j, f)
			}
		}
	}
	if l.keep(fresh[:1]); len(l.logs()) != keepLogs {
		t.Error("kept again within the second")
	}
	for _, c := range []struct{ size, want int }{{keepBytes / 3, 2}, {2 * keepBytes, 1}} { // with its key
		l = lastBatch{at: time.Now().Add(-2 * keepEvery)}
		large := abi.Log{Fields: []abi.Field{{Key: []byte("k"), Value: make([]byte, c.size)}}}
		l.keep([]abi.Log{large, large, large})
		if n := len(l.logs()); n != c.want {
			t.Errorf("of logs of %d bytes %d are kept, want %d", c.size, n, c.want)
		}
	}
}

func TestLastBatchAllocates(t *testing.T) {
	logs, _ := pulledLogs(keepLogs)
	if n := testing.AllocsPerRun(10, func() { (&lastBatch{}).keep(logs) }); n > 4 {
		t.Errorf("%v allocations for %d logs, want one each of events, fields and text", n, len(logs))
	}
}
