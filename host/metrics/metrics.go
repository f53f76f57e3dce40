// Package metrics shows a pipeline's state to Prometheus. Each scrape asks for
// the state once; nothing is counted here, and nothing is counted twice.
//
// What there is to know of a pipeline is host.State's; where the metrics are
// served, the admin server's. README.md lists them, and what they cost.
package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/slswasm/slswasm/host"
)

// Config says what is shown. Only State is needed.
type Config struct {
	State   func() host.State // of the pipeline; called at each scrape
	Version string            // of the program
}

// New returns a registry of its own with the metrics of the pipeline, of the
// Go runtime and of the process. Others may be registered with it.
func New(cfg Config) *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "The program that runs: always 1.",
		ConstLabels: prometheus.Labels{"version": cfg.Version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	r.MustRegister( // fails for no reason but two of one name
		newCollector(cfg.State), build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}

// scrapeLimit is more than a scrape of 256 shards takes on a busy machine.
const scrapeLimit = 10 * time.Second

// Handler serves what the registry has gathered. What fails is left out and
// logged, unless logger is nil; the rest is served.
func Handler(r *prometheus.Registry, logger *slog.Logger) http.Handler {
	opts := promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: r, MaxRequestsInFlight: 4, Timeout: scrapeLimit,
	}
	if logger != nil {
		opts.ErrorLog = slog.NewLogLogger(logger.With("at", "metrics").Handler(), slog.LevelWarn)
	}
	return promhttp.HandlerFor(r, opts)
}
