package purse

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// What is quoted reads back as itself, whatever it is.
func TestQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"", `"\/`, "\x00\x1f\x7f", "a\u2028b\u2029c", "<script>&", "\xff\xfea", "é—𝄞",
		})).Draw(t, "s")
		quoted := AppendQuoted(nil, s)
		var back, want string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%q is quoted as %s: %v", s, quoted, err)
		}
		if b, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		} else if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		if back != want || !utf8.Valid(quoted) {
			t.Fatalf("%q is quoted as %s, which reads %q", s, quoted, back)
		}
	})
}
