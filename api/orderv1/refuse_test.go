package orderv1

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"purse"
)

func TestEveryCodeHasAnAnswer(t *testing.T) {
	for _, code := range purse.Codes {
		if e, ok := wireErrors[code]; !ok || e.status < 400 || e.code == "" {
			t.Errorf("%s is not in the table", code)
		}
		w := httptest.NewRecorder()
		fail(w, purse.Refuse(code, "The reason."))
		if a := read(t, w); a.Code == "" || !strings.HasSuffix(a.Message, "The reason.") || a.code == 422 {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
	}
	if len(wireErrors) != len(purse.Codes) {
		t.Errorf("%d codes have an answer, of %d", len(wireErrors), len(purse.Codes))
	}
	w := httptest.NewRecorder()
	fail(w, errors.New("secret"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// field is a request whose one field is wrong, and what is said of it.
type field struct {
	name, body, code, message string
}

// badFields are orders that are refused because of a field.
func badFields() []field {
	const number, above, decimals = `amount must be a JSON number`, "amount must be above zero.", "amount must have at most 2 decimals."
	const most, mail = "amount must be at most 999999999.99.", "customer must be an e-mail address."
	const product, back = "product has at most 500 bytes", "redirect_url: The address to return to "
	var all []field
	add := func(field, code, message string, values ...string) {
		for _, v := range values {
			all = append(all, fieldOf(field, v, code, message))
		}
	}
	add("amount", "missing", "amount is required", "", "null")
	add("amount", "amount", number, `"100"`, `"39.99"`, `""`, "true", "false", "[]", "[100]", "{}", `{"value":1}`)
	add("amount", "amount", above, "0", "0.00", "0e9", "-0", "-1", "-0.01", "-1e-9", "0e99999999999999999999")
	add("amount", "amount", decimals, "0.001", "39.999", "1e-3", "0.0000000001", "1e-99999999999999999999", "123456789012345678901234567890.001")
	add("amount", "amount", most, "1000000000", "999999999.999e3", "1e9", "1e400", "99999999999999999999999999", "1e99999999999999999999")
	add("currency", "missing", "currency is required", "", "null", `""`)
	add("currency", "currency", `currency must be "USD"`, `"EUR"`, `"usd"`, `"USD "`, `"$"`)
	add("currency", "invalid", "currency must be a text.", "840", "{}", "true")
	add("customer", "missing", "customer is required", "", "null", `""`)
	add("customer", "invalid", mail, `"ada"`, `"@"`, `"a@"`, `"@example.org"`, `"a b@example.org"`, `"a@b@example.org"`, `"`+strings.Repeat("a", 300)+`@example.org"`)
	add("customer", "invalid", "customer must be a text.", "17", "[]")
	add("product", "missing", "product is required", "", "null", `""`, `"  "`)
	add("product", "invalid", product, `"`+strings.Repeat("x", 501)+`"`)
	add("product", "invalid", "product must not contain control characters.", `"a\u0000b"`, `"a\u001bb"`)
	add("product", "invalid", "product must be a text.", "17", `{"name":"x"}`)
	add("redirect_url", "redirect_url", back, `"javascript:alert(1)"`, `"/back"`, `"//evil.example"`, `"https://a:b@shop.example"`, `"ftp://shop.example"`,
		`"https://shop.example\\@evil.example"`, `"https://shop.example/a b"`, `"https://"`, `"data:text/html,x"`, `"https://shop.example/`+strings.Repeat("x", 2000)+`"`)
	add("redirect_url", "invalid", "redirect_url must be a text.", "17", "[]", "false")
	return all
}

func fieldOf(name, value, code, message string) field {
	return field{name + " " + value[:min(len(value), 40)], orderBody(name, value), code, message}
}

func TestFields(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		all := badFields()
		if len(all) < 60 {
			t.Errorf("only %d", len(all))
		}
		for _, f := range all {
			a := n.refused(t, f.name, request{"POST", "/payment/order", n.key, f.body, nil}, 400, f.code)
			if !strings.HasPrefix(a.Message, f.message) {
				t.Errorf("%s: %q, want %q", f.name, a.Message, f.message)
			}
		}
	})
}

func TestBodies(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for name, text := range map[string]string{
			"none": "", "space": " ", "a list": "[]", "a text": `"a"`, "null": "null", "a number": "1", "half of one": `{"amount":`, "two": `{}{}`,
			"a member twice": orderBody()[:len(orderBody())-1] + `,"amount":1}`, "not UTF-8": "{\"product\":\"\xff\"}", "a form": "amount=100&currency=USD",
			"too deep": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "a comment": `{/**/}`, "a comma": `{"amount":1,}`,
			"a plus": `{"amount":+1}`, "a point": `{"amount":.5}`, "a point at the end": `{"amount":5.}`, "hexadecimal": `{"amount":0x10}`,
			"not a number": `{"amount":NaN}`, "a leading zero": `{"amount":0100}`, "a comma for a point": `{"amount":39,99}`,
		} {
			for _, path := range []string{"/payment/order", "/payment/venmo", "/payment/history"} {
				if a := n.refused(t, name, request{"POST", path, n.key, text, nil}, 400, "body"); !strings.HasPrefix(a.Message, "The body is not a JSON object") {
					t.Errorf("%s: %s", name, a.Message)
				}
			}
		}
		large := `{"a":"` + strings.Repeat("x", 64<<10) + `"}`
		n.refused(t, "large", request{"POST", "/payment/order", n.key, large, nil}, 413, "too_large")
		n.refused(t, "large", request{"POST", "/payment/history", n.key, large, nil}, 413, "too_large")
		n.refused(t, "a long key", request{"POST", "/payment/order", n.key, orderBody(), []string{"Idempotency-Key", strings.Repeat("x", 256)}}, 400, "invalid")
		for name, r := range map[string]struct{ body, code, message string }{
			"no start":        {`{"end_date":"2026-01-01T00:00:00Z"}`, "missing", "start_date is required"},
			"no end":          {`{"start_date":"2026-01-01T00:00:00Z","end_date":null}`, "missing", "end_date is required"},
			"a number":        {`{"start_date":1735689600,"end_date":1735689600}`, "invalid", "start_date must be a text."},
			"no date":         {`{"start_date":"yesterday","end_date":"2026-01-01"}`, "invalid", "start_date must be a date"},
			"no such day":     {`{"start_date":"2026-02-30T00:00:00Z","end_date":"2026-03-01"}`, "invalid", "start_date must be a date"},
			"the year 0":      {`{"start_date":"0000-01-01","end_date":"2026-03-01"}`, "invalid", "start_date must be a date"},
			"the year 10000":  {`{"start_date":"2026-03-01","end_date":"10000-01-01T00:00:00Z"}`, "invalid", "end_date must be a date"},
			"start after end": {`{"start_date":"2026-03-02","end_date":"2026-03-01"}`, "invalid", "start_date must not be after end_date."},
		} {
			if a := n.refused(t, name, request{"POST", "/payment/history", n.key, r.body, nil}, 400, r.code); !strings.HasPrefix(a.Message, r.message) {
				t.Errorf("%s: %s", name, a.Message)
			}
		}
	})
}

func TestQueries(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.order(t, "1")
		for _, query := range []string{
			"limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "offset=-1", "offset=x", "offset=10001", "limit=%zz", "limit=10%00",
		} {
			n.refused(t, query, request{"GET", "/payments?" + query, n.key, "", nil}, 400, "invalid")
		}
		for _, id := range []string{"x", "0", "-1", "01", "+1", "1.0", "9223372036854775808", "1%00", "%ff"} {
			n.refused(t, id, request{"GET", "/payment/status?payment_id=" + id, n.key, "", nil}, 400, "invalid")
		}
		for _, query := range []string{"", "?payment_id=", "?order_id=1"} {
			n.refused(t, query, request{"GET", "/payment/status" + query, n.key, "", nil}, 400, "missing")
		}
		for _, id := range []string{"2", "9007199254740993", "9223372036854775807"} {
			n.refused(t, id, request{"GET", "/payment/status?payment_id=" + id, n.key, "", nil}, 404, "not_found")
		}
	})
}

func TestPathsAndMethods(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for _, path := range []string{
			"/payment", "/payment/", "/payment/paypal", "/payment/applepay", "/payment/order/1", "//payment/order", "/payment/../payments", "/payments/1",
			"/payment/status/1", "/payment//order", "/payment/Order",
		} {
			for _, method := range []string{"GET", "POST"} {
				n.refused(t, path, request{method, path, n.key, "", nil}, 404, "not_found")
			}
		}
		for _, c := range []struct{ method, path, allow string }{
			{"GET", "/payment/order", "POST"}, {"PUT", "/payment/order/", "POST"}, {"DELETE", "/payments", "GET"}, {"POST", "/payments", "GET"},
			{"POST", "/payment/status", "GET"}, {"GET", "/payment/history", "POST"}, {"PUT", "/payment/test_webhook", "GET POST"}, {"OPTIONS", "/payment/order", "POST"},
		} {
			a := n.refused(t, c.method, request{c.method, c.path, n.key, "", nil}, 405, "method")
			if got := strings.Join(a.header.Values("Allow"), " "); got != c.allow {
				t.Errorf("%s %s: Allow is %q", c.method, c.path, got)
			}
		}
		if w := n.do(request{"HEAD", "/payments", n.key, "", nil}); w.Code != 200 {
			t.Errorf("HEAD: %d", w.Code)
		}
	})
}

// Who is let in, and who sees what.
func TestKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		o := n.order(t, "5")
		began := n.now(t).Format("2006-01-02")
		period := `{"start_date":` + quote(began) + `,"end_date":"9999-12-31"}`
		requests := []request{
			{"POST", "/payment/order", "", orderBody(), nil}, {"POST", "/payment/venmo", "", orderBody(), nil}, {"GET", "/payments", "", "", nil},
			{"GET", fmt.Sprint("/payment/status?payment_id=", o.OrderID), "", "", nil}, {"POST", "/payment/history", "", period, nil},
			{"GET", "/payment/test_webhook", "", "", nil}, {"POST", "/payment/test_webhook", "", "", nil},
		}
		refused := func(name, code string, headers ...string) {
			t.Helper()
			for _, r := range requests {
				r.headers = headers
				a := n.refused(t, name+" "+r.path, r, 401, code)
				if got := a.header.Values("WWW-Authenticate"); !slices.Equal(got, []string{"Bearer"}) {
					t.Errorf("%s: WWW-Authenticate is %q", name, got)
				}
			}
		}
		username, password, _ := strings.Cut(n.key, ".")
		refused("none", "no_key")
		refused("a blank one", "no_key", "Authorization", "Bearer ")
		refused("another scheme", "no_key", "Authorization", "Basic "+n.key)
		refused("none but in the query", "no_key", "X-Api-Key", n.key)
		for name, key := range map[string]string{
			"no key at all": "YOUR_API_KEY", "only the name": username, "only the password": password, "a wrong password": username + "." + strings.Repeat("x", len(password)),
			"another's password": username + n.other[strings.Index(n.other, "."):], "upper case": strings.ToUpper(n.key), "more": n.key + "x", "two points": n.key + ".x",
			"what no database takes": "a\x00b\xff.c",
		} {
			refused(name, "bad_key", "Authorization", "Bearer "+key)
		}
		for _, key := range n.hubKeys {
			refused("a key of the hub", "bad_key", "Authorization", "Bearer "+key)
		}

		// Another merchant sees nothing.
		n.refused(t, "another's order", request{"GET", requests[3].path, n.other, "", nil}, 404, "not_found")
		for _, r := range []request{{"GET", "/payments", n.other, "", nil}, {"POST", "/payment/history", n.other, period, nil}} {
			if a := read(t, n.do(r)).want(t, "another's", 200, ""); string(a.Data) != "[]" {
				t.Errorf("another's orders: %s", a.body)
			}
		}
		if a := n.post("/payment/history", period); len(a.records(t)) != 1 {
			t.Errorf("its own: %s", a.body)
		}

		n.touched.Store(true)
		if err := n.identity.RevokeKey(t.Context(), "op", username); err != nil {
			t.Fatal(err)
		}
		refused("revoked", "bad_key", "Authorization", "Bearer "+n.key)
	})
}

// A key of another book is none.
func TestOtherBook(t *testing.T) {
	inCurrency(t, "USD", func(t *testing.T, n *network) {
		n.door = (&Door{Identity: n.identity, Orders: n.orders, Book: purse.MainBook + 1, Currency: "USD", Log: discard}).Handler()
		n.refused(t, "another book's", request{"GET", "/payments", n.key, "", nil}, 401, "bad_key")
	})
}

// Merchants that take no payments.
func TestMerchants(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		o := n.order(t, "5")
		create := request{"POST", "/payment/order", n.key, orderBody(), nil}
		n.set(t, func(m *purse.Merchant) { m.Origins = "https://shop.example\nhttps://your_domain.com" })
		n.post("/payment/order", orderBody()).want(t, "one of its sites", 200, "")
		n.refused(t, "not one of its sites", request{"POST", "/payment/order", n.key, orderBody("redirect_url", `"https://evil.example"`), nil}, 400, "redirect_url")
		n.set(t, func(m *purse.Merchant) { m.Accepts = false })
		n.refused(t, "not accepted", create, 403, "not_accepted")
		n.touched.Store(true)
		if err := n.identity.CloseMerchant(t.Context(), "op", n.shop.ID); err != nil {
			t.Fatal(err)
		}
		n.refused(t, "closed", create, 403, "merchant_closed")
		n.refused(t, "closed", request{"GET", "/payment/test_webhook", n.key, "", nil}, 403, "merchant_closed")
		n.shows(t, "a look back", o, purse.OrderPending)
	})
}
