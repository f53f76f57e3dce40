package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// packGuests makes the archive of the example guests, as `make guests` does:
// in Go, and in other languages where their toolchains are found.
func (r *release) packGuests(ctx context.Context, work string) error {
	files, err := r.documents(guestDocuments)
	if err != nil {
		return err
	}
	var inside []module
	for _, made := range []func(context.Context, string) ([]file, module, error){r.goGuests, r.tinyGoGuests, r.rustGuests} {
		guests, from, err := made(ctx, work)
		var absent absentError
		switch {
		case errors.As(err, &absent):
			fmt.Fprintf(r.log, "LEFT OUT: %v\n", err)
		case err != nil:
			return err
		default:
			files, inside = append(files, guests...), append(inside, from)
		}
	}
	files = append(files, file{name: "THIRD_PARTY_LICENSES.txt", data: notices(inside)})
	name := "slswasm-guests_" + r.version
	return r.write(name+".tar.gz", r.tarGz(name, files))
}

// An absentError says why there are no guests of a language.
type absentError string

func (e absentError) Error() string { return string(e) }

// examples are the folders of guests/examples that hold a file.
func (r *release) examples(file string) (names []string, err error) {
	found, err := filepath.Glob(filepath.Join(r.tree, "guests/examples", cmp.Or(r.only, "*"), file))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(fmt.Errorf("there is no %s in guests/examples/*", file), err)
	}
	for _, path := range found {
		name, _ := filepath.Rel(filepath.Join(r.tree, "guests/examples"), path)
		name, _, _ = strings.Cut(filepath.ToSlash(name), "/")
		names = append(names, name)
	}
	return names, nil
}

func (r *release) goGuests(ctx context.Context, work string) ([]file, module, error) {
	from, err := r.golang(ctx)
	if err != nil {
		return nil, from, err
	}
	guests, err := r.eachGuest(ctx, work, ".wasm", []string{"GOOS=wasip1", "GOARCH=wasm"},
		"go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w")
	return guests, from, err
}

func (r *release) tinyGoGuests(ctx context.Context, work string) ([]file, module, error) {
	if r.tinygo == "" {
		return nil, module{}, absentError("guests in TinyGo: there is no tinygo in PATH or in ~/.cache/slswasm/tinygo/bin")
	}
	out, err := r.output(ctx, nil, r.tinygo, "env", "TINYGOROOT")
	if err != nil {
		return nil, module{}, err
	}
	version, err := r.output(ctx, nil, r.tinygo, "version")
	if err != nil {
		return nil, module{}, err
	}
	from, err := licensed("TinyGo", word(version, 2), strings.TrimSpace(string(out)))
	if err != nil {
		return nil, from, err
	}
	guests, err := r.eachGuest(ctx, work, ".tinygo.wasm", nil,
		r.tinygo, "build", "-target", "wasip1", "-buildmode=c-shared", "-opt=2", "-no-debug", "-gc=precise", "-scheduler=none")
	return guests, from, err
}

// eachGuest builds all examples in Go with one command.
func (r *release) eachGuest(ctx context.Context, work, suffix string, env []string, name string, args ...string) (guests []file, err error) {
	names, err := r.examples("main.go")
	if err != nil {
		return nil, err
	}
	for _, guest := range names {
		to := filepath.Join(work, guest+suffix)
		if _, err := r.outputIn(ctx, "guests/examples/"+guest, env, name, append(args[:len(args):len(args)], "-o", to, ".")...); err != nil {
			return nil, err
		}
		wasm, err := os.ReadFile(to)
		if err != nil {
			return nil, err
		}
		guests = append(guests, file{name: guest + suffix, data: wasm})
	}
	return guests, nil
}

// rustTarget is what guests in Rust are built for.
const rustTarget = "wasm32-unknown-unknown"

func (r *release) rustGuests(ctx context.Context, work string) (guests []file, from module, err error) {
	if r.cargo == "" {
		return nil, from, absentError("guests in Rust: cargo is not installed")
	}
	// Rust's own cargo comes first in PATH, or another rustc than its might be found.
	env := []string{"CARGO_NET_OFFLINE=true", "PATH=" + filepath.Dir(r.cargo) + string(os.PathListSeparator) + os.Getenv("PATH")}
	rustc := filepath.Join(filepath.Dir(r.cargo), "rustc")
	out, err := r.output(ctx, env, rustc, "--print", "sysroot")
	if err != nil {
		return nil, from, err
	}
	root := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(root, "lib/rustlib", rustTarget)); err != nil {
		return nil, from, absentError("guests in Rust: " + r.cargo + " has no std for " + rustTarget + " (Debian: libstd-rust-dev-wasm32; rustup target add " + rustTarget + ")")
	}
	if out, err = r.output(ctx, env, rustc, "--version"); err != nil {
		return nil, from, err
	}
	for _, dir := range []string{"share/doc/rust", "share/doc/libstd-rust-dev-wasm32"} {
		if from, err = licensed("Rust's std", word(out, 1), filepath.Join(root, dir)); err == nil {
			break
		}
	}
	if err != nil {
		return nil, from, absentError("guests in Rust: " + err.Error())
	}
	tree, err := filepath.Abs(r.tree)
	if err != nil {
		return nil, from, err
	}
	_, err = r.outputIn(ctx, "guests", append(env, "CARGO_TARGET_DIR="+filepath.Join(work, "rust")), r.cargo,
		"build", "--quiet", "--locked", "--release", "--target", rustTarget,
		"--config", fmt.Sprintf("target.%s.rustflags=['--remap-path-prefix=%s/guests/=']", rustTarget, tree))
	if err != nil {
		return nil, from, err
	}
	names, err := r.examples("rust/Cargo.toml")
	for _, guest := range names {
		wasm, err := os.ReadFile(filepath.Join(work, "rust", rustTarget, "release", strings.ReplaceAll(guest, "-", "_")+".wasm"))
		if err != nil {
			return nil, from, err
		}
		guests = append(guests, file{name: guest + ".rust.wasm", data: wasm})
	}
	return guests, from, err
}

// word returns the nth word of what a program prints of itself.
func word(text []byte, n int) string {
	if words := strings.Fields(string(text)); n < len(words) {
		return words[n]
	}
	return "unknown"
}
