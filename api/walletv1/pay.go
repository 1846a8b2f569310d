package walletv1

import (
	"errors"
	"net/http"
	"strconv"

	"purse"
	"purse/api"
	"purse/money"
	"purse/wallet"
)

// pay answers POST /v1/payments. The scope make_payments is needed;
// access_balance adds the balance.
func (d *Door) pay(w http.ResponseWriter, r *http.Request) error {
	p, token, err := api.ReadRequest(r)
	if err != nil {
		return err
	}
	actor, err := d.Identity.Recognize(r.Context(), token)
	if err != nil {
		return err
	}
	req, err := d.payRequest(p)
	if err != nil {
		return err
	}
	// Some apps send an identifier of their own making as "uuid" (wire.md A.4).
	if req.Once, err = api.Once(r, p, p.Get("uuid"), actor.Principal(), view(actor)); err != nil {
		return err
	}
	answer, err := d.Wallet.Pay(r.Context(), actor, req)
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

func (d *Door) payRequest(p api.Params) (wallet.PayRequest, error) {
	req := wallet.PayRequest{Note: p.Get("note"), Medium: purse.MediumAPI, Encode: d.encodeCreated}
	if err := purse.CheckNote(req.Note); err != nil {
		return req, err
	}
	var err error
	if req.Minor, err = d.amount(p.Get("amount")); err != nil {
		return req, err
	}
	if req.Audience, err = purse.ParseAudience(p.Get("audience")); err != nil {
		return req, err
	}
	req.To, err = payee(p)
	return req, err
}

// payee reads who is to be paid.
func payee(p api.Params) (purse.UserID, error) {
	text := p.Get("user_id")
	if text == "" {
		if p.Get("phone") != "" || p.Get("email") != "" {
			return 0, purse.Refuse(purse.CodeTarget, "This network pays by user_id; phone and email are not offered yet.")
		}
		return 0, purse.Refuse(purse.CodeMissing, "Pass the user_id to pay.")
	}
	id, ok := parseID(text)
	if !ok {
		return 0, purse.Refuse(purse.CodeTarget, "There is nobody with this user id.")
	}
	return purse.UserID(id), nil
}

// parseID reads an identifier: decimal digits without leading zeros.
func parseID(s string) (int64, bool) {
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == s
}

func (d *Door) amount(text string) (int64, error) {
	if text == "" {
		return 0, purse.Refuse(purse.CodeMissing, "Pass the amount to pay.")
	}
	a, err := money.Parse(text, d.Currency)
	switch {
	case errors.Is(err, money.ErrScale):
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : The amount has more decimals than %s.", d.Currency)
	case errors.Is(err, money.ErrRange):
		return 0, purse.Refuse(purse.CodeLimit, "The amount is over the limit for one payment.")
	case err != nil:
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : Please pass a valid amount.")
	case a.Minor == 0:
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : Please pass an amount that is not zero.")
	case a.Minor < 0:
		return 0, purse.Refuse(purse.CodeAmount, "Invalid parameter : Charges (negative amounts) are not offered yet.")
	}
	return a.Minor, nil
}

// encodeCreated is the answer to a new payment. It runs inside the command.
func (d *Door) encodeCreated(r wallet.Receipt) purse.Answer {
	return purse.Answer{Status: http.StatusOK, Body: string(d.appendCreated(make([]byte, 0, answerBytes), r))}
}
