package wallet_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"purse"
	"purse/wallet"

	"pgregory.net/rapid"
)

// world is a few people, what was done between them, and what must come of it:
// everything is written down here once more, by rules of its own.
type world struct {
	*network
	t        *rapid.T
	people   []purse.Actor
	asked    map[[2]int]bool
	friend   map[[2]int]bool // both ways
	blocked  map[[2]int]bool
	payments []deed
}

// deed is a payment of the world; the people are their places in it.
type deed struct {
	id            purse.PaymentID
	actor, target int
	audience      purse.Audience
	settled       bool
}

// bond carries out what may be done to another person, and says what must come of it.
func (w *world) bond(do string, a, b int) {
	there, back := [2]int{a, b}, [2]int{b, a}
	err := w.bonds()[do](w.t.Context(), w.people[a], w.people[b].User)
	want := purse.Code("")
	switch {
	case w.blocked[back] && !w.blocked[there]:
		want = purse.CodeTarget
	case w.blocked[there] && (do == "ask" || do == "accept"):
		want = purse.CodeInvalid
	case do == "accept" && !w.friend[there] && !w.asked[back]:
		want = purse.CodeNotFound
	case do == "ask" && !w.friend[there] && !w.asked[back]:
		w.asked[there] = true
	case do == "ask" || do == "accept":
		if !w.friend[there] {
			delete(w.asked, there)
			delete(w.asked, back)
			w.friend[there], w.friend[back] = true, true
		}
	case do == "unblock":
		delete(w.blocked, there)
	default:
		for _, one := range [][2]int{there, back} {
			delete(w.asked, one)
			delete(w.friend, one)
		}
		if do == "block" {
			w.blocked[there] = true
		}
	}
	if (err == nil) != (want == "") || err != nil && purse.CodeOf(err) != want {
		w.t.Fatalf("%s by %d of %d: %v, want %q", do, a, b, err, want)
	}
}

func (w *world) apart(a, b int) bool { return w.blocked[[2]int{a, b}] || w.blocked[[2]int{b, a}] }

// pay makes a payment or a charge, which may be approved.
func (w *world) pay(a, b int, audience purse.Audience, charge, approve bool) {
	use := w.Pay
	if charge {
		use = w.Charge
	}
	var p purse.Payment
	_, err := use(w.t.Context(), w.people[a], wallet.PayRequest{
		To: person(w.people[b]), Minor: 1, Note: "n", Audience: audience,
		Encode: func(r wallet.Receipt) purse.Answer { p = r.Payment; return purse.Answer{Status: 200} },
	})
	if w.apart(a, b) {
		if purse.CodeOf(err) != purse.CodeTarget {
			w.t.Fatalf("%d pays %d: %v", a, b, err)
		}
		return
	}
	if charge && approve && err == nil {
		_, err = changer(w.Approve).change(w.t.Context(), w.people[b], p.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.payments = append(w.payments, deed{p.ID, a, b, audience, !charge || approve})
}

// width orders audiences.
func width(a purse.Audience) int {
	return map[purse.Audience]int{purse.Private: 1, purse.Friends: 2, purse.Public: 3}[a]
}

func (w *world) narrowOne(i int, byTarget bool, to purse.Audience) {
	p := &w.payments[i]
	by := w.people[p.actor]
	if byTarget {
		by = w.people[p.target]
	}
	_, err := w.Narrow(w.t.Context(), by, wallet.ChangeRequest{
		Payment: p.id, Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{Status: 200} },
	}, to)
	if (err == nil) != (width(to) <= width(p.audience)) || err != nil && purse.CodeOf(err) != purse.CodeAudience {
		w.t.Fatalf("%s to %s: %v", p.audience, to, err)
	}
	if err == nil {
		p.audience = to
	}
}

// sees is the reference: whether somebody may see a payment.
func (w *world) sees(viewer int, p deed) bool {
	party := viewer == p.actor || viewer == p.target
	switch {
	case !p.settled:
		return false // feeds tell of what has settled
	case party:
		return true
	case w.apart(viewer, p.actor) || w.apart(viewer, p.target):
		return false
	case p.audience == purse.Public:
		return true
	}
	return p.audience == purse.Friends && (w.friend[[2]int{viewer, p.actor}] || w.friend[[2]int{viewer, p.target}])
}

// checkFeeds compares what everybody is told of everybody, and of each two, page by page.
func (w *world) checkFeeds(limit int) {
	for viewer, actor := range w.people {
		for person := range w.people {
			for with := -1; with < len(w.people); with++ {
				// Of two people either order is asked for, by different viewers.
				if with == person || with >= 0 && (with > person) == (viewer%2 == 0) {
					continue
				}
				q := wallet.FeedQuery{Person: w.people[person].User, Limit: limit}
				about := func(p deed) bool { return p.actor == person || p.target == person }
				if with >= 0 {
					q.With = w.people[with].User
					about = func(p deed) bool {
						return p.actor == person && p.target == with || p.actor == with && p.target == person
					}
				}
				if w.apart(viewer, person) || with >= 0 && w.apart(viewer, with) {
					if _, _, err := w.Feed(w.t.Context(), actor, q); purse.CodeOf(err) != purse.CodeNotFound {
						w.t.Fatalf("%d is told of %d: %v", viewer, person, err)
					}
					continue
				}
				var want []purse.PaymentID
				for _, p := range w.payments {
					if about(p) && w.sees(viewer, p) {
						want = append(want, p.id)
					}
				}
				slices.SortFunc(want, func(a, b purse.PaymentID) int { return cmp.Compare(b, a) })
				if got := w.feed(viewer, q); !slices.Equal(got, want) {
					w.t.Fatalf("%d is told of %d with %d: %v, want %v", viewer, person, with, got, want)
				}
			}
		}
	}
}

// feed reads all pages.
func (w *world) feed(viewer int, q wallet.FeedQuery) (all []purse.PaymentID) {
	actor := w.people[viewer]
	for {
		page, next, err := w.Feed(w.t.Context(), actor, q)
		if err != nil || len(page) > q.Limit {
			w.t.Fatalf("%d stories, %v", len(page), err)
		}
		for _, s := range page {
			all = append(all, s.Payment.ID)
			p := s.Payment
			if s.Party != (p.Actor == actor.User || p.Target == actor.User) || s.Actor.ID != p.Actor || s.Target.ID != p.Target {
				w.t.Fatalf("%+v", s)
			}
		}
		if next == 0 {
			return all
		}
		q.Before = next
	}
}

// What everybody is told of everybody is what the reference says, whatever they
// were to each other and did before (INV-15).
func TestFeedsTellWhatTheyMay(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		rapid.Check(t, func(rt *rapid.T) {
			w := &world{
				network: n, t: rt, people: n.visitors(t, 4, 100),
				asked: map[[2]int]bool{}, friend: map[[2]int]bool{}, blocked: map[[2]int]bool{},
			}
			audience := rapid.SampledFrom([]purse.Audience{purse.Private, purse.Friends, purse.Public, purse.Public})
			place := rapid.IntRange(0, len(w.people)-1)
			for range rapid.IntRange(5, 25).Draw(rt, "steps") {
				a, b := place.Draw(rt, "a"), place.Draw(rt, "b")
				if a == b {
					b = (a + 1) % len(w.people)
				}
				switch rapid.IntRange(0, 9).Draw(rt, "step") {
				case 0, 1, 2, 3:
					w.pay(a, b, audience.Draw(rt, "audience"), rapid.Bool().Draw(rt, "charge"), rapid.Bool().Draw(rt, "approve"))
				case 4:
					if len(w.payments) > 0 {
						w.narrowOne(rapid.IntRange(0, len(w.payments)-1).Draw(rt, "which"), rapid.Bool().Draw(rt, "target"), audience.Draw(rt, "to"))
					}
				default:
					w.bond(rapid.SampledFrom([]string{"ask", "ask", "ask", "accept", "remove", "block", "unblock"}).Draw(rt, "bond"), a, b)
				}
			}
			w.checkFeeds(rapid.IntRange(1, 4).Draw(rt, "limit"))
		})
	})
}

func TestWhoIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 1)
		ann, bob, gone := p[0], p[1], p[2]
		n.told(t, gone, ann, purse.Public)
		poor := ann
		poor.Scopes = "access_friends make_payments access_profile"
		_, _, err := n.Feed(t.Context(), poor, feedOf(bob))
		refused(t, "without the scope", err, purse.CodeScope)
		for name, q := range map[string]wallet.FeedQuery{
			"nobody": {Person: 5, Limit: 1}, "with nobody": {Person: ann.User, With: 5, Limit: 1}, "nobody at all": {Limit: 1},
		} {
			_, _, err := n.Feed(t.Context(), ann, q)
			refused(t, name, err, purse.CodeNotFound)
		}
		page, next, err := n.Feed(t.Context(), ann, wallet.FeedQuery{Person: ann.User, With: ann.User, Limit: 10})
		if err != nil || next != 0 || len(page) != 0 {
			t.Errorf("with oneself: %v, %d, %v", page, next, err)
		}
		n.leave(t, gone)
		_, _, err = n.Feed(t.Context(), bob, feedOf(gone))
		refused(t, "who has left", err, purse.CodeNotFound)
		// The other party still sees what was paid, without a name.
		page, _, err = n.Feed(t.Context(), bob, feedOf(ann))
		if err != nil || len(page) != 1 || page[0].Actor.DisplayName() != "Closed account" || page[0].Party {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// One request looks at a bounded number of payments, and the next goes on from
// there, however many are not to be seen.
func TestFeedsLookAtFewPayments(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 5000)
		ann, bob, viewer := p[0], p[1], p[2]
		first := n.told(t, ann, bob, purse.Public)
		inParallel(2100, func(int) { n.told(t, bob, ann, purse.Friends) })
		q := wallet.FeedQuery{Person: ann.User, Limit: 5}
		var pages []string
		for {
			page, next, err := n.Feed(t.Context(), viewer, q)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, fmt.Sprint(len(page)))
			if q.Before = next; next == 0 {
				if len(page) != 1 || page[0].Payment.ID != first.ID {
					t.Errorf("%+v", page)
				}
				break
			}
		}
		if !slices.Equal(pages, []string{"0", "0", "1"}) {
			t.Errorf("pages of %v", pages)
		}
	})
}

// What is made without an audience has the one that its actor has set.
func TestAudienceOfThePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 2, 100)
		for _, set := range []purse.Audience{purse.Private, purse.Friends, purse.Public} {
			n.change(t, p[0], func(u *purse.User) { u.Audience = set })
			for name, do := range map[string]maker{"pay": n.Pay, "charge": n.Charge} {
				shown := purse.Payment{}
				_, err := do(t.Context(), p[0], wallet.PayRequest{
					To: person(p[1]), Minor: 1, Note: "n",
					Encode: func(r wallet.Receipt) purse.Answer { shown = r.Payment; return purse.Answer{Status: 200} },
				})
				if err != nil || shown.Audience != set || n.stored(t, shown.ID) != shown {
					t.Errorf("%s with %s: %+v, %v", name, set, shown, err)
				}
			}
		}
	})
}

// Narrowing changes nothing but the audience, has one event, and is never taken
// back; whoever is not party to a payment cannot do it.
func TestNarrow(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.visitors(t, 3, 100)
		pending := made(t, n.Charge, p[0], person(p[1]), 1)
		for name, was := range map[string]purse.Payment{
			"settled": n.told(t, p[0], p[1], purse.Public), "by the target": n.told(t, p[1], p[0], purse.Public),
		} {
			for i, tc := range []struct {
				to   purse.Audience
				want purse.Code
				news int64
			}{
				{purse.Public, "", 0}, {purse.Friends, "", 1}, {purse.Public, purse.CodeAudience, 0}, {purse.Friends, "", 0},
				{purse.Private, "", 1}, {purse.Friends, purse.CodeAudience, 0}, {"", purse.CodeAudience, 0}, {purse.Private, "", 0},
			} {
				shown, err := n.narrow(t, p[0], was.ID, tc.to)
				if tc.want != "" {
					refused(t, fmt.Sprint(name, i), err, tc.want)
				} else {
					was.Audience, was.Version = tc.to, was.Version+tc.news
					if err != nil || shown.Payment != was {
						t.Errorf("%s, %d: %+v, want %+v (%v)", name, i, shown.Payment, was, err)
					}
				}
				if got := n.stored(t, was.ID); got != was {
					t.Errorf("%s, %d: %+v, want %+v", name, i, got, was)
				}
			}
			if events := n.rows(t, fmt.Sprintf("events where subject = %d and (seq, kind) in ((1, 'payment.created'), (2, 'payment.narrowed'), (3, 'payment.narrowed'))", was.ID)); events != 3 {
				t.Errorf("%s: %d events", name, events)
			}
			_, err := n.narrow(t, p[2], was.ID, purse.Private)
			refused(t, name+", by somebody else", err, purse.CodeNotFound)
		}
		if _, err := n.narrow(t, p[1], pending.ID, purse.Private); err != nil {
			t.Error(err)
		}
		open := n.told(t, p[0], p[1], purse.Public)
		errs := race(0, func() error { _, err := n.narrow(t, p[0], open.ID, purse.Friends); return err },
			func() error { _, err := n.narrow(t, p[1], open.ID, purse.Private); return err })
		if errs[1] != nil || n.stored(t, open.ID).Audience != purse.Private {
			t.Errorf("%v, %+v", errs, n.stored(t, open.ID))
		}
	})
}
