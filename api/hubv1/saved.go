package hubv1

import (
	"net/http"

	"purse"
	"purse/api"
	"purse/hub"
)

// saveHandle answers POST /customers/{id}/paymenthandles: it makes a handle that may
// be used many times.
func (d *Door) saveHandle(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	f, once, err := d.read(r, s, "merchantRefNum", "paymentHandleTokenFrom", "paymentType", "dupCheck", "customerIp", "accountId")
	if err != nil {
		return err
	}
	f.choice("paymentType", "", "VENMO")
	f.address("customerIp")
	f.text("accountId", textMax)
	req := hub.SaveRequest{
		Customer: id, From: f.required("paymentHandleTokenFrom", textMax, nil), Repeat: !f.flag("dupCheck", true), Once: once,
		Encode: func(h hub.HandleReceipt) purse.Answer {
			return purse.Answer{Status: http.StatusCreated, Body: string(d.appendSaved(make([]byte, 0, answerBytes), id, h))}
		},
	}
	if f.object.Get("merchantRefNum") != nil {
		req.Ref = f.reference()
	}
	if err := f.err(); err != nil {
		return err
	}
	answer, err := d.Hub.SaveHandle(r.Context(), s, req)
	return written(w, answer, err)
}

// listSaved answers GET /customers/{id}/paymenthandles.
func (d *Door) listSaved(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	saved, err := d.Hub.SavedHandles(r.Context(), s, id)
	if err != nil {
		return err
	}
	b := appendMeta(make([]byte, 0, answerBytes), purse.HubQuery{Limit: pageMax}, len(saved), "paymentHandles")
	return api.WriteJSON(w, http.StatusOK, string(append(d.appendSaved(b, id, saved...), `]}`...)))
}

// getSaved answers GET /customers/{id}/paymenthandles/{part}.
func (d *Door) getSaved(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, part, err := customerPart(r)
	if err != nil {
		return err
	}
	saved, err := d.Hub.SavedHandle(r.Context(), s, id, purse.HandleID(part))
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(d.appendSaved(nil, id, saved)))
}

// deleteSaved answers DELETE /customers/{id}/paymenthandles/{part}.
func (d *Door) deleteSaved(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, part, err := customerPart(r)
	if err != nil {
		return err
	}
	once, err := deletion(r, s)
	if err != nil {
		return err
	}
	answer, err := d.Hub.DeleteHandle(r.Context(), s, hub.SaveRequest{
		Customer: id, Handle: purse.HandleID(part), Once: once, Encode: func(h hub.HandleReceipt) purse.Answer { return gone(int64(h.Handle.ID)) },
	})
	return written(w, answer, err)
}
