package orderv1

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"purse"
)

// seedBody is the body of the seed's request sample, byte for byte.
const seedBody = `{
            "amount": 100,
            "currency": "USD",
            "customer": "test@gmail.com",
            "product": "test product",
            "redirect_url": "https://your_domain.com/redirect_page"
        }`

// TestSeed000 walks seeds/000 from its first line to its last, and on to the end that it
// is for: the customer pays, the merchant has the money.
func TestSeed000(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		// "Authorization: Bearer <YOUR_API_key>", and the request sample.
		o := n.post("/payment/order", seedBody).want(t, "the sample", 200, "")
		n.secrets = append(n.secrets, o.link())
		// The three fields, in the seed's order, with the seed's types.
		want := `{"order_url":"` + publicURL + `/pay/` + o.link() + `","order_id":1,"amount":"100"}`
		if o.body != want || len(o.link()) < 20 {
			t.Errorf("the answer is %s\nwant %s", o.body, want)
		}
		if got := o.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			t.Errorf("the answer is %s", got)
		}
		n.shows(t, "nobody has paid", o, purse.OrderPending)

		// "This URL points to the Venmo checkout page where the customer can complete the
		// payment."
		ada := n.person(t, "ada-l", 150_00)
		q, err := n.orders.Question(t.Context(), o.link())
		if err != nil || q.Order.Minor != 100_00 || q.Order.Product != "test product" || q.Order.Customer != "test@gmail.com" || q.Merchant.ID != n.shop.ID {
			t.Errorf("the page shows %+v, %v", q, err)
		}
		// "Redirect URL after successful payment."
		if q.Order.Redirect != "https://your_domain.com/redirect_page" {
			t.Errorf("the customer goes to %q", q.Order.Redirect)
		}
		n.pay(t, ada, o)
		n.shows(t, "paid", o, purse.OrderPaid)
		for id, want := range map[string]int64{"ada": 50_00, "shop": 100_00} {
			account := purse.WalletOf(ada.User)
			if id == "shop" {
				account = purse.BalanceOf(n.shop.ID)
			}
			if a, err := n.store.Account(t.Context(), purse.MainBook, account); err != nil || a.Balance() != want {
				t.Errorf("%s has %d, want %d, %v", id, a.Balance(), want, err)
			}
		}

		// "redirect_url ❌": not required.
		without := n.post("/payment/order", orderBody("redirect_url", "")).want(t, "no redirect_url", 200, "")
		if q, err = n.orders.Question(t.Context(), without.link()); err != nil || q.Order.Redirect != "" || without.OrderID != 2 {
			t.Errorf("%s: %+v, %v", without.body, q.Order, err)
		}
		// Four fields are ✅, in this order.
		for _, field := range []string{"amount", "currency", "customer", "product"} {
			a := n.refused(t, "no "+field, request{"POST", "/payment/order", n.key, orderBody(field, ""), nil}, 400, "missing")
			if !strings.HasPrefix(a.Message, field+" is required") {
				t.Errorf("no %s: %s", field, a.Message)
			}
		}
		// "We only support USD."
		n.refused(t, "EUR", request{"POST", "/payment/order", n.key, orderBody("currency", `"EUR"`), nil}, 400, "currency")
		// 401.
		n.refused(t, "no key", request{"POST", "/payment/order", "", seedBody, nil}, 401, "no_key")
		n.refused(t, "a wrong key", request{"POST", "/payment/order", "YOUR_API_KEY", seedBody, nil}, 401, "bad_key")
	})
}

// What the seed's record shapes look like, to the byte (wire.md C.2).
func TestRecords(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.set(t, func(m *purse.Merchant) { m.Orders.Hook = "https://shop.example/hook?a=1&b=2" })
		began := n.now(t)
		if a := n.get("/payments"); a.body != `{"limit":10,"offset":0,"data":[]}` {
			t.Errorf("no orders: %s", a.body)
		}
		paid := n.order(t, "39.99")
		refused := n.order(t, "100")
		expired := n.order(t, "0.5")
		n.pay(t, n.person(t, "ada-l", 100_00), paid)
		if _, err := n.orders.Refuse(t.Context(), refused.link()); err != nil {
			t.Fatal(err)
		}
		n.advance(t, purse.OrderLife)
		pending := n.order(t, "1e2")
		record := func(id, amount, status string) string {
			return `{"id":` + id + `,"Amount":` + amount + `,"currency":"USD","customer":"test@gmail.com","product":"test product",` +
				`"hook_url":"https://shop.example/hook?a=1\u0026b=2","status":"` + status + `"}`
		}
		rows := []string{record("4", "100", "PENDING"), record("3", "0.5", "EXPIRED"), record("2", "100", "EXPIRED"), record("1", "39.99", "SUCCESS")}
		all := `[` + strings.Join(rows, ",") + `]`
		if a := n.get("/payments?limit=10&offset=0"); a.body != `{"limit":10,"offset":0,"data":`+all+`}` {
			t.Errorf("list: %s", a.body)
		}
		for i, o := range []answer{pending, expired, refused, paid} {
			want := `{"status":` + rows[i][strings.LastIndex(rows[i], `":"`)+2:len(rows[i])-1] + `,"data":` + rows[i] + `}`
			if a := n.look(o.OrderID); a.code != 200 || a.body != want {
				t.Errorf("status: %d %s\nwant %s", a.code, a.body, want)
			}
		}
		period := `{"start_date":` + quote(began.Format(time.RFC3339)) + `,"end_date":` + quote(n.now(t).Add(time.Second).Format(time.RFC3339)) + `}`
		if a := n.post("/payment/history", period); a.body != `{"amount":240.49,"data":`+all+`}` {
			t.Errorf("history: %s", a.body)
		}
		for query, want := range map[string]string{
			"limit=2": rows[0] + "," + rows[1], "limit=1&offset=1": rows[1], "offset=3": rows[3], "offset=4": "", "limit=101": strings.Join(rows, ","), "limit=&offset=": strings.Join(rows, ","),
		} {
			a := n.get("/payments?"+query).want(t, query, 200, "")
			if string(a.Data) != "["+want+"]" || a.Limit > 100 {
				t.Errorf("%s: %s", query, a.body)
			}
		}
	})
}

// Periods are inclusive, and as exact as they are written.
func TestPeriods(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		o := n.order(t, "5")
		stored, err := n.store.Order(t.Context(), purse.MainBook, purse.OrderKey{Merchant: n.shop.ID, Number: purse.OrderNumber(o.OrderID)})
		if err != nil {
			t.Fatal(err)
		}
		made := stored.Made.UTC()
		const micro, milli, second = "2006-01-02T15:04:05.000000Z", "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05Z"
		east := made.In(time.FixedZone("", 5*3600+1800))
		for _, c := range []struct {
			name, from, to string
			want           int
		}{
			{"to the microsecond", made.Format(micro), made.Format(micro), 1},
			{"just before", made.Add(-time.Second).Format(micro), made.Add(-time.Microsecond).Format(micro), 0},
			{"just after", made.Add(time.Microsecond).Format(micro), made.Add(time.Second).Format(micro), 0},
			{"to the millisecond", made.Format(milli), made.Format(milli), 1},
			{"the millisecond before", made.Format(milli), made.Add(-time.Millisecond).Format(milli), -1},
			{"to the second", made.Format(second), made.Format(second), 1},
			{"the second before", made.Add(-2 * time.Second).Format(second), made.Add(-time.Second).Format(second), 0},
			{"another zone", east.Format(time.RFC3339), east.Format(time.RFC3339), 1},
			{"no zone", made.Format("2006-01-02T15:04:05"), made.Format("2006-01-02T15:04:05"), 1},
			{"the day", made.Format("2006-01-02"), made.Format("2006-01-02"), 1},
			{"the day before", made.Add(-24 * time.Hour).Format("2006-01-02"), made.Add(-24 * time.Hour).Format("2006-01-02"), 0},
			{"long ago", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", 0},
			{"to the epoch", "1969-12-31T00:00:00Z", "1969-12-31T23:59:59Z", 0},
			{"at the epoch", "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z", 0},
			{"for ever", "0001-01-01", "9999-12-31", 1},
			{"backwards", made.Add(time.Hour).Format(second), made.Format(second), -1},
		} {
			r := request{"POST", "/payment/history", n.key, `{"start_date":` + quote(c.from) + `,"end_date":` + quote(c.to) + `}`, nil}
			if c.want < 0 {
				if a := n.refused(t, c.name, r, 400, "invalid"); a.Message != "start_date must not be after end_date." {
					t.Errorf("%s: %s", c.name, a.Message)
				}
				continue
			}
			a := read(t, n.do(r)).want(t, c.name, 200, "")
			if got := a.records(t); len(got) != c.want || string(a.Amount) != map[int]string{0: "0", 1: "5"}[c.want] {
				t.Errorf("%s: %s", c.name, a.body)
			}
		}
	})
}

// The identifier of an order is an integer that JavaScript reads as it is.
func TestOrderIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.touched.Store(true)
		for i := range 3 {
			w := n.do(request{"POST", "/payment/order", n.key, orderBody(), nil})
			d := json.NewDecoder(w.Body)
			d.UseNumber()
			var members map[string]any
			if err := d.Decode(&members); err != nil || len(members) != 3 {
				t.Fatal(members, err)
			}
			id, err := members["order_id"].(json.Number).Int64()
			if err != nil || id != int64(i+1) || id >= 1<<53 {
				t.Errorf("order %d is %v", i, members["order_id"])
			}
			if _, ok := members["amount"].(string); !ok {
				t.Errorf("the amount is %v", members["amount"])
			}
		}
	})
}
