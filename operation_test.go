package purse

import (
	"strings"
	"testing"
	"time"
)

func TestReferencesAreFreeAfterNinetyDays(t *testing.T) {
	key := ReferenceKey{9, Sale, "r"}
	sale := func(at Time) Operation {
		return Operation{OperationKey: OperationKey{9, Sale, OperationID(FirstID(at))}, Ref: "r"}
	}
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name string
		key  ReferenceKey
		made []time.Duration // ago
		want Code
	}{
		{"never used", key, nil, ""},
		{"just now", key, []time.Duration{0}, CodeDuplicate},
		{"a day ago", key, []time.Duration{day}, CodeDuplicate},
		{"a microsecond less than 90 days ago", key, []time.Duration{90*day - time.Microsecond}, CodeDuplicate},
		{"90 days ago", key, []time.Duration{90 * day}, ""},
		{"a year ago", key, []time.Duration{365 * day}, ""},
		{"the newest counts", key, []time.Duration{365 * day, day}, CodeDuplicate},
		{"in whatever order they come", key, []time.Duration{day, 365 * day}, CodeDuplicate},
		{"other case", ReferenceKey{9, Sale, "R"}, []time.Duration{0}, ""},
		{"other kind", ReferenceKey{9, Refund, "r"}, []time.Duration{0}, ""},
		{"a handle", ReferenceKey{9, ReferenceToHandle, "r"}, []time.Duration{0}, ""},
		{"other merchant", ReferenceKey{8, Sale, "r"}, []time.Duration{0}, ""},
	} {
		now := noon + Time(1000*day/time.Microsecond)
		var nouns []any
		for _, ago := range tc.made {
			nouns = append(nouns, sale(now.Add(-ago)))
		}
		if got := codeOrNone(NewFacts(testBook, now, nouns...).CheckDuplicate(tc.key)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if _, missing := unloaded().CheckDuplicate(key).(*Missing); !missing {
		t.Error("what was not loaded is not a duplicate")
	}
}

func TestReferencesFollowTheBatch(t *testing.T) {
	key := ReferenceKey{9, ReferenceToHandle, "r"}
	f := NewFacts(testBook, noon)
	h := madeAt(noon, HandleInitiated)
	h.Ref, h.Token = "r", "t"
	f.Put(h)
	newer := h
	newer.ID, newer.Token = h.ID+1, "u"
	f.Put(newer)
	h.Status = HandleExpired
	f.Put(h) // changing does not make it the newest
	if id, err := f.Referenced(key); id != int64(newer.ID) || err != nil {
		t.Errorf("%d, %v", id, err)
	}
	for token, want := range map[string]Handle{"t": h, "u": newer} {
		if got, err := f.HandleNamed(token); got != want || err != nil {
			t.Errorf("%s is %+v, %v", token, got, err)
		}
	}
	f.set.Revert()
	if _, err := f.Referenced(key); CodeOf(err) != CodeNotFound {
		t.Errorf("after a revert: %v", err)
	}
	if _, err := f.HandleNamed("t"); CodeOf(err) != CodeNotFound {
		t.Errorf("after a revert: %v", err)
	}
}

func TestReferencesAndConsumersCanBeStored(t *testing.T) {
	for s, want := range map[string]Code{
		"": CodeMissing, "a": "", strings.Repeat("a", 255): "", strings.Repeat("a", 256): CodeInvalid, strings.Repeat("é", 128): CodeInvalid,
		"ord-17 / é日": "", "a\x00": CodeInvalid, "\xff": CodeInvalid, "\x1b": CodeInvalid,
	} {
		if got := codeOrNone(CheckReference(s)); got != want {
			t.Errorf("reference %.20q: %q, want %q", s, got, want)
		}
		if got := codeOrNone(CheckConsumer(s)); got != want {
			t.Errorf("consumer %.20q: %q, want %q", s, got, want)
		}
	}
}

func TestOperationIsOverdueWhileMoneyWaits(t *testing.T) {
	for _, tc := range []struct {
		o    Operation
		now  Time
		want bool
	}{
		{Operation{Hold: 5, Deadline: 100}, 99, false},
		{Operation{Hold: 5, Deadline: 100}, 100, true},
		{Operation{Hold: 5, Deadline: 100}, 101, true},
		{Operation{Deadline: 100}, 101, false},
		{Operation{}, 0, false},
	} {
		if got := tc.o.Overdue(tc.now); got != tc.want {
			t.Errorf("%+v at %d: %v", tc.o, tc.now, got)
		}
	}
	id := FirstID(noon) + 1
	if at := (Operation{OperationKey: OperationKey{ID: OperationID(id)}}).Created(); at != noon {
		t.Errorf("made at %d", at)
	}
}

func TestKindsAreComplete(t *testing.T) {
	seen := map[OperationKind]bool{ReferenceToHandle: true}
	for _, k := range OperationKinds {
		if seen[k] || k == "" {
			t.Errorf("%q is there twice, or a handle", k)
		}
		seen[k] = true
	}
	if len(OperationKinds) != 6 {
		t.Errorf("%d kinds", len(OperationKinds))
	}
}
