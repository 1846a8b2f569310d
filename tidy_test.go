package purse_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	fileLinesMax     = 500
	functionLinesMax = 70
)

// The exceptions, each with its reason.
var (
	// clocks may read the time: they wire, measure, or wait for others.
	clocks = []string{"cmd/", "store/", "api/api.go", "internal/pgtest/", "internal/load/", "audit/"}
	// starters may start goroutines, for the same reasons.
	starters = []string{"cmd/", "store/", "internal/pgtest/", "internal/load/"}
	// exact are the packages in which money is never a float.
	exact = []string{"money/", "ledger/", "policy/", "wallet/", "hub/", "store/", "api/walletv1/", "api/hubv1/", "audit/"}
	// A walk's pace is a share of time, not of money.
	floats = []string{"audit/audit.go", "audit/pace.go", "audit/report.go", "audit/database.go"}
)

func TestSourceIsTidy(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "." {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			tidyFile(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var leftOver = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func tidyFile(t *testing.T, path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(src, []byte("\n")); n > fileLinesMax {
		t.Errorf("%s has %d lines, at most %d", path, n, fileLinesMax)
	}
	if m := leftOver.Find(src); m != nil {
		t.Errorf("%s leaves a %s", path, m)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	test := strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "store/storetest/")
	slashed := filepath.ToSlash(path)
	at := func(n ast.Node) string { return fmt.Sprintf("%s:%d", path, set.Position(n.Pos()).Line) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1; lines > functionLinesMax && !test {
				t.Errorf("%s: %s has %d lines, at most %d", at(n), n.Name.Name, lines, functionLinesMax)
			}
			if n.Name.Name == "init" && n.Recv == nil {
				t.Errorf("%s: a package starts nothing by itself", at(n))
			}
		case *ast.GoStmt:
			if !test && !within(slashed, starters) {
				t.Errorf("%s: whoever calls decides what runs beside", at(n))
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Now" && !test && !within(slashed, clocks) {
				t.Errorf("%s: time comes from outside", at(n))
			}
		case *ast.Ident:
			if (n.Name == "float64" || n.Name == "float32") && !test && within(slashed, exact) && !within(slashed, floats) {
				t.Errorf("%s: money is never a float", at(n))
			}
		}
		return true
	})
}

func within(path string, places []string) bool {
	for _, p := range places {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
