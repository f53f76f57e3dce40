// Command soak keeps processes of slswasm busy while everything around them
// fails, and says in the end what became of every log. `make soak` runs it;
// what it does is in host/soak.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slswasm/slswasm/host/soak"
)

func main() { os.Exit(run()) }

// run returns the exit code: 0 when every log is accounted for, 1 when not, 2
// when there is no account.
func run() int {
	bin := flag.String("bin", "bin/slswasm", "the `program` to be tested")
	seconds := flag.Int("seconds", 120, "how long things fail; to settle takes some seconds more")
	seed := flag.Uint64("seed", 0, "of the schedule (default: random, and printed)")
	rate := flag.Int("rate", 0, "logs put in a second (default: 1000)")
	keep := flag.Bool("keep", false, "keep the processes' logs also when all is well")
	flag.Parse()
	if *seconds < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "soak: --seconds has to be 1 at least, and there are no arguments; see --help")
		return 2
	}
	if *seed == 0 {
		*seed = uint64(rand.Uint32())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Printf("seed %d, %d seconds of faults\n", *seed, *seconds)
	report, err := soak.Run(ctx, soak.Config{
		Bin: *bin, Length: time.Duration(*seconds) * time.Second, Seed: *seed, PerSecond: *rate, Keep: *keep, Progress: os.Stdout,
	})
	if err == nil {
		err = report.Print(os.Stdout)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 2
	}
	if !report.Good() {
		return 1
	}
	return 0
}
