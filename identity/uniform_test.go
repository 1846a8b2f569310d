package identity

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
)

// refusing is a store that takes no commands.
type refusing struct{ purse.Store }

func (refusing) Execute(context.Context, purse.Command) error {
	return purse.Refuse(purse.CodeBusy, "Busy.")
}

// watched is a store that writes down what it is asked.
type watched struct {
	purse.Store
	asked []string
}

func (w *watched) Execute(ctx context.Context, c purse.Command) error {
	w.asked = append(w.asked, fmt.Sprintf("command of book %d, needs %d people, %d credentials, %d sets of sessions, %d tickets",
		c.Book, len(c.Needs.Users), len(c.Needs.Credentials), len(c.Needs.SessionsOf), len(c.Needs.Tickets)))
	return w.Store.Execute(ctx, c)
}

func (w *watched) UserNamed(ctx context.Context, name string) (purse.User, error) {
	w.asked = append(w.asked, "user named")
	return w.Store.UserNamed(ctx, name)
}

func (w *watched) AddressOwner(ctx context.Context, a purse.Address) (purse.AddressOwner, error) {
	w.asked = append(w.asked, "address owner")
	return w.Store.AddressOwner(ctx, a)
}

func (w *watched) Credentials(ctx context.Context, person purse.UserID) (purse.Credentials, error) {
	w.asked = append(w.asked, "credentials")
	return w.Store.Credentials(ctx, person)
}

func (w *watched) Contacts(ctx context.Context, people ...purse.UserID) (map[purse.UserID][]purse.Contact, error) {
	w.asked = append(w.asked, fmt.Sprintf("contacts of %d", len(people)))
	return w.Store.Contacts(ctx, people...)
}

func (w *watched) Users(ctx context.Context, ids ...purse.UserID) (map[purse.UserID]purse.User, error) {
	w.asked = append(w.asked, fmt.Sprintf("%d users", len(ids)))
	return w.Store.Users(ctx, ids...)
}

func (w *watched) Now(ctx context.Context, book purse.BookID) (purse.Time, error) {
	w.asked = append(w.asked, "now")
	return w.Store.Now(ctx, book)
}

// work is what a call has come to and what it has taken.
func (n *town) work(t *testing.T, call func() error) string {
	t.Helper()
	w := &watched{Store: n.store}
	n.Service.Store = w
	defer func() { n.Service.Store = n.store }()
	hashes, tickets, sessions := n.hashing.done.Load(), n.count(t, "tickets"), n.count(t, "sessions")
	err := call()
	return fmt.Sprintf("%v; %d hashes; %d tickets; %d sessions; %s", err, n.hashing.done.Load()-hashes,
		n.count(t, "tickets")-tickets, n.count(t, "sessions")-sessions, strings.Join(w.asked, ", "))
}

func TestSignInAndResetTellNothing(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		ann := n.signUp(t, "anna")
		n.owns(t, ann.User.ID, mailOf("anna"))
		n.owns(t, ann.User.ID, purse.Address{Kind: purse.Phone, Text: "15555550100"})
		closed := n.signUp(t, "closedsoon")
		n.do(t, purse.Needs{Credentials: []purse.UserID{closed.User.ID}}, func(f *purse.Facts) error {
			_, _ = f.Credentials(closed.User.ID)
			f.Put(purse.Credentials{Person: closed.User.ID})
			return nil
		})
		n.user(t, "operators")
		unverified := n.signUp(t, "unverified")
		for _, names := range [][]string{
			{"anna", "nobody", "operators", "closedsoon"},
			{"anna@example.org", "nobody@example.org", mailOf(unverified.User.Username).Text},
			{"+1 555 555 0100", "+1 555 555 0101"},
			{"15555550100", "15555550101"},
		} {
			signIn := func(name string) string {
				return n.work(t, func() error {
					_, err := n.SignIn(t.Context(), SignInRequest{name, "not the password"}, atHome)
					return err
				})
			}
			reset := func(name string) string {
				return n.work(t, func() error { return n.AskReset(t.Context(), name, atHome) })
			}
			for what, ask := range map[string]func(string) string{"sign-in": signIn, "reset": reset} {
				var first string
				for round := range 8 { // until they are throttled, and then
					for _, name := range names {
						got := ask(name)
						if name == names[0] {
							first = got
						}
						if got != first {
							t.Errorf("%s, round %d: %s\n%s\n%s\n%s", what, round, names[0], first, name, got)
						}
					}
				}
				if !strings.Contains(first, string(purse.CodeRate)) {
					t.Errorf("%s is not throttled: %s", what, first)
				}
			}
			n.clock.turn(25 * time.Hour)
		}
	})
}

// welch is how far apart two samples are, in the unit that their spread gives.
func welch(a, b []float64) float64 {
	moments := func(x []float64) (mean, spread float64) {
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

// unseen is a difference that nobody sees from outside: less than the jitter of a
// network by a factor of ten, and of what a goroutine waits for its turn.
const unseen = 5 * time.Microsecond

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// trimmed leaves out the slowest tenth: what the machine did meanwhile.
func trimmed(x []float64) []float64 {
	slices.Sort(x)
	return x[:len(x)*9/10]
}

// takesAsLong compares how long two calls take, turn by turn. A true difference
// shows in every try.
func takesAsLong(t *testing.T, samples int, known, unknown func() error, want purse.Code) {
	t.Helper()
	var score float64
	for range 3 {
		times := [2][]float64{}
		for i := range 2 * samples {
			which := (i + i/2) % 2 // neither is always first
			call := []func() error{known, unknown}[which]
			begun := time.Now()
			err := call()
			times[which] = append(times[which], float64(time.Since(begun)))
			if code(err) != want {
				t.Fatal(err)
			}
		}
		known, unknown := trimmed(times[0]), trimmed(times[1])
		apart := time.Duration(math.Abs(mean(known) - mean(unknown)))
		if score = welch(known, unknown); math.Abs(score) <= 4.5 || apart < unseen {
			return
		}
		t.Logf("t = %.1f, %v apart", score, apart)
	}
	t.Errorf("known and unknown names take different times: t = %.1f", score)
}

func TestSignInTakesAsLong(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		n.Cost = PasswordCost{KiB: 512, Passes: 1}
		ann := n.signUp(t, "anna")
		n.owns(t, ann.User.ID, mailOf("anna"))
		signIn := func(name string) func() error {
			return func() error {
				n.clock.turn(25 * time.Hour) // nothing is throttled
				_, err := n.SignIn(t.Context(), SignInRequest{name, "not the password"}, atHome)
				return err
			}
		}
		takesAsLong(t, 1000, signIn("anna@example.org"), signIn("nobo@example.org"), purse.CodeCredentials)
	})
}

func TestAskResetTakesAsLong(t *testing.T) {
	onTown(t, func(t *testing.T, n *town) {
		left := 0
		n.Later = func(func(context.Context) error) error { left++; return nil }
		ann := n.signUp(t, "anna")
		n.owns(t, ann.User.ID, mailOf("anna"))
		ask := func(name string) func() error {
			return func() error {
				n.clock.turn(25 * time.Hour)
				return n.AskReset(t.Context(), name, atHome)
			}
		}
		takesAsLong(t, 10_000, ask("anna@example.org"), ask("nobo@example.org"), "ok")
		if left < 20_000 {
			t.Errorf("only %d were left for later", left)
		}
	})
}
