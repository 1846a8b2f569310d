package storetest

import (
	"fmt"
	"testing"
	"time"

	"purse"
	"purse/ledger"
	"purse/wallet"

	"pgregory.net/rapid"
)

// modelTime bounds how long chance may try; what it has found by then counts.
const modelTime = 3 * time.Second

func testModel(t *testing.T, open Open) {
	s := start(t, open)
	began, failed := time.Now(), false
	t.Run("RandomUseEndsAsTheModelSays", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			if !failed && time.Since(began) > modelTime {
				return
			}
			failed = true // until it has passed, so that a failure is made small without a limit
			testAgainstModel(t, r, s)
			failed = false
		})
	})
	s.balanced(t)
}

// model is the network in a few lines of plain Go.
type model struct {
	wallets [4]modelWallet
	holds   []modelHold
}

type modelWallet struct {
	posted, held int64
	frozen       bool
}

type modelHold struct {
	from, to int
	minor    int64
	open     bool
	id       ledger.TransferID
}

func (m *model) spendable(who int) int64 { return m.wallets[who].posted - m.wallets[who].held }

func (m *model) pay(from, to int, minor int64) purse.Code {
	switch {
	case from == to:
		return purse.CodeSelf
	case m.wallets[from].frozen:
		return purse.CodeFrozen
	case minor > purse.DefaultLimits.PaymentMinor:
		return purse.CodeLimit
	case minor > m.spendable(from):
		return purse.CodeFunds
	}
	m.wallets[from].posted -= minor
	m.wallets[to].posted += minor
	return ""
}

func (m *model) hold(from, to int, minor int64) purse.Code {
	switch {
	case from == to:
		return purse.CodeSelf
	case minor > m.spendable(from):
		return purse.CodeFunds
	}
	m.wallets[from].held += minor
	return ""
}

func (m *model) capture(h *modelHold, minor int64) purse.Code {
	switch {
	case !h.open:
		return purse.CodeInvalid
	case minor > h.minor:
		return purse.CodeAmount
	}
	h.open = false
	m.wallets[h.from].held -= h.minor
	m.wallets[h.from].posted -= minor
	m.wallets[h.to].posted += minor
	return ""
}

func (m *model) release(h *modelHold) purse.Code {
	if !h.open {
		return purse.CodeInvalid
	}
	h.open = false
	m.wallets[h.from].held -= h.minor
	return ""
}

// testAgainstModel plays one random sequence on the network and on the model.
func testAgainstModel(t *testing.T, r *rapid.T, s *server) {
	var m model
	p := s.crowd(t, len(m.wallets), 0)
	who, minor := rapid.IntRange(0, len(p)-1), rapid.Int64Range(1, 60)
	agree := func(what string, err error, want purse.Code) {
		if err == nil && want != "" || err != nil && purse.CodeOf(err) != want {
			r.Fatalf("%s: the network says %v, the model %q", what, err, want)
		}
	}
	for range rapid.IntRange(1, 25).Draw(r, "steps") {
		a, b, x := who.Draw(r, "one"), who.Draw(r, "other"), minor.Draw(r, "minor")
		switch step := rapid.SampledFrom([]string{"issue", "pay", "hold", "capture", "release", "freeze"}).Draw(r, "step"); step {
		case "issue":
			_, err := s.wallet.Issue(t.Context(), purse.MainBook, "test", wallet.EntryRequest{
				Wallet: p[a].User, Minor: x, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
			})
			m.wallets[a].posted += x
			agree(step, err, "")
		case "pay":
			_, err := s.pay(t.Context(), p[a], p[b], x, "")
			agree(step, err, m.pay(a, b, x))
		case "hold":
			h := modelHold{from: a, to: b, minor: x, open: true}
			err := s.Execute(t.Context(), holder{
				purse.WalletOf(p[a].User), purse.WalletOf(p[b].User), ledger.Cause{Kind: ledger.CausePayment, ID: int64(p[a].User)},
			}.hold(x, &h.id))
			want := m.hold(a, b, x)
			if agree(step, err, want); want == "" {
				m.holds = append(m.holds, h)
			}
		case "capture", "release":
			if len(m.holds) == 0 {
				continue
			}
			h := &m.holds[rapid.IntRange(0, len(m.holds)-1).Draw(r, "hold")]
			if step == "capture" {
				agree(step, s.Execute(t.Context(), capture(h.id, x)), m.capture(h, x))
			} else {
				agree(step, s.Execute(t.Context(), release(h.id)), m.release(h))
			}
		case "freeze":
			m.wallets[a].frozen = x%2 == 0
			agree(step, s.wallet.Freeze(t.Context(), purse.MainBook, "test", p[a].User, m.wallets[a].frozen, ""), "")
		}
	}
	for i, w := range m.wallets {
		got := s.account(t, purse.WalletOf(p[i].User))
		if got.Balance() != w.posted || got.DebitsHeld != w.held || got.Frozen != w.frozen {
			r.Fatalf("person %d has %s, the model %+v", i, fmt.Sprintf("%+v", got.Account), w)
		}
	}
}
