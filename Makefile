# Everything a developer or CI runs. `make help` lists the targets.
GO       ?= go
BIN      := bin
# Tools that `make check` builds live outside the tree, so that a clean clone finds them again.
TOOLS    ?= $(HOME)/.cache/slswasm/tools
LINT_VER := v2.15.0
LINT     := $(TOOLS)/golangci-lint-$(LINT_VER)
MODULES  := . guests/go guests/examples
EXAMPLES := $(patsubst guests/examples/%/main.go,%,$(wildcard guests/examples/*/main.go))
WASM     := GOWORK=off GOOS=wasip1 GOARCH=wasm $(GO) build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w'

TINYGO   ?= $(or $(shell command -v tinygo),$(wildcard $(HOME)/.cache/slswasm/tinygo/bin/tinygo))
WASMTINY := GOWORK=off GOFLAGS= $(TINYGO) build -target wasip1 -buildmode=c-shared -opt=2 -no-debug -gc=precise -scheduler=none
SDK      := $(wildcard guests/go/*.go guests/go/*/*.go guests/go/go.mod guests/examples/go.mod)

# Debian's Rust comes with the std for wasm; another one may come first in PATH.
CARGO    ?= $(firstword $(wildcard /usr/bin/cargo) $(shell command -v cargo))
RUST     := env -u RUSTFLAGS CARGO_NET_OFFLINE=true PATH="$(dir $(CARGO)):$$PATH"
TWINS    := $(patsubst guests/examples/%/rust/Cargo.toml,%,$(wildcard guests/examples/*/rust/Cargo.toml))
WASMRUST := wasm32-unknown-unknown

# Real receivers, for the tests, where .ci/run has put them.
export RSYSLOGD         ?= $(wildcard $(HOME)/.cache/slswasm/rsyslog/usr/sbin/rsyslogd)
export RSYSLOGD_MODULES ?= $(wildcard $(HOME)/.cache/slswasm/rsyslog/usr/lib/*/rsyslog)
export PROMTOOL         ?= $(wildcard $(HOME)/.cache/slswasm/prometheus/usr/bin/promtool)
export OTELCOL          ?= $(lastword $(sort $(wildcard $(HOME)/.cache/slswasm/otelcol-*/otelcol)))

.PHONY: help build guests tinygo rust cases demo soak kills bench test check fuzz platforms release reproducible clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: guests ## bin/slswasm and the example guests in bin/guests
	$(GO) build -trimpath -o $(BIN)/slswasm ./cmd/slswasm

guests: tinygo rust ## the example guests: in Go, and in other languages where their toolchains are found
	@mkdir -p $(BIN)/guests
	@set -e; for e in $(EXAMPLES); do echo "guest $$e"; \
		(cd guests/examples/$$e && $(WASM) -o $(CURDIR)/$(BIN)/guests/$$e.wasm .); done

tinygo: ## the example guests in TinyGo, if it is found
ifeq ($(TINYGO),)
	@echo "SKIPPED: guests in TinyGo: there is no tinygo in PATH or in ~/.cache/slswasm/tinygo/bin"
else
tinygo: $(EXAMPLES:%=$(BIN)/guests/%.tinygo.wasm)

.SECONDEXPANSION:
$(BIN)/guests/%.tinygo.wasm: $$(wildcard guests/examples/$$*/*.go) $(SDK)
	@mkdir -p $(@D)
	@echo "guest $* in TinyGo"
	@cd guests/examples/$* && $(WASMTINY) -o $(CURDIR)/$@ .
endif

rust: ## the example guests in Rust, if its toolchain is found
	@mkdir -p $(BIN)/guests
	@if ! test -x "$(CARGO)"; then echo "SKIPPED: Rust: cargo is not installed"; exit 0; fi; \
	if ! test -d "$$($(RUST) rustc --print target-libdir --target $(WASMRUST))"; then \
		echo "SKIPPED: guests in Rust: $(CARGO) has no std for $(WASMRUST) (Debian: libstd-rust-dev-wasm32; rustup target add $(WASMRUST))"; exit 0; fi; \
	set -e; (cd guests && $(RUST) cargo build --quiet --locked --release --target $(WASMRUST) \
		--config "target.$(WASMRUST).rustflags=['--remap-path-prefix=$(CURDIR)/guests/=']"); \
	for e in $(TWINS); do echo "guest $$e in Rust"; \
		cp $(BIN)/rust/$(WASMRUST)/release/$$(echo $$e | tr - _).wasm $(BIN)/guests/$$e.rust.wasm; done

cases: build ## the examples' cases and the conformance kit, through every module that was built
	$(BIN)/slswasm test guests/examples/...
	@set -e; for m in $(BIN)/guests/*.wasm; do $(BIN)/slswasm inspect --conformance $$m >$(BIN)/conformance.txt || { cat $(BIN)/conformance.txt; exit 1; }; echo "$$m conforms"; done

demo: build ## logs from an emulated Log Service through the audit guest into a receiver
	$(BIN)/slswasm demo

SECONDS  ?= 120
soak: ## everything fails but the logs: SECONDS (120) of faults by SEED (random), then an account of every log
	$(GO) build -trimpath -o $(BIN)/slswasm ./cmd/slswasm
	$(GO) build -trimpath -o $(BIN)/soak ./cmd/soak
	$(BIN)/soak --bin $(BIN)/slswasm --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

bench: build ## what a log costs, as bin/bench.md and .json: ROUNDS=3 of MB=250; PROFILE=name: CPU profiles of the rows with that name
	$(GO) build -trimpath -o $(BIN)/benchreport ./cmd/benchreport
	$(BIN)/benchreport -rounds $(or $(ROUNDS),3) -mb $(or $(MB),250) $(if $(PROFILE),-only '$(PROFILE)' -profile $(BIN)/profiles)

kills: ## rsyslog, syslog-ng and the collector killed with -9 in mid-stream, KILLS (50) times each
	SLSWASM_KILLS=$${KILLS:-50} $(GO) test -count=1 -v -timeout 20m -run 'TestKills|TestCollectorKilled' ./sinks/syslog ./sinks/hec

# A program with the race detector sleeps for a second at its end; the tests start hundreds of them.
test: export GORACE ?= atexit_sleep_ms=0
test: ## every test, with the race detector
	@set -e; for m in $(MODULES); do (cd $$m && $(GO) test -race -timeout 20m ./...); done
	@if test -x "$(CARGO)"; then cd guests && $(RUST) cargo test --quiet --locked; \
	else echo "SKIPPED: tests of the Rust crates: cargo is not installed"; fi

check: $(LINT) ## formatting, vet, lint and tidy; fails on any difference
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	@set -e; for m in $(MODULES); do echo "check $$m"; (cd $$m && $(GO) vet ./... && $(GO) mod tidy -diff && $(LINT) run --config $(CURDIR)/.golangci.yml ./...); done
	@if test -x "$(dir $(CARGO))cargo-clippy" && test -x "$(dir $(CARGO))cargo-fmt"; then echo "check guests/rust"; \
		cd guests && $(RUST) cargo fmt --all -- --check && $(RUST) cargo clippy --quiet --locked --all-targets -- -D warnings; \
	else echo "SKIPPED: checks of the Rust crates: rustfmt and clippy are not installed beside $(CARGO) (Debian: rustfmt rust-clippy)"; fi

fuzz: ## each fuzz function for FUZZTIME (default 20s)
	@set -e; for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $${FUZZTIME:-20s} $$p; done; done

platforms: ## that nothing is written for one system alone: build, and vet with its tests, for all that are released
	@set -e; for p in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do echo "build $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./...; done
	@set -e; for s in darwin windows; do echo "vet $$s"; CGO_ENABLED=0 GOOS=$$s $(GO) vet ./...; done

release: ## the files of a release, for all platforms, in bin/release: VERSION=v0.1.0
	$(GO) run ./cmd/release -version '$(VERSION)' -out $(BIN)/release -tinygo '$(TINYGO)' -cargo '$(CARGO)'

reproducible: ## two releases from two folders, each without the other's caches: the same bytes
	SLSWASM_REPRODUCE=1 TINYGO='$(TINYGO)' CARGO='$(CARGO)' $(GO) test -count=1 -v -timeout 60m -run TestReleaseIsReproducible ./cmd/release

$(LINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS)/tmp $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VER)
	mv $(TOOLS)/tmp/golangci-lint $@

clean: ## what the other targets wrote
	rm -rf $(BIN)
