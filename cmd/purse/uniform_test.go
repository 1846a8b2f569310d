package main

import (
	"fmt"
	"math"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purse/identity"
)

// names are those of somebody and of nobody, of one length each, as people write them.
var names = map[string][2]string{
	"username": {"annika", "nobody"}, "e-mail address": {"annika@example.org", "nobody@example.org"},
	"unverified address": {"annika@example.org", "claims@example.org"}, "phone number": {"15555550133", "15555550134"},
}

// doors are where a name can be tried out.
var doors = map[string]func(c *caller, name string) *httptest.ResponseRecorder{
	"sign-in": func(c *caller, name string) *httptest.ResponseRecorder {
		return c.ask("/sign-in", fields("name", name, "password", "not the password", "next", "/settings"))
	},
	"reset": func(c *caller, name string) *httptest.ResponseRecorder { return c.ask("/reset", fields("name", name)) },
	"app": func(c *caller, name string) *httptest.ResponseRecorder {
		return c.ask("/v1/oauth/access_token", url.Values{"phone_email_or_username": {name}, "client_id": {"1"}, "password": {"not the password"}}, "device-id", "d")
	},
}

// uniform is a network that knows annika, whom nobody throttles unless a test says so.
func uniform(t *testing.T, database string, cost identity.PasswordCost) (s *servedHere, pass func()) {
	s = serveHere(t, database)
	s.identity.Cost = cost
	var hours atomic.Int64
	s.identity.Now = func() time.Time { return time.Unix(0, 0).Add(time.Duration(hours.Load()) * time.Hour) }
	c := s.caller(t)
	c.must("/sign-up", fields("username", "annika", "first_name", "A", "last_name", "B", "email", "annika@example.org", "password", "a long walk home"))
	c.must("/settings", nil)
	c.must(strings.TrimPrefix(part(t, s.lastMail(t, "annika@example.org", "/verify"), `(http://\S+)`), "http://localhost"), url.Values{})
	c.must("/settings/contacts", fields("do", "add", "typed", "15555550133"))
	c.must("/settings/contacts", fields("do", "code", "kind", "phone", "address", "15555550133",
		"code", part(t, s.lastMail(t, "15555550133", "code"), `(\d{6})`)))
	// Somebody else only says that an address is theirs.
	s.caller(t).must("/sign-up", fields("username", "another", "first_name", "A", "last_name", "B", "email", "claims@example.org", "password", "a long walk home"))
	return s, func() { hours.Add(25) }
}

// seenOf is all that a caller sees of an answer: what stands for the name itself and
// the time apart.
func seenOf(w *httptest.ResponseRecorder, name string) string {
	h := w.Header().Clone()
	h.Del("Date")
	text := strings.NewReplacer(name, "NAME", url.QueryEscape(name), "NAME", strings.ReplaceAll(name, "@", "&#64;"), "NAME").Replace(w.Body.String())
	return fmt.Sprint(w.Code, h, text)
}

func TestPagesTellNothingOfNames(t *testing.T) {
	on(t, func(t *testing.T, database string) {
		s, pass := uniform(t, database, identity.PasswordCost{KiB: 8, Passes: 1})
		for door, try := range doors {
			for kind, two := range names {
				var rated bool
				for round := range 8 { // until they are throttled, and then
					known := seenOf(try(s.caller(t), two[0]), two[0])
					unknown := seenOf(try(s.caller(t), two[1]), two[1])
					if known != unknown {
						t.Errorf("%s, %s, round %d:\n%s\n%s", door, kind, round, known, unknown)
					}
					rated = rated || strings.HasPrefix(known, "429")
				}
				if !rated {
					t.Errorf("%s, %s: nobody is throttled", door, kind)
				}
				pass()
			}
		}
	})
}

// A page takes as long for a name that nobody has. What the machine did meanwhile is
// in every tenth sample; a true difference shows in every try.
func TestPagesTakeAsLongForEveryName(t *testing.T) {
	const samples = 300
	on(t, func(t *testing.T, database string) {
		s, pass := uniform(t, database, identity.PasswordCost{KiB: 512, Passes: 1})
		c := s.caller(t)
		for door, try := range doors {
			score := math.Inf(1)
			for attempt := 0; attempt < 3 && math.Abs(score) > 4.5; attempt++ {
				var times [2][]float64
				for i := range 2 * samples {
					which := (i + i/2) % 2 // neither is always first
					name := names["e-mail address"][which]
					pass()
					begun := time.Now()
					w := try(c, name)
					times[which] = append(times[which], float64(time.Since(begun)))
					if w.Code == 429 {
						t.Fatal("throttled")
					}
				}
				score = apart(times[0], times[1])
			}
			if math.Abs(score) > 4.5 {
				t.Errorf("%s: known and unknown names take different times: t = %.1f", door, score)
			}
		}
	})
}

// apart is Welch's t of two samples without the slowest tenth of each.
func apart(a, b []float64) float64 {
	moments := func(x []float64) (mean, spread float64) {
		slices.Sort(x)
		x = x[:len(x)*9/10]
		for _, v := range x {
			mean += v / float64(len(x))
		}
		for _, v := range x {
			spread += (v - mean) * (v - mean) / float64(len(x)-1)
		}
		return mean, spread / float64(len(x))
	}
	ma, sa := moments(a)
	mb, sb := moments(b)
	return (ma - mb) / math.Sqrt(sa+sb)
}
