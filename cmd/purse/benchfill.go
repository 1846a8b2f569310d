package main

import (
	"context"
	"fmt"

	"purse"
	"purse/internal/load"
	"purse/store"
	"purse/wallet"

	"github.com/jackc/pgx/v5"
)

// filler puts payments into a book by the use cases that make them for
// everybody, without the door and the network in between.
type filler struct {
	wallet *wallet.Service
	people []purse.Actor // the first is the one person who has many payments
	of     int           // so many of total
	total  int
	own    chan struct{} // has room for what the one person may have under way
}

// ownAtOnce is less than may wait for one person at a time.
const ownAtOnce = 48

// fillWorkers is how many payments are put in at one time: as many as make large
// batches, in which a payment costs least.
const fillWorkers = 512

// fill puts total payments into a book, of which the first account is party to
// so many; see filler.one.
func fill(ctx context.Context, database string, accounts []load.Account, of, total int) error {
	n, err := openNetwork(ctx, database, store.Options{})
	if err != nil {
		return err
	}
	defer n.store.Close()
	f := &filler{wallet: n.wallet, of: of, total: total, own: make(chan struct{}, ownAtOnce)}
	for _, a := range accounts {
		actor, err := n.identity.Recognize(ctx, purse.Secret(a.Token))
		if err != nil {
			return err
		}
		f.people = append(f.people, actor)
	}
	return parallel(ctx, fillWorkers, total, func(i int) error { return f.one(ctx, i) })
}

// tidy does at once what PostgreSQL would do by and by to a book that has grown so
// fast, so that it does not do it while pages are measured.
func tidy(ctx context.Context, database string) error {
	if !store.IsPostgres(database) {
		return nil
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "vacuum (analyze)")
	return err
}

// one puts in a payment. Those of the one person are spread evenly among all, and
// are in equal parts pending charges, settled charges and payments, each made by
// the person as often as by another. All others are payments.
func (f *filler) one(ctx context.Context, i int) error {
	others := f.people[1:]
	one, other := f.people[0], others[i%len(others)]
	k := i * f.of / f.total // how many of the one person's there are before
	if k == (i+1)*f.of/f.total {
		step := 1 + i/len(others)%(len(others)-1)
		_, err := f.make(ctx, f.wallet.Pay, other, others[(i+step)%len(others)])
		return err
	}
	from, to := one, other
	if k%2 == 1 {
		from, to = to, from
	}
	if k/2%3 == 0 {
		_, err := f.make(ctx, f.wallet.Pay, from, to)
		return err
	}
	id, err := f.make(ctx, f.wallet.Charge, from, to)
	if err != nil || k/2%3 == 1 {
		return err
	}
	defer f.turn(to)()
	_, err = f.wallet.Approve(ctx, to, wallet.ChangeRequest{Payment: id, Encode: func(wallet.Receipt) purse.Answer { return purse.Answer{} }})
	return err
}

// make makes a payment or a charge, of the smallest amount there is.
func (f *filler) make(ctx context.Context, use func(context.Context, purse.Actor, wallet.PayRequest) (purse.Answer, error),
	from, to purse.Actor) (id purse.PaymentID, err error) {
	defer f.turn(from)()
	_, err = use(ctx, from, wallet.PayRequest{
		To: wallet.Target{User: to.User}, Minor: 1, Note: "bench", Audience: purse.Private,
		Encode: func(r wallet.Receipt) purse.Answer { id = r.Payment.ID; return purse.Answer{} },
	})
	if err != nil {
		return 0, fmt.Errorf("put a payment in: %w", err)
	}
	return id, nil
}

// turn waits until an actor may give one more command, and returns what ends it.
func (f *filler) turn(actor purse.Actor) (done func()) {
	if actor.User != f.people[0].User {
		return func() {}
	}
	f.own <- struct{}{}
	return func() { <-f.own }
}
