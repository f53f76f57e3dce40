package yamlfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a file refers to is read in no time, or refused.
func TestReferredFilesAreRegular(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{".": "is no regular file", os.DevNull: "is no regular file"} {
		v := parseMap(t, "a: \"file:"+filepath.ToSlash(name)+"\"\n")["a"]
		if _, err := v.Text(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, maxSize+1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(large); err != nil || len(text) != maxSize+1 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// The parser's stack would end the program.
func TestNoStackOverflow(t *testing.T) {
	for _, text := range []string{
		"a: " + strings.Repeat("[", 300_000), "a: " + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000),
		"a:\n  b: " + strings.Repeat("{a: ", 200_000),
	} {
		if _, err := Parse("f.yaml", []byte(text), environment); err == nil || !strings.Contains(err.Error(), "brackets and braces are open") {
			t.Error(err)
		}
	}
	deep := "a: " + strings.Repeat("[", maxNested) + strings.Repeat("]", maxNested)
	if _, err := Parse("f.yaml", []byte(deep), environment); err != nil {
		t.Error(err)
	}
	if _, err := Parse("f.yaml", []byte("a: '"+strings.Repeat("] [ } ", 5000)+"'"), environment); err != nil {
		t.Error(err)
	}
}
