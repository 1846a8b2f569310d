package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"purse"

	"golang.org/x/time/rate"
)

// What a request takes from its caller's bucket, in tenths of what the limits
// are given in: reading costs a tenth of writing.
const (
	readCost  = 1
	writeCost = 10
)

const (
	// bucketsMax bounds the memory that callers can take by being many; a bucket
	// takes about 200 bytes.
	bucketsMax = 100_000
	// bucketsKept is the least time for which a bucket is kept when there is room.
	bucketsKept = time.Minute
)

// Rates limits how fast callers may ask. Each caller has a bucket that its
// requests take from and that time fills again. A recognised credential is a
// caller; all other requests are their address's, so that whoever guesses
// credentials pays for it.
//
// A bucket that has not been asked for until it is full again is as good as a
// new one, and is dropped. When there are too many, those go first that have
// not been asked for longest: whoever comes from that many addresses is not held
// by a limit on each, and must not cost others theirs, or the server its memory.
//
// The nil and the zero Rates limit nothing. Safe for concurrent use.
type Rates struct {
	now    func() time.Time
	limit  rate.Limit    // readCosts a second; 0: none
	burst  int           // readCosts
	period time.Duration // no shorter than it takes to fill a bucket

	mu     sync.Mutex
	exempt map[string]bool
	// fresh are the buckets that were asked for since the last turn, stale those
	// that were in the period before it. A bucket may be in both.
	fresh, stale map[caller]*rate.Limiter
	turned       time.Time
}

// caller is whose bucket it is: a credential's or an address's.
type caller struct {
	credential string
	address    netip.Addr
}

// NewRates makes limits of so many writing requests a second for every caller,
// and burst at once. Without perSecond it limits nothing.
func NewRates(perSecond, burst int, now func() time.Time) *Rates {
	if perSecond <= 0 {
		return &Rates{}
	}
	fill := time.Duration(burst) * time.Second / time.Duration(perSecond)
	return &Rates{
		now: now, limit: rate.Limit(writeCost * perSecond), burst: writeCost * burst, period: max(fill, bucketsKept),
		fresh: map[caller]*rate.Limiter{},
	}
}

var errRate = purse.Refuse(purse.CodeRate, "Too many requests. Try again shortly.")

// Allow takes what r costs from its caller's bucket. credential names a
// recognised credential; without one, the address that r comes from is charged.
//
// Refused with CodeRate.
func (rates *Rates) Allow(r *http.Request, credential string) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return rates.allow(r, credential, readCost)
	}
	return rates.allow(r, credential, writeCost)
}

// AllowWrite is Allow for a request that costs as much as a writing one, whatever its
// method.
//
// Refused with CodeRate.
func (rates *Rates) AllowWrite(r *http.Request, credential string) error {
	return rates.allow(r, credential, writeCost)
}

func (rates *Rates) allow(r *http.Request, credential string, cost int) error {
	if rates == nil || rates.limit == 0 {
		return nil
	}
	who := asker(r, credential)
	rates.mu.Lock()
	defer rates.mu.Unlock()
	if credential != "" && rates.exempt[credential] {
		return nil
	}
	now := rates.now()
	if !rates.bucket(who, now).AllowN(now, cost) {
		return errRate
	}
	return nil
}

// Left tells what is left in the bucket of r's caller, in writing requests: how
// many it holds, how many are in it, and how long it takes until it is full. A
// limit of 0 says that the caller is not limited.
func (rates *Rates) Left(r *http.Request, credential string) (limit, remaining int, reset time.Duration) {
	if rates == nil || rates.limit == 0 {
		return 0, 0, 0
	}
	rates.mu.Lock()
	defer rates.mu.Unlock()
	if credential != "" && rates.exempt[credential] {
		return 0, 0, 0
	}
	now := rates.now()
	there := max(rates.bucket(asker(r, credential), now).TokensAt(now), 0)
	missing := max(float64(rates.burst)-there, 0)
	reset = time.Duration(missing / float64(rates.limit) * float64(time.Second))
	return rates.burst / writeCost, int(there) / writeCost, reset
}

// asker is whose bucket r takes from.
func asker(r *http.Request, credential string) caller {
	if credential == "" {
		return caller{address: Payer(r)}
	}
	return caller{credential: credential}
}

// Exempt never limits these credentials again, until the server stops.
func (rates *Rates) Exempt(credentials ...string) {
	if rates == nil {
		return
	}
	rates.mu.Lock()
	defer rates.mu.Unlock()
	if rates.exempt == nil {
		rates.exempt = map[string]bool{}
	}
	for _, c := range credentials {
		rates.exempt[c] = true
	}
}

// bucket finds who's bucket, or makes a full one.
func (rates *Rates) bucket(who caller, now time.Time) *rate.Limiter {
	if now.Sub(rates.turned) >= rates.period {
		rates.turn(now)
	}
	b, ok := rates.fresh[who]
	if ok {
		return b
	}
	if b, ok = rates.stale[who]; !ok {
		b = rate.NewLimiter(rates.limit, rates.burst)
	}
	if len(rates.fresh) >= bucketsMax/2 {
		rates.turn(now)
	}
	rates.fresh[who] = b
	return b
}

// turn forgets the stale buckets, without looking at each.
func (rates *Rates) turn(now time.Time) {
	rates.fresh, rates.stale, rates.turned = map[caller]*rate.Limiter{}, rates.fresh, now
}

// Payer is the address that is charged for r: of IPv6 the network, because
// whoever has one address there has 2^64. Callers whose address is not known
// are one.
func Payer(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddr(Remote(r))
	if err != nil {
		return netip.Addr{}
	}
	if addr = addr.Unmap(); addr.Is6() {
		network, _ := addr.Prefix(64) // never fails for an IPv6 address
		return network.Addr()
	}
	return addr
}
