package main

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"time"
)

// logLines gathers log lines and writes many at once: a request's line costs a
// busy server more to write than to make. What is not plain information goes out
// at once, everything else within logDelay. A crash can lose the lines of that
// time, never a payment.
type logLines struct {
	mu   sync.Mutex
	out  *bufio.Writer
	stop chan struct{}
	done sync.WaitGroup
}

const (
	logDelay = 100 * time.Millisecond
	logBytes = 64 << 10
)

// plainLine is in every line that may wait.
var plainLine = []byte(`"level":"INFO"`)

func newLogLines(w io.Writer) *logLines {
	l := &logLines{out: bufio.NewWriterSize(w, logBytes), stop: make(chan struct{})}
	l.done.Go(func() {
		tick := time.NewTicker(logDelay)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.flush()
			case <-l.stop:
				return
			}
		}
	})
	return l
}

// Write takes one whole line, as slog gives them.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.out.Write(line)
	if err == nil && !bytes.Contains(line, plainLine) {
		err = l.out.Flush()
	}
	return n, err
}

func (l *logLines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.out.Flush() // there is nowhere to say that the log cannot be written
}

// close writes what is left.
func (l *logLines) close() {
	close(l.stop)
	l.done.Wait()
	l.flush()
}
