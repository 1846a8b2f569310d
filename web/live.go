package web

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"purse"
	"purse/api"
)

const (
	// liveEvery is how often the news are looked at while somebody watches.
	liveEvery = 250 * time.Millisecond
	// liveLife is how long a stream lasts at most; browsers then open another.
	liveLife = 25 * time.Second
	// liveBeat is how often a stream says that it is still there, for what stands
	// between us and the browser.
	liveBeat = 10 * time.Second
	// liveMax is how many streams there may be at once; each takes about 30 KB.
	liveMax = 10_000
	// liveCallerMax is how many of them one caller may have, so that nobody takes all:
	// there may be a whole office behind an address.
	liveCallerMax = 100
	// liveSubjectMax is how many there may be about one thing: that many windows, of
	// whoever pays and whoever is paid.
	liveSubjectMax = 20
	// liveNews is how many pieces of news are looked at with one query.
	liveNews = 5000
	// liveBack is how far before the first watch the news are read: longer than a
	// commit takes that had its time before, and shows only after.
	liveBack = 10 * time.Second
)

// liveKinds are the news of what people wait for in front of a page.
var liveKinds = []purse.EventKind{
	purse.HandleWasInitiated, purse.HandleIsProcessing, purse.HandleIsPayable, purse.HandleWasCompleted, purse.HandleHasFailed, purse.HandleHasExpired,
	purse.OrderWasCreated, purse.OrderWasPaid, purse.OrderHasExpired, purse.OrderWasCancelled,
}

var errManyWatch = purse.Refuse(purse.CodeBusy, "Too many people are watching. Load the page again to see what has become of it.")

// Live tells pages that what they show has changed. However many pages are open, the
// news of the book are read once, and not at all when there are none.
//
// Safe for concurrent use.
type Live struct {
	store purse.Reader
	book  purse.BookID

	mu      sync.Mutex
	watches map[int64]map[chan struct{}]bool // by what they are about
	callers map[netip.Addr]int               // how many each has
	count   int
	some    chan struct{} // has something when somebody has come
	closed  chan struct{}
	close   sync.Once
}

// NewLive makes one for a book. Run does its work.
func NewLive(store purse.Reader, book purse.BookID) *Live {
	return &Live{
		store: store, book: book, watches: map[int64]map[chan struct{}]bool{}, callers: map[netip.Addr]int{},
		some: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// Close ends all streams, and what Run does; a server that stops would wait for them.
func (l *Live) Close() { l.close.Do(func() { close(l.closed) }) }

// Watch hears of everything that happens to a subject of news from now on: whoever
// reads its state afterwards misses nothing. Several changes may be heard of as one,
// and there may be nothing new. The subjects of different nouns are not told apart.
// caller is whose watch it is, as api.Payer tells callers apart.
//
// stop must be called. Refused with CodeBusy when too many watch: at all, for that
// caller, or that subject.
func (l *Live) Watch(subject int64, caller netip.Addr) (changed <-chan struct{}, stop func(), err error) {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= liveMax || l.callers[caller] >= liveCallerMax || len(l.watches[subject]) >= liveSubjectMax {
		return nil, nil, errManyWatch
	}
	if l.watches[subject] == nil {
		l.watches[subject] = map[chan struct{}]bool{}
	}
	l.watches[subject][c] = true
	l.callers[caller]++
	l.count++
	select {
	case l.some <- struct{}{}:
	default: // it is known already
	}
	return c, func() { l.leave(subject, caller, c) }, nil
}

func (l *Live) leave(subject int64, caller netip.Addr, c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.watches[subject][c] {
		return
	}
	l.count--
	if l.callers[caller]--; l.callers[caller] == 0 {
		delete(l.callers, caller)
	}
	if delete(l.watches[subject], c); len(l.watches[subject]) == 0 {
		delete(l.watches, subject)
	}
}

// watched is how many watch.
func (l *Live) watched() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Run reads the news while somebody watches, until ctx is done or Close is called. An
// error ends it; when it is run again it begins before everything that was not read.
func (l *Live) Run(ctx context.Context) error {
	for {
		if l.watched() > 0 {
			if err := l.follow(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-l.closed:
			return nil
		case <-l.some:
		}
	}
}

// follow reads the news as long as somebody watches, from shortly before now on: what
// is read twice only wakes somebody for nothing.
func (l *Live) follow(ctx context.Context) error {
	now, err := l.store.Now(ctx, l.book)
	if err != nil {
		return err
	}
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for at := purse.FirstID(now.Add(-liveBack)); l.watched() > 0; {
		if at, err = l.read(ctx, at); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-l.closed:
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// read reads all news after one, wakes those who wait for them, and says how far it
// has come.
func (l *Live) read(ctx context.Context, at int64) (int64, error) {
	for {
		news, upTo, err := l.store.News(ctx, l.book, at, liveNews, liveKinds...)
		if err != nil || upTo == at {
			return at, err
		}
		l.wake(news)
		at = upTo
	}
}

func (l *Live) wake(news []purse.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range news {
		for c := range l.watches[e.Subject] {
			select {
			case c <- struct{}{}:
			default: // it has not looked since the last time
			}
		}
	}
}

// sight is what a page that is paid on shows: PENDING while it can be paid, then
// SUCCESS, EXPIRED or CANCELLED.
type sight struct {
	subject int64 // of the news about it
	state   string
}

func (s sight) ended() bool { return s.state != string(purse.OrderPending) }

// orderState is the state of an order in the word that its page and its stream have.
func orderState(o purse.Order, now purse.Time) string {
	if o.Overdue(now) {
		return string(purse.OrderExpired)
	}
	return string(o.Status)
}

// handleState is the state of a payment handle in the same words.
func handleState(h purse.Handle, now purse.Time) string {
	switch h.Status {
	case purse.HandleInitiated, purse.HandleProcessing:
		if h.Overdue(now) {
			return string(purse.OrderExpired)
		}
		return string(purse.OrderPending)
	case purse.HandlePayable, purse.HandleCompleted:
		return string(purse.OrderPaid)
	case purse.HandleFailed:
		return string(purse.OrderCancelled)
	}
	return string(purse.OrderExpired)
}

// look reads what the page with a link shows now.
//
// Refused with CodeNotFound.
func (l *Live) look(ctx context.Context, link string) (sight, error) {
	now, err := l.store.Now(ctx, l.book)
	if err != nil {
		return sight{}, err
	}
	o, err := l.store.OrderLinked(ctx, link)
	if err == nil {
		return sight{int64(o.Number), orderState(o, now)}, nil
	}
	if purse.CodeOf(err) != purse.CodeNotFound {
		return sight{}, err
	}
	h, err := l.store.HandleLinked(ctx, link)
	if err != nil {
		return sight{}, err
	}
	return sight{int64(h.ID), handleState(h, now)}, nil
}

// stream answers with the state of what the page with a link shows, at once and
// whenever it changes: to the end, or until the request's time is over.
func (l *Live) stream(w http.ResponseWriter, r *http.Request) error {
	ctx, link := r.Context(), r.PathValue("link")
	seen, err := l.look(ctx, link)
	if err != nil {
		return err
	}
	once := r.URL.Query().Has("once")
	var changed <-chan struct{}
	if !seen.ended() && !once {
		var stop func()
		if changed, stop, err = l.Watch(seen.subject, api.Payer(r)); err != nil {
			return err
		}
		defer stop()
		if seen, err = l.look(ctx, link); err != nil { // it may have changed before there was a watch
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep what is said until there is more
	out := http.NewResponseController(w)
	say := func(text string) bool {
		_, err := io.WriteString(w, text)
		return err == nil && out.Flush() == nil
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	text, told := "retry: 1000\n", ""
	for {
		if told != seen.state {
			told, text = seen.state, text+"event: state\ndata: "+seen.state+"\n\n"
		}
		if text != "" && !say(text) || seen.ended() || once {
			return nil
		}
		text = ""
		select {
		case <-ctx.Done():
			return nil
		case <-l.closed:
			return nil
		case <-beat.C:
			text = ": still here\n\n"
		case <-changed:
			if seen, err = l.look(ctx, link); err != nil && ctx.Err() == nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// serveEvents answers GET /pay/{link}/events. Whoever has the link learns the state
// of what is to be paid, and nothing of anybody. With ?once it is told once; a stream
// costs as much as a write, because it is held open.
func (s *Site) serveEvents() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle := func(w http.ResponseWriter, r *http.Request) error {
			s.headers(w.Header(), "")
			if r.Method != http.MethodGet {
				w.Header().Set("Allow", http.MethodGet)
				return purse.Refuse(purse.CodeMethod, "This page does not know that method.")
			}
			allow := s.Rates.AllowWrite
			if r.URL.Query().Has("once") {
				allow = s.Rates.Allow
			}
			if err := allow(r, ""); err != nil {
				return err
			}
			err := s.Live.stream(w, r)
			switch {
			case r.Context().Err() != nil:
				return nil // whoever asked has gone
			case purse.CodeOf(err) == purse.CodeNotFound:
				return errNoPayment
			}
			return err
		}
		fail := func(w http.ResponseWriter, err error) { s.fail(&turn{}, w, r, err) }
		api.Stream(s.Log, liveLife, handle, fail).ServeHTTP(w, r)
	})
}
