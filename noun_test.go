package purse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPlainText(t *testing.T) {
	for s, want := range map[string]bool{
		"":                       true,
		"Delivery.":              true,
		"two\nlines\tand a tab":  true,
		"<b>\"quoted\"</b> & 'x": true,
		"é, — and 日本, 🍕, עברית":  true,
		"\u202egnp.exe":          true, // looks strange, but is text
		"\u00a0":                 true,
		"\ufffd":                 true, // the replacement character itself is valid
		"\x00":                   false,
		"a\x00b":                 false,
		"a\rb":                   false,
		"\x1b[31m":               false,
		"\x7f":                   false,
		"\u0080":                 false,
		"\u009f":                 false,
		"\xff":                   false,
		"a\xc3":                  false, // cut in the middle of a character
		"\xc0\x80":               false, // NUL, overlong
		"\xed\xa0\x80":           false, // half of a surrogate pair
	} {
		if got := PlainText(s); got != want {
			t.Errorf("PlainText(%q) is %v", s, got)
		}
	}
}

func TestUsername(t *testing.T) {
	for s, want := range map[string]string{
		"ada": "ada", "Ada-L_9": "ada-l_9", strings.Repeat("a", 29): strings.Repeat("a", 29), "007": "007",
		"": "invalid", "ab": "invalid", strings.Repeat("a", 30): "invalid", "@ada": "invalid", "a b c": "invalid",
		"ada.l": "invalid", "adä": "invalid", "ad\u212a": "invalid", "ada\x00": "invalid", "ada\n": "invalid",
	} {
		got, err := Username(s)
		if err != nil {
			got = string(CodeOf(err))
		}
		if got != want {
			t.Errorf("Username(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestUserNames(t *testing.T) {
	long := strings.Repeat("é", 51) // 102 bytes
	for _, tc := range []struct {
		name string
		user User
		want Code
	}{
		{"the least", User{Username: "ada", FirstName: "A"}, ""},
		{"all", User{Username: "ada", FirstName: "Ada", LastName: "L", About: "So happy"}, ""},
		{"longest", User{Username: "ada", FirstName: strings.Repeat("a", 100)}, ""},
		{"no username", User{FirstName: "Ada"}, CodeInvalid},
		{"no first name", User{Username: "ada", LastName: "L"}, CodeMissing},
		{"blank first name", User{Username: "ada", FirstName: " "}, CodeMissing},
		{"long first name", User{Username: "ada", FirstName: long}, CodeInvalid},
		{"long last name", User{Username: "ada", FirstName: "A", LastName: long}, CodeInvalid},
		{"long about", User{Username: "ada", FirstName: "A", About: long}, CodeInvalid},
		{"NUL", User{Username: "ada", FirstName: "A\x00"}, CodeInvalid},
		{"not UTF-8", User{Username: "ada", FirstName: "A", LastName: "\xff"}, CodeInvalid},
	} {
		err := tc.user.Check()
		if got := codeOrNone(err); got != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	for _, tc := range [][3]string{{"Cody", "De La Vara", "Cody De La Vara"}, {"Ada", "", "Ada"}} {
		if got := (User{FirstName: tc[0], LastName: tc[1]}).DisplayName(); got != tc[2] {
			t.Errorf("display name %q", got)
		}
	}
}

// codeOrNone is the code of err, nothing if there is no error.
func codeOrNone(err error) Code {
	if err == nil {
		return ""
	}
	return CodeOf(err)
}

func TestParseScopes(t *testing.T) {
	for s, want := range map[string]string{
		"make_payments":                               "make_payments",
		"make_payments access_profile":                "make_payments access_profile",
		"make_payments,access_profile":                "make_payments access_profile",
		" ,make_payments , access_balance,":           "make_payments access_balance",
		"access_emaiL":                                "access_email",
		"MAKE_PAYMENTS":                               "make_payments",
		"access_feed access_feed,access_feed":         "access_feed",
		"access_friends make_payments access_friends": "access_friends make_payments",
		joined(AllScopes):                             joined(AllScopes),
		"":                                            "missing",
		" , ":                                         "missing",
		"admin":                                       "invalid",
		"make_payments admin":                         "invalid",
		"make_payment":                                "invalid",
		"make_payments\taccess_profile":               "invalid",
		"make_payments;access_profile":                "invalid",
		"make_payments access_profile access_nothing ": "invalid",
	} {
		got, err := ParseScopes(s)
		if err != nil {
			got = Scopes(CodeOf(err))
		}
		if string(got) != want {
			t.Errorf("ParseScopes(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestScopesHave(t *testing.T) {
	s := Scopes("make_payments access_profile")
	for one, want := range map[Scope]bool{
		MakePayments: true, AccessProfile: true, AccessBalance: false, "": false, "make": false, "make_payments access_profile": false,
	} {
		if s.Has(one) != want {
			t.Errorf("Has(%q) is %v", one, !want)
		}
	}
	if Scopes("").Has("") {
		t.Error("no scopes have the empty scope")
	}
}

func TestTokenIsValidUntil(t *testing.T) {
	for _, tc := range []struct {
		token Token
		now   Time
		want  Code
	}{
		{Token{}, 1 << 60, ""},
		{Token{Expires: 100}, 99, ""},
		{Token{Expires: 100}, 100, CodeTokenExpired},
		{Token{Expires: 100}, 101, CodeTokenExpired},
		{Token{Revoked: 50}, 49, CodeTokenRevoked},
		{Token{Revoked: 50, Expires: 100}, 200, CodeTokenRevoked},
	} {
		if got := codeOrNone(tc.token.Valid(tc.now)); got != tc.want {
			t.Errorf("%+v at %d: %q, want %q", tc.token, tc.now, got, tc.want)
		}
	}
}

func TestNotes(t *testing.T) {
	for note, want := range map[string]Code{
		"Delivery.": "", "two\nlines": "", strings.Repeat("a", 2000): "", "🍕": "",
		"": CodeNote, strings.Repeat("a", 2001): CodeInvalid, strings.Repeat("é", 1001): CodeInvalid,
		"a\x00": CodeInvalid, "\xff": CodeInvalid, "a\rb": CodeInvalid,
	} {
		if got := codeOrNone(CheckNote(note)); got != want {
			t.Errorf("note %.20q: %q, want %q", note, got, want)
		}
	}
}

func TestKeysAndReasons(t *testing.T) {
	for s, want := range map[string]Code{
		"": "", "a": "", strings.Repeat("k", 255): "", strings.Repeat("k", 256): CodeInvalid, "\xff": CodeInvalid, "a\x00": CodeInvalid,
	} {
		if got := codeOrNone(CheckOnceKey(s)); got != want {
			t.Errorf("key %.20q: %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]Code{
		"": "", strings.Repeat("k", 500): "", strings.Repeat("k", 501): CodeInvalid, "\xff": CodeInvalid,
	} {
		if got := codeOrNone(CheckReason(s)); got != want {
			t.Errorf("reason %.20q: %q, want %q", s, got, want)
		}
	}
}

func TestParseAudience(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "private": "private", "friends": "friends", "public": "public",
		"Public": "audience", "everyone": "audience", "public ": "audience", "\x00": "audience",
	} {
		got, err := ParseAudience(s)
		if err != nil {
			got = Audience(CodeOf(err))
		}
		if string(got) != want {
			t.Errorf("ParseAudience(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	const secret Secret = "canary"
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%U", "%20s", "%.3s", "%z"} {
		fmt.Fprintf(&out, verb+"\n", secret)
		fmt.Fprintf(&out, verb+"\n", []Secret{secret})
		fmt.Fprintf(&out, verb+"\n", struct{ S Secret }{secret})
		fmt.Fprintf(&out, verb+"\n", map[string]Secret{"k": secret})
		fmt.Fprintf(&out, verb+"\n", &struct{ S any }{secret})
	}
	fmt.Fprintln(&out, secret, &secretHolder{secret})
	b, err := json.Marshal(map[string]any{"s": secret, "list": []Secret{secret}, "in": secretHolder{secret}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("m", "s", secret, "in", secretHolder{secret}, "list", []Secret{secret}, slog.Group("g", "s", secret))
	}
	text := strings.ToLower(out.String())
	for _, leak := range []string{"canary", "63616e617279", "99 97 110"} {
		if strings.Contains(text, leak) {
			t.Errorf("a secret was printed:\n%s", out.String())
		}
	}
	if !strings.Contains(text, redacted) {
		t.Error("nothing was printed in its place")
	}
}

type secretHolder struct{ Secret Secret }

func TestCodesAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, Code(text))
		}
		return true
	})
	listed := slices.Sorted(slices.Values(Codes))
	if slices.Sort(declared); !slices.Equal(declared, listed) {
		t.Errorf("declared %v\nlisted   %v", declared, listed)
	}
	if len(slices.Compact(listed)) != len(Codes) {
		t.Error("a code is listed twice")
	}
}

func TestErrorsCarryTheirCode(t *testing.T) {
	inner := fmt.Errorf("disk full")
	err := fmt.Errorf("pay: %w", &Error{CodeBusy, "Later.", inner})
	if CodeOf(err) != CodeBusy || CodeOf(inner) != CodeInternal || CodeOf(Refuse(CodeSelf, "100%")) != CodeSelf {
		t.Error("wrong code")
	}
	if err.Error() != "pay: busy: Later.: disk full" || Refuse(CodeSelf, "100%").Error() != "self: 100%" {
		t.Errorf("%v", err)
	}
}

func TestCreatedIsReadOffTheIdentifier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Epoch + Time(rapid.Int64Range(0, 1<<52).Draw(t, "microseconds"))
		var w WorkingSet
		w.Start(Book{ID: BookID(rapid.Int64Range(0, 1023).Draw(t, "book"))}, at, 0)
		id := w.NextID()
		if id < 0 || Created(id) != at || id&1023 != int64(w.Book.ID) {
			t.Fatalf("identifier %d was made at %d, says %d", id, at, Created(id))
		}
	})
	at := time.Date(2013, 12, 30, 19, 40, 57, 865_985_999, time.UTC)
	if got := TimeOf(at).UTC().Format(time.RFC3339Nano); got != "2013-12-30T19:40:57.865985Z" {
		t.Errorf("%s", got)
	}
	if d := TimeOf(at).Add(time.Second) - TimeOf(at); d != 1_000_000 {
		t.Errorf("a second has %d microseconds", d)
	}
}

func TestFirstIDGrowsWithTime(t *testing.T) {
	last := int64(-1)
	for _, year := range []int{1, 2008, 2010, 2026, 2294, 2295, 3000, 9999} {
		id := FirstID(TimeOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)))
		if id < last || id < 0 {
			t.Errorf("year %d starts with %d, after %d", year, id, last)
		}
		last = id
	}
}

func TestPhonesThatCannotBeDialled(t *testing.T) {
	for _, s := range []string{"", "1", "911", "5550100", "555-0100", "+4912", "+", "+999123456789", "15555550100 ext. 4", "123456789012345678901"} {
		if a, err := ParsePhone(s); CodeOf(err) != CodeTarget {
			t.Errorf("%q: %v, %v", s, a, err)
		}
	}
	for _, s := range []string{"15555550100", "5555550100", "+1 (555) 555-0100", "1.555.555.0100"} {
		if a, err := ParsePhone(s); err != nil || a != (Address{Phone, "15555550100"}) {
			t.Errorf("%q: %v, %v", s, a, err)
		}
	}
}
