package hubv1

import (
	"math"
	"strings"
	"testing"
)

func text(number int64) string { return string(appendUUID(nil, derived(number, ""))) }

func TestIDs(t *testing.T) {
	for number, want := range map[int64]string{
		1:                   "00000000-0000-8d26-a215-4e6d76b20001",
		1320408353016382079: "12530866-b800-8ff9-a73e-a9b04730027f",
		math.MaxInt64:       "7fffffff-ffff-8624-aebf-5b928243ffff",
	} {
		got := text(number)
		if got != want {
			t.Errorf("%d is %s, want %s", number, got, want)
		}
		for _, s := range []string{got, strings.ToUpper(got)} {
			if back, ok := parseID(s); !ok || back != number {
				t.Errorf("%s is %d, %v", s, back, ok)
			}
		}
	}
	for _, s := range []string{
		"", "1", text(0), text(-1), text(1) + "0", text(1)[1:], " " + text(1), "{" + text(1) + "}", strings.ReplaceAll(text(1), "-", ""),
		strings.Replace(text(1), "-", "_", 1), "00000000-0000-0000-0000-000000000001", "g" + text(1)[1:],
	} {
		if n, ok := parseID(s); ok {
			t.Errorf("%q is %d", s, n)
		}
	}
}

// A mistyped character names nothing.
func TestIDsAreChecked(t *testing.T) {
	id := text(1320408353016382079)
	for i := range id {
		for _, c := range "0123456789abcdef-" {
			wrong := id[:i] + string(c) + id[i+1:]
			if _, ok := parseID(wrong); ok && wrong != id {
				t.Errorf("%s is taken for %s", wrong, id)
			}
		}
	}
}

func TestIDsAreSorted(t *testing.T) {
	if text(1<<40) <= text(1<<39+5) {
		t.Error("a later one is before an earlier one")
	}
}

func FuzzIDs(f *testing.F) {
	f.Add(int64(1), "00000000-0000-8d26-a215-4e6d76b20001")
	f.Add(int64(-1), "7FFFFFFF-ffff-8624-aebf-5b928243ffff")
	f.Fuzz(func(t *testing.T, number int64, s string) {
		back, ok := parseID(text(number))
		if ok != (number > 0) || ok && back != number {
			t.Errorf("%d comes back as %d, %v", number, back, ok)
		}
		if n, ok := parseID(s); ok && text(n) != strings.ToLower(s) {
			t.Errorf("%q is %d, and %d is %s", s, n, n, text(n))
		}
		id := string(appendUUID(nil, derived(number, "")))
		if id[14] != '8' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("%s is not of version 8", id)
		}
		if reconciled := string(appendReconciliation(nil, number)); reconciled == `"`+id+`"` {
			t.Errorf("%s names two things", id)
		}
	})
}
