package main

import (
	"context"
	"log/slog"

	"purse"
)

// laterMax bounds what waits to be done after its answer has gone out.
const laterMax = 1000

// later is what nobody waits for, in its turn.
type later struct {
	log   *slog.Logger
	tasks chan func(context.Context) error
}

func newLater(log *slog.Logger) *later {
	return &later{log: log, tasks: make(chan func(context.Context) error, laterMax)}
}

// add queues a task.
//
// Refused with CodeBusy.
func (l *later) add(do func(context.Context) error) error {
	select {
	case l.tasks <- do:
		return nil
	default:
		return purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly.")
	}
}

// run does the tasks one after another, until ctx is done and none is left that
// was added before.
func (l *later) run(ctx context.Context) {
	for {
		select {
		case do := <-l.tasks:
			l.do(do)
		case <-ctx.Done():
			for len(l.tasks) > 0 {
				l.do(<-l.tasks)
			}
			return
		}
	}
}

// do carries out one task, in its own time.
func (l *later) do(task func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), drainMax)
	defer cancel()
	if err := task(ctx); err != nil {
		l.log.Error("later", "error", err)
	}
}
