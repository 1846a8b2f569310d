// Package orderv1 is the order API: /payment/… and /payments, for merchants' servers,
// with the key of a merchant as a Bearer token. It speaks the format that seeds/000
// uses and wire.md C and D.3 describe: one call, one link, the customer pays.
//
// A request's body is one JSON object, whatever its content type says. A null counts as
// absent, a member that is not known is ignored, and one that is there twice is refused:
// nobody can say which of the two was meant. Amounts are JSON numbers and are read from
// their text, never through a float.
//
// A handler decodes, calls a use case and encodes; the package's error table is in
// errors.go, its JSON in encode.go. openapi.yaml describes all of it, and the tests
// hold every request and answer against it.
package orderv1

import (
	"context"
	"log/slog"
	"net/http"

	"purse"
	"purse/api"
	"purse/identity"
	"purse/money"
	"purse/order"
	"purse/policy"
)

// Door serves the order API.
type Door struct {
	Identity  *identity.Service
	Orders    *order.Service
	Book      purse.BookID   // the merchants of others are not known here
	Currency  money.Currency // of Book
	PublicURL string         // without a slash at the end; what the links of orders start with
	Log       *slog.Logger
	Rates     *api.Rates // how fast callers may ask; nil: as fast as they like
}

// testHookPath is where a merchant tries its callback.
const testHookPath = "/payment/test_webhook"

// routes is every path of the door, and what answers its methods. Each of them is in
// openapi.yaml, and nothing else is.
func (d *Door) routes() api.Routes {
	inYAML, inJSON := api.Descriptions(description)
	get, post := http.MethodGet, http.MethodPost
	create, tryHook := d.selling(d.create), d.selling(d.tryHook)
	return api.Routes{
		"/payment/order":        {post: create},
		"/payment/venmo":        {post: create}, // where some callers post the same (wire.md C.2)
		"/payments":             {get: d.looking(d.list)},
		"/payment/status":       {get: d.looking(d.status)},
		"/payment/history":      {post: d.looking(d.history)},
		testHookPath:            {get: tryHook, post: tryHook}, // the vendor's pages say both
		"/payment/openapi.yaml": {get: inYAML},
		"/payment/openapi.json": {get: inJSON},
	}
}

// Handler routes the paths of the door. Every path answers in the door's own format,
// also those that do not exist.
func (d *Door) Handler() http.Handler { return d.routes().Lenient(d.Log, d.counted, noPath, fail) }

func noPath(http.ResponseWriter, *http.Request) error {
	return purse.Refuse(purse.CodeNotFound, "There is nothing at this path.")
}

// handler answers a request of a merchant.
type handler func(w http.ResponseWriter, r *http.Request, s purse.Seller) error

// finder says for which merchant a key acts.
type finder func(ctx context.Context, bearer purse.Secret) (purse.Seller, error)

// selling lets in whoever has a key for orders, which the command looks at itself.
//
// Refused with CodeNoToken or CodeBadKey.
func (d *Door) selling(h handler) api.Handler { return d.keyed(d.Identity.RecognizeOrderKey, h) }

// looking is selling for what only looks: it is asked of a fresh read of the key.
func (d *Door) looking(h handler) api.Handler { return d.keyed(d.Identity.AuthenticateOrderKey, h) }

func (d *Door) keyed(find finder, h handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := find(r.Context(), bearer(r))
		if err != nil {
			return err
		}
		if s.Book != d.Book {
			return policy.BadKey()
		}
		return h(w, r, s)
	}
}

// bearer is the key that came with r.
func bearer(r *http.Request) purse.Secret {
	key, _ := api.Token(r, nil) // there is no other place for it, so there are no two
	return key
}

// counted counts a request against the rate of whoever asks: of the key if this server
// has recognised it before, else of the caller's address, so that nobody gets further
// by guessing. Whoever tries a callback makes this server call somebody, so that costs
// as much as writing does, whatever the method.
func (d *Door) counted(h api.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		known, _ := d.Identity.KnownOrderKey(bearer(r))
		asked := r
		if r.URL.Path == testHookPath {
			asked = r.Clone(r.Context())
			asked.Method = http.MethodPost
		}
		if err := d.Rates.Allow(asked, known); err != nil {
			return err
		}
		return h(w, r)
	}
}
