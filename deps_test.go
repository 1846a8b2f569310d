package purse_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// layer says how high a package stands. A package may import only lower ones;
// one that is new here must also be new in docs/architecture.md.
var layer = map[string]int{
	"purse/money": 0, "purse/internal/pgtest": 0, "purse/internal/doortest": 0,
	"purse/ledger": 1, "purse/audit": 1,
	"purse":        2,
	"purse/policy": 3, "purse/sandbox": 3, "purse/outbound": 3, "purse/secret": 3, "purse/notice": 3,
	"purse/identity": 4, "purse/wallet": 4, "purse/hub": 4, "purse/order": 4, "purse/internal/load": 4,
	"purse/api": 5, "purse/store": 5,
	"purse/api/walletv1": 6, "purse/api/hubv1": 6, "purse/api/orderv1": 6, "purse/web": 6, "purse/store/storetest": 6,
	"purse/cmd/purse": 7,
}

// direct is every module that may stand in go.mod without "// indirect":
// those of the design's table. Any other needs an ADR that names it.
var direct = []string{
	"github.com/alexedwards/argon2id",
	"code.dny.dev/ssrf",
	"github.com/bojanz/currency",
	"github.com/boombuler/barcode",
	"github.com/chromedp/cdproto", // the words of chromedp
	"github.com/chromedp/chromedp",
	"github.com/getkin/kin-openapi",
	"github.com/go-webauthn/webauthn",
	"github.com/jackc/pgx/v5",
	"github.com/nyaruka/phonenumbers",
	"github.com/knadh/koanf/parsers/yaml",
	"github.com/knadh/koanf/providers/env/v2",
	"github.com/knadh/koanf/providers/file",
	"github.com/knadh/koanf/providers/posflag",
	"github.com/knadh/koanf/v2",
	"github.com/pquerna/otp",
	"github.com/pressly/goose/v3",
	"github.com/spf13/cobra",
	"github.com/spf13/pflag",
	"github.com/wneessen/go-mail",
	"golang.org/x/oauth2",
	"golang.org/x/time",
	"modernc.org/sqlite",
	"pgregory.net/rapid",
}

// testsOnly are the modules of direct that no binary holds.
var testsOnly = []string{"github.com/getkin/kin-openapi", "github.com/chromedp/", "golang.org/x/oauth2"}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := words[0]
		seen[pkg] = true
		height, ok := layer[pkg]
		if !ok {
			t.Errorf("%s has no layer", pkg)
		}
		for _, imported := range words[1:] {
			if pkg != "purse/internal/doortest" && slices.ContainsFunc(testsOnly, func(module string) bool { return strings.HasPrefix(imported, module) }) {
				t.Errorf("%s imports %s, which is for tests", pkg, imported)
			}
			below, ours := layer[imported]
			if imported == "purse/sandbox" && pkg != "purse/cmd/purse" {
				t.Errorf("%s imports %s, which only cmd/purse may", pkg, imported)
			}
			if imported == "purse/internal/doortest" {
				t.Errorf("%s imports %s, which is for tests", pkg, imported)
			}
			if ours && below >= height {
				t.Errorf("%s (layer %d) imports %s (layer %d)", pkg, height, imported, below)
			}
		}
	}
	for pkg := range layer {
		if !seen[pkg] {
			t.Errorf("%s has a layer but is not there", pkg)
		}
	}
}

func TestPackagesAreOnTheMap(t *testing.T) {
	b, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range layer {
		if name := strings.TrimPrefix(pkg, "purse/"); !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("docs/architecture.md does not name `%s`", name)
		}
	}
}

func TestDependenciesAreChosen(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\s+(\S+) v\S+$`).FindAllStringSubmatch(string(b), -1) {
		if !slices.Contains(direct, m[1]) {
			t.Errorf("%s is a direct dependency that nobody chose", m[1])
		}
	}
	for _, m := range direct {
		if !strings.Contains(string(b), "\t"+m+" v") {
			t.Errorf("%s is chosen but not used", m)
		}
	}
}

func TestDecisionsAreNumberedOnce(t *testing.T) {
	files, err := os.ReadDir("docs/adr")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, f := range files {
		number, _, ok := strings.Cut(f.Name(), "-")
		if !ok || !regexp.MustCompile(`^\d{4}$`).MatchString(number) {
			t.Errorf("docs/adr/%s is not named NNNN-title.md", f.Name())
		}
		if seen[number] != "" {
			t.Errorf("docs/adr/%s and %s have one number", f.Name(), seen[number])
		}
		seen[number] = f.Name()
	}
}
