// Command release makes the files of a release: an archive for each platform
// with its documents and the licences of everything in it, its bill of
// materials, the example guests, and the checksums of all. `make release` runs it.
//
// The same sources and the same Go make the same bytes, in whatever folder and
// at whatever time: nothing of either is written into them.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	version := flag.String("version", "", "`VERSION` such as v0.1.0")
	tree := flag.String("tree", ".", "`FOLDER` of the sources")
	out := flag.String("out", "bin/release", "`FOLDER` for the files; what it held before is removed")
	tinygo := flag.String("tinygo", "", "`PATH` of tinygo, for guests of it")
	cargo := flag.String("cargo", "", "`PATH` of cargo, for guests in Rust")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r := release{version: *version, tree: *tree, out: *out, tinygo: *tinygo, cargo: *cargo, platforms: platforms, tarGz: tarGz, log: os.Stdout}
	err := r.make(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// A platform is what Go calls by two words.
type platform struct{ os, arch string }

var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// A release is what is made, of what, and for whom.
type release struct {
	version, tree, out string
	platforms          []platform
	log                io.Writer
	env                []string // of the builds, beside the environment's
	tinygo, cargo      string   // paths; "": guests without them
	only               string   // of the example guests; "": all
	tarGz              func(folder string, files []file) []byte
}

// semver is a version as Go's modules want it.
var semver = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

func (r *release) make(ctx context.Context) error {
	if !semver.MatchString(r.version) {
		return fmt.Errorf("version %q: want one such as v0.1.0: make release VERSION=v0.1.0", r.version)
	}
	var err error
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	// A folder that was named by mistake may hold what nobody wants removed.
	if old, err := os.ReadDir(r.out); err == nil && len(old) > 0 {
		if _, err := os.Stat(filepath.Join(r.out, sums)); err != nil {
			return fmt.Errorf("%s holds something, and no %s: it is not an older release, remove it yourself", r.out, sums)
		}
		if err := os.RemoveAll(r.out); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "slswasm-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	common, err := r.common(ctx, work)
	if err != nil {
		return err
	}
	for _, p := range r.platforms {
		if err := r.pack(ctx, work, p, common); err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
	}
	if err := r.packGuests(ctx, work); err != nil {
		return fmt.Errorf("guests: %w", err)
	}
	return r.sum()
}

// common are the files that all platforms share; the program itself prints
// some of them.
func (r *release) common(ctx context.Context, work string) ([]file, error) {
	program, err := r.build(ctx, work, here())
	if err != nil {
		return nil, err
	}
	files, err := r.documents(documents)
	if err != nil {
		return nil, err
	}
	for name, args := range map[string][]string{
		"completions/slswasm.bash": {"completion", "bash"},
		"completions/_slswasm":     {"completion", "zsh"},
		"completions/slswasm.fish": {"completion", "fish"},
		"man/slswasm.1":            {"man"},
	} {
		text, err := r.output(ctx, nil, program, args...)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, data: text})
	}
	return files, nil
}

// pack makes the archive and the bill of one platform.
func (r *release) pack(ctx context.Context, work string, p platform, common []file) error {
	program, err := r.build(ctx, work, p)
	if err != nil {
		return err
	}
	modules, err := r.modules(ctx, program)
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	files := append([]file{
		{name: p.program(), data: binary, executable: true},
		{name: "THIRD_PARTY_LICENSES.txt", data: notices(modules)},
	}, common...)
	name := fmt.Sprintf("slswasm_%s_%s_%s", r.version, p.os, p.arch)
	archive, format := name+".tar.gz", r.tarGz
	if p.os == "windows" {
		archive, format = name+".zip", zipped
	}
	if err := r.write(archive, format(name, files)); err != nil {
		return err
	}
	bill, err := bill(r.version, p, sha256.Sum256(binary), modules)
	if err != nil {
		return err
	}
	return r.write(name+".cdx.json", bill)
}

func (r *release) read(names ...string) ([]file, error) {
	files := make([]file, len(names))
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(r.tree, name))
		if err != nil {
			return nil, err
		}
		files[i] = file{name: name, data: data}
	}
	return files, nil
}

func (r *release) write(name string, data []byte) error {
	fmt.Fprintf(r.log, "%s\t%.1f MB\n", name, float64(len(data))/1e6)
	return os.WriteFile(filepath.Join(r.out, name), data, 0o644)
}

// sums is the file that `sha256sum -c` reads.
const sums = "SHA256SUMS"

func (r *release) sum() error {
	entries, err := os.ReadDir(r.out) // sorted
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return r.write(sums, []byte(text.String()))
}
