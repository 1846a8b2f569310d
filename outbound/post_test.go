package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"purse"
)

// sender is a Sender whose every try a function decides.
type sender struct {
	try func(ctx context.Context, tries int) error

	mu      sync.Mutex
	tried   []string // texts
	at      []time.Time
	ids     map[string]string // of texts
	beside  int
	besides int // most tries at a time
}

func (s *sender) Deliver(ctx context.Context, id string, m purse.Message) error {
	s.mu.Lock()
	tries := 1
	for _, text := range s.tried {
		if text == m.Text {
			tries++
		}
	}
	s.tried, s.at = append(s.tried, m.Text), append(s.at, time.Now())
	if s.ids == nil {
		s.ids = map[string]string{}
	}
	if old := s.ids[m.Text]; old != "" && old != id {
		panic("another id")
	}
	s.ids[m.Text] = id
	s.beside++
	s.besides = max(s.besides, s.beside)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.beside--; s.mu.Unlock() }()
	return s.try(ctx, tries)
}

func email(text string) purse.Message {
	return purse.Message{To: purse.Address{Kind: purse.Email, Text: "ada@example.org"}, Subject: "hush!", Text: text}
}

func phone(text string) purse.Message {
	return purse.Message{To: purse.Address{Kind: purse.Phone, Text: "15555550100"}, Text: text}
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// posting runs a Post in a bubble of time until stop is called.
func posting(t *testing.T, mail, text Sender) (p *Post, log *lines, stop func()) {
	t.Helper()
	senders := map[purse.AddressKind]Sender{}
	if mail != nil {
		senders[purse.Email] = mail
	}
	if text != nil {
		senders[purse.Phone] = text
	}
	log = &lines{}
	p = NewPost(slog.New(slog.NewTextHandler(log, nil)), senders)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	return p, log, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// Identifiers are of letters and 2 to 7, and look like none of these.
		if s := log.String(); strings.Contains(s, "hush!") || strings.Contains(s, "ada@") || strings.Contains(s, "555501") {
			t.Errorf("the log tells of messages: %s", s)
		}
	}
}

func TestMessagesAreTriedFourTimes(t *testing.T) {
	for _, c := range []struct {
		name  string
		fails error
		until int // the try that succeeds
		tries int
		lines int
	}{
		{"at once", nil, 1, 1, 0},
		{"at last", &Failure{Reason: "later"}, 4, 4, 0},
		{"never", &Failure{Reason: "later"}, 9, 4, 1},
		{"for good", &Failure{Reason: "no such mailbox", Final: true}, 9, 1, 1},
		{"an error that must not be told", errors.New("ada@ says hush!"), 9, 4, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sender{try: func(_ context.Context, tries int) error {
					if tries >= c.until {
						return nil
					}
					return c.fails
				}}
				p, log, stop := posting(t, s, nil)
				begun := time.Now()
				p.Send(email("hush!"))
				time.Sleep(time.Hour)
				stop()
				if len(s.tried) != c.tries {
					t.Errorf("%d tries, want %d", len(s.tried), c.tries)
				}
				due := begun
				for i, at := range s.at {
					if !at.Equal(due) {
						t.Errorf("try %d after %v, want %v", i+1, at.Sub(begun), due.Sub(begun))
					}
					if i < len(pauses) {
						due = due.Add(pauses[i])
					}
				}
				if n := strings.Count(log.String(), "\n"); n != c.lines {
					t.Errorf("%d lines: %s", n, log)
				}
				line := regexp.MustCompile(`^time=\S+ level=WARN msg="message lost" id=` + s.ids["hush!"] + ` kind=email tries=\d reason=.+\n$`)
				if c.lines == 1 && !line.MatchString(log.String()) {
					t.Errorf("%s", log)
				}
				for _, l := range p.lanes {
					if l.held != 0 || len(l.waiting) != 0 || len(l.queue) != 0 {
						t.Errorf("%d letters are held", l.held)
					}
				}
			})
		})
	}
}

func TestWhatIsNotConfiguredIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sender{try: func(context.Context, int) error { return nil }}
		p, log, stop := posting(t, s, nil)
		p.Send(phone("hush!"))
		p.Send(purse.Message{})
		p.Send(email("hush!"))
		synctest.Wait()
		stop()
		if len(s.tried) != 1 || strings.Count(log.String(), "no server is configured") != 2 {
			t.Errorf("%q %s", s.tried, log)
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		s := &sender{try: func(context.Context, int) error {
			if up.Load() {
				return nil
			}
			return &Failure{Reason: "down"}
		}}
		p, log, stop := posting(t, s, nil)
		const more = 7
		for i := range queueMax + more {
			p.Send(email(fmt.Sprint("hush! ", i)))
			if i == queueMax/2 {
				synctest.Wait() // those that wait for another try count too
			}
		}
		synctest.Wait()
		if n := strings.Count(log.String(), "too many messages wait"); n != more {
			t.Errorf("%d were refused, want %d", n, more)
		}
		up.Store(true)
		time.Sleep(time.Hour)
		p.Send(email("hush! There is room again"))
		synctest.Wait()
		stop()
		if n := strings.Count(log.String(), "\n"); n != more || len(s.tried) != 2*queueMax+1 || s.besides > workers {
			t.Errorf("%d lines, %d tries, %d at a time", n, len(s.tried), s.besides)
		}
	})
}

func TestOneKindDoesNotHoldUpTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &sender{try: func(ctx context.Context, _ int) error { <-ctx.Done(); return &Failure{Reason: "no answer"} }}
		fast := &sender{try: func(context.Context, int) error { return nil }}
		p, _, stop := posting(t, slow, fast)
		for i := range 20 {
			p.Send(email(fmt.Sprint("hush! ", i)))
		}
		p.Send(phone("hush!"))
		synctest.Wait()
		if len(fast.tried) != 1 || len(slow.tried) != workers {
			t.Errorf("%d texts, %d mails tried", len(fast.tried), len(slow.tried))
		}
		stop()
	})
}

func TestATryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var left time.Duration
		s := &sender{try: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			left = time.Since(begun)
			return &Failure{Reason: "no answer", Final: true}
		}}
		p, _, stop := posting(t, s, nil)
		p.Send(email("hush!"))
		time.Sleep(time.Hour)
		stop()
		if left != tryMax {
			t.Errorf("left after %v, want %v", left, tryMax)
		}
	})
}

func TestTheEndTriesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		s := &sender{try: func(context.Context, int) error {
			if up.Load() {
				return nil
			}
			return &Failure{Reason: "down"}
		}}
		p, log, stop := posting(t, s, nil)
		for i := range 10 {
			p.Send(email(fmt.Sprint("hush! ", i)))
		}
		synctest.Wait()
		up.Store(true)
		begun := time.Now()
		stop()
		if len(s.tried) != 20 || log.String() != "" || time.Since(begun) != 0 {
			t.Errorf("%d tries in %v, %s", len(s.tried), time.Since(begun), log)
		}
		p.Send(email("hush!"))
		if len(s.tried) != 20 || !strings.Contains(log.String(), "the server is stopping") {
			t.Errorf("%d tries, %s", len(s.tried), log)
		}
		if p.Run(t.Context()) == nil {
			t.Error("it runs again")
		}
	})
}

func TestTheEndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sender{try: func(ctx context.Context, _ int) error { <-ctx.Done(); return &Failure{Reason: "no answer"} }}
		p, log, stop := posting(t, s, nil)
		for i := range 50 {
			p.Send(email(fmt.Sprint("hush! ", i)))
		}
		synctest.Wait()
		begun := time.Now()
		stop()
		if time.Since(begun) != drainMax || len(s.tried) != 50 || strings.Count(log.String(), "message lost") != 50 {
			t.Errorf("%v, %d tries, %s", time.Since(begun), len(s.tried), log)
		}
	})
}

func TestManySendWhileItEnds(t *testing.T) {
	s := &sender{try: func(context.Context, int) error { return nil }}
	p, log, stop := posting(t, s, s)
	var sending sync.WaitGroup
	for i := range 8 {
		sending.Go(func() {
			for j := range 50 {
				p.Send(email(fmt.Sprint("hush! ", i, " ", j)))
			}
		})
	}
	stop()
	sending.Wait()
	if n := strings.Count(log.String(), "message lost") + len(s.tried); n != 400 {
		t.Errorf("%d are accounted for, want 400", n)
	}
}
