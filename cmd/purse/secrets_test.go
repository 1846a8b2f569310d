package main

import (
	"database/sql"
	"encoding/base32"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purse/store"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pquerna/otp/totp"
)

// secrecy is what a run has used: secret may be neither in the log nor in the
// database, private not in the log.
type secrecy struct{ secret, private map[string]string }

// live goes the ways on which secrets are used, as somebody with an app does.
func (s *servedHere) live(t *testing.T) secrecy {
	c, stranger := s.caller(t), s.caller(t)
	used := secrecy{secret: map[string]string{}, private: map[string]string{}}
	keep := func(name, value string) string {
		used.secret[name] = value
		return value
	}
	mail, phone := "canary.ann@example.org", "15555550177"
	used.private["e-mail address"], used.private["phone number"] = mail, phone
	password := keep("password", "canary walks home")
	link := func(with string) string {
		return strings.TrimPrefix(part(t, s.lastMail(t, mail, with), `(http://\S+)`), "http://localhost")
	}
	c.must("/sign-up", fields("username", "annika", "first_name", "Ann", "last_name", "L", "email", mail, "password", password))
	keep("first session", c.cookies["purse"])
	c.must("/settings", nil)
	verify := link("/verify?")
	keep("link that verifies", part(t, verify, `token=(\S+)`))
	c.must(verify, nil)
	c.must(verify, url.Values{})
	c.must("/settings/contacts", fields("do", "add", "typed", phone))

	// A new password, and a sign-in that goes wrong first.
	stranger.must("/reset", fields("name", mail))
	reset := link("/reset/new?")
	keep("link for a password", part(t, reset, `token=(\S+)`))
	stranger.must(reset, nil)
	password = keep("new password", "canary walks back")
	stranger.must("/reset/new", fields("token", used.secret["link for a password"], "password", password))
	stranger.ask("/reset/new", fields("token", used.secret["link for a password"], "password", password))
	stranger.ask("/sign-in", fields("name", mail, "password", keep("wrong password", "canary goes astray")))
	c = s.caller(t)
	c.must("/sign-in", fields("name", mail, "password", password))
	keep("session", c.cookies["purse"])
	s.useApps(t, c, keep)
	s.useKeys(t, keep)

	// An authenticator app, which asks for a code at the next sign-in.
	c.must("/settings/security/authenticator", nil)
	page := c.must("/settings/security/authenticator", fields("do", "begin"))
	seed := strings.ReplaceAll(part(t, page, `((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})`), " ", "")
	keep("seed", seed)
	raw, err := base32.StdEncoding.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	keep("raw seed", string(raw))
	code, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	recovery := keep("recovery code", part(t, c.must("/settings/security/authenticator", fields("do", "confirm", "code", code)), `([0-9a-z]{4}(?:-[0-9a-z]{4}){3})`))
	again := s.caller(t)
	again.must("/sign-in", fields("name", "annika", "password", password))
	keep("half a sign-in", again.cookies["purse-second"])
	again.ask("/sign-in/code", fields("do", "go", "code", "not-a-code"))
	again.must("/sign-in/code", fields("do", "go", "code", recovery))
	keep("last session", again.cookies["purse"])
	for name, value := range used.secret {
		if len(value) < 10 {
			t.Fatalf("%s is %q", name, value)
		}
	}
	return used
}

// useApps registers an app, lets it in, and does with its tokens what apps do.
func (s *servedHere) useApps(t *testing.T, c *caller, keep func(name, value string) string) {
	c.must("/settings/developer", nil)
	page := c.must("/settings/developer", fields("do", "new", "name", "An app", "redirects", "https://app.example/cb"))
	secret, id := keep("client secret", part(t, page, `(purse_cs_[\w-]+)`)), part(t, page, `>(\d{10,})<`)
	question := "/v1/oauth/authorize?response_type=code&state=canary-state&scope=make_payments%20access_email&client_id=" + id
	c.must(question, nil)
	code := keep("code", part(t, c.must(question, fields("do", "allow", "allow", "make_payments", "allow", "access_email")), `code=([\w-]+)`))
	app := func(pairs ...string) string {
		return s.caller(t).must("/v1/oauth/access_token", fields(append(pairs, "client_id", id, "client_secret", secret)...), "Idempotency-Key", "canary")
	}
	given := app("code", code)
	refresh := keep("refresh token", part(t, given, `"refresh_token":"([^"]+)`))
	keep("access token", part(t, given, `"access_token":"([^"]+)`))
	given = app("refresh_token", refresh)
	token := keep("next access token", part(t, given, `"access_token":"([^"]+)`))
	keep("next refresh token", part(t, given, `"refresh_token":"([^"]+)`))
	program := s.caller(t)
	program.must("/v1/oauth/authorize?client_id="+id+"&scope=nonsense", nil)
	program.ask("/v1/me?access_token="+token, nil) // it lacks the scope
	program.ask("/v1/payments?access_token="+token, fields("email", "canary.bob@example.org", "amount", "1", "note", "canary"), "Idempotency-Key", "canary")
	program.ask("/v1/oauth/access_token", fields("client_id", id, "client_secret", "purse_cs_canary", "code", code))
	program.ask("/v1/oauth/access_token", fields("client_id", id, "client_secret", secret, "code", code)) // once more: it ends what it gave
	keep("developer token", part(t, c.must("/settings/apps", fields("do", "token")), `(purse_at_[\w-]+)`))
	signIn := fields("phone_email_or_username", "annika", "password", "canary walks back", "client_id", "1")
	given = s.caller(t).must("/oauth/access_token", signIn, "device-id", keep("device", "canary-device-1"))
	keep("app's token", part(t, given, `"access_token":"([^"]+)`))
	program.must("/v1/users/devices", url.Values{}, "device-id", "canary-device-1", "Authorization", "Bearer "+part(t, given, `"access_token":"([^"]+)`))
}

// Whoever reads the log or has a copy of the database can act as nobody (SV-06, SV-14).
func TestSecretsAreNowhere(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		s := serveHere(t, database)
		used := s.live(t)
		if err := s.identity.FlushSeen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Tidy(t.Context(), 7*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		log := []byte(s.log.String())
		if len(log) < 1000 {
			t.Fatalf("the log is %s", log)
		}
		for _, texts := range []map[string]string{used.secret, used.private, {"any": "canary"}} {
			if found := holds(log, texts); len(found) > 0 {
				t.Errorf("the log holds: %v", found)
			}
		}
		for name, b := range stored(t, database) {
			if found := holds(b, used.secret); len(found) > 0 {
				t.Errorf("%s holds: %v", name, found)
			}
		}
	})
}

// stored is all that there is of a database: its files, or for PostgreSQL the rows of
// all its tables.
func stored(t *testing.T, database string) map[string][]byte {
	found := map[string][]byte{}
	if !store.IsPostgres(database) {
		files, err := filepath.Glob(database + "*")
		if err != nil || len(files) < 2 {
			t.Fatalf("files: %v, %v", files, err)
		}
		total := 0
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				continue // a socket
			}
			found[file] = b
			total += strings.Count(string(b), "canary.ann@example.org")
		}
		if total == 0 {
			t.Fatal("the run left nothing in the files, so nothing was looked at")
		}
		return found
	}
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("select table_name from information_schema.tables where table_schema = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	for _, name := range tables {
		var text string
		if err := db.QueryRow(fmt.Sprintf(`select coalesce(string_agg(r::text, E'\n'), '') from %s r`, name)).Scan(&text); err != nil {
			t.Fatal(err)
		}
		found[name] = []byte(text)
	}
	if !strings.Contains(string(found["contacts"]), "canary.ann@example.org") {
		t.Fatal("the run left nothing in the tables")
	}
	return found
}
