package identity

import (
	"net/netip"
	"sync"
	"time"

	"purse"
)

// How fast somebody may guess.
const (
	// After freeFailures in a row there is a pause after each, which grows from
	// pauseMin twofold to pauseMax.
	freeFailures = 5
	pauseMin     = time.Second
	pauseMax     = 15 * time.Minute
	// streakKept is after how long without a failure a row is forgotten.
	streakKept = 24 * time.Hour

	// failuresAnHour is how many failures an address may have in an hour, whatever
	// it has tried, and signUpsAnHour how many new accounts.
	failuresAnHour = 100
	signUpsAnHour  = 20

	// throttledMax bounds the memory: an entry takes about 150 bytes.
	throttledMax = 100_000
)

// What is guessed at. A name is throttled as it was typed, whether or not somebody
// has it, so that a pause tells nothing about who does.
const (
	guessSignIn = "in "
	guessReset  = "reset "
	guessSecond = "second "
	guessProve  = "prove "
	guessSMS    = "sms "
	guessRename = "rename "
)

// throttle counts failures, in memory: each server counts for itself, and forgets
// when it ends.
//
// Whoever fails for somebody else's name on purpose keeps them from signing in with
// it, at most pauseMax at a time. That is meant: guesses that come from many
// addresses cannot be told from the owner's. Who is signed in stays so, and a
// passkey, another of the person's names and a link for a new password are throttled
// each on their own.
type throttle struct {
	mu        sync.Mutex
	streaks   recent[string, streak]
	addresses recent[netip.Addr, window]
	signUps   recent[netip.Addr, window]
}

// streak is failures in a row.
type streak struct {
	failures int
	last     time.Time
}

// pause is how long after the last failure nothing may be tried.
func (k streak) pause() time.Duration {
	over := k.failures - freeFailures
	if over < 0 {
		return 0
	}
	return min(pauseMin<<min(over, 20), pauseMax)
}

// window is what has happened since begun, for an hour.
type window struct {
	count int
	begun time.Time
}

func (w window) at(now time.Time) window {
	if now.Sub(w.begun) >= time.Hour {
		return window{begun: now}
	}
	return w
}

var errThrottled = purse.Refuse(purse.CodeRate, "Too many attempts. Wait a while, then try again.")

// attempt is one that is being made.
type attempt struct {
	throttle *throttle
	account  string
	address  netip.Addr
	before   streak
	counted  bool // at an address
}

// attempt counts one for an account and for the address that it comes from, if that
// is known, as a failure until it is said to be none: of many at once no more get
// through than of many in turn.
//
// Refused with CodeRate.
func (s *Service) attempt(kind, account string, from *From) (*attempt, error) {
	now := s.now()
	t := &s.throttle
	a := &attempt{throttle: t, account: kind + account}
	t.mu.Lock()
	defer t.mu.Unlock()
	if from != nil {
		a.address = payer(from.Remote)
		w := t.addresses.get(a.address).at(now)
		if w.count >= failuresAnHour {
			return nil, errThrottled
		}
		defer func() {
			if a.counted {
				w.count++
				t.addresses.put(a.address, w)
			}
		}()
	}
	k := t.streaks.get(a.account)
	if now.Sub(k.last) >= streakKept {
		k = streak{}
	}
	if k.failures > 0 && now.Sub(k.last) < k.pause() {
		return nil, errThrottled
	}
	a.before, a.counted = k, from != nil
	t.streaks.put(a.account, streak{k.failures + 1, now})
	return a, nil
}

// succeeded ends the row of failures.
func (a *attempt) succeeded() { a.back(func(streak) streak { return streak{} }) }

// void is for an attempt about which nothing was found out.
func (a *attempt) void() {
	a.back(func(k streak) streak { return streak{max(k.failures-1, 0), a.before.last} })
}

func (a *attempt) back(change func(streak) streak) {
	t := a.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	t.streaks.put(a.account, change(t.streaks.get(a.account)))
	if w := t.addresses.get(a.address); a.counted && w.count > 0 {
		w.count--
		t.addresses.put(a.address, w)
	}
}

// forget ends a row of failures.
func (t *throttle) forget(kind, account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.streaks.put(kind+account, streak{})
}

// outcome settles an attempt by what it has come to: only a refusal of one of these
// codes was a wrong guess.
func (a *attempt) outcome(err error) error {
	if err == nil {
		return nil
	}
	switch purse.CodeOf(err) {
	case purse.CodeCredentials, purse.CodeCode:
	default:
		a.void()
	}
	return err
}

// countSignUp counts a new account.
//
// Refused with CodeRate.
func (s *Service) countSignUp(from From) error {
	now, most := s.now(), s.SignUpsAnHour
	if most == 0 {
		most = signUpsAnHour
	}
	t := &s.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	address := payer(from.Remote)
	w := t.signUps.get(address).at(now)
	if w.count >= most {
		return purse.Refuse(purse.CodeRate, "Too many accounts come from where you are. Try again later.")
	}
	w.count++
	t.signUps.put(address, w)
	return nil
}

// now is the throttles' clock. Without one it stands still, and what is shut stays so.
func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Unix(0, 0)
	}
	return s.Now()
}

// payer is the address that is charged: of IPv6 all of its /64, because whoever
// has one address there has 2^64. Callers whose address is not known are one.
func payer(remote string) netip.Addr {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		port, err := netip.ParseAddrPort(remote)
		if err != nil {
			return netip.Addr{}
		}
		addr = port.Addr()
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		prefix, _ := addr.Prefix(64) // never fails for an IPv6 address
		return prefix.Addr()
	}
	return addr
}

// recent is a map that forgets what was put longest ago rather than grow: the old
// half of it, at once.
type recent[K comparable, V any] struct{ fresh, stale map[K]V }

func (r *recent[K, V]) get(k K) V {
	if v, ok := r.fresh[k]; ok {
		return v
	}
	return r.stale[k]
}

func (r *recent[K, V]) put(k K, v V) {
	if _, ok := r.fresh[k]; !ok && len(r.fresh) >= throttledMax/2 {
		r.fresh, r.stale = nil, r.fresh
	}
	if r.fresh == nil {
		r.fresh = map[K]V{}
	}
	r.fresh[k] = v
}
