package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func here() platform { return platform{runtime.GOOS, runtime.GOARCH} }

// program is the name of the program's file.
func (p platform) program() string {
	if p.os == "windows" {
		return "slswasm.exe"
	}
	return "slswasm"
}

// build builds the program for a platform, without a C library, so that it
// runs where nothing else is.
func (r *release) build(ctx context.Context, work string, p platform) (path string, err error) {
	path = filepath.Join(work, p.os+"_"+p.arch, p.program())
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	_, err = r.output(ctx, []string{"GOOS=" + p.os, "GOARCH=" + p.arch}, "go", "build",
		"-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.stamped="+r.version, "-o", path, "./cmd/slswasm")
	return path, err
}

// output runs a program in the tree and returns what it prints. What the
// builder has set for his own work is not to be seen in a release.
func (r *release) output(ctx context.Context, env []string, name string, args ...string) ([]byte, error) {
	return r.outputIn(ctx, ".", env, name, args...)
}

func (r *release) outputIn(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = filepath.Join(r.tree, dir)
	for _, pair := range os.Environ() {
		if key, _, _ := strings.Cut(pair, "="); !shapesBuilds(key) {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(append(append(cmd.Env, "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS="), r.env...), env...)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, exit.Stderr)
	}
	return out, err
}

func shapesBuilds(key string) bool {
	switch key {
	case "GOFLAGS", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOWASM", "GOEXPERIMENT", "GODEBUG", "GOFIPS140",
		"RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR":
		return true
	}
	return strings.HasPrefix(key, "CARGO_BUILD_") || strings.HasPrefix(key, "CARGO_PROFILE_") ||
		strings.HasPrefix(key, "SLS_") || strings.HasPrefix(key, "SLSWASM_")
}
