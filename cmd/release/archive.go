package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"io/fs"
	"slices"
	"time"
)

// A file is one of an archive's.
type file struct {
	name       string // with slashes, below the archive's one folder
	data       []byte
	executable bool
}

func (f file) mode() int64 {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// made is when everything in an archive was made: the first day that a zip can
// name.
var made = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
}

// tarGz packs files into a folder, as small as can be. Writing into memory
// cannot fail.
func tarGz(folder string, files []file) []byte { return tarGzAt(gzip.BestCompression, folder, files) }

func tarGzAt(level int, folder string, files []file) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, level)
	t := tar.NewWriter(z)
	for _, f := range sorted(files) {
		_ = t.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: folder + "/" + f.name, Size: int64(len(f.data)), Mode: f.mode(),
			ModTime: made, Uname: "root", Gname: "root",
		})
		_, _ = t.Write(f.data)
	}
	_ = t.Close()
	_ = z.Close()
	return b.Bytes()
}

// zipped packs files into a folder, for Windows.
func zipped(folder string, files []file) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range sorted(files) {
		h := &zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: made}
		h.SetMode(fs.FileMode(f.mode()))
		if w, err := z.CreateHeader(h); err == nil {
			_, _ = io.Copy(w, bytes.NewReader(f.data))
		}
	}
	_ = z.Close()
	return b.Bytes()
}
