package purse

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// written is what a batch would save of r: "+k=v" for a new row, "~k=v" for a
// changed one.
func written(r *Rows[string, int]) string {
	var out []string
	for k, v := range r.Added() {
		out = append(out, fmt.Sprintf("+%s=%d", k, v))
	}
	for k, v := range r.Updated() {
		out = append(out, fmt.Sprintf("~%s=%d", k, v))
	}
	return strings.Join(out, " ")
}

func TestRowsSaveWhatWasKept(t *testing.T) {
	// The database holds a=1 and b=2; c was looked for and is not there; nobody
	// has asked for d.
	for _, tc := range []struct{ script, want string }{
		{"", ""},
		{"put a 7", "~a=7"},
		{"put a 7, put a 8", "~a=8"},
		{"put c 3", "+c=3"},
		{"put c 3, put c 4", "+c=4"},
		{"put d 4", "+d=4"},
		{"put d 4, put a 9, put c 3", "+d=4 +c=3 ~a=9"},
		{"put a 7, revert", ""},
		{"put a 7, put a 8, revert", ""},
		{"put c 3, revert", ""},
		{"put d 4, revert", ""},
		{"put a 7, keep, revert", "~a=7"},
		{"put a 7, keep, put a 8, revert", "~a=7"},
		{"put c 3, keep, put c 4, revert", "+c=3"},
		{"put c 3, keep, put c 4, keep", "+c=4"},
		{"put c 3, keep, put c 4, put d 5, put a 6, put c 7, revert", "+c=3"},
		{"put c 3, revert, put c 4, keep", "+c=4"},
		{"put a 3, revert, put b 4, keep, put a 5, revert, revert", "~b=4"},
		{"put c 3, revert, put d 4, put c 5, keep", "+d=4 +c=5"},
		{"keep, revert, keep", ""},
	} {
		var r Rows[string, int]
		for _, k := range []string{"a", "b", "c"} {
			if !r.Want(k) || r.Want(k) {
				t.Fatalf("Want(%s) is true the first time only", k)
			}
		}
		r.Load("a", 1)
		r.Load("b", 2)
		for step := range strings.SplitSeq(tc.script, ", ") {
			var k string
			var v int
			switch _, err := fmt.Sscanf(step, "put %s %d", &k, &v); {
			case err == nil:
				r.put(k, v)
			case step == "keep":
				r.keep()
			case step == "revert":
				r.revert()
			}
		}
		if got := written(&r); got != tc.want {
			t.Errorf("%s: saves %q, want %q", tc.script, got, tc.want)
		}
		if r.any() != (tc.want != "") {
			t.Errorf("%s: any is %v", tc.script, r.any())
		}
	}
}

func TestRowsKnowWhatTheyDoNotKnow(t *testing.T) {
	var r Rows[string, int]
	r.Want("absent")
	r.Load("there", 1)
	r.put("put", 2)
	state := func(k string) string {
		_, there, known := r.get(k)
		return fmt.Sprintf("there=%v known=%v", there, known)
	}
	for k, want := range map[string]string{
		"absent": "there=false known=true", "there": "there=true known=true",
		"put": "there=true known=true", "never": "there=false known=false",
	} {
		if got := state(k); got != want {
			t.Errorf("%s: %s, want %s", k, got, want)
		}
	}
	r.revert()
	if got := state("put"); got != "there=false known=false" {
		t.Errorf("a row that was put and reverted: %s", got)
	}
	if r.asked = true; state("never") != "there=false known=true" {
		t.Errorf("where everything was asked for: %s", state("never"))
	}
}

func TestRowsStopYieldingWhenTold(t *testing.T) {
	var r Rows[int, int]
	for i := range 3 {
		r.put(i, i)
	}
	seen := 0
	for range r.Added() {
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("yielded %d rows after the break", seen)
	}
}

// model is Rows as a plain map: what is there, and the keys in the order in
// which they were first changed.
type model struct {
	rows  map[int]int
	order []int
}

func (m model) clone() model { return model{maps.Clone(m.rows), slices.Clone(m.order)} }

func TestRowsFollowAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.IntRange(0, 5)
		loaded := rapid.MapOf(key, rapid.Int()).Draw(t, "loaded")
		var r Rows[int, int]
		for k, v := range loaded {
			r.Want(k)
			r.Load(k, v)
		}
		for _, k := range rapid.SliceOf(key).Draw(t, "wanted") {
			r.Want(k)
		}
		now := model{rows: maps.Clone(loaded)}
		kept := now.clone()
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), rapid.Int().Draw(t, "value")
				r.put(k, v)
				if now.rows[k] = v; !slices.Contains(now.order, k) {
					now.order = append(now.order, k)
				}
			},
			"keep":   func(*rapid.T) { r.keep(); kept = now.clone() },
			"revert": func(*rapid.T) { r.revert(); now = kept.clone() },
			"": func(t *rapid.T) {
				for k := range 6 {
					v, there, _ := r.get(k)
					if want, ok := now.rows[k]; there != ok || there && v != want {
						t.Fatalf("row %d is %d (there: %v), want %d (%v)", k, v, there, want, ok)
					}
				}
				var added, updated []int
				for _, k := range now.order {
					if _, ok := loaded[k]; ok {
						updated = append(updated, k)
					} else {
						added = append(added, k)
					}
				}
				same(t, "added", r.Added(), added, now.rows)
				same(t, "updated", r.Updated(), updated, now.rows)
			},
		})
	})
}

func same(t *rapid.T, what string, rows func(func(int, int) bool), keys []int, values map[int]int) {
	var got []int
	for k, v := range rows {
		if got = append(got, k); v != values[k] {
			t.Fatalf("%s: row %d is %d, want %d", what, k, v, values[k])
		}
	}
	if !slices.Equal(got, keys) {
		t.Fatalf("%s: %v, want %v", what, got, keys)
	}
}

func TestLogKeepsInOrder(t *testing.T) {
	var l Log[int]
	l.revert()
	l.add(1)
	l.add(2)
	l.keep()
	l.add(3)
	l.revert()
	l.add(4)
	if got := l.All(); !slices.Equal(got, []int{1, 2, 4}) || !l.any() {
		t.Errorf("log is %v", got)
	}
}
