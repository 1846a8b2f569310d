package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Views is a page, or some that are alike, looked at as an open loop: each viewer asks
// again at its time, whether or not the answers before have come. A server that
// stalls is asked all the same, and the wait counts from the moment at which the
// request was due.
type Views struct {
	URL      string           // the server's root, http://host:port, on this machine
	Viewers  []Viewer         // they start evenly spread over Every
	Every    time.Duration    // between two requests of a viewer
	Warmup   time.Duration    // before the measuring
	Duration time.Duration    // of the measuring
	Now      func() time.Time // the clock, with a monotonic reading; time.Now outside of tests
}

// Viewer is a browser that looks at one page.
type Viewer struct {
	Path   string // begins with a slash
	Cookie string // as the header has it; empty: none
}

// ViewTimes is how long it took from the moment at which a page was due until the
// first byte of it came.
type ViewTimes struct {
	Requests int `json:"requests"`
	PageTimes
}

func (v *Views) check() error {
	switch {
	case v.Now == nil:
		return errors.New("load: views need a clock")
	case len(v.Viewers) == 0 || len(v.Viewers) > connectionsMax:
		return fmt.Errorf("load: viewers must be 1 to %d", connectionsMax)
	case v.Every <= 0 || v.Duration <= 0 || v.Duration > durationMax || v.Warmup < 0 || v.Warmup > durationMax:
		return fmt.Errorf("load: the times must be positive and at most %s", durationMax)
	}
	return nil
}

// Look asks for the pages. Any answer but 200, and any that takes ten seconds, is an
// error and ends it.
func Look(ctx context.Context, v Views) (ViewTimes, error) {
	if err := v.check(); err != nil {
		return ViewTimes{}, err
	}
	if _, err := findTarget(ctx, v.URL); err != nil {
		return ViewTimes{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		mu   sync.Mutex
		seen histogram
		all  sync.WaitGroup
	)
	began := v.Now()
	for i, viewer := range v.Viewers {
		b := &browser{client: newBrowserClient(), root: v.URL, viewer: viewer, now: v.Now}
		defer b.client.CloseIdleConnections()
		all.Go(func() {
			var asked sync.WaitGroup
			defer asked.Wait()
			for due := began.Add(v.Every * time.Duration(i) / time.Duration(len(v.Viewers))); due.Before(began.Add(v.Warmup + v.Duration)); due = due.Add(v.Every) {
				select {
				case <-ctx.Done():
					return
				case <-time.After(due.Sub(v.Now())):
				}
				asked.Go(func() {
					took, err := b.look(ctx, due)
					if err != nil {
						stop(err)
						return
					}
					if due.Before(began.Add(v.Warmup)) {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					seen.add(took)
				})
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return ViewTimes{}, err
	}
	return ViewTimes{int(seen.total), PageTimes{float64(seen.quantile(0.50)) / 1000, float64(seen.quantile(0.99)) / 1000}}, nil
}

func newBrowserClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true}, // weighs what everybody gets
		Timeout:       drainWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// browser is a viewer with connections of its own.
type browser struct {
	client *http.Client
	root   string
	viewer Viewer
	now    func() time.Time
}

// look asks for the page, and says how long after due the first byte of it came.
func (b *browser) look(ctx context.Context, due time.Time) (took time.Duration, err error) {
	trace := &httptrace.ClientTrace{GotFirstResponseByte: func() { took = b.now().Sub(due) }}
	_, err = b.get(httptrace.WithClientTrace(ctx, trace), b.viewer.Path)
	return took, err
}

func (b *browser) get(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.root+path, nil)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if b.viewer.Cookie != "" {
		r.Header.Set("Cookie", b.viewer.Cookie)
	}
	w, err := b.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err == nil && w.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", w.StatusCode, body[:min(len(body), sampleBytesMax)])
	}
	if err != nil {
		return nil, fmt.Errorf("load: get a page: %w", err)
	}
	return body, nil
}

var (
	parts    = regexp.MustCompile(`<(?:link|script|img|iframe|source|video|audio|object|embed)\b[^>]*?\b(?:href|src|data)="([^"]+)"`)
	styleURL = regexp.MustCompile(`url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)`)
)

// Weigh is how many bytes a browser loads to show a page: of the page, and of all that
// it names. Whatever is loaded from elsewhere is an error.
func Weigh(ctx context.Context, root string, v Viewer) (bytes int, err error) {
	if _, err := findTarget(ctx, root); err != nil {
		return 0, err
	}
	b := &browser{client: newBrowserClient(), root: root, viewer: v}
	defer b.client.CloseIdleConnections()
	weighed, left := map[string]bool{}, []string{v.Path}
	for len(left) > 0 {
		path := left[0]
		if left = left[1:]; weighed[path] {
			continue
		}
		weighed[path] = true
		body, err := b.get(ctx, path)
		if err != nil {
			return 0, err
		}
		bytes += len(body)
		within := parts
		if strings.HasSuffix(path, ".css") {
			within = styleURL
		} else if path != v.Path {
			continue // a picture, or a script
		}
		for _, m := range within.FindAllStringSubmatch(string(body), -1) {
			part := m[len(m)-1]
			if part == "" {
				part = m[1]
			}
			u, err := url.Parse(part)
			switch {
			case err == nil && u.Scheme == "data":
			case err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(part, "/"):
				return 0, fmt.Errorf("load: the page loads %s", part)
			default:
				left = append(left, part)
			}
		}
	}
	return bytes, nil
}
