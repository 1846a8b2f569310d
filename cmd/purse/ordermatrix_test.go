package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"purse"
	"purse/identity"
	"purse/wallet"
)

// orderMatrix says who may do what with orders: a status for each caller and request.
// "in" is a page that sends whoever asks to sign in; everything is of one shop.
//
//	nobody   without any credential
//	person   signed in, and works for nobody
//	member   signed in, and works for the shop
//	other    signed in, and works for another shop
//	app      with the member's access token, of every scope
//	private  with the shop's private key for the hub, by Basic authentication
//	public   with the shop's public one
//	order    with the shop's key for orders, as a Bearer token
//	order-2  with another shop's
//	bearer   with the shop's private key, as a Bearer token
//	basic    with the shop's key for orders, by Basic authentication
//
// {order} is the number of an order that ada, a person, has paid; {pending} a new one of
// the till's; {link} the secret of a new order of the API's; {offer} that of a payment link.
const orderMatrix = `
request                                       nobody person member other app private public order order-2 bearer basic

POST /payment/order {"amount":1}              401    401    401    401   401 401     401    200   200     401    401
POST /payment/venmo {"amount":1}              401    401    401    401   401 401     401    200   200     401    401
GET /payments                                 401    401    401    401   401 401     401    200   200     401    401
GET /payment/status?payment_id={order}        401    401    401    401   401 401     401    200   404     401    401
GET /payment/status?payment_id={pending}      401    401    401    401   401 401     401    200   404     401    401
POST /payment/history {"start":1}             401    401    401    401   401 401     401    200   200     401    401
POST /payment/test_webhook {}                 401    401    401    401   401 401     401    400   400     401    401
GET /payment/test_webhook                     401    401    401    401   401 401     401    400   400     401    401

GET /pay/{link}                               200    200    200    200   200 200     200    200   200     200    200
POST /pay/{link} do=pay                       in     303    303    303   in  in      in     in    in      in     in
POST /pay/{link} do=refuse                    303    303    303    303   303 303     303    303   303     303    303
GET /to/{offer}                               200    200    200    200   200 200     200    200   200     200    200
POST /to/{offer} do=take                      303    303    303    303   303 303     303    303   303     303    303

GET /desk                                     in     404    303    303   in  in      in     in    in      in     in
GET /desk/{shop}                              in     404    200    404   in  in      in     in    in      in     in
GET /desk/{shop}/links                        in     404    200    404   in  in      in     in    in      in     in
POST /desk/{shop}/links do=make&product=a     in     404    303    404   in  in      in     in    in      in     in
POST /desk/{shop}/links do=close&link={id}    in     404    303    404   in  in      in     in    in      in     in
GET /desk/{shop}/links/{id}/print             in     404    200    404   in  in      in     in    in      in     in
GET /desk/{shop}/till                         in     404    200    404   in  in      in     in    in      in     in
POST /desk/{shop}/till amount=1&product=a     in     404    303    404   in  in      in     in    in      in     in
GET /desk/{shop}/till/{pending}               in     404    200    404   in  in      in     in    in      in     in
POST /desk/{shop}/till/{pending} do=cancel    in     404    303    404   in  in      in     in    in      in     in
GET /receipts/{order}                         in     200    200    404   in  in      in     in    in      in     in
GET /receipts/{pending}                       in     404    404    404   in  in      in     in    in      in     in

GET /paymenthub/v1/payments                   401    401    401    401   401 200     403    401   401     401    401
POST /paymenthub/v1/paymenthandles {"hub":1}  401    401    401    401   401 201     403    401   401     401    401
POST /paymenthub/v1/singleusepaymenthandles {"hub":1} 401 401 401  401   401 201     201    401   401     401    401
POST /paymenthub/v1/customers {"merchantCustomerId":"c"} 401 401 401 401 401 201     403    401   401     401    401
GET /v1/me                                    401    401    401    401   200 401     401    401   401     401    401
`

// bazaar is a network with two shops, who works there, and what they have made.
type bazaar struct {
	wired
	shop, elsewhere purse.Merchant
	headers         map[string][]string // of each caller
	forms           map[string]string   // the word that their forms carry
}

func newBazaar(t *testing.T, w wired) *bazaar {
	t.Helper()
	b := &bazaar{wired: w, headers: map[string][]string{"nobody": nil}, forms: map[string]string{}}
	cookie := func(name string, in purse.Secret) {
		b.headers[name] = []string{"Cookie", "purse=" + string(in)}
		page := w.send("GET", "/settings", "", b.headers[name]...)
		b.forms[name] = html.UnescapeString(formWord.FindStringSubmatch(page.Body.String())[1])
	}
	cookie("person", purse.Secret(strings.TrimPrefix(w.cookie, "purse=")))
	for name, shop := range map[string]string{"member": "The shop", "other": "Another shop"} {
		in, err := w.identity.SignUp(t.Context(), w.book.ID, identity.SignUpRequest{
			Username: "works-" + name, FirstName: name, LastName: "L", Email: name + "@example.org", Password: wirePassword,
		}, identity.From{Remote: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		cookie(name, in.Session)
		if _, err := w.wallet.Issue(t.Context(), w.book.ID, "op", wallet.EntryRequest{
			Wallet: in.User, Minor: 100_00, Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
		}); err != nil {
			t.Fatal(err)
		}
		made, err := w.identity.CreateMerchant(t.Context(), w.book.ID, "op", purse.Merchant{Name: shop, Accepts: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.identity.AddMember(t.Context(), "op", made.Merchant.ID, "works-"+name); err != nil {
			t.Fatal(err)
		}
		if name == "member" {
			b.shop = made.Merchant
			v, err := w.identity.Visit(t.Context(), in.Session)
			if err != nil {
				t.Fatal(err)
			}
			token, err := w.identity.CreateToken(t.Context(), w.book.ID, "op", identity.TokenRequest{User: v.User.ID, Scopes: purse.EveryScope()})
			if err != nil {
				t.Fatal(err)
			}
			b.headers["app"] = []string{"Authorization", "Bearer " + string(token.Secret)}
		}
		if name == "other" {
			b.elsewhere = made.Merchant
		}
		b.keys(made.Keys, name == "member")
	}
	return b
}

var formWord = regexp.MustCompile(`name="form" value="([^"]+)"`)

// keys gives the callers with keys theirs.
func (b *bazaar) keys(all []identity.NewKey, ours bool) {
	basic := func(k identity.NewKey) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(k.Username+":"+string(k.Password)))}
	}
	bearer := func(k identity.NewKey) []string { return []string{"Authorization", "Bearer " + string(k.Bearer())} }
	for _, k := range all {
		switch {
		case !ours && k.Kind == purse.OrderKind:
			b.headers["order-2"] = bearer(k)
		case !ours:
		case k.Kind == purse.PrivateKey:
			b.headers["private"], b.headers["bearer"] = basic(k), bearer(k)
		case k.Kind == purse.PublicKey:
			b.headers["public"] = basic(k)
		case k.Kind == purse.OrderKind:
			b.headers["order"], b.headers["basic"] = bearer(k), basic(k)
		}
	}
}

const anOrder = `{"amount":1,"currency":"USD","customer":"c@example.org","product":"bread"}`

// order makes an order of the shop's: its number, and the secret of its page.
func (b *bazaar) order() (number, link string) {
	b.t.Helper()
	var o struct {
		ID  int64  `json:"order_id"`
		URL string `json:"order_url"`
	}
	a := b.send("POST", "/payment/order", anOrder, b.headers["order"]...)
	link, ok := "", false
	if err := json.Unmarshal(a.Body.Bytes(), &o); err == nil {
		link, ok = strings.CutPrefix(o.URL, wireURL+"/pay/")
	}
	if !ok || a.Code != 200 {
		b.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return fmt.Sprint(o.ID), link
}

// as sends a request as one of the callers. A body with a "=" in it is a form.
func (b *bazaar) as(caller, method, path, body string) *httptest.ResponseRecorder {
	b.t.Helper()
	headers := append([]string{"Origin", wireURL}, b.headers[caller]...)
	switch {
	case strings.Contains(body, "="):
		headers, body = append(headers, "Content-Type", "application/x-www-form-urlencoded"), body+"&form="+url.QueryEscape(b.forms[caller])
	case body != "":
		headers = append(headers, "Content-Type", "application/json")
	}
	return b.send(method, path, body, headers...)
}

// went is what a caller was answered, in the matrix's words.
func went(a *httptest.ResponseRecorder) string {
	to := a.Header().Get("Location")
	if a.Code == 303 && (strings.HasPrefix(to, "/sign-in") || strings.HasSuffix(to, "?sign=in")) {
		return "in"
	}
	return fmt.Sprint(a.Code)
}

// pending is the number of a new order of the till's.
func (b *bazaar) pending() string {
	b.t.Helper()
	till := "/desk/" + b.shop.ID.String() + "/till"
	a := b.as("member", "POST", till, "amount=1&product=a")
	number, ok := strings.CutPrefix(a.Header().Get("Location"), till+"/")
	if !ok {
		b.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return number
}

var (
	printOf = regexp.MustCompile(`/links/([0-9]+)/print`)
	offerOf = regexp.MustCompile(`/to/([A-Za-z0-9_-]{43})`)
)

// offer makes a payment link: its number, and the secret of its page.
func (b *bazaar) offer() (id, link string) {
	b.t.Helper()
	links := "/desk/" + b.shop.ID.String() + "/links"
	b.as("member", "POST", links, "do=make&product=tea&amount=1")
	a := b.as("member", "GET", links, "")
	ids, secrets := printOf.FindStringSubmatch(a.Body.String()), offerOf.FindStringSubmatch(a.Body.String())
	if ids == nil || secrets == nil {
		b.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return ids[1], secrets[1]
}

// paid is the number of an order that the person has paid.
func (b *bazaar) paid() string {
	b.t.Helper()
	number, link := b.order()
	if a := b.as("person", "POST", "/pay/"+link, "do=pay"); a.Code != 303 {
		b.t.Fatalf("%d %s", a.Code, a.Body)
	}
	return number
}

func TestWhoMayDoWhatWithOrders(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		b := newBazaar(t, w)
		lines := strings.Split(strings.TrimSpace(orderMatrix), "\n")
		callers := strings.Fields(lines[0])[1:]
		paid := b.paid()
		for i, line := range lines[1:] {
			cells := strings.Fields(line)
			if len(cells) == 0 {
				continue
			}
			request, cells := cells[:len(cells)-len(callers)], cells[len(cells)-len(callers):]
			for j, caller := range callers {
				_, link := b.order()
				id, offer := "", ""
				if strings.Contains(line, "{offer}") || strings.Contains(line, "{id}") {
					id, offer = b.offer()
				}
				unique := fmt.Sprintf("m%d-%d", i, j)
				fill := strings.NewReplacer("{order}", paid, "{pending}", b.pending(), "{link}", link, "{offer}", offer, "{id}", id, "{shop}", b.shop.ID.String(),
					`{"amount":1}`, anOrder, `{"start":1}`, `{"start_date":"2020-01-01T00:00:00Z","end_date":"2099-01-01T00:00:00Z"}`, `"c"}`, `"`+unique+`"}`,
					`{"hub":1}`, `{"merchantRefNum":"`+unique+`","transactionType":"PAYMENT","paymentType":"VENMO","amount":2500,"currencyCode":"USD","venmo":{"consumerId":"c"}}`)
				body := ""
				if len(request) > 2 {
					body = fill.Replace(request[2])
				}
				a := b.as(caller, request[0], fill.Replace(request[1]), body)
				if got := went(a); got != cells[j] {
					t.Errorf("%s as %s: %s, want %s: %s", strings.Join(request, " "), caller, got, cells[j], shorten(a.Body.String()))
				}
			}
		}
	})
}

func shorten(body string) string { return body[:min(len(body), 300)] }

// Whoever gets somebody to open another site has nothing done in their name.
func TestOrderFormsOfOtherSitesAreRefused(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		b := newBazaar(t, w)
		_, link := b.order()
		id, offer := b.offer()
		desk := "/desk/" + b.shop.ID.String()
		for path, body := range map[string]string{
			"/pay/" + link: "do=pay", "/pay/" + link + "?": "do=refuse", "/to/" + offer: "amount=1", desk + "/links": "do=make&product=a", desk + "/links?": "do=close&link=" + id,
			desk + "/till": "amount=1&product=a", desk + "/till/" + b.pending(): "do=cancel",
		} {
			form := []string{"Content-Type", "application/x-www-form-urlencoded", "Cookie", b.headers["member"][1]}
			own := body + "&form=" + url.QueryEscape(b.forms["member"])
			for name, a := range map[string]*httptest.ResponseRecorder{
				"another site's":         b.send("POST", path, own, append(form, "Origin", "https://evil.example")...),
				"a frame's":              b.send("POST", path, own, append(form, "Origin", "null")...),
				"a cross-site one":       b.send("POST", path, own, append(form, "Sec-Fetch-Site", "cross-site")...),
				"one without its word":   b.send("POST", path, body, append(form, "Origin", wireURL)...),
				"one with another's":     b.send("POST", path, body+"&form="+url.QueryEscape(b.forms["other"]), append(form, "Origin", wireURL)...),
				"nobody's, of elsewhere": b.send("POST", path, own, form[0], form[1], "Origin", "https://evil.example"),
			} {
				if a.Code != 403 {
					t.Errorf("%s %s, %s: %d %s", path, body, name, a.Code, a.Header().Get("Location"))
				}
			}
		}
		if a := b.as("order", "GET", "/payments", ""); a.Code != 200 || strings.Count(a.Body.String(), `"PENDING"`) != 2 || strings.Count(a.Body.String(), `"status"`) != 2 {
			t.Errorf("something has happened: %s", a.Body)
		}
	})
}

// Numbers of orders are counted, so everybody can guess them: to whoever must not see
// an order it is as one that does not exist.
func TestOrderNumbersOpenNothing(t *testing.T) {
	onTheWire(t, func(t *testing.T, w wired) {
		b := newBazaar(t, w)
		b.paid()
		last := b.pending()
		b.order()
		for _, there := range []string{"1", last, "3"} {
			for caller, path := range map[string]string{
				"order-2": "/payment/status?payment_id=", "other": "/receipts/", "member": "/desk/" + b.elsewhere.ID.String() + "/till/",
			} {
				is, isNot := b.as(caller, "GET", path+there, ""), b.as(caller, "GET", path+"999999", "")
				if is.Code != 404 || isNot.Code != 404 || strings.ReplaceAll(is.Body.String(), there, "999999") != isNot.Body.String() && is.Body.String() != isNot.Body.String() {
					t.Errorf("%s: %s%s is there: %d %s\nand what is not: %d %s", caller, path, there, is.Code, is.Body, isNot.Code, isNot.Body)
				}
			}
		}
		// The secret of a page has 256 bits, is no other's, and is found by nothing else.
		seen := map[string]bool{}
		for range 20 {
			number, link := b.order()
			if _, offer := b.offer(); len(link) != 43 || len(offer) != 43 || seen[link] || seen[offer] {
				t.Errorf("%q, %q", link, offer)
			}
			if raw, err := base64.RawURLEncoding.DecodeString(link); err != nil || len(raw) != 32 {
				t.Errorf("%q: %v", link, err)
			}
			seen[link] = true
			for _, guess := range []string{number, link[:42], link + "A", strings.ToLower(link), strings.ToUpper(link)} {
				if a := b.as("nobody", "GET", "/pay/"+guess, ""); a.Code != 404 {
					t.Errorf("/pay/%s: %d", guess, a.Code)
				}
			}
		}
	})
}
