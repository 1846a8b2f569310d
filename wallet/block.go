package wallet

import (
	"context"

	"purse"
)

// Block makes the actor and somebody nothing to each other, and unable to see, ask,
// pay or charge each other until the actor unblocks them.
//
// Refused as a change of a tie is (see tie), and with CodeTarget for somebody who
// has left.
func (s *Service) Block(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	return s.partly(ctx, actor, other, func(p *pair) error {
		if p.Mine.Blocked {
			return nil
		}
		if err := p.open(); err != nil {
			return err
		}
		p.part()
		p.Mine.Blocked, p.Mine.Since = true, p.f.Now
		p.keep(p.Mine)
		// From now on payments of either look at ties.
		p.me.Wary, p.they.Wary = true, true
		p.f.Put(p.me)
		p.f.Put(p.they)
		return nil
	})
}

// Unblock takes a block of the actor's back. The two are nothing to each other then.
//
// Refused as a change of a tie is (see tie).
func (s *Service) Unblock(ctx context.Context, actor purse.Actor, other purse.UserID) error {
	return s.tie(ctx, actor, other, func(p *pair) error {
		if p.Mine.Blocked {
			p.Mine.Blocked = false
			p.keep(p.Mine)
		}
		return nil
	})
}
