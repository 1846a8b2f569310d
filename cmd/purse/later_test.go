package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"purse"
)

func TestLaterIsDoneInItsTurnAndAtTheEnd(t *testing.T) {
	l := newLater(slog.New(slog.DiscardHandler))
	var done []int
	for i := range laterMax {
		if err := l.add(func(ctx context.Context) error {
			done = append(done, i)
			if _, ok := ctx.Deadline(); !ok {
				t.Error("a task may take for ever")
			}
			return errors.New("one that fails does not stop the others")
		}); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := l.add(nil); purse.CodeOf(err) != purse.CodeBusy {
		t.Errorf("one more: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.run(ctx) // what was added before the end is done
	if len(done) != laterMax || !slices.IsSorted(done) {
		t.Errorf("%d were done", len(done))
	}
}
