package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// Every administrative command does the same through a running server and by
// itself, and says the same.
func TestAdministration(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		run(t, "migrate", "--sandbox", "--database", database)
		var said [2][]string
		for i, name := range []string{"alone", "served"} {
			if name == "served" {
				p := start(t, database)
				defer p.stop(t)
			}
			said[i] = administer(t, database, name)
		}
		if !slices.Equal(said[0], said[1]) {
			t.Errorf("alone:\n%s\nserved:\n%s", strings.Join(said[0], "\n"), strings.Join(said[1], "\n"))
		}
		verify(t, database)
	})
}

var clientSecret = regexp.MustCompile(`purse_cs_[A-Za-z0-9_-]{48}`)

// administer gives every command once, with mistakes, and returns what was said
// with numbers and names left out.
func administer(t *testing.T, database, name string) []string {
	t.Helper()
	var said []string
	give := func(want int, args ...string) string {
		t.Helper()
		out, status := try(t, append(args, "--database", database)...)
		if status != want {
			t.Errorf("%s: purse %s: status %d: %s", name, strings.Join(args, " "), status, out)
		}
		clean := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, strings.NewReplacer(name, "NAME", strings.ToUpper(name), "NAME").Replace(clientSecret.ReplaceAllString(out, "SECRET")))
		if args[0] != "token" {
			said = append(said, strings.TrimSpace(clean))
		}
		return strings.TrimSpace(out)
	}
	give(0, "user", "create", name, "--first-name", "Ann")
	give(1, "user", "create", strings.ToUpper(name), "--first-name", "Ann")
	give(1, "user", "create", "x", "--first-name", "Ann")
	give(1, "user", "create", name+"2")
	give(0, "treasury", "issue", name, "100.00", "--reason", "cash", "--key", name)
	give(0, "treasury", "issue", name, "100.00", "--reason", "cash", "--key", name)
	give(1, "treasury", "issue", name, "200.00", "--key", name)
	give(1, "treasury", "issue", "nobody", "1.00")
	give(1, "treasury", "issue", name, "1.005")
	give(1, "treasury", "issue", name, "0")
	give(1, "treasury", "redeem", name, "100.01")
	give(0, "wallet", "freeze", name, "--reason", "lost phone")
	give(1, "treasury", "redeem", name, "1.00")
	give(0, "wallet", "unfreeze", name)
	give(0, "treasury", "redeem", name, "100.00")
	give(0, "limits", "--payment", "12.00", "--week", "30.00")
	give(0, "limits")
	give(1, "limits", "--payment", "-3")
	give(0, "terms", "--fee-fixed", "0.30", "--fee-percent", "2.9", "--escrow-life", "48h", "--charge-life", "72h")
	if out := give(0, "terms"); !strings.Contains(out, "0.30 USD and 2.90 percent") || !strings.Contains(out, "48h0m0s, a charge for 72h0m0s") {
		t.Errorf("%s: the terms are %s", name, out)
	}
	give(0, "terms", "--app-cap", "none")
	if out := give(0, "terms"); !strings.Contains(out, "in a day: none") || !strings.Contains(out, "0.30 USD") {
		t.Errorf("%s: the terms are %s", name, out)
	}
	give(0, "terms", "--app-cap", "20.50")
	if out := give(0, "terms"); !strings.Contains(out, "in a day: 20.50 USD") {
		t.Errorf("%s: the terms are %s", name, out)
	}
	give(1, "terms", "--app-cap", "-1.00")
	give(1, "terms", "--fee-percent", "100.01")
	give(1, "terms", "--fee-percent", "2.999")
	give(1, "terms", "--fee-fixed", "-1")
	give(1, "terms", "--escrow-life", "soon")
	give(1, "terms", "--charge-life", "0s")
	give(0, "app", "create", "Wallet for iOS", "--medium", "ios")
	give(1, "app", "create", "Pages", "--medium", "web")
	give(0, "app", "create", "A shop", "--public", "--implicit", "--redirect-uri", "https://shop.example/cb", "--redirect-uri", "shop://cb")
	give(1, "app", "create", "A shop", "--redirect-uri", "http://shop.example/cb")
	give(1, "app", "create", "A shop", "--redirect-uri", "javascript:alert(1)")
	give(1, "app", "create", "", "--medium", "api")
	give(1, "payment", "fail", "4")
	give(1, "payment", "fail", "that one")
	give(0, "user", "create", name+"3", "--first-name", "Di", "--email", name+"@example.org", "--phone", map[string]string{"alone": "555-555-0111", "served": "555-555-0222"}[name])
	give(1, "user", "create", name+"4", "--first-name", "Di", "--email", strings.ToUpper(name)+"@example.org")
	give(1, "user", "create", name+"5", "--first-name", "Di", "--email", "nowhere")
	give(1, "user", "create", name+"6", "--first-name", "Di", "--phone", "12")
	give(0, "clock", "accept")
	token := give(0, "token", "create", name, "--scopes", "Make_Payments,access_profile", "--life", "1h")
	give(1, "token", "create", name, "--scopes", "everything")
	give(1, "token", "create", name, "--app", "12345")
	give(1, "token", "create", name, "--app", "mine")
	give(0, "token", "revoke", token)
	give(1, "token", "revoke", token)
	give(1, "token", "revoke", "purse_at_nonsense")
	return said
}

func TestServeRefusesWhatIsNotSafe(t *testing.T) {
	database := filepath.Join(shortDir(t), "purse.db")
	rates := filepath.Join(shortDir(t), "purse.yaml")
	if err := os.WriteFile(rates, []byte("rate: plenty\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "migrate", "--sandbox", "--database", database)
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"a live network without a public URL", "needs --public-url", []string{"--database", database + "2"}},
		{"a live network without https", "needs --public-url with https", []string{"--database", database + "2", "--public-url", "http://pay.example.org"}},
		{"a live network on all addresses without TLS", "behind a TLS proxy", []string{"--database", database + "2", "--public-url", "https://pay.example.org", "--listen", "0.0.0.0:0"}},
		{"a sandbox as a live network", "this is a sandbox network", []string{"--database", database, "--public-url", "https://pay.example.org"}},
		{"another currency", "currency is USD", []string{"--sandbox", "--database", database, "--currency", "EUR"}},
		{"no such currency", "no currency", []string{"--sandbox", "--database", database, "--currency", "XXZ"}},
		{"answers kept too short", "at least 168h", []string{"--sandbox", "--database", database, "--keep-answers", "1h"}},
		{"proxies that are none", "trusted-proxies", []string{"--sandbox", "--database", database, "--trusted-proxies", "everybody"}},
		{"a public URL that is none", "public-url must look like", []string{"--sandbox", "--database", database, "--public-url", "javascript:alert(1)"}},
		{"a rate that is none", "rate must be a whole number", []string{"--sandbox", "--database", database, "--config", rates}},
		{"a rate below nothing", "rate must be from 0", []string{"--sandbox", "--database", database, "--rate", "-1"}},
		{"a rate beyond reason", "rate must be from 0", []string{"--sandbox", "--database", database, "--rate", "1000001"}},
		{"a burst of nothing", "rate-burst must be from 1", []string{"--sandbox", "--database", database, "--rate-burst", "0"}},
		{"half of a certificate", "go together", []string{"--sandbox", "--database", database, "--tls-cert", "x"}},
		{"a configuration that is not there", "configuration file", []string{"--config", database + ".yaml"}},
	} {
		args := c.args
		if !slices.Contains(args, "--listen") {
			args = append(args, "--listen", "127.0.0.1:0")
		}
		if out, status := try(t, append([]string{"serve"}, args...)...); status != 1 || !strings.Contains(out, c.want) {
			t.Errorf("%s: status %d: %s", c.name, status, out)
		}
	}
}

// Flags win over the environment, the environment over the file, the file over
// the defaults.
func TestConfiguration(t *testing.T) {
	dir := shortDir(t)
	file := filepath.Join(dir, "purse.yaml")
	if err := os.WriteFile(file, []byte("sandbox: true\ncurrency: SEK\ndatabase: "+dir+"/file.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ env, flag, want string }{
		{"", "", "file.db"},
		{"PURSE_DATABASE=" + dir + "/env.db", "", "env.db"},
		{"PURSE_DATABASE=" + dir + "/env.db", "--database=" + dir + "/flag.db", "flag.db"},
	} {
		args := []string{"migrate", "--config", file}
		if c.flag != "" {
			args = append(args, c.flag)
		}
		cmd := command(t, args...)
		if c.env != "" {
			cmd.Env = append(cmd.Env, c.env)
		}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "sandbox, SEK") {
			t.Errorf("%+v: %v: %s", c, err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, c.want)); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// verify's exit status says what it found.
func TestVerifyStatus(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		p := start(t, database)
		ada, ben := newPerson(t, database, "ada", "10.00"), newPerson(t, database, "ben", "")
		if status, body := pay(t, p.url, ada, ben, "2.50"); status != 200 {
			t.Fatal(status, body)
		}
		verify(t, database) // beside the server
		p.stop(t)
		acked := filepath.Join(shortDir(t), "acked")
		if err := os.WriteFile(acked, []byte("12345\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, status := try(t, "verify", "--database", database, "--acked", acked); status != 1 || !strings.Contains(out, "12345") {
			t.Errorf("a payment that is not there: status %d: %s", status, out)
		}
		if _, status := try(t, "verify", "--database", database+"nothing"); status != 2 {
			t.Errorf("no database: status %d", status)
		}
	})
}

func TestBenchRefuses(t *testing.T) {
	for _, flags := range []string{
		"--mode all", "--mode hub --merchants 0", "--mode hub --merchants 1001", "--mode hub --url http://127.0.0.1:9", "--ratio", "--mode hub --ratio --pgbench",
	} {
		if out, status := try(t, append([]string{"bench"}, strings.Fields(flags)...)...); status != 1 || !strings.Contains(out, "--m") {
			t.Errorf("%s: status %d: %s", flags, status, out)
		}
	}
}

// What bench prints as JSON has the keys that machines read.
func TestBenchReports(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		for mode, flags := range map[string]string{"spread": "", "hot": "", "hub": "--merchants 1 --ratio"} {
			var r map[string]any
			decode(t, run(t, append([]string{"bench", "--database", database, "--accounts", "20", "--payments", "50", "--connections", "4",
				"--warmup", "0s", "--duration", "300ms", "--mode", mode, "--json"}, strings.Fields(flags)...)...), &r)
			for _, key := range []string{"payments_per_second", "ratio_to_pgbench", "p50_ms", "p99_ms", "errors", "server_peak_mb"} {
				if _, ok := r[key].(float64); !ok {
					t.Errorf("%s: %s is %v", mode, key, r[key])
				}
			}
			if said, _ := r["rate_limits"].(string); !strings.HasPrefix(said, ratesLifted) || mode == "hub" && said != hubRatesLifted {
				t.Errorf("%s: the report says of the rate limits: %v", mode, said)
			}
			spread, beside := r["spread"].(map[string]any)
			if beside != (mode == "hub") || beside && (spread["errors"] != 0.0 || r["ratio_to_spread"].(float64) <= 0) {
				t.Errorf("%s: beside it: %v", mode, spread)
			}
			if r["errors"] != 0.0 || r["payments_per_second"].(float64) < 1 {
				t.Errorf("%s: %v", mode, r)
			}
		}
		verify(t, database)
	})
}
