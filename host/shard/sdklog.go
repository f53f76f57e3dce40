package shard

import (
	"context"
	"fmt"
	"log/slog"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// RouteSDKLog sends what the SDK would print on standard output to a logger.
// The SDK's logger is a variable of its package, so this holds for the whole
// process: call it once, before the first Open.
func RouteSDKLog(logger *slog.Logger) { sls.Logger = sdkLog{logger} }

// sdkLog is the go-kit interface that the SDK logs to. What the SDK takes for
// information is of its inside, such as whole requests: that is for debugging.
type sdkLog struct{ *slog.Logger }

// Log takes keys and values in turn.
func (l sdkLog) Log(pairs ...any) error {
	level, message := slog.LevelDebug, "the Log Service SDK"
	var attrs []slog.Attr
	for i := 0; i+1 < len(pairs); i += 2 {
		key, value := fmt.Sprint(pairs[i]), pairs[i+1]
		switch key {
		case "level":
			if err := level.UnmarshalText(fmt.Append(nil, value)); err != nil {
				level = slog.LevelWarn
			}
			if level == slog.LevelInfo {
				level = slog.LevelDebug
			}
		case "msg", "reason":
			message = fmt.Sprint(value)
		case "time", "caller": // slog has its own
		default:
			attrs = append(attrs, slog.Any(key, value))
		}
	}
	l.LogAttrs(context.Background(), level, message, attrs...)
	return nil
}
