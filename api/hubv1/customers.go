package hubv1

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"purse"
	"purse/api"
	"purse/hub"
)

// customerRoutes is the paths about a merchant's customers (wire.md B.8).
func (d *Door) customerRoutes() map[string]map[string]api.Handler {
	get, post, put, remove := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return map[string]map[string]api.Handler{
		"/customers":      {post: d.private(d.createCustomer), get: d.private(d.findCustomer)},
		"/customers/{id}": {get: d.private(d.getCustomer), put: d.private(d.changeCustomer), remove: d.private(d.deleteCustomer)},

		"/customers/{id}/addresses": {post: d.private(d.addAddress), get: d.private(d.listAddresses)},
		"/customers/{id}/addresses/{part}": {
			get: d.private(d.getAddress), put: d.private(d.changeAddress), remove: d.private(d.deleteAddress),
		},
		"/customers/{id}/paymenthandles":        {post: d.private(d.saveHandle), get: d.private(d.listSaved)},
		"/customers/{id}/paymenthandles/{part}": {get: d.private(d.getSaved), remove: d.private(d.deleteSaved)},

		"/customers/{id}/singleusecustomertokens": {post: d.private(d.makeToken)},
		"/singleusecustomertokens/{id}":           {get: d.private(d.getToken)},
	}
}

var (
	customerFields = []string{
		"merchantCustomerId", "locale", "firstName", "middleName", "lastName", "gender", "dateOfBirth", "email", "phone",
		"cellPhone", "nationality", "ip", "accountId",
	}
	newCustomerFields = append(slices.Clone(customerFields), "paymentHandleTokenFrom")
	locales           = []string{"en_US", "fr_CA", "en_CA", "en_GB"}
	genders           = []string{"M", "F"}
)

// createCustomer answers POST /customers.
func (d *Door) createCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	f, once, err := d.read(r, s, newCustomerFields...)
	if err != nil {
		return err
	}
	details, err := f.customer()
	if err != nil {
		return err
	}
	req := hub.CustomerRequest{
		Ref: f.required("merchantCustomerId", 1<<16, purse.CheckReference), Details: details,
		From: f.text("paymentHandleTokenFrom", textMax), Once: once, Encode: d.encodeCustomer(http.StatusCreated),
	}
	if err := f.err(); err != nil {
		return err
	}
	answer, err := d.Hub.CreateCustomer(r.Context(), s, req)
	return written(w, answer, err)
}

// written sends what a use case has answered.
func written(w http.ResponseWriter, a purse.Answer, err error) error {
	if err != nil {
		return err
	}
	return api.WriteAnswer(w, a)
}

// customer reads what a merchant writes down about a customer.
//
// Refused with CodeField.
func (f form) customer() (hub.CustomerDetails, error) {
	birth := f.child("dateOfBirth")
	if err := birth.knows("day", "month", "year"); err != nil {
		return hub.CustomerDetails{}, err
	}
	c := hub.CustomerDetails{
		Locale: f.choice("locale", locales[0], locales...), FirstName: f.text("firstName", textMax),
		MiddleName: f.text("middleName", textMax), LastName: f.text("lastName", textMax),
		Gender: f.choice("gender", "", genders...), Email: f.text("email", textMax), Phone: f.text("phone", textMax),
		CellPhone: f.text("cellPhone", textMax), Nationality: f.text("nationality", textMax), IP: f.address("ip"),
		AccountID: f.text("accountId", textMax),
	}
	if birth.object != nil {
		c.Birth = birth.day()
	}
	return c, nil
}

// customerID reads the customer in the path.
//
// Refused with CodeNotFound.
func customerID(r *http.Request) (purse.CustomerID, error) {
	id, err := number(r, "id")
	return purse.CustomerID(id), err
}

// number reads a UUID in the path.
//
// Refused with CodeNotFound.
func number(r *http.Request, name string) (int64, error) {
	id, ok := parseID(r.PathValue(name))
	if !ok {
		return 0, purse.Refuse(purse.CodeNotFound, notFound)
	}
	return id, nil
}

// customerPart reads the customer in the path, and what of theirs is meant.
//
// Refused with CodeNotFound.
func customerPart(r *http.Request) (purse.CustomerID, int64, error) {
	id, err := customerID(r)
	if err != nil {
		return 0, 0, err
	}
	part, err := number(r, "part")
	return id, part, err
}

// deletion reads what makes a deletion repeatable. It has no body.
//
// Refused with a fieldsError.
func deletion(r *http.Request, s purse.Seller) (purse.Once, error) {
	once, err := api.OnceBody(r, nil, s.Principal(), "")
	if err != nil {
		return once, wrong(api.OnceHeader, messageOf(err))
	}
	return once, nil
}

// findCustomer answers GET /customers?merchantCustomerId=…: the customer itself.
func (d *Door) findCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &purse.Error{Code: purse.CodeField, Message: "The query could not be read.", Err: err}
	}
	ref := values.Get("merchantCustomerId")
	if err := purse.CheckReference(ref); err != nil {
		return wrong("merchantCustomerId", messageOf(err))
	}
	found, err := d.Hub.CustomerReferenced(r.Context(), s, ref)
	if err != nil {
		return err
	}
	return d.showCustomer(w, r, s, found)
}

// getCustomer answers GET /customers/{id}.
func (d *Door) getCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	found, err := d.Hub.Customer(r.Context(), s, id)
	if err != nil {
		return err
	}
	return d.showCustomer(w, r, s, found)
}

// expansions are what may be asked for with a customer.
var expansions = []string{"addresses", "paymenthandles"}

// showCustomer writes a customer, with what the query asks for besides.
func (d *Door) showCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller, c hub.CustomerReceipt) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &purse.Error{Code: purse.CodeField, Message: "The query could not be read.", Err: err}
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(values.Get("fields"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "" && !slices.Contains(expansions, name) {
			return wrong("fields", isNoWord+strings.Join(expansions, ", "))
		}
		wanted[name] = true
	}
	b := appendCustomer(make([]byte, 0, answerBytes), c)
	if wanted["addresses"] {
		b = append(appendAddresses(append(b, `,"addresses":[`...), c.Addresses), ']')
	}
	if wanted["paymenthandles"] {
		saved, err := d.Hub.SavedHandles(r.Context(), s, c.Customer.ID)
		if err != nil {
			return err
		}
		b = append(d.appendSaved(append(b, `,"paymentHandles":[`...), c.Customer.ID, saved...), ']')
	}
	return api.WriteJSON(w, http.StatusOK, string(append(b, '}')))
}

// changeCustomer answers PUT /customers/{id}.
func (d *Door) changeCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	f, once, err := d.read(r, s, customerFields...)
	if err != nil {
		return err
	}
	details, err := f.customer()
	if err != nil {
		return err
	}
	req := hub.CustomerRequest{ID: id, Details: details, Once: once, Encode: d.encodeCustomer(http.StatusOK)}
	if f.object.Get("merchantCustomerId") != nil {
		req.Ref = f.required("merchantCustomerId", 1<<16, purse.CheckReference)
	}
	if err := f.err(); err != nil {
		return err
	}
	answer, err := d.Hub.ChangeCustomer(r.Context(), s, req)
	return written(w, answer, err)
}

// deleteCustomer answers DELETE /customers/{id}.
func (d *Door) deleteCustomer(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	once, err := deletion(r, s)
	if err != nil {
		return err
	}
	answer, err := d.Hub.DeleteCustomer(r.Context(), s, hub.CustomerRequest{ID: id, Once: once, Encode: func(c hub.CustomerReceipt) purse.Answer {
		return gone(int64(c.Customer.ID))
	}})
	return written(w, answer, err)
}

// makeToken answers POST /customers/{id}/singleusecustomertokens. What it is to be
// used for is not looked at: it shows, and does nothing.
func (d *Door) makeToken(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	f, once, err := d.read(r, s, "merchantRefNum", "paymentType", "paymentTypes")
	if err != nil {
		return err
	}
	f.text("merchantRefNum", textMax)
	if err := f.err(); err != nil {
		return err
	}
	answer, err := d.Hub.MakeCustomerToken(r.Context(), s, hub.CustomerTokenRequest{
		Customer: id, Once: once, Encode: func(t hub.CustomerTokenReceipt) purse.Answer {
			return purse.Answer{Status: http.StatusCreated, Body: string(d.appendToken(make([]byte, 0, answerBytes), t))}
		},
	})
	return written(w, answer, err)
}

// getToken answers GET /singleusecustomertokens/{id}.
func (d *Door) getToken(w http.ResponseWriter, r *http.Request, s purse.Seller) error {
	customer, nth, ok := parseTokenID(r.PathValue("id"))
	if !ok {
		return purse.Refuse(purse.CodeNotFound, notFound)
	}
	t, err := d.Hub.CustomerToken(r.Context(), s, purse.CustomerID(customer), nth)
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, string(d.appendToken(make([]byte, 0, answerBytes), t)))
}
