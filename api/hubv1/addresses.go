package hubv1

import (
	"net/http"

	"purse"
	"purse/api"
	"purse/hub"
)

// addressFields are the fields of an address. id and status are there for clients
// that send back what they have got, and are not read.
var addressFields = []string{
	"nickName", "street", "street2", "city", "state", "zip", "country", "recipientName", "phone", "defaultShippingAddressIndicator",
	"id", "status",
}

// addressOf reads an address, which the path may name.
func (d *Door) addressOf(r *http.Request, s purse.Seller, status int) (req hub.AddressRequest, err error) {
	f, once, err := d.read(r, s, addressFields...)
	if err != nil {
		return req, err
	}
	req = hub.AddressRequest{
		Address: hub.Address{
			NickName: f.text("nickName", textMax), Street: f.text("street", textMax), Street2: f.text("street2", textMax),
			City: f.text("city", textMax), State: f.text("state", textMax), Zip: f.text("zip", textMax), Country: f.country("country"),
			Recipient: f.text("recipientName", textMax), Phone: f.text("phone", textMax),
			Default: f.flag("defaultShippingAddressIndicator", false),
		},
		Once: once,
		Encode: func(a hub.Address) purse.Answer {
			return purse.Answer{Status: status, Body: string(appendAddresses(make([]byte, 0, answerBytes), []hub.Address{a}))}
		},
	}
	return req, f.err()
}

// addAddress answers POST /customers/{id}/addresses.
func (d *Door) addAddress(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	req, err := d.addressOf(r, s, http.StatusCreated)
	if err != nil {
		return err
	}
	req.Customer = id
	answer, err := d.Hub.AddAddress(r.Context(), s, req)
	return written(w, answer, err)
}

// listAddresses answers GET /customers/{id}/addresses.
func (d *Door) listAddresses(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	c, err := d.Hub.Customer(r.Context(), s, id)
	if err != nil {
		return err
	}
	b := appendMeta(make([]byte, 0, answerBytes), purse.HubQuery{Limit: pageMax}, len(c.Addresses), "addresses")
	return api.WriteJSON(w, http.StatusOK, string(append(appendAddresses(b, c.Addresses), `]}`...)))
}

// getAddress answers GET /customers/{id}/addresses/{part}.
func (d *Door) getAddress(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, part, err := customerPart(r)
	if err != nil {
		return err
	}
	a, err := d.Hub.Address(r.Context(), s, id, part)
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(appendAddresses(nil, []hub.Address{a})))
}

// changeAddress answers PUT /customers/{id}/addresses/{part}.
func (d *Door) changeAddress(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, part, err := customerPart(r)
	if err != nil {
		return err
	}
	req, err := d.addressOf(r, s, http.StatusOK)
	if err != nil {
		return err
	}
	req.Customer, req.Address.ID = id, part
	answer, err := d.Hub.ChangeAddress(r.Context(), s, req)
	return written(w, answer, err)
}

// deleteAddress answers DELETE /customers/{id}/addresses/{part}.
func (d *Door) deleteAddress(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, part, err := customerPart(r)
	if err != nil {
		return err
	}
	once, err := deletion(r, s)
	if err != nil {
		return err
	}
	answer, err := d.Hub.DeleteAddress(r.Context(), s, hub.AddressRequest{
		Customer: id, Address: hub.Address{ID: part}, Once: once, Encode: func(a hub.Address) purse.Answer { return gone(a.ID) },
	})
	return written(w, answer, err)
}
