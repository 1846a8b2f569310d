package purse

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// parsed is what became of a text: the address, or the code of the refusal.
func parsed(parse func(string) (Address, error)) func(string) string {
	return func(s string) string {
		a, err := parse(s)
		if err != nil {
			return string(CodeOf(err))
		}
		return string(a.Kind) + " " + a.Text
	}
}

func TestParseEmail(t *testing.T) {
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 62)+".", 3)
	for s, want := range map[string]string{
		"ada@example.org":                 "email ada@example.org",
		"Ada.Lovelace+Tag@EXAMPLE.org":    "email ada.lovelace+tag@example.org",
		"ÄDA@exämple.org":                 "target", // only ASCII: see notInEmail
		"ada@\u212aiwi.org":               "target",
		"a@b":                             "email a@b",
		"o'neil@example.org":              "email o'neil@example.org",
		long[:250] + ".com":               "email " + long[:250] + ".com",
		long[:250] + ".comx":              "target",
		"":                                "target",
		"ada":                             "target",
		"@example.org":                    "target",
		"ada@":                            "target",
		"ada@@example.org":                "target",
		"ada@example.org,ben@example.org": "target",
		"Ada <ada@example.org>":           "target",
		"<ada@example.org>":               "target",
		"ada@example.org (Ada)":           "target",
		" ada@example.org":                "target",
		"ada@example.org ":                "target",
		"ada @example.org":                "target",
		"\"a b\"@example.org":             "target",
		"ada@example.org\n":               "target",
		"ada@example.org\r\nBcc: ben@example.org":   "target",
		"ada\x00@example.org":                       "target",
		"ada\t@example.org":                         "target",
		"ada\x7f@example.org":                       "target",
		"ada@exam\xffple.org":                       "target",
		"ada\u0085@example.org":                     "target",
		"ada..l@example.org":                        "target",
		".ada@example.org":                          "target",
		"=?utf-8?q?ada?= <ada@example.org>":         "target",
		strings.Repeat("a", 100_000) + "@example.x": "target",
	} {
		if got := parsed(ParseEmail)(s); got != want {
			t.Errorf("ParseEmail(%.60q) is %q, want %q", s, got, want)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for s, want := range map[string]string{
		"5555550100":                 "phone 15555550100",
		"(555) 555-0100":             "phone 15555550100",
		"555.555.0100":               "phone 15555550100",
		"15555550100":                "phone 15555550100",
		"1-555-555-0100":             "phone 15555550100",
		"+1 555 555 0100":            "phone 15555550100",
		"  +15555550100 ":            "phone 15555550100",
		"+49 30 901820":              "phone 4930901820",
		"+49 (0)30 901820":           "phone 4930901820",
		"011 49 30 901820":           "phone 4930901820", // as dialled from home
		"+44 20 7946 0018":           "phone 442079460018",
		"+１５５５５５５０１００":               "target",
		"1-800-FLOWERS":              "target",
		"[15555550100]":              "target",
		"-5555550100":                "target",
		"+1 555 555 0100 x12":        "target",
		"5555550100 ext. 7":          "target",
		"5555550100;ext=7":           "target",
		"":                           "target",
		"abc":                        "target",
		"911":                        "target",
		"555555010":                  "target",
		"55555501000":                "target",
		"+1555555010000":             "target",
		"+999 12345678":              "target",
		"+":                          "target",
		"++15555550100":              "phone 15555550100", // a slip of the thumb
		"ada@example.org":            "target",
		"-5":                         "target",
		strings.Repeat("5", 40):      "target",
		strings.Repeat("5", 100_000): "target",
	} {
		if got := parsed(ParsePhone)(s); got != want {
			t.Errorf("ParsePhone(%.60q) is %q, want %q", s, got, want)
		}
	}
}

// However an address was written, its form reads as itself.
func TestAddressesHaveOneForm(t *testing.T) {
	for s, parse := range map[string]func(string) (Address, error){
		"Ada+X@EXAMPLE.org": ParseEmail, "(555) 555-0100": ParsePhone, "+49 30 901820": ParsePhone, "+44 20 7946 0018": ParsePhone,
	} {
		a, err := parse(s)
		if err != nil {
			t.Fatal(err)
		}
		text := a.Text
		if a.Kind == Phone {
			text = "+" + text
		}
		if again, err := parse(text); again != a || err != nil {
			t.Errorf("%q is %v, which reads as %v (%v)", s, a, again, err)
		}
	}
}

func mailed(i int) Address { return Address{Email, fmt.Sprintf("a%d@example.org", i)} }

func TestIntroductionsOfAnHour(t *testing.T) {
	hourAgo := noon.Add(-time.Hour)
	before := func(n int, at Time) (nouns []any) {
		for i := range n {
			nouns = append(nouns, Introduction{IntroductionKey{10, mailed(i)}, at})
		}
		return nouns
	}
	for _, tc := range []struct {
		name   string
		before []any
		to     Address
		want   Code
	}{
		{"the first", []any{User{ID: 10, Username: "ada"}}, mailed(100), ""},
		{"the last", before(IntroductionsMax-1, noon), mailed(100), ""},
		{"one too many", before(IntroductionsMax, noon), mailed(100), CodeStrangers},
		{"almost an hour later", before(IntroductionsMax, hourAgo+1), mailed(100), CodeStrangers},
		{"an hour later", before(IntroductionsMax, hourAgo), mailed(100), ""},
		{"one that was named", before(IntroductionsMax, noon), mailed(3), ""},
		{"its namesake", before(IntroductionsMax, noon), Address{Phone, mailed(3).Text}, CodeStrangers},
	} {
		f := NewFacts(testBook, noon, tc.before...)
		if got := codeOrNone(f.Introduce(10, tc.to)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestIntroductionsOfOneBatch(t *testing.T) {
	f := NewFacts(testBook, noon, User{ID: 10, Username: "ada"}, User{ID: 11, Username: "ben"})
	for i := range IntroductionsMax - 1 {
		if err := f.Introduce(10, mailed(i)); err != nil {
			t.Fatal(err)
		}
	}
	f.set.Keep()
	for range 3 { // what is refused afterwards takes its introduction back
		if err := f.Introduce(10, mailed(50)); err != nil {
			t.Fatal(err)
		}
		f.set.Revert()
	}
	if err := f.Introduce(10, mailed(51)); err != nil {
		t.Fatal(err)
	}
	f.set.Keep()
	if err := f.Introduce(10, mailed(50)); CodeOf(err) != CodeStrangers {
		t.Errorf("the 21st: %v", err)
	}
	for who, address := range map[UserID]Address{10: mailed(51), 11: mailed(50)} {
		if err := f.Introduce(who, address); err != nil {
			t.Errorf("%d: %v", who, err)
		}
	}
}
