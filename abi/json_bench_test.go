package abi

import (
	"encoding/json"
	"strings"
	"testing"

	logs "github.com/slswasm/slswasm/testdata/logs"
)

// trail returns the events of the samples of ActionTrail.
func trail(t testing.TB) (texts [][]byte) {
	t.Helper()
	file, err := logs.Files.ReadFile("actiontrail.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		var fields struct{ Event string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if event := []byte(fields.Event); json.Valid(event) { // some are none
			texts = append(texts, event)
		}
	}
	return texts
}

// BenchmarkJSON is what reading JSON costs: the check that it is some, and its tape, beside
// the check of encoding/json.
func BenchmarkJSON(b *testing.B) {
	long := `{"a":"` + strings.Repeat("and so on and on, without an end ", 1<<20/33) + `"}`
	tape := make([]byte, 1<<14)
	ways := map[string]func([]byte) bool{
		"check":    ValidJSON,
		"encoding": json.Valid,
		"tape":     func(text []byte) bool { return WriteTape(tape, text) > 0 },
	}
	for kind, texts := range map[string][][]byte{
		"trail": trail(b), "7B": {[]byte(`{"a":1}`)}, "20B": {[]byte(`{"name":"two words"}`)}, "1MB": {[]byte(long)},
	} {
		size := 0
		for _, text := range texts {
			size += len(text)
		}
		for way, do := range ways {
			b.Run(way+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(size / len(texts)))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if !do(texts[i%len(texts)]) {
						b.Fatal("not valid")
					}
				}
			})
		}
	}
}
