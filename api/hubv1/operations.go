package hubv1

import (
	"context"
	"net/http"
	"slices"

	"purse"
	"purse/api"
	"purse/hub"
)

// The fields of each operation.
var (
	partFields   = []string{"merchantRefNum", "amount", "currencyCode", "dupCheck", "description", "merchantDescriptor", "accountId"}
	verifyFields = slices.Concat(extras, []string{"merchantRefNum", "paymentHandleToken", "amount", "currencyCode", "dupCheck", "browserDetails"})
	saleFields   = append(slices.Clone(verifyFields), "settleWithAuth")
	creditFields = append(slices.Clone(verifyFields), "onHold")
)

// maker is a use case of package hub that makes an operation.
type maker func(context.Context, purse.Seller, hub.OperationRequest) (purse.Answer, error)

// sell answers POST /payments: it uses a handle.
func (d *Door) sell(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.use(w, r, s, d.Hub.Sell, true, saleFields)
}

// credit answers POST /standalonecredits. The field onHold is echoed and holds
// nothing back (wire.md B.7).
func (d *Door) credit(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.use(w, r, s, d.Hub.Credit, true, creditFields)
}

// verify answers POST /verifications.
func (d *Door) verify(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.use(w, r, s, d.Hub.Verify, false, verifyFields)
}

// use makes an operation that uses a handle; moves says that it is about money.
func (d *Door) use(w http.ResponseWriter, r *http.Request, s purse.Seller, do maker, moves bool, fields []string) error {
	f, once, err := d.read(r, s, fields...)
	if err != nil {
		return err
	}
	req := hub.OperationRequest{
		Ref: f.reference(), Token: f.required("paymentHandleToken", textMax, nil), Details: f.details(r),
		Auto: f.flag("settleWithAuth", true), Repeat: !f.flag("dupCheck", true), Once: once, Encode: d.encodeCreated,
	}
	if moves {
		req.Minor = f.amount("amount", true)
	}
	if f.object.Get("onHold") != nil {
		held := f.flag("onHold", false)
		req.Details.OnHold = &held
	}
	if err := d.currency(f, moves); err != nil {
		return err
	}
	return d.made(w, r, s, do, req, f)
}

// settle answers POST /payments/{id}/settlements.
func (d *Door) settle(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.part(w, r, s, d.Hub.Settle, true)
}

// void answers POST /payments/{id}/voidauths.
func (d *Door) void(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.part(w, r, s, d.Hub.Void, true)
}

// refund answers POST /settlements/{id}/refunds. Without an amount all that is left
// is refunded.
func (d *Door) refund(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	return d.part(w, r, s, d.Hub.Refund, false)
}

// part makes an operation about a part of another one, which the path names.
func (d *Door) part(w http.ResponseWriter, r *http.Request, s purse.Seller, do maker, needsAmount bool) error {
	id, err := parent(r)
	if err != nil {
		return err
	}
	f, once, err := d.read(r, s, partFields...)
	if err != nil {
		return err
	}
	req := hub.OperationRequest{
		Ref: f.reference(), Minor: f.amount("amount", needsAmount), Parent: id, Repeat: !f.flag("dupCheck", true),
		Details: hub.Details{
			AccountID: f.text("accountId", textMax), Description: f.text("description", textMax), MerchantDescriptor: f.raw("merchantDescriptor"),
		},
		Once: once, Encode: d.encodeCreated,
	}
	if err := d.currency(f, false); err != nil {
		return err
	}
	return d.made(w, r, s, do, req, f)
}

// made carries out a request that was read, unless a field was wrong.
func (d *Door) made(w http.ResponseWriter, r *http.Request, s purse.Seller, do maker, req hub.OperationRequest, f form) error {
	if err := f.err(); err != nil {
		return err
	}
	answer, err := do(r.Context(), s, req)
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, answer)
}

// cancelOf makes what answers PUT on an operation of a kind: {"status":"CANCELLED"}.
func (d *Door) cancelOf(kind purse.OperationKind) handler {
	return func(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
		id, err := parent(r)
		if err != nil {
			return err
		}
		f, once, err := d.read(r, s, "status")
		if err != nil {
			return err
		}
		f.word("status", string(purse.OperationCancelled))
		req := hub.OperationRequest{Parent: id, Once: once, Encode: d.encodeCancelled}
		cancel := func(ctx context.Context, s purse.Seller, req hub.OperationRequest) (purse.Answer, error) {
			return d.Hub.Cancel(ctx, s, kind, req)
		}
		return d.made(w, r, s, cancel, req, f)
	}
}

// getOf makes what answers GET on an operation of a kind.
func (d *Door) getOf(kind purse.OperationKind) handler {
	return func(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
		id, err := parent(r)
		if err != nil {
			return err
		}
		receipt, err := d.Hub.Operation(r.Context(), s, kind, id)
		if err != nil {
			return err
		}
		return api.WriteJSON(w, http.StatusOK, string(d.showOperation(make([]byte, 0, answerBytes), receipt)))
	}
}

// listKeys are the names of the lists.
var listKeys = map[purse.OperationKind]string{
	purse.Sale: "payments", purse.Settlement: "settlements", purse.Void: "voidAuths", purse.Refund: "refunds",
	purse.Credit: "standaloneCredits", purse.Verify: "verifications",
}

// listOf makes what answers GET on all operations of a kind.
func (d *Door) listOf(kind purse.OperationKind) handler {
	return func(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
		q, err := d.query(r, s)
		if err != nil {
			return err
		}
		page, all, err := d.Hub.Operations(r.Context(), s, kind, q)
		if err != nil {
			return err
		}
		b := appendMeta(make([]byte, 0, answerBytes*(len(page)+1)), q, all, listKeys[kind])
		for i, one := range page {
			b = d.showOperation(comma(b, i), one)
		}
		return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
	}
}
