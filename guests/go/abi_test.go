package slswasm

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestConstantsAreTheABIs holds abi.go against the host's: a guest imports
// nothing of the host's module, so nothing else would notice a difference.
func TestConstantsAreTheABIs(t *testing.T) {
	theirs, ours := constants(t, hostFile(t, "../../abi/abi.go")), constants(t, "abi.go")
	if len(theirs) < 50 {
		t.Fatalf("only %d constants were found in the host's abi.go", len(theirs))
	}
	for name, want := range theirs {
		name = strings.ToLower(name[:1]) + name[1:]
		got, ok := ours[name]
		if !ok {
			t.Errorf("%s is missing", name)
		} else if !constant.Compare(got, token.EQL, want) {
			t.Errorf("%s is %v, the host's is %v", name, got, want)
		}
		delete(ours, name)
	}
	for name := range ours {
		t.Errorf("%s is not in the host's abi.go", name)
	}
}

// hostFile skips the test where this module is without the host's.
func hostFile(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat("../../go.mod"); err != nil {
		t.Skipf("this module stands alone, nothing to hold it against: %v", err)
	}
	return name
}

// constants returns the constants of a file of Go that imports nothing, those
// of host spelling by their exported names.
func constants(t *testing.T, name string) map[string]constant.Value {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("abi", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]constant.Value{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok {
			found[name] = c.Val()
		}
	}
	return found
}

// TestDirectivesNameTheABI: the names in //go:wasmexport and //go:wasmimport
// cannot be constants.
func TestDirectivesNameTheABI(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "export.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, group := range file.Comments {
		for _, c := range group.List {
			if d, ok := strings.CutPrefix(c.Text, "//go:wasm"); ok {
				got = append(got, d)
			}
		}
	}
	slices.Sort(got)
	if prefix := "slswasm_v" + strconv.Itoa(version) + "_"; !strings.HasPrefix(exportInit, prefix) {
		t.Errorf("%s does not start with %s", exportInit, prefix)
	}
	want := []string{"export " + exportAlloc, "export " + exportInit, "export " + exportTransform, "import " + importModule + " " + importLog}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
