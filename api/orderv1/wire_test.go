package orderv1

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"purse"
	"purse/api"
	"purse/order"
)

var discard = slog.New(slog.DiscardHandler)

// What existing callers send (wire.md D.3).
func TestCallers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const back = "https://shop.example/thanks?order=17&plan=a%20b&next=%2Fhome"
		for name, c := range map[string]struct {
			path, body string
			headers    []string
			amount     string
		}{
			"a web shop":        {"/payment/order", orderBody("amount", "39.99", "product", `"Pro plan — one month"`, "redirect_url", quote(back)), nil, "39.99"},
			"by its other name": {"/payment/venmo", orderBody("amount", "39.90"), nil, "39.9"},
			"a slash":           {"/payment/order/", orderBody("amount", "1e2"), nil, "100"},
			"no content type":   {"/payment/order", orderBody("amount", "100.00"), []string{"Content-Type", ""}, "100"},
			"a wrong one":       {"/payment/order", orderBody("amount", "0.01"), []string{"Content-Type", "application/x-www-form-urlencoded"}, "0.01"},
			"more members":      {"/payment/order", orderBody("amount", "1E+1", "metadata", `{"a":[1,null]}`, "webhook", "null"), []string{"User-Agent", "x"}, "10"},
			"nulls":             {"/payment/order", orderBody("redirect_url", "null"), nil, "100"},
			"a blank":           {"/payment/order", orderBody("redirect_url", `""`), nil, "100"},
			"the scheme":        {"/payment/order", orderBody(), []string{"Authorization", "bearer  " + n.key}, "100"},
			"the most":          {"/payment/order", orderBody("amount", "999999999.99"), nil, "999999999.99"},
			"many zeros":        {"/payment/order", orderBody("amount", "39.9900000000000000000000000000"), nil, "39.99"},
		} {
			a := n.post(c.path, c.body, c.headers...).want(t, name, 200, "")
			n.secrets = append(n.secrets, a.link())
			if string(a.Amount) != quote(c.amount) {
				t.Errorf("%s: %s", name, a.body)
			}
			shown := n.look(a.OrderID)
			var r record
			if err := json.Unmarshal(shown.Data, &r); err != nil || string(r.Amount) != c.amount || r.ID != a.OrderID {
				t.Errorf("%s: %s, %v", name, shown.body, err)
			}
			if q, err := n.orders.Question(t.Context(), a.link()); name == "a web shop" && (err != nil || q.Order.Redirect != back || r.Product != "Pro plan — one month") {
				t.Errorf("%s: %+v, %v", name, q.Order, err)
			}
		}
		if a := n.get("/payments/?limit=3&offset=1&").want(t, "a slash", 200, ""); len(a.records(t)) != 3 {
			t.Errorf("list: %s", a.body)
		}
	})
}

// A request with a key may be repeated.
func TestOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		r := request{"POST", "/payment/order", n.key, orderBody(), []string{"Idempotency-Key", "k-1"}}
		first := read(t, n.do(r)).want(t, "first", 200, "")
		if first.header.Get("Idempotent-Replayed") != "" {
			t.Error("the first is no repetition")
		}
		before := n.digest(t)
		r.body = strings.ReplaceAll(r.body, `":`, `" : `) // as good as the same
		r.body = strings.ReplaceAll(r.body, `https" : `, `https":`)
		again := read(t, n.do(r)).want(t, "again", 200, "")
		if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || n.digest(t) != before {
			t.Errorf("again: %v %s\nwant %s", again.header, again.body, first.body)
		}
		n.secrets = append(n.secrets, first.link())
		r.body = orderBody("amount", "101")
		n.refused(t, "something else", r, 409, "key_reused")
		r.body, r.path = orderBody(), "/payment/venmo"
		n.refused(t, "elsewhere", r, 409, "key_reused")
		r.key, r.path = n.other, "/payment/order"
		if a := read(t, n.do(r)).want(t, "another merchant's", 200, ""); a.OrderID == first.OrderID {
			t.Errorf("another merchant's: %s", a.body)
		}
		// What is refused uses no key up.
		r.key, r.headers[1], r.body = n.key, "k-2", orderBody("amount", "0")
		n.refused(t, "refused", r, 400, "amount")
		r.body = orderBody()
		if a := read(t, n.do(r)).want(t, "mended", 200, ""); a.OrderID == first.OrderID {
			t.Errorf("mended: %s", a.body)
		}
		if a := n.post("/payment/order", orderBody()); a.OrderID != 4 {
			t.Errorf("without a key: %s", a.body)
		}
	})
}

// Many at once: every order has its own number and link, and one key makes one order.
func TestTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const each = 12
		var mu sync.Mutex
		var all sync.WaitGroup
		ids, links, repeated := map[int64]int{}, map[string]bool{}, map[string]bool{}
		for range each {
			for _, key := range []string{"", "k"} {
				all.Go(func() {
					hr := httptest.NewRequest("POST", "/payment/order", strings.NewReader(orderBody()))
					hr.Header.Set("Authorization", "Bearer "+n.key)
					hr.Header.Set("Idempotency-Key", key)
					w := httptest.NewRecorder()
					n.door.ServeHTTP(w, hr)
					mu.Lock()
					defer mu.Unlock()
					var a answer
					if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
						t.Errorf("%d %s", w.Code, w.Body)
						return
					}
					ids[a.OrderID]++
					links[a.OrderURL] = true
					if key != "" {
						repeated[w.Body.String()] = true
					}
				})
			}
		}
		all.Wait()
		if len(ids) != each+1 || len(links) != each+1 || len(repeated) != 1 {
			t.Errorf("%d numbers, %d links, %d answers to one key", len(ids), len(links), len(repeated))
		}
		for id := range ids {
			if id < 1 || id > each+1 {
				t.Errorf("a number is %d", id)
			}
		}
	})
}

// A merchant tries its callback (wire.md C.3).
func TestCallback(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		const hook = "https://shop.example/hook"
		try := request{"GET", "/payment/test_webhook", n.key, "", nil}
		a := n.refused(t, "none is set", try, 400, "hook")
		if a.Status != "ERROR" || len(n.called) != 0 {
			t.Errorf("none is set: %s, %v", a.body, n.called)
		}
		n.set(t, func(m *purse.Merchant) { m.Orders.Hook = hook })
		for _, status := range []int{0, 302, 400, 500} {
			n.status = status
			if a := n.refused(t, fmt.Sprint(status), try, 400, "hook"); a.Status != "ERROR" {
				t.Errorf("%d: %s", status, a.body)
			}
		}
		for _, method := range []string{"GET", "POST"} {
			n.status, n.called = 204, nil
			try.method = method
			if a := read(t, n.do(try)).want(t, method, 200, ""); a.Status != "SUCCESS" || a.Message == "" {
				t.Errorf("%s: %s", method, a.body)
			}
			if len(n.called) != 1 || n.called[0].url != hook || n.called[0].body != `{"order_id":0,"status":"SUCCESS","amount":0.01,"product":"test product"}` ||
				len(n.called[0].header[order.SignatureHeader]) != 64 {
				t.Errorf("%s: the callback was told %+v", method, n.called)
			}
		}
		if m, err := n.identity.Merchant(t.Context(), n.shop.ID); err != nil || m.Orders.HookTried == 0 {
			t.Errorf("the callback was tried at %d, %v", m.Orders.HookTried, err)
		}
	})
}

// Each key has its own rate; who guesses pays with the address. Trying a callback costs
// as much as an order.
func TestRates(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.get("/payments") // the door knows the key from now on
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		n.open(api.NewRates(1, 3, func() time.Time { return now }))
		create, try := request{"POST", "/payment/order", n.key, orderBody(), nil}, request{"GET", "/payment/test_webhook/", n.key, "", nil}
		spent := func(name string, r request) {
			t.Helper()
			if a := n.refused(t, name, r, 429, "rate"); a.header.Get("Retry-After") != "1" {
				t.Errorf("%s: %v", name, a.header)
			}
		}
		for range 2 {
			read(t, n.do(create)).want(t, "order", 200, "")
		}
		n.refused(t, "a callback", try, 400, "hook")
		spent("a fourth", create)
		spent("a callback", try)
		spent("a look", request{"GET", "/payments", n.key, "", nil})
		for range 3 {
			n.refused(t, "a guess", request{"POST", "/payment/order", n.key + "x", orderBody(), nil}, 401, "bad_key")
		}
		spent("a guess", request{"POST", "/payment/order", n.key + "y", orderBody(), nil})
		spent("no path", request{"GET", "/payment/nothing", "", "", nil})
		now = now.Add(time.Second)
		read(t, n.do(create)).want(t, "a second later", 200, "")
	})
}

// The network's currency is the one that is taken, with its decimals.
func TestOtherCurrencies(t *testing.T) {
	inCurrency(t, "JPY", func(t *testing.T, n *network) {
		if a := n.refused(t, "USD", request{"POST", "/payment/order", n.key, orderBody(), nil}, 400, "currency"); !strings.Contains(a.Message, `"JPY"`) {
			t.Errorf("USD: %s", a.body)
		}
		o := n.post("/payment/order", orderBody("amount", "1200", "currency", `"JPY"`)).want(t, "JPY", 200, "")
		if string(o.Amount) != `"1200"` {
			t.Errorf("JPY: %s", o.body)
		}
		n.refused(t, "a half", request{"POST", "/payment/order", n.key, orderBody("amount", "0.5", "currency", `"JPY"`), nil}, 400, "amount")
	})
}

// An amount reads the same however it is written, and is written as it was read.
func TestAmounts(t *testing.T) {
	d := &Door{Currency: "USD"}
	random := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		minor := 1 + random.Int64N(purse.OrderMax)>>random.IntN(36)
		plain := string(d.appendAmount(nil, minor))
		digits := fmt.Sprint(minor)
		for _, text := range []string{
			plain, digits + "e-2", digits + "000e-5", "0.0" + digits + fmt.Sprintf("e%d", len(digits)-1), digits[:1] + "." + digits[1:] + fmt.Sprintf("0E+%d", len(digits)-3),
		} {
			text = strings.ReplaceAll(text, "E+-", "E-")
			if !json.Valid([]byte(text)) {
				t.Fatal(text)
			}
			if got, err := parseAmount(text, "USD"); err != nil || got != minor {
				t.Errorf("%s is %d, %v; want %d", text, got, err, minor)
			}
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{seedBody, orderBody("amount", "1e-2"), orderBody("amount", "-0.0e+5"), `{"amount":1e999999999999}`, `{`, `{"amount":[{}]}`, "\xff"} {
		f.Add(s)
	}
	d := &Door{Currency: "USD", PublicURL: publicURL}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := api.ParseObject([]byte(s))
		if err != nil {
			return
		}
		req, err := d.order(o)
		if err != nil {
			if e := wireErrors[purse.CodeOf(err)]; e.status != 400 || messageOf(err) == "" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if req.Minor < 1 || req.Minor > purse.OrderMax {
			t.Errorf("%q is %d", s, req.Minor)
		}
		// What is shown of it reads the same.
		made := purse.Order{OrderKey: purse.OrderKey{Number: 1}, Minor: req.Minor, Customer: req.Customer, Product: req.Product, Link: "l"}
		var r record
		if err := json.Unmarshal(d.appendRecord(nil, made, purse.Merchant{}), &r); err != nil || r.Product != req.Product || r.Customer != req.Customer {
			t.Errorf("%q becomes %+v, %v", s, r, err)
		}
		if minor, err := parseAmount(string(r.Amount), "USD"); err != nil || minor != req.Minor {
			t.Errorf("%q becomes %s", s, r.Amount)
		}
		if a := d.encodeCreated(made); !json.Valid([]byte(a.Body)) || strings.Count(a.Body, ":") < 3 {
			t.Errorf("%q is answered with %s", s, a.Body)
		}
	})
}
