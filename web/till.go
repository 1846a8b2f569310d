package web

import (
	"context"

	"purse"
	"purse/hub"
)

// till is what the pages ask of package hub.
type till interface {
	Question(ctx context.Context, link string) (hub.Question, error)
	Authorize(ctx context.Context, actor purse.Actor, link string, a hub.Agreement) (purse.Handle, error)
	RefuseHandle(ctx context.Context, link string) (purse.Handle, error)
	Simulate(ctx context.Context, link string, outcome purse.HandleStatus) (purse.Handle, error)
	Mandates(ctx context.Context, actor purse.Actor) ([]hub.Standing, error)
	RevokeMandate(ctx context.Context, actor purse.Actor, k purse.MandateKey) error
	LimitMandate(ctx context.Context, actor purse.Actor, k purse.MandateKey, a hub.Agreement) error
}
