package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
)

var someFiles = []file{{name: "slswasm", data: []byte("\x7fELF"), executable: true}, {name: "man/slswasm.1", data: []byte(".TH")}}

// The order in which files are found does not matter; and whoever unpacks them
// can run what is a program.
func TestArchives(t *testing.T) {
	t.Parallel()
	want := []string{"d/man/slswasm.1 -rw-r--r-- .TH", "d/slswasm -rwxr-xr-x \x7fELF"}
	for name, is := range map[string]struct {
		pack func(string, []file) []byte
		list func(*testing.T, []byte) []string
	}{"tar.gz": {tarGz, listTarGz}, "zip": {zipped, listZip}} {
		packed := is.pack("d", someFiles)
		if got := is.list(t, packed); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		other := slices.Clone(someFiles)
		slices.Reverse(other)
		if !bytes.Equal(is.pack("d", other), packed) {
			t.Errorf("%s: the order of the files is to be seen in it", name)
		}
	}
}

func listTarGz(t *testing.T, packed []byte) (files []string) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() {
		t.Errorf("gzip tells the time: %v", z.ModTime)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(made) || h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || h.Gname != "root" {
			t.Errorf("%s: %v, %s:%s", h.Name, h.ModTime, h.Uname, h.Gname)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, fmt.Sprintf("%s %v %s", h.Name, h.FileInfo().Mode(), data))
	}
}

func listZip(t *testing.T, packed []byte) (files []string) {
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if !f.Modified.Equal(made) {
			t.Errorf("%s: %v", f.Name, f.Modified)
		}
		opened, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, fmt.Sprintf("%s %v %s", f.Name, f.Mode(), data))
	}
	return files
}
