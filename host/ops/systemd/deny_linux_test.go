package systemd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slswasm/slswasm/host/ops/opstest"
)

// denied, in the environment, makes the next test the program that it starts.
const denied = "SYSTEMD_TEST_DENIED"

// Why the unit has no MemoryDenyWriteExecute: with it modules cannot become
// machine code, and are interpreted, which the log says. When this fails, the unit
// can have it.
func TestModulesNeedMemoryThatIsWrittenAndRun(t *testing.T) {
	t.Parallel()
	if os.Getenv(denied) != "" {
		t.Fatal(becomeDenied(os.Args[slices.Index(os.Args, "--")+1:]))
	}
	_, is := unit(t)
	if is["MemoryDenyWriteExecute"] != nil {
		t.Error("the unit has MemoryDenyWriteExecute")
	}
	w, dir := opstest.Start(t), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := run(t, w, dir, self, "-test.run=^"+t.Name()+"$", "--", opstest.Build(t))
	cmd.Env = append(cmd.Env, denied+"=1")
	out, err := opstest.Output(t, cmd)
	if strings.Contains(out, "prctl: invalid argument") {
		t.Skip("SKIPPED: memory that cannot be both written and run: this kernel does not know it (Linux 6.3 and later)")
	}
	if err != nil || w.Splunk.Count() != w.Logs {
		t.Errorf("%d of %d logs arrived: %v\n%s", w.Splunk.Count(), w.Logs, err, out)
	}
	if !strings.Contains(out, "guests are interpreted, fifty times slower: this system refuses executable memory") {
		t.Errorf("nothing says that modules are interpreted:\n%s", out)
	}
	if compiled(t, dir) {
		t.Error("modules are compiled in such memory: the unit can have MemoryDenyWriteExecute")
	}
	opstest.Run(t, run(t, w, dir, opstest.Build(t)))
	if !compiled(t, dir) {
		t.Error("without it modules are not compiled either: this test proves nothing")
	}
}

// compiled says whether machine code was kept.
func compiled(t *testing.T, dir string) bool {
	kept, err := filepath.Glob(filepath.Join(dir, "cache/*/*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(kept) > 0
}

// becomeDenied becomes another program, with what MemoryDenyWriteExecute
// denies.
func becomeDenied(args []string) error {
	if err := unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, denied) })
	return syscall.Exec(args[0], args, env)
}
