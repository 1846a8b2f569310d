package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"purse"
)

// addKey adds a passkey to v's.
func (n *network) addKey(t *testing.T, v Visitor, a *authenticator, name string) {
	t.Helper()
	options, ticket, err := n.BeginPasskey(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.FinishPasskey(t.Context(), v, ticket, name, a.create(t, options)); err != nil {
		t.Fatal(err)
	}
}

func (n *network) passkeys(t *testing.T, v Visitor) []Passkey {
	t.Helper()
	keys, err := n.Passkeys(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// keyIn signs in with a passkey.
func (n *network) keyIn(t *testing.T, a *authenticator) (SignedIn, error) {
	t.Helper()
	options, ticket, err := n.BeginPasskeySignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n.FinishPasskeySignIn(t.Context(), ticket, a.get(t, options), From{Remote: "192.0.2.1", Agent: "browser"})
}

func TestPasskeySignsIn(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann := n.guest(t, "anna")
		options, ticket, err := n.BeginPasskey(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		o := readOptions(t, options).PublicKey
		if handle, _ := base64.RawURLEncoding.DecodeString(o.User.ID); string(handle) != ann.User.ID.String() || o.User.Name != "anna" ||
			o.RP.ID != "pay.example.org" || o.RP.Name != n.Network || o.AuthenticatorSelection.ResidentKey != "required" ||
			o.AuthenticatorSelection.UserVerification != "preferred" || o.Attestation != "none" || len(o.Challenge) < 43 {
			t.Errorf("%s", options)
		}
		a := newAuthenticator(t)
		if err := n.FinishPasskey(t.Context(), ann, ticket, " my phone ", a.create(t, options)); err != nil {
			t.Fatal(err)
		}
		box.expectNotice(t, "anna", "A passkey was added")
		keys := n.passkeys(t, ann)
		if len(keys) != 1 || keys[0].Name != "my phone" || keys[0].ID == "" || keys[0].Added == 0 || keys[0].Used != 0 {
			t.Fatalf("%+v", keys)
		}
		n.app(t, ann) // a passkey needs no code
		in, err := n.keyIn(t, a)
		if err != nil || in.User != ann.User.ID || in.Second != "" || in.Expires == 0 {
			t.Fatalf("%+v, %v", in, err)
		}
		v := n.visit(t, in.Session)
		if v.User != ann.User || v.Session.Agent != "browser" || v.Session.Remote != "192.0.2.1" || Fresh(v) != nil {
			t.Errorf("%+v", v)
		}
		if keys = n.passkeys(t, ann); keys[0].Used == 0 {
			t.Error("the use was not noted")
		}
		if _, err := n.keyIn(t, a); err != nil {
			t.Errorf("once more: %v", err)
		}
		options, _, err = n.BeginPasskey(t.Context(), ann)
		if o = readOptions(t, options).PublicKey; err != nil || len(o.ExcludeCredentials) != 1 {
			t.Errorf("%s, %v", options, err)
		}
		box.sent = nil
		if err := n.RemovePasskey(t.Context(), ann, keys[0].ID); err != nil {
			t.Fatal(err)
		}
		box.expectNotice(t, "anna", "A passkey was removed")
		if err := n.RemovePasskey(t.Context(), ann, keys[0].ID); code(err) != purse.CodeNotFound {
			t.Errorf("removed twice: %v", err)
		}
		if in, err := n.keyIn(t, a); code(err) != purse.CodeCredentials || in != (SignedIn{}) {
			t.Errorf("removed, and yet: %v", err)
		}
	})
}

func TestPasskeyIsNotAdded(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann, ben := n.guest(t, "anna"), n.guest(t, "benn")
		begin := func(v Visitor) (json.RawMessage, purse.Secret) {
			t.Helper()
			options, ticket, err := n.BeginPasskey(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			return options, ticket
		}
		for name, spoil := range map[string]func(*authenticator){
			"another site":  func(a *authenticator) { a.origin = "https://pay.example.com" },
			"a subdomain":   func(a *authenticator) { a.origin = "https://evil.pay.example.org" },
			"another port":  func(a *authenticator) { a.origin = "https://pay.example.org:8443" },
			"without TLS":   func(a *authenticator) { a.origin = "http://pay.example.org" },
			"another party": func(a *authenticator) { a.party = "example.org" },
			"nobody there":  func(a *authenticator) { a.flags = 0 },
			"another challenge": func(a *authenticator) {
				a.changed = func(d map[string]any) { d["challenge"] = strings.Repeat("A", 43) }
			},
			"no challenge": func(a *authenticator) { a.changed = func(d map[string]any) { d["challenge"] = "" } },
			"a sign-in":    func(a *authenticator) { a.changed = func(d map[string]any) { d["type"] = "webauthn.get" } },
			"in a frame":   func(a *authenticator) { a.changed = func(d map[string]any) { d["crossOrigin"] = true } },
		} {
			a := newAuthenticator(t)
			spoil(a)
			options, ticket := begin(ann)
			if err := n.FinishPasskey(t.Context(), ann, ticket, "", a.create(t, options)); code(err) != purse.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		a := newAuthenticator(t)
		options, ticket := begin(ann)
		good := a.create(t, options)
		for name, bad := range map[string][]byte{
			"nothing": nil, "no JSON": []byte("{"), "null": []byte("null"), "cut off": good[:len(good)/2], "huge": append(bytes.Repeat([]byte(" "), passkeyAnswerBytesMax), good...),
		} {
			if err := n.FinishPasskey(t.Context(), ann, ticket, "", bad); code(err) != purse.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, name := range []string{strings.Repeat("a", passkeyNameMax+1), "a\nb", "a\x00"} {
			if err := n.FinishPasskey(t.Context(), ann, ticket, name, good); code(err) != purse.CodeInvalid {
				t.Errorf("name %q: %v", name, err)
			}
		}
		_, other, err := n.BeginPasskeySignIn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, ticket := range map[string]purse.Secret{"no ticket": "", "an unknown one": newSecret(ticketPrefix), "one for signing in": other} {
			if err := n.FinishPasskey(t.Context(), ann, ticket, "", good); code(err) != purse.CodeCode {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := n.FinishPasskey(t.Context(), ben, ticket, "", good); code(err) != purse.CodeCode {
			t.Errorf("somebody else's ticket: %v", err)
		}
		box.expectNone(t)
		if err := n.FinishPasskey(t.Context(), ann, ticket, "", good); err != nil {
			t.Fatal(err)
		}
		if err := n.FinishPasskey(t.Context(), ann, ticket, "", good); code(err) != purse.CodeCode {
			t.Errorf("the ticket twice: %v", err)
		}
		options, ticket = begin(ann)
		if err := n.FinishPasskey(t.Context(), ann, ticket, "", a.create(t, options)); code(err) != purse.CodeTaken {
			t.Errorf("the passkey twice: %v", err)
		}
		options, ticket = begin(ann)
		n.later(t, passkeyLife)
		if err := n.FinishPasskey(t.Context(), ann, ticket, "", newAuthenticator(t).create(t, options)); code(err) != purse.CodeCode {
			t.Errorf("too late: %v", err)
		}
		if a, b := len(n.passkeys(t, ann)), len(n.passkeys(t, ben)); a != 1 || b != 0 {
			t.Errorf("%d and %d passkeys", a, b)
		}
		for i := range PasskeysMax - 1 {
			n.addKey(t, ann, newAuthenticator(t), fmt.Sprint(i))
		}
		if _, _, err := n.BeginPasskey(t.Context(), ann); code(err) != purse.CodeInvalid {
			t.Errorf("one too many: %v", err)
		}
	})
}

func TestPasskeySignsNobodyIn(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann, ben := n.guest(t, "anna"), n.guest(t, "benn")
		key, bens := newAuthenticator(t), newAuthenticator(t)
		n.addKey(t, ann, key, "")
		n.addKey(t, ben, bens, "")
		box.sent = nil
		sessions := n.count(t, "sessions")
		for name, spoil := range map[string]func(*authenticator){
			"another site":  func(a *authenticator) { a.origin = "https://pay.example.com" },
			"another port":  func(a *authenticator) { a.origin = "https://pay.example.org:8443" },
			"another party": func(a *authenticator) { a.party = "example.org" },
			"nobody there":  func(a *authenticator) { a.flags = 0 },
			"another challenge": func(a *authenticator) {
				a.changed = func(d map[string]any) { d["challenge"] = strings.Repeat("A", 43) }
			},
			"a registration":  func(a *authenticator) { a.changed = func(d map[string]any) { d["type"] = "webauthn.create" } },
			"somebody else":   func(a *authenticator) { a.user = []byte(ben.User.ID.String()) },
			"nobody":          func(a *authenticator) { a.user = []byte("999") },
			"no handle":       func(a *authenticator) { a.user = nil },
			"minus one":       func(a *authenticator) { a.user = []byte("-1") },
			"a name":          func(a *authenticator) { a.user = []byte("anna") },
			"another passkey": func(a *authenticator) { a.id = bens.id },
			"another key":     func(a *authenticator) { a.key = bens.key },
		} {
			a := *key
			spoil(&a)
			in, err := n.keyIn(t, &a)
			if code(err) != purse.CodeCredentials || in != (SignedIn{}) {
				t.Errorf("%s: %v", name, err)
			}
			if e, want := err.(*purse.Error), badPasskey(nil).(*purse.Error); e.Message != want.Message {
				t.Errorf("%s: answered %q", name, e.Message)
			}
		}
		box.expectNone(t)
		finish := func(ticket purse.Secret, response []byte) purse.Code {
			_, err := n.FinishPasskeySignIn(t.Context(), ticket, response, From{})
			return code(err)
		}
		begin := func() (json.RawMessage, purse.Secret) {
			options, ticket, err := n.BeginPasskeySignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return options, ticket
		}
		options, ticket := begin()
		for _, bad := range [][]byte{nil, []byte("{"), []byte("null"), bytes.Repeat([]byte(" "), passkeyAnswerBytesMax+1)} {
			if got := finish(ticket, bad); got != purse.CodeCredentials {
				t.Errorf("%.10q: %s", bad, got)
			}
		}
		_, mine, err := n.BeginPasskey(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		response := key.get(t, options)
		for name, ticket := range map[string]purse.Secret{"no ticket": "", "an unknown one": newSecret(ticketPrefix), "one for adding": mine} {
			if got := finish(ticket, response); got != purse.CodeCode {
				t.Errorf("%s: %s", name, got)
			}
		}
		_, ticket2 := begin()
		if got := finish(ticket2, response); got != purse.CodeCredentials {
			t.Errorf("an answer to another challenge: %s", got)
		}
		if n.count(t, "sessions") != sessions {
			t.Error("refusals have opened sessions")
		}
		if got := finish(ticket, response); got != "ok" {
			t.Fatalf("%s", got)
		}
		if got := finish(ticket, response); got != purse.CodeCode {
			t.Errorf("replayed: %s", got)
		}
		options, ticket = begin()
		n.later(t, passkeyLife)
		if got := finish(ticket, key.get(t, options)); got != purse.CodeCode {
			t.Errorf("too late: %s", got)
		}
	})
}

func TestClonedPasskey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann := n.guest(t, "anna")
		key := newAuthenticator(t)
		n.addKey(t, ann, key, "")
		clone := *key
		if _, err := n.keyIn(t, key); err != nil {
			t.Fatal(err)
		}
		box.sent = nil
		if _, err := n.keyIn(t, &clone); code(err) != purse.CodeCredentials {
			t.Errorf("a clone that lags behind: %v", err)
		}
		box.expectNotice(t, "anna", "A passkey was refused")
		if _, err := n.keyIn(t, key); err != nil {
			t.Errorf("the passkey itself: %v", err)
		}

		// Two answers that were verified at the same time: the counter lets one in.
		var verified [2]assertion
		for i := range verified {
			options, ticket, err := n.BeginPasskeySignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if verified[i], err = n.asserted(t.Context(), ticket, key.get(t, options), 0, passkeySignIn); err != nil {
				t.Fatal(err)
			}
		}
		accept := func(a assertion) error {
			return n.guard(t.Context(), ann, purse.Needs{Tickets: []purse.TicketHash{a.ticket}}, a.accept)
		}
		if first, second := accept(verified[0]), accept(verified[1]); first != nil || code(second) != purse.CodeCredentials {
			t.Errorf("%v, then %v", first, second)
		}
		// And one whose passkey goes before the command.
		options, ticket, err := n.BeginPasskeySignIn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		late, err := n.asserted(t.Context(), ticket, key.get(t, options), 0, passkeySignIn)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.RemovePasskey(t.Context(), ann, n.passkeys(t, ann)[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := accept(late); code(err) != purse.CodeCredentials {
			t.Errorf("a removed passkey: %v", err)
		}
	})
}

// A device that does not ask who holds it is one factor, not two.
func TestPasskeyWithoutVerification(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.guarded(t)
		ann := n.guest(t, "anna")
		key := newAuthenticator(t)
		key.flags = flagPresent
		n.addKey(t, ann, key, "")
		if _, err := n.keyIn(t, key); err != nil {
			t.Fatal(err)
		}
		n.app(t, ann)
		if in, err := n.keyIn(t, key); code(err) != purse.CodeSecond || in != (SignedIn{}) {
			t.Errorf("%v", err)
		}
		key.flags |= flagVerified
		if _, err := n.keyIn(t, key); err != nil {
			t.Error(err)
		}
	})
}

func TestPasskeyProves(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.guarded(t)
		ann, ben := n.guest(t, "anna"), n.guest(t, "benn")
		key, bens := newAuthenticator(t), newAuthenticator(t)
		if _, _, err := n.BeginPasskeyProof(t.Context(), ann); code(err) != purse.CodeInvalid {
			t.Errorf("without a passkey: %v", err)
		}
		n.addKey(t, ann, key, "")
		n.addKey(t, ben, bens, "")
		in, err := n.keyIn(t, key)
		if err != nil {
			t.Fatal(err)
		}
		n.later(t, provedLife+time.Second)
		v := n.visit(t, in.Session)
		if code(Fresh(v)) != purse.CodeProve {
			t.Fatal("still fresh")
		}
		options, ticket, err := n.BeginPasskeyProof(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		if o := readOptions(t, options).PublicKey; len(o.AllowCredentials) != 1 {
			t.Errorf("%s", options)
		}
		if err := n.FinishPasskeyProof(t.Context(), v, ticket, bens.get(t, options)); code(err) != purse.CodeCredentials {
			t.Errorf("somebody else's passkey: %v", err)
		}
		if err := n.FinishPasskeyProof(t.Context(), ben, ticket, bens.get(t, options)); code(err) != purse.CodeCode {
			t.Errorf("somebody else's ticket: %v", err)
		}
		if _, err := n.FinishPasskeySignIn(t.Context(), ticket, key.get(t, options), From{}); code(err) != purse.CodeCode {
			t.Errorf("a ticket for proving signs in: %v", err)
		}
		if err := n.FinishPasskeyProof(t.Context(), v, ticket, key.get(t, options)); err != nil {
			t.Fatal(err)
		}
		if err := Fresh(n.visit(t, in.Session)); err != nil {
			t.Error(err)
		}
		if err := n.FinishPasskeyProof(t.Context(), v, ticket, key.get(t, options)); code(err) != purse.CodeCode {
			t.Errorf("the ticket twice: %v", err)
		}
	})
}

func TestWherePasskeysArePossible(t *testing.T) {
	for at, want := range map[string]bool{
		"https://pay.example.org":      true,
		"https://pay.example.org:8443": true,
		"http://localhost:8080":        true,
		"http://pay.localhost":         true,
		"http://pay.example.org":       false,
		"https://192.0.2.1":            false,
		"http://127.0.0.1:8080":        false,
		"https://[2001:db8::1]":        false,
		"https://intranet":             false,
		"ftp://localhost":              false,
		"":                             false,
	} {
		s := &Service{PublicURL: at}
		if got := s.PasskeysPossible(); got != want {
			t.Errorf("%s: %v", at, got)
		}
		if want {
			continue // more would need a store
		}
		if _, _, err := s.BeginPasskeySignIn(t.Context()); code(err) != purse.CodeInvalid {
			t.Errorf("%s: %v", at, err)
		}
	}
}
