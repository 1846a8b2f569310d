// Package hubv1 is the payment hub: /paymenthub/v1/…, for merchants, with API keys
// by HTTP Basic authentication. It speaks the format that seeds/004 uses and
// wire.md B and D.2 describe, and is called by integrations that were written for
// it long ago.
//
// It is strict about what it takes: one JSON object without doubles, amounts that
// are integers, no field that an endpoint does not know. A null counts as absent,
// and answers never hold one.
//
// A handler decodes, calls a use case and encodes; the package's error table is in
// errors.go, its JSON in the files encode….go. openapi.yaml describes all of it,
// and the tests hold every request and answer against it.
package hubv1

import (
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"strconv"

	"purse"
	"purse/api"
	"purse/hub"
	"purse/identity"
	"purse/money"
)

// Door serves the payment hub.
type Door struct {
	Identity  *identity.Service
	Hub       *hub.Service
	Book      purse.BookID
	Currency  money.Currency
	Sandbox   bool
	PublicURL string // without a slash at the end; what links in answers start with
	Log       *slog.Logger
	Rates     *api.Rates // how fast callers may ask; nil: as fast as they like
}

// root is what every path of the door begins with.
const root = "/paymenthub/v1"

// routes is every path of the door below root, and what answers its methods. Each
// of them is in openapi.yaml, and nothing else is.
func (d *Door) routes() api.Routes {
	inYAML, inJSON := api.Descriptions(description)
	get, post, put, patch := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch
	all := api.Routes{
		"/monitor":        {get: monitor},
		"/openapi.yaml":   {get: inYAML},
		"/openapi.json":   {get: inJSON},
		"/paymentmethods": {get: d.anyKey(d.paymentMethods)},

		"/singleusepaymenthandles":        {post: d.anyKey(d.makeHandle)},
		"/singleusepaymenthandles/search": {post: d.looking(d.searchHandle)},
		"/paymenthandles":                 {post: d.private(d.makeHandle), get: d.private(d.listHandles)},
		"/paymenthandles/{id}":            {get: d.private(d.getHandle)},

		"/payments":                {post: d.private(d.sell), get: d.private(d.listOf(purse.Sale))},
		"/payments/{id}":           {get: d.private(d.getOf(purse.Sale)), put: d.private(d.cancelOf(purse.Sale))},
		"/payments/{id}/voidauths": {post: d.private(d.void)},
		"/voidauths":               {get: d.private(d.listOf(purse.Void))},
		"/voidauths/{id}":          {get: d.private(d.getOf(purse.Void))},

		"/payments/{id}/settlements": {post: d.private(d.settle)},
		"/settlements":               {get: d.private(d.listOf(purse.Settlement))},
		"/settlements/{id}":          {get: d.private(d.getOf(purse.Settlement)), put: d.private(d.cancelOf(purse.Settlement))},
		"/settlements/{id}/refunds":  {post: d.private(d.refund)},
		"/refunds":                   {get: d.private(d.listOf(purse.Refund))},
		"/refunds/{id}":              {get: d.private(d.getOf(purse.Refund)), put: d.private(d.cancelOf(purse.Refund))},

		"/standalonecredits": {post: d.private(d.credit), get: d.private(d.listOf(purse.Credit))},
		"/standalonecredits/{id}": {
			get: d.private(d.getOf(purse.Credit)), put: d.private(d.cancelOf(purse.Credit)), patch: d.private(d.cancelOf(purse.Credit)),
		},
		"/verifications":      {post: d.private(d.verify), get: d.private(d.listOf(purse.Verify))},
		"/verifications/{id}": {get: d.private(d.getOf(purse.Verify))},
	}
	maps.Copy(all, d.customerRoutes())
	return all
}

// Handler routes the paths of the door. Every path answers in the door's own
// format, also those that do not exist.
func (d *Door) Handler() http.Handler {
	all := api.Routes{}
	for where, methods := range d.routes() {
		all[root+where] = methods
	}
	door := all.Lenient(d.Log, d.counted, noPath, fail)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(api.CorrelationHeader, correlation())
		door.ServeHTTP(w, r)
	})
}

// correlation names an answer. It is no secret and decides about nothing.
func correlation() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	return string(appendUUID(nil, stamped(u, 4)))
}

// counted counts a request against the rate of whoever asks: of the API key if this
// server has recognised it before, else of the caller's address, so that nobody
// gets further by guessing. The answer says what is left, also if nothing is.
func (d *Door) counted(h api.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		credential := d.known(r)
		err := d.Rates.Allow(r, credential)
		if limit, remaining, reset := d.Rates.Left(r, credential); limit > 0 {
			w.Header().Set(limitHeader, strconv.Itoa(limit))
			w.Header().Set(remainingHeader, strconv.Itoa(remaining))
			w.Header().Set(resetHeader, strconv.FormatInt(reset.Milliseconds(), 10))
		}
		if err != nil {
			return err
		}
		return h(w, r)
	}
}

func noPath(http.ResponseWriter, *http.Request) error {
	return purse.Refuse(purse.CodeNotFound, notFound)
}

// monitor answers GET /paymenthub/v1/monitor: that this server answers.
func monitor(w http.ResponseWriter, _ *http.Request) error {
	return api.WriteJSON(w, http.StatusOK, `{"status":"READY"}`)
}
