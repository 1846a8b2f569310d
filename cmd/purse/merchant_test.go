package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/identity"
	"purse/policy"
	"purse/store"
)

// Every command about merchants does the same through a running server and by itself,
// and says the same.
func TestMerchantCommands(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		nameKey(t)
		run(t, "migrate", "--sandbox", "--database", database)
		var said [2][]string
		for i, name := range []string{"alone", "served"} {
			if name == "served" {
				p := start(t, database)
				defer p.stop(t)
			}
			said[i] = runShop(t, database, name)
		}
		if !slices.Equal(said[0], said[1]) {
			t.Errorf("alone:\n%s\nserved:\n%s", strings.Join(said[0], "\n"), strings.Join(said[1], "\n"))
		}
	})
}

// nameKey makes a key for what must be sealed, and names it to all commands and servers
// of a test: on PostgreSQL there is none beside the database.
func nameKey(t *testing.T) {
	t.Helper()
	path := filepath.Join(shortDir(t), "key")
	if err := os.WriteFile(path, bytes.Repeat([]byte{7}, identity.VaultKeyBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PURSE_KEY_FILE", path)
}

// unlike is what differs from one shop to the next: numbers, keys, and the times of keys.
var unlike = []*regexp.Regexp{
	regexp.MustCompile(`purse_(?:[spo]k|os)_[A-Za-z0-9_-]{48}`), regexp.MustCompile(`merchant-test-[a-z2-7]{16}`), regexp.MustCompile(`\d{18}`),
	regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:]+Z`),
}

var somePNG = append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, identity.LogoMax-8)...)

// runShop gives every command about a merchant, with mistakes, and returns what was said.
func runShop(t *testing.T, database, name string) (said []string) {
	t.Helper()
	give := func(want int, args ...string) string {
		t.Helper()
		out, status := try(t, append(args, "--database", database)...)
		if status != want {
			t.Errorf("%s: purse %s: status %d: %s", name, strings.Join(args, " "), status, out)
		}
		clean := strings.ReplaceAll(out, name, "NAME")
		for _, r := range unlike {
			clean = r.ReplaceAllString(clean, "#")
		}
		said = append(said, strings.TrimSpace(clean))
		return strings.TrimSpace(out)
	}
	sees := func(out string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", name, want, out)
			}
		}
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(shortDir(t), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	logo, large, text := file("logo", somePNG), file("large", append(somePNG, 0)), file("text", []byte("<svg>"))

	var shop merchantShown
	decode(t, give(0, "merchant", "create", "Shop "+name, "--fee-percent", "1.5", "--fee-fixed", "0.10", "--logo", logo, "--json"), &shop)
	id := shop.ID
	if len(shop.Keys) != 3 || shop.Keys[0].Kind != "private" || shop.Keys[1].Kind != "public" || shop.Keys[2].Kind != "order" {
		t.Fatalf("%+v", shop)
	}
	sees(give(0, "merchant", "create", "Another"), "shown this once", "purse_sk_", "purse_pk_", ".purse_ok_", "purse_os_", "0.00 USD and 0.00 percent", "168h0m0s", "It takes payments")
	give(1, "merchant", "create", "")
	give(1, "merchant", "create", "A", "--fee-percent", "1.505")
	give(1, "merchant", "create", "A", "--fee-percent", "-1")
	give(1, "merchant", "create", "A", "--fee-fixed", "cheap")
	give(1, "merchant", "create", "A", "--life", "soon")
	give(1, "merchant", "create", "A", "--life", "1s")
	give(1, "merchant", "create", "A", "--logo", large)
	give(1, "merchant", "create", "A", "--logo", text)
	give(1, "merchant", "create", "A", "--logo", filepath.Join(shortDir(t), "nothing"))
	sees(run(t, "merchant", "list", "--database", database), id+"  Shop "+name)
	sees(give(0, "merchant", "show", id), "Shop "+name, "Balance: 0.00 USD", "0.10 USD and 1.50 percent", "Logo: image/png")
	give(1, "merchant", "show", "12345")
	give(1, "merchant", "show", "that one")
	sees(give(0, "merchant", "set", id, "--accepts=false", "--fee-percent", "2", "--life", "72h"), "no payments from wallets", "0.10 USD and 2.00 percent", "72h0m0s")
	sees(give(0, "merchant", "set", id, "--name", "Shop of "+name, "--logo", logo), "Shop of "+name, "no payments")
	give(1, "merchant", "set", id)
	give(1, "merchant", "set", id, "--logo", text)
	give(1, "merchant", "set", "12345", "--accepts")

	give(0, "treasury", "issue", "merchant:"+id, "100.00", "--key", "m"+name)
	var e entryMade
	decode(t, give(0, "treasury", "issue", "merchant:"+id, "100.00", "--key", "m"+name, "--json"), &e)
	if e.Merchant != id || e.User != "" || e.Amount != "100.00" || e.Kind != "issue" {
		t.Errorf("%+v", e)
	}
	give(1, "treasury", "issue", "merchant:"+id, "200.00", "--key", "m"+name)
	give(0, "treasury", "redeem", "merchant:"+id, "40.00", "--reason", "paid out")
	give(1, "treasury", "redeem", "merchant:"+id, "60.01")
	give(1, "treasury", "issue", "merchant:12345", "1.00")
	give(1, "treasury", "issue", "merchant:", "1.00")
	give(1, "treasury", "issue", id, "1.00")
	sees(give(0, "merchant", "show", id), "Balance: 60.00 USD")

	keys := give(0, "merchant", "keys", id)
	sees(keys, shop.Keys[0].Username, shop.Keys[1].Username)
	if strings.Contains(keys, "purse_") {
		t.Errorf("a password is shown again: %s", keys)
	}
	sees(give(0, "merchant", "rotate", id), "purse_sk_", "purse_pk_", "purse_ok_")
	if list := run(t, "merchant", "keys", id, "--database", database); strings.Count(list, "until") != 3 {
		t.Errorf("after a rotation: %s", list)
	}
	give(0, "merchant", "add-keys", id, "--kind", "public")
	sees(give(0, "merchant", "rotate", id, "--kind", "order", "--overlap", "1h"), "-order.purse_ok_", "purse_os_", "the API secret")
	give(0, "merchant", "add-keys", id, "--kind", "order", "--json")
	runOrders(t, give, sees, id, name)
	give(1, "merchant", "add-keys", id, "--kind", "secret")
	give(1, "merchant", "rotate", id, "--overlap", "-1h")
	give(1, "merchant", "rotate", "12345")
	give(0, "merchant", "revoke", shop.Keys[0].Username)
	give(1, "merchant", "revoke", shop.Keys[0].Username)
	give(1, "merchant", "revoke", "nobody")

	give(0, "merchant", "close", id)
	give(1, "merchant", "close", id)
	give(1, "merchant", "rotate", id)
	give(1, "merchant", "set", id, "--accepts")
	give(1, "treasury", "issue", "merchant:"+id, "1.00")
	give(0, "treasury", "redeem", "merchant:"+id, "60.00")
	sees(give(0, "merchant", "show", id), "Balance: 0.00 USD", "Closed at")
	sees(run(t, "merchant", "list", "--database", database), "Shop of "+name+"  (closed)")
	return said
}

// runOrders gives the commands about what a merchant needs for its orders.
func runOrders(t *testing.T, give func(int, ...string) string, sees func(string, ...string), id, name string) {
	t.Helper()
	sees(give(0, "merchant", "show", id), "Its orders can be paid for 1h0m0s.\n")
	give(0, "merchant", "set", id, "--order-life", "24h", "--payer-fee", "--hook", "http://127.0.0.1:9/hook?k=1",
		"--origins", "https://Shop.example/, http://localhost:8080", "--email", "Shop@example.org")
	sees(give(0, "merchant", "show", id), "Its orders can be paid for 24h0m0s; the payer bears the fee.\n",
		"Callbacks go to http://127.0.0.1:9/hook?k=1, once it has answered the test call.\n",
		"Customers go back to https://shop.example, http://localhost:8080.\n", "Receipts go to shop@example.org.")
	give(0, "merchant", "show", id, "--json")
	out := give(0, "merchant", "set", id, "--payer-fee=false", "--hook", "", "--origins", "", "--email", "")
	for _, gone := range []string{"Callbacks", "Customers", "Receipts", "payer bears"} {
		if strings.Contains(out, gone) {
			t.Errorf("%s: %s is still there: %s", name, gone, out)
		}
	}
	give(1, "merchant", "set", id, "--order-life", "soon")
	give(1, "merchant", "set", id, "--order-life", "0")
	give(1, "merchant", "set", id, "--order-life", "10000h")
	give(1, "merchant", "set", id, "--hook", "shop.example")
	give(1, "merchant", "set", id, "--origins", "https://shop.example/shop")
	give(1, "merchant", "set", id, "--email", "shop")

	give(0, "user", "create", name+"worker", "--first-name", "W")
	sees(give(0, "merchant", "member", "list", id), "Nobody works for it.")
	sees(give(0, "merchant", "member", "add", id, name+"worker"), name+"worker works for Shop of "+name)
	give(1, "merchant", "member", "add", id, name+"worker")
	give(1, "merchant", "member", "add", id, "nobody")
	give(1, "merchant", "member", "add", "12345", name+"worker")
	sees(give(0, "merchant", "member", "list", id), name+"worker  since ")
	give(0, "merchant", "member", "list", id, "--json")
	sees(give(0, "merchant", "member", "remove", id, name+"worker"), "no longer works")
	give(1, "merchant", "member", "remove", id, name+"worker")
	sees(give(0, "merchant", "member", "list", id), "Nobody works for it.")
}

// A command that is given without a server seals with the key that the server will have:
// beside SQLite it makes it, as the server would; on PostgreSQL somebody must name one.
func TestKeysForOrdersWithoutAServer(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		run(t, "migrate", "--sandbox", "--database", database)
		out := run(t, "merchant", "create", "A shop", "--database", database)
		id := regexp.MustCompile(`\d{18}`).FindString(out)
		if store.IsPostgres(database) {
			if strings.Contains(out, "purse_ok_") {
				t.Errorf("a key for orders without a key to seal its secret: %s", out)
			}
			out, status := try(t, "merchant", "add-keys", id, "--kind", "order", "--database", database)
			if status == 0 || !strings.Contains(out, "--key-file") {
				t.Errorf("status %d: %s", status, out)
			}
			nameKey(t)
			out = run(t, "merchant", "add-keys", id, "--kind", "order", "--database", database, "--key-file", os.Getenv("PURSE_KEY_FILE"))
			if !strings.Contains(out, "purse_ok_") {
				t.Error(out)
			}
		} else if !strings.Contains(out, "purse_ok_") || !strings.Contains(out, "Made the key "+database+".key") {
			t.Errorf("beside SQLite: %s", out)
		}
		secret := purse.Secret(regexp.MustCompile(`purse_os_\S+`).FindString(run(t, "merchant", "rotate", id, "--kind", "order", "--database", database)))
		if out, status := try(t, "merchant", "rotate", id, "--database", database, "--key-file", filepath.Join(shortDir(t), "none")); status == 0 {
			t.Errorf("with a key that is not there: %s", out)
		}
		// What a server does with its settings when it starts.
		n, err := openNetwork(t.Context(), database, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer n.store.Close()
		if err := n.openVault(config{Database: database, KeyFile: os.Getenv("PURSE_KEY_FILE")}, io.Discard); err != nil {
			t.Fatal(err)
		}
		list, err := listKeys(t.Context(), n, "op", merchantNamed{id})
		if err != nil {
			t.Fatal(err)
		}
		var secrets []purse.Secret
		for _, k := range list.Keys {
			if k.Kind != string(purse.OrderKind) {
				continue
			}
			row, _, err := n.store.APIKey(t.Context(), k.Username)
			if err != nil {
				t.Fatal(err)
			}
			one, err := n.identity.OpenKeySecret(row)
			if err != nil {
				t.Error(err)
			}
			secrets = append(secrets, one)
		}
		if !slices.Contains(secrets, secret) {
			t.Error("a server cannot open the secret of a key that was made without it")
		}
	})
}

// A list goes on where the one before it has ended.
func TestListOfManyMerchants(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		s := serveHere(t, database)
		for i := range merchantsAtOnce + 1 {
			obeyed[merchantShown](t, s, "merchant.create", merchantArgs{Name: fmt.Sprint(i)})
		}
		first := obeyed[merchantsShown](t, s, "merchant.list", listArgs{})
		if len(first.Merchants) != merchantsAtOnce || !first.More {
			t.Fatalf("%d merchants, %v", len(first.Merchants), first.More)
		}
		last := first.Merchants[merchantsAtOnce-1]
		if !strings.HasSuffix(first.String(), "--after "+last.ID) {
			t.Error(first)
		}
		rest := obeyed[merchantsShown](t, s, "merchant.list", listArgs{After: last.ID})
		if len(rest.Merchants) != 1 || rest.More || rest.Merchants[0].Name != fmt.Sprint(merchantsAtOnce) {
			t.Errorf("%+v", rest)
		}
	})
}

// obeyed gives an order that has to be carried out.
func obeyed[Out any](t *testing.T, s *servedHere, name string, args any) Out {
	t.Helper()
	in, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.obey(t.Context(), name, "op", in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out.(Out)
}

// A server that knows a key sees at once what operators do to it.
func TestKeysOfAServedNetwork(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		s := serveHere(t, database)
		shop := obeyed[merchantShown](t, s, "merchant.create", merchantArgs{Name: "A shop"})
		fresh := obeyed[keysShown](t, s, "merchant.rotate", keyArgs{ID: shop.ID, Overlap: identity.DefaultOverlap})
		old, now := shop.Keys, fresh.Keys
		s.answers(t, old[0], "")
		s.answers(t, now[0], "")
		s.advance(t, identity.DefaultOverlap)
		s.answers(t, old[0], purse.CodeBadKey)
		s.answers(t, now[0], "")
		if list := obeyed[keysShown](t, s, "merchant.keys", merchantNamed{shop.ID}); strings.Count(list.String(), "  expired ") != 3 {
			t.Error(list)
		}
		obeyed[done](t, s, "merchant.revoke", keyNamed{now[0].Username})
		s.answers(t, now[0], purse.CodeBadKey)
		s.answers(t, now[1], "")
		obeyed[done](t, s, "merchant.close", merchantNamed{shop.ID})
		s.answers(t, now[1], purse.CodeMerchant)
	})
}

func (s *servedHere) advance(t *testing.T, by time.Duration) {
	t.Helper()
	err := s.store.Execute(t.Context(), purse.Command{Book: s.book.ID, Decide: func(f *purse.Facts) error { return f.AdvanceClock(by) }})
	if err != nil {
		t.Fatal(err)
	}
}

// answers wants a command with a key to be refused so; an empty code is not at all.
func (s *servedHere) answers(t *testing.T, k keyShown, want purse.Code) {
	t.Helper()
	seller, err := s.identity.RecognizeKey(t.Context(), k.Username, purse.Secret(k.Password))
	if err == nil {
		err = s.store.Execute(t.Context(), purse.Command{
			Book: seller.Book, Principal: seller.Principal(), Needs: seller.Credential(),
			Decide: func(f *purse.Facts) error {
				_, err := policy.Sells(f, seller, purse.PublicKey)
				return err
			},
		})
	}
	if err == nil && want != "" || err != nil && purse.CodeOf(err) != want {
		t.Errorf("%s is answered %v, want %s", k.Username, err, want)
	}
}

// useKeys makes merchants' keys and uses them, also wrongly.
func (s *servedHere) useKeys(t *testing.T, keep func(name, value string) string) {
	t.Helper()
	shop := obeyed[merchantShown](t, s, "merchant.create", merchantArgs{Name: "A shop", Logo: somePNG})
	more := obeyed[keysShown](t, s, "merchant.rotate", keyArgs{ID: shop.ID, Overlap: time.Hour})
	for i, k := range append(shop.Keys, more.Keys...) {
		if k.Kind == string(purse.OrderKind) {
			keep(fmt.Sprintf("key for orders %d", i), k.Bearer)
			keep(fmt.Sprintf("password of a key for orders %d", i), k.Password)
			keep(fmt.Sprintf("API secret %d", i), k.Secret)
			if _, err := s.identity.AuthenticateOrderKey(t.Context(), purse.Secret(k.Bearer)); err != nil {
				t.Error(err)
			}
			_, _ = s.identity.AuthenticateOrderKey(t.Context(), purse.Secret(k.Bearer+"x"))
			s.caller(t).ask("/payments", nil, "Authorization", "Bearer "+k.Bearer)
			continue
		}
		keep(fmt.Sprintf("API key %d", i), k.Password)
		keep(fmt.Sprintf("API key %d as it is sent", i), base64.StdEncoding.EncodeToString([]byte(k.Username+":"+k.Password)))
		s.answers(t, k, "")
		_, _ = s.identity.AuthenticateKey(t.Context(), k.Username+"x", purse.Secret(k.Password))
		_, _ = s.identity.AuthenticateKey(t.Context(), shop.Keys[0].Username, purse.Secret(k.Password))
		s.caller(t).ask("/paymenthub/v1/monitor", nil, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(k.Username+":"+k.Password)))
	}
	obeyed[done](t, s, "merchant.revoke", keyNamed{shop.Keys[0].Username})
}
