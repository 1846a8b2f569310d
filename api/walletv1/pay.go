package walletv1

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"purse"
	"purse/api"
	"purse/money"
	"purse/wallet"
)

// pay answers POST /v1/payments: a payment, or a charge if the amount is
// negative. The scope make_payments is needed; access_balance adds the balance.
func (d *Door) pay(w http.ResponseWriter, r *http.Request) error {
	p, token, err := d.read(r)
	if err != nil {
		return err
	}
	actor, err := d.Identity.Recognize(r.Context(), token)
	if err != nil {
		return err
	}
	use, req, err := d.payRequest(p)
	if err != nil {
		return err
	}
	// Some apps send an identifier of their own making as "uuid" (wire.md A.4).
	if req.Once, err = api.Once(r, p, p.Get("uuid"), actor.Principal(), view(actor)); err != nil {
		return err
	}
	answer, err := use(r.Context(), actor, req)
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, answer)
}

// view is what an actor sees of an answer: with the balance or without.
func view(a purse.Actor) string {
	if a.Scopes.Has(purse.AccessBalance) {
		return string(purse.AccessBalance)
	}
	return ""
}

// payRequest reads what is asked for, and which use case does it.
func (d *Door) payRequest(p api.Params) (use maker, req wallet.PayRequest, err error) {
	req = wallet.PayRequest{Note: p.Get("note"), Encode: d.encodeCreated}
	if err := purse.CheckNote(req.Note); err != nil {
		return nil, req, err
	}
	minor, err := d.amount(p.Get("amount"))
	if err != nil {
		return nil, req, err
	}
	use, req.Minor = d.Wallet.Pay, minor
	if minor < 0 {
		use, req.Minor = d.Wallet.Charge, -minor
	}
	if req.Audience, err = purse.ParseAudience(p.Get("audience")); err != nil {
		return nil, req, err
	}
	req.To, err = target(p)
	return use, req, err
}

// maker is a use case that makes a payment.
type maker func(context.Context, purse.Actor, wallet.PayRequest) (purse.Answer, error)

// target reads whom a payment is made to. Callers send all three parameters and
// leave those blank that they do not mean; of several that are not blank the
// first of user_id, phone and email counts (wire.md A.4).
func target(p api.Params) (t wallet.Target, err error) {
	if text := p.Get("user_id"); text != "" {
		id, ok := parseID(text)
		if !ok {
			return t, purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
		}
		return wallet.Target{User: purse.UserID(id)}, nil
	}
	if text := p.Get("phone"); text != "" {
		t.Address, err = purse.ParsePhone(text)
		return t, err
	}
	if text := p.Get("email"); text != "" {
		t.Address, err = purse.ParseEmail(text)
		return t, err
	}
	return t, purse.Refuse(purse.CodeMissing, "Pass the user_id, phone or email to pay or charge.")
}

// parseID reads an identifier: digits without a sign or leading zeros.
func parseID(s string) (int64, bool) {
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == s
}

// amount reads an amount in minor units, negative for a charge.
func (d *Door) amount(text string) (int64, error) {
	if text == "" {
		return 0, purse.Refuse(purse.CodeMissing, "Pass the amount to pay or, as a negative one, to charge.")
	}
	a, err := money.Parse(text, d.Currency)
	switch {
	case errors.Is(err, money.ErrScale):
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : The amount has more decimals than %s.", d.Currency)
	case errors.Is(err, money.ErrRange), err == nil && a.Minor == math.MinInt64:
		return 0, purse.Refuse(purse.CodeLimit, "The amount is over the limit for one payment.")
	case err != nil:
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : Please pass a valid amount.")
	case a.Minor == 0:
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : Please pass an amount that is not zero.")
	}
	return a.Minor, nil
}

// encodeCreated is the answer to a new payment. It runs inside the command.
func (d *Door) encodeCreated(r wallet.Receipt) purse.Answer {
	return purse.Answer{Status: http.StatusOK, Body: string(d.appendCreated(make([]byte, 0, answerBytes), r))}
}
