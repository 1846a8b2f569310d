// Package api is what the doors share: the parameters of a request from
// wherever they came, its credential, its idempotency key, its rate limit,
// its log line, and the writing of answers.
//
// A door (api/walletv1, …) owns its JSON and its table of errors; a handler
// decodes, calls a use case, encodes, and returns its error. Nothing here knows
// what a payment is.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"purse"
)

// The bounds of a request.
const (
	BodyBytesMax   = 64 << 10
	HeaderBytesMax = 32 << 10
	requestTimeout = 10 * time.Second
)

// CorrelationHeader is the header by which some doors name an answer, for its
// receiver to ask about it; it is in the log line too.
const CorrelationHeader = "X-Internal-Correlation-Id"

// Handler answers a request or returns why not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler of h: it bounds the request, lets fail write the
// error in the door's own format, and logs one line.
//
// The context that h sees ends with the request's time, but not when the caller
// hangs up: a payment that is on its way is carried out, and its answer kept
// for whoever asks again with the same key.
func Handle(log *slog.Logger, h Handler, fail func(http.ResponseWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
		defer cancel()
		handle(log, start, w, r.WithContext(ctx), h, fail)
	})
}

// Stream is Handle for an answer that goes on for up to life, whatever the server's
// own timeouts are. The context that h sees ends with that time, and when the caller
// hangs up. The one line is logged at the end.
func Stream(log *slog.Logger, life time.Duration, h Handler, fail func(http.ResponseWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), life)
		defer cancel()
		// Whoever does not read what is sent is hung up on. The server sees that a caller
		// has gone by reading, which must not be over before.
		last, conn := start.Add(life+requestTimeout), http.NewResponseController(w)
		if err := errors.Join(conn.SetWriteDeadline(last), conn.SetReadDeadline(last)); err != nil {
			h = func(http.ResponseWriter, *http.Request) error { return fmt.Errorf("keep the connection: %w", err) }
		}
		handle(log, start, w, r.WithContext(ctx), h, fail)
	})
}

// handle is what Handle and Stream have in common.
func handle(log *slog.Logger, start time.Time, w http.ResponseWriter, r *http.Request, h Handler, fail func(http.ResponseWriter, error)) {
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, BodyBytesMax)
	}
	seen := &statusWriter{ResponseWriter: w}
	seen.Header().Set("Cache-Control", "no-store")
	seen.Header().Set("X-Content-Type-Options", "nosniff")
	seen.Header().Set("Referrer-Policy", "no-referrer")
	err := safely(h, seen, r)
	if err != nil && seen.status == 0 {
		switch purse.CodeOf(err) {
		case purse.CodeBusy, purse.CodeUnknown, purse.CodeClockJumped, purse.CodeRate:
			seen.Header().Set("Retry-After", "1")
		case purse.CodeStrangers:
			seen.Header().Set("Retry-After", "600")
		}
		fail(seen, err)
	}
	logRequest(log, r, seen, time.Since(start), err)
}

// safely turns a panic of a handler into its error.
func safely(h Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(w, r)
}

// logRequest writes a request's one line: no query, no body, no credential.
func logRequest(log *slog.Logger, r *http.Request, w *statusWriter, took time.Duration, err error) {
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("method", r.Method), slog.String("path", shownPath(r)), slog.Int("status", w.status),
		slog.Int64("us", took.Microseconds()), slog.String("remote", Remote(r)))
	if id := w.Header().Get(CorrelationHeader); id != "" {
		attrs = append(attrs, slog.String("correlation", id))
	}
	level := slog.LevelInfo
	if err != nil {
		code := purse.CodeOf(err)
		attrs = append(attrs, slog.String("code", string(code)))
		if code == purse.CodeInternal || code == purse.CodeUnknown {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}

// secretLeast is how many characters every secret has at least that may stand in a path:
// more than an identifier or the name of a file of ours.
const secretLeast = 40

// shownPath is the path of r, or its pattern where the path has the secret of a link
// in it. A path that leads nowhere has none, and may be a link with something behind
// it: what is as long as a secret is not shown.
func shownPath(r *http.Request) string {
	if strings.Contains(r.Pattern, "{link}") {
		return r.Pattern
	}
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if len(part) >= secretLeast {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteJSON sends a body that is JSON already.
func WriteJSON(w http.ResponseWriter, status int, body string) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write([]byte(body))
	return err
}

// WriteAnswer sends what a use case has answered; a repetition says that it is one.
func WriteAnswer(w http.ResponseWriter, a purse.Answer) error {
	for line := range strings.Lines(a.Header) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			w.Header().Set(name, value)
		}
	}
	if a.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	return WriteJSON(w, a.Status, a.Body)
}

// TooLarge tells an over-long body from a broken one.
func TooLarge(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &purse.Error{Code: purse.CodeTooLarge, Message: "The request is larger than 64 KiB.", Err: err}
	}
	return &purse.Error{Code: purse.CodeInvalid, Message: "The request could not be read.", Err: err}
}
