package offline

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// An SDK says where a project finds the SDK of its language.
type SDK struct {
	Version string // of a release, such as v1.2.3
	Path    string // of a local copy, absolute and with slashes; "": the release
}

var released = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[a-z]+(\.[0-9]+)*)?$`)

// FindSDK looks for the SDK of a language: in dir if that is given, a checkout
// of slswasm or the SDK's own folder; in the checkout that the program stands
// in, as bin/slswasm; or the release of this version.
func FindSDK(lang, dir, program, version string) (SDK, error) {
	if dir != "" {
		for _, d := range []string{dir, filepath.Join(dir, "guests", folder(lang))} {
			if isSDK(lang, d) {
				return local(d)
			}
		}
		return SDK{}, fmt.Errorf("neither %s nor %s holds the SDK for %s",
			dir, filepath.Join(dir, "guests", folder(lang)), lang)
	}
	if d := filepath.Join(filepath.Dir(program), "..", "guests", folder(lang)); isSDK(lang, d) {
		return local(d)
	}
	if released.MatchString(version) {
		return SDK{Version: version}, nil
	}
	return SDK{}, errors.New("this program is no release, and stands in no checkout of slswasm: say where one is")
}

func local(dir string) (SDK, error) {
	abs, err := filepath.Abs(dir)
	return SDK{Version: "v0.0.0", Path: filepath.ToSlash(abs)}, err
}

func folder(lang string) string {
	if lang == "rust" {
		return "rust"
	}
	return "go"
}

func isSDK(lang, dir string) bool {
	file, line := "go.mod", "module github.com/slswasm/slswasm/guests/go\n"
	if lang == "rust" {
		file, line = "Cargo.toml", "name = \"slswasm\"\n"
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	return err == nil && bytes.Contains(text, []byte(line))
}
