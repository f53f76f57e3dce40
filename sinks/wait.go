package sinks

import (
	"context"
	"time"
)

type waitKey struct{}

// A WaitFunc is told of a try that failed: why, whether it is held until a
// setting is changed, and how long it is until the next one. It must not keep
// the caller waiting, and may be called from several goroutines at once.
type WaitFunc func(err error, held bool, wait time.Duration)

// OnWait returns a context whose Delivers say what they wait for. Who listens
// costs nothing while nobody has to wait.
func OnWait(ctx context.Context, told WaitFunc) context.Context {
	return context.WithValue(ctx, waitKey{}, told)
}

// tellWait calls the WaitFunc of the context, if it has one.
func tellWait(ctx context.Context, err error, wait time.Duration) {
	if told, ok := ctx.Value(waitKey{}).(WaitFunc); ok {
		told(err, holds(err), wait)
	}
}
