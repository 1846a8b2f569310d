package hubv1

import (
	"net/http"
	"slices"

	"purse"
	"purse/api"
	"purse/hub"
)

// handleFields are the fields of a new handle. Browsers and phones send what they
// know of themselves, which is read by nobody here.
var handleFields = slices.Concat(extras, []string{
	"merchantRefNum", "transactionType", "paymentType", "amount", "currencyCode", "venmo", "returnLinks", "dupCheck",
	"browserDetails", "shippingDetails",
})

// makeHandle answers POST /paymenthandles and /singleusepaymenthandles.
func (d *Door) makeHandle(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	f, once, err := d.read(r, s, handleFields...)
	if err != nil {
		return err
	}
	req, err := d.handleRequest(r, f)
	if err != nil {
		return err
	}
	req.Once = once
	answer, err := d.Hub.CreateHandle(r.Context(), s, req)
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, answer)
}

func (d *Door) handleRequest(r *http.Request, f form) (req hub.HandleRequest, err error) {
	if req.Simulator, err = d.simulator(r); err != nil {
		return req, err
	}
	req.Ref = f.reference()
	req.Type = purse.HandleType(f.word("transactionType",
		string(purse.HandleForPayment), string(purse.HandleForCredit), string(purse.HandleForVerification)))
	f.word("paymentType", "VENMO")
	moves := req.Type != purse.HandleForVerification
	if moves {
		req.Minor = f.amount("amount", true)
	} else if n, ok := f.object.Get("amount").(interface{ String() string }); ok && n.String() != "0" {
		f.wrong("amount", "must be absent or 0: a verification moves no money")
	}
	venmo := f.child("venmo")
	if err := venmo.knows("consumerId", "merchantAccountId", "profileId"); err != nil {
		return req, err
	}
	req.Consumer = venmo.required("consumerId", 1<<16, purse.CheckConsumer)
	req.Details = f.details(r)
	req.Details.MerchantAccountID, req.Details.ProfileID = venmo.text("merchantAccountId", textMax), venmo.text("profileId", textMax)
	req.Details.ReturnLinks = f.returnLinks()
	req.Repeat = !f.flag("dupCheck", true)
	req.Encode = d.encodeHandle
	if err := d.currency(f, moves); err != nil {
		return req, err
	}
	return req, f.err()
}

// getHandle answers GET /paymenthandles/{id}.
func (d *Door) getHandle(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return purse.Refuse(purse.CodeNotFound, notFound)
	}
	receipt, err := d.Hub.Handle(r.Context(), s, purse.HandleID(id))
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(d.showHandle(make([]byte, 0, answerBytes), receipt)))
}

// listHandles answers GET /paymenthandles.
func (d *Door) listHandles(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	q, err := d.query(r, s)
	if err != nil {
		return err
	}
	page, all, err := d.Hub.Handles(r.Context(), s, q)
	if err != nil {
		return err
	}
	b := appendMeta(make([]byte, 0, answerBytes*(len(page)+1)), q, all, "paymentHandles")
	for i, one := range page {
		b = d.showHandle(comma(b, i), one)
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, `]}`...)))
}

// searchHandle answers POST /singleusepaymenthandles/search, which is how browsers
// and phones look whether a handle can be used: whoever knows its token may.
func (d *Door) searchHandle(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	o, _, err := readObject(r)
	if err != nil {
		return err
	}
	f := newForm(o)
	if err := f.knows("paymentHandleToken"); err != nil {
		return err
	}
	token := f.required("paymentHandleToken", textMax, nil)
	if err := f.err(); err != nil {
		return err
	}
	receipt, err := d.Hub.HandleNamed(r.Context(), s, token)
	if err != nil {
		return err
	}
	b := purse.AppendQuoted(append(make([]byte, 0, answerBytes), `{"status":`...), string(receipt.Handle.Status))
	b = purse.AppendQuoted(append(b, `,"paymentHandleToken":`...), receipt.Handle.Token)
	return api.WriteJSON(w, http.StatusOK, string(append(b, '}')))
}
