package guest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What abi/ABI.md says of the host must be what the host does.

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../abi/ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentedExports(t *testing.T) {
	for _, e := range exports {
		// The specification names parameters, WebAssembly does not.
		row := regexp.MustCompile(`\$\w+ `).ReplaceAllString(document(t), "")
		row = strings.ReplaceAll(row, "(param i32) (param i32)", "(param i32 i32)")
		if want := "`" + e.name + "` | `" + signature(e.params, e.results) + "`"; !strings.Contains(row, want) {
			t.Errorf("ABI.md does not hold %s", want)
		}
	}
}

func TestDocumentedLimits(t *testing.T) {
	for _, row := range []string{
		fmt.Sprintf("`--memory-limit`, %d MiB unless set", DefaultMemoryLimit>>20),
		fmt.Sprintf("`--time-limit`, %.0f s unless set", DefaultTimeLimit.Seconds()),
		fmt.Sprintf("`--fuel-per-log`, %d,000,000,000 units unless set", DefaultFuelPerLog/1_000_000_000),
		fmt.Sprintf("`--fuel-per-batch`, %d,000,000,000 units unless set", DefaultFuelPerBatch/1_000_000_000),
		fmt.Sprintf("| elements of all tables | %d,%03d,%03d |", tableMax/1000000, tableMax/1000%1000, tableMax%1000),
		fmt.Sprintf("| bytes of a batch of several logs | %d MiB", batchBytes>>20),
		fmt.Sprintf("standard error | %d,%03d bytes |", lineMax/1000, lineMax%1000),
		fmt.Sprintf("| %d a second, %d at once |", linesSecond, linesBurst),
		fmt.Sprintf("of one call | %d,%03d,%03d bytes |", outputMax/1000000, outputMax/1000%1000, outputMax%1000),
		fmt.Sprintf("| one sleep | %d ms |", napLimit.Milliseconds()),
	} {
		if !strings.Contains(document(t), row) {
			t.Errorf("ABI.md does not hold: %s", row)
		}
	}
}

// changing are the parts of a message that are another guest's.
var changing = regexp.MustCompile(`0x[0-9a-f]+|-?\d+m?s?|"[^"]*"|\(func[^;]*\)|; it said: .*|configuration: .*; look|, in [^;]+|slswasm_v1_\w+`)

func pattern(message string) string { return changing.ReplaceAllString(message, "~") }

// The document lists each message that the tests of this package provoke.
func TestDocumentedMessages(t *testing.T) {
	listed := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)\n```messages\n(.*?)```\n").FindAllStringSubmatch(document(t), -1) {
		for line := range strings.Lines(block[1]) {
			listed[pattern(strings.TrimSuffix(line, "\n"))] = true
		}
	}
	tables := []map[string]string{faults(), gluttons(), refusals(), unfit(), notModules()}
	for _, table := range tables {
		for _, message := range table {
			if reply, ok := strings.CutPrefix(message, "reply: "); ok && !strings.HasPrefix(reply, "reply of") {
				message = reply // listed by themselves
			}
			if !listed[pattern(message)] {
				t.Errorf("ABI.md does not list: %s", message)
			}
		}
	}
	if len(listed) < 50 {
		t.Errorf("only %d messages are listed", len(listed))
	}
}
