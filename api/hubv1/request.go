package hubv1

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"purse"
	"purse/api"
	"purse/hub"
)

// The bounds of texts in a request, in bytes. What a merchant calls its orders and
// consumers has bounds in the root package.
const (
	textMax = 255
	hrefMax = 2048
)

// simulatorHeader says who answers for consumers in a sandbox (wire.md B.11).
const simulatorHeader = "Simulator"

// simulator reads who answers in a sandbox; a live network does not look.
//
// Refused with a fieldsError.
func (d *Door) simulator(r *http.Request) (string, error) {
	if !d.Sandbox {
		return "", nil
	}
	switch s := cmp.Or(r.Header.Get(simulatorHeader), hub.External); s {
	case hub.External, hub.Internal:
		return s, nil
	default:
		return "", wrong(simulatorHeader, isNoWord+hub.External+", "+hub.Internal)
	}
}

// readObject is api.ReadObject that says of a text that cannot be stored which field
// it is in.
//
// Refused with CodeField, CodeTooLarge or a fieldsError.
func readObject(r *http.Request) (api.Object, []byte, error) {
	o, text, err := api.ReadObject(r)
	if e, ok := errors.AsType[*api.TextError](err); ok {
		err = wrong(e.Path, "must not contain control characters")
	}
	return o, text, err
}

// read reads the body of a request, and what makes the request repeatable.
//
// Refused as readObject, form.knows, and simulator.
func (d *Door) read(r *http.Request, s purse.Seller, names ...string) (f form, once purse.Once, err error) {
	o, text, err := readObject(r)
	if err != nil {
		return f, once, err
	}
	f = newForm(o)
	if err := f.knows(names...); err != nil {
		return f, once, err
	}
	simulator, err := d.simulator(r)
	if err != nil {
		return f, once, err
	}
	if once, err = api.OnceBody(r, text, s.Principal(), simulator); err != nil {
		return f, once, wrong(api.OnceHeader, messageOf(err))
	}
	return f, once, nil
}

// reference reads the merchant's own reference, byte for byte.
func (f form) reference() string { return f.required("merchantRefNum", 1<<16, purse.CheckReference) }

// currency reads the currency of an amount.
//
// Refused with CodeCurrency for another than the network's; a missing one is a
// fault of the form if it is needed.
func (d *Door) currency(f form, needed bool) error {
	text := f.text("currencyCode", textMax)
	switch {
	case text == "" && needed:
		f.need("currencyCode")
	case text != "" && text != string(d.Currency):
		return purse.Refuse(purse.CodeCurrency, "The currencyCode is not supported: this network has %s.", d.Currency)
	}
	return nil
}

// extras are the fields that are kept and given back as they came.
var extras = []string{"accountId", "customerIp", "description", "profile", "billingDetails", "merchantDescriptor"}

// details reads the extras.
func (f form) details(r *http.Request) hub.Details {
	d := hub.Details{
		AccountID: f.text("accountId", textMax), Description: f.text("description", textMax), Profile: f.raw("profile"),
		BillingDetails: f.raw("billingDetails"), MerchantDescriptor: f.raw("merchantDescriptor"),
	}
	d.CustomerIP = f.text("customerIp", textMax)
	if d.CustomerIP == "" {
		d.CustomerIP = api.Remote(r)
	} else if _, err := netip.ParseAddr(d.CustomerIP); err != nil {
		f.wrong("customerIp", "is not an IP address")
	}
	return d
}

// returnRels are the relations of return links; returnLinksMax is how many there
// may be of them.
var returnRels = []string{"default", "on_completed", "on_failed", "on_cancelled"}

// returnLinks reads where the consumer is sent back to. Whoever gives some gives a
// default.
func (f form) returnLinks() []hub.ReturnLink {
	const name = "returnLinks"
	var items api.List
	switch v := f.object.Get(name).(type) {
	case nil:
		return nil
	case api.List:
		items = v
	default:
		f.wrong(name, isNoList)
		return nil
	}
	var links []hub.ReturnLink
	var rels []string
	for _, item := range items {
		o, ok := item.(api.Object)
		if !ok || len(links) == len(returnRels) {
			f.wrong(name, isNoList+", at most one for each rel")
			return nil
		}
		one := form{o, f.path + name + ".", f.faults}
		link := hub.ReturnLink{Rel: one.word("rel", returnRels...), Method: one.text("method", textMax)}
		link.Href = one.required("href", hrefMax, checkHref)
		if link.Method != "" && !slices.Contains([]string{http.MethodGet, http.MethodPost}, strings.ToUpper(link.Method)) {
			one.wrong("method", isNoWord+"GET, POST")
		}
		if slices.Contains(rels, link.Rel) {
			one.wrong("rel", "is there twice")
		}
		links, rels = append(links, link), append(rels, link.Rel)
	}
	if !slices.Contains(rels, "default") {
		f.wrong(name, "must have one whose rel is default")
	}
	return links
}

// checkHref refuses what is no address to send a browser to.
func checkHref(href string) error {
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return purse.Refuse(purse.CodeInvalid, "must be an address that begins with https:// or http://")
	}
	return nil
}

// parent reads the operation in the path.
//
// Refused with CodeNotFound.
func parent(r *http.Request) (purse.OperationID, error) {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return 0, purse.Refuse(purse.CodeNotFound, notFound)
	}
	return purse.OperationID(id), nil
}
