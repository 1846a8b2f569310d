package walletv1

import (
	"context"
	"net/http"

	"purse"
	"purse/api"
	"purse/wallet"
)

// changes are what may be done to a payment that is pending, by the word that
// callers send. Apps of the later years say "pay" for "approve" and know
// "remind" (wire.md A.4).
func (d *Door) changes(action string) changer {
	switch action {
	case "approve", "pay":
		return d.Wallet.Approve
	case "deny":
		return d.Wallet.Deny
	case "cancel":
		return d.Wallet.Cancel
	case "remind":
		return d.Wallet.Remind
	}
	return nil
}

// changer is a use case that changes a payment.
type changer func(context.Context, purse.Actor, wallet.ChangeRequest) (purse.Answer, error)

// changeOf reads what is to be done: an action, or without one an audience, which
// the payment gets. Beside an action an audience is ignored.
func (d *Door) changeOf(p api.Params) (changer, error) {
	action, text := p.Get("action"), p.Get("audience")
	switch use := d.changes(action); {
	case use != nil:
		return use, nil
	case action != "":
		return nil, purse.Refuse(purse.CodeInvalid, "Invalid parameter : The action is approve, deny or cancel.")
	case text == "":
		return nil, purse.Refuse(purse.CodeMissing, "Pass the action: approve, deny or cancel.")
	}
	audience, err := purse.ParseAudience(text)
	return func(ctx context.Context, actor purse.Actor, req wallet.ChangeRequest) (purse.Answer, error) {
		return d.Wallet.Narrow(ctx, actor, req, audience)
	}, err
}

// change answers PUT /v1/payments/{id}. The scope make_payments is needed.
func (d *Door) change(w http.ResponseWriter, r *http.Request) error {
	p, token, err := d.read(r)
	if err != nil {
		return err
	}
	actor, err := d.Identity.Recognize(r.Context(), token)
	if err != nil {
		return err
	}
	use, err := d.changeOf(p)
	if err != nil {
		return err
	}
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return purse.Refuse(purse.CodeNotFound, resourceNotFound)
	}
	req := wallet.ChangeRequest{Payment: purse.PaymentID(id), Encode: d.encodeChanged}
	if req.Once, err = api.Once(r, p, "", actor.Principal(), ""); err != nil {
		return err
	}
	answer, err := use(r.Context(), actor, req)
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, answer)
}

// encodeChanged is the answer to a change. It runs inside the command.
func (d *Door) encodeChanged(r wallet.Receipt) purse.Answer {
	return purse.Answer{Status: http.StatusOK, Body: string(d.appendChanged(make([]byte, 0, answerBytes), r))}
}
