package hubv1

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/api"
)

// What existing clients send (wire.md D.2).
func TestQuirks(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		h := n.post("/paymenthandles", handleBody("17.0.1", "browserDetails", "null", "profile", "null", "dupCheck", "null",
			"venmo", `{"consumerId":"c@example.org","profileId":null,"merchantAccountId":"m"}`, "billingDetails", `{"street":"A","zip":null,"n":[1,null,2.50]}`,
			"returnLinks", `[{"rel":"default","href":"https://shop.example/back?a=1&b=<2>","method":"GET"},{"rel":"on_failed","href":"http://shop.example/x"}]`,
			"merchantDescriptor", `{"dynamicDescriptor":"Shop"}`, "accountId", `"1009"`, "description", `"Ä \"thing\""`, "shippingDetails", `{"street":"B"}`)).
			want(t, "handle", 201, "")
		for _, part := range []string{
			`"venmo":{"consumerId":"c@example.org","merchantAccountId":"m"}`, `"billingDetails":{"street":"A","n":[1,2.50]}`, `"accountId":"1009"`,
			`"description":"Ä \"thing\""`, `"merchantDescriptor":{"dynamicDescriptor":"Shop"}`, `"customerIp":"192.0.2.1"`,
			`"returnLinks":[{"rel":"default","href":"https://shop.example/back?a=1\u0026b=\u003c2\u003e","method":"GET"},{"rel":"on_failed","href":"http://shop.example/x"}]`,
		} {
			if !strings.Contains(h.body, part) {
				t.Errorf("%s is not in %s", part, h.body)
			}
		}
		if strings.Contains(h.body, "browserDetails") || strings.Contains(h.body, `"profile"`) {
			t.Errorf("handle: %s", h.body)
		}
		n.agree(t, ada, h)
		p := n.post("/payments/", payBody("17.0.1", h.PaymentHandleToken, "browserDetails", "null", "settleWithAuth", "true", "description", `"d"`,
			"billingDetails", `{"zip":"1"}`, "accountId", `"1009"`, "customerIp", `"2001:db8::1"`)).want(t, "payment", 201, "")
		if !strings.Contains(p.body, `"consumerIp":"2001:db8::1"`) || !strings.Contains(p.body, `"billingDetails":{"zip":"1"}`) {
			t.Errorf("payment: %s", p.body)
		}
		// The same GET, three times, with a slash and an ampersand too many.
		before := n.digest(t)
		var seen []string
		for range 3 {
			for _, path := range []string{"/payments/?merchantRefNum=17.0.1", "/payments?merchantRefNum=17.0.1&", "/payments/" + p.ID + "/", "/paymentmethods?currencyCode=USD&"} {
				seen = append(seen, n.get(path).want(t, path, 200, "").body)
			}
		}
		for i, body := range seen {
			if body != seen[i%4] {
				t.Errorf("the same GET: %s\nand %s", seen[i%4], body)
			}
		}
		if n.digest(t) != before {
			t.Error("looking changed something")
		}
		if a := n.get("/payments?merchantRefNum=nothing"); a.body != `{"meta":{"numberOfRecords":0,"limit":10,"page":1},"payments":[]}` {
			t.Errorf("nothing: %s", a.body)
		}
		// The content type is as good as absent, and so is the case of the scheme.
		r := httptest.NewRequest("POST", root+"/paymenthandles", strings.NewReader(handleBody("18")))
		r.Header.Set("Authorization", "basic "+base64.StdEncoding.EncodeToString([]byte(n.private.username+":"+n.private.password)))
		r.Header.Set("Content-Type", "text/plain")
		w := httptest.NewRecorder()
		n.door.ServeHTTP(w, r)
		read(t, w).want(t, "plain text", 201, "")
	})
}

func TestLists(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		began := time.Now()
		var ids []string
		for i := range 12 {
			ids = append(ids, n.post("/paymenthandles", handleBody(fmt.Sprint("a", i))).want(t, "handle", 201, "").ID)
		}
		list := func(query string) []string {
			t.Helper()
			body := n.get("/paymenthandles?"+query).want(t, query, 200, "").body
			var found []string
			for _, part := range strings.Split(body, `{"id":"`)[1:] {
				found = append(found, part[:uuidBytes])
			}
			return append([]string{body[:strings.Index(body, "},")+1]}, found...)
		}
		check := func(query, meta string, want ...string) {
			t.Helper()
			got := list(query)
			if got[0] != `{"meta":`+meta || fmt.Sprint(got[1:]) != fmt.Sprint(want) {
				t.Errorf("%s: %s, want %s %s", query, got, meta, want)
			}
		}
		var newest []string
		for i := range ids {
			newest = append(newest, ids[len(ids)-1-i])
		}
		check("", `{"numberOfRecords":12,"limit":10,"page":1}`, newest[:10]...)
		check("limit=10&offset=10", `{"numberOfRecords":12,"limit":10,"page":2}`, newest[10:]...)
		check("limit=5&offset=5", `{"numberOfRecords":12,"limit":5,"page":2}`, newest[5:10]...)
		check("limit=50&offset=0", `{"numberOfRecords":12,"limit":50,"page":1}`, newest...)
		check("merchantRefNum=a3", `{"numberOfRecords":1,"limit":10,"page":1}`, ids[3])
		check("merchantRefNum=A3", `{"numberOfRecords":0,"limit":10,"page":1}`)
		day := began.UTC().Format("2006-01-02")
		before, after := began.UTC().Add(-48*time.Hour).Format("2006-01-02"), began.UTC().Add(48*time.Hour).Format("2006-01-02T15:04:05Z")
		check("limit=50&startDate="+day+"&endDate="+after, `{"numberOfRecords":12,"limit":50,"page":1}`, newest...)
		check("startDate="+after, `{"numberOfRecords":0,"limit":10,"page":1}`)
		check("endDate="+before, `{"numberOfRecords":0,"limit":10,"page":1}`)

		for query, field := range map[string]string{
			"limit=0": "limit", "limit=51": "limit", "limit=x": "limit", "limit=-1": "limit", "limit=1.0": "limit", "offset=-1": "offset", "offset=x": "offset",
			"offset=1001": "offset", "startDate=x": "startDate", "endDate=2026-13-01": "endDate", "endDate=" + before + "&startDate=" + day: "startDate",
			"merchantRefNum=%00": "merchantRefNum", "merchantRefNum=" + strings.Repeat("x", 256): "merchantRefNum",
		} {
			for _, path := range []string{"/paymenthandles?", "/refunds?"} {
				a := n.refused(t, query, request{"GET", path + query, n.private, "", nil}, 400, "5068")
				if a.Error != nil && (len(a.Error.FieldErrors) != 1 || a.Error.FieldErrors[0].Field != field) {
					t.Errorf("%s: %s", query, a.body)
				}
			}
		}
		n.refused(t, "a broken query", request{"GET", "/payments?a=%zz", n.private, "", nil}, 400, "5023")

		// A list forgets what is older than 30 days, a reference does not.
		n.advance(t, 31*24*time.Hour)
		check("", `{"numberOfRecords":0,"limit":10,"page":1}`)
		check("merchantRefNum=a3", `{"numberOfRecords":1,"limit":10,"page":1}`, ids[3])
		check("limit=50&startDate="+day, `{"numberOfRecords":12,"limit":50,"page":1}`, newest...)
		check("limit=50&endDate="+after, `{"numberOfRecords":12,"limit":50,"page":1}`, newest...)
	})
}

func TestIdempotencyKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		again := func(name string, r request, status int) {
			t.Helper()
			first := n.do(r)
			if first.Code != status {
				t.Fatalf("%s: %d %s", name, first.Code, first.Body)
			}
			before := n.digest(t)
			r.body = strings.Replace(r.body, ",", " ,\n", 1) // the same, in other words
			second := n.do(r)
			if second.Code != first.Code || second.Body.String() != first.Body.String() || second.Header().Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s: %d %s\nwant %s", name, second.Code, second.Body, first.Body)
			}
			for _, header := range []string{"X-Application-Status-Code", "Content-Type"} {
				if got, want := second.Header().Get(header), first.Header().Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", name, header, got, want)
				}
			}
			if first.Header().Get("X-Internal-Correlation-Id") == second.Header().Get("X-Internal-Correlation-Id") {
				t.Errorf("%s: two answers have one name", name)
			}
			if n.digest(t) != before {
				t.Errorf("%s: something was changed", name)
			}
		}
		keyed := func(method, path, text, name string) request {
			return request{method, path, n.private, text, []string{"Idempotency-Key", name}}
		}
		again("handle", keyed("POST", "/paymenthandles", handleBody("a"), "k1"), 201)
		again("declined", keyed("POST", "/paymenthandles", handleBody("b", "amount", "300000"), "k2"), 402)
		h := n.payable(t, ada, "c")
		again("payment", keyed("POST", "/payments", payBody("c", h.PaymentHandleToken, "settleWithAuth", "false"), "k3"), 201)
		p := read(t, n.do(keyed("POST", "/payments", payBody("c", h.PaymentHandleToken, "settleWithAuth", "false"), "k3")))
		n.refused(t, "another amount", keyed("POST", "/paymenthandles", handleBody("a", "amount", "2501"), "k1"), 409, "5031")
		n.refused(t, "another path", keyed("POST", "/singleusepaymenthandles", handleBody("a"), "k1"), 409, "5031")
		other := keyed("POST", "/paymenthandles", handleBody("a"), "k1")
		other.headers = append(other.headers, "Simulator", "INTERNAL")
		n.refused(t, "another simulator", other, 409, "5031")
		again("settlement", keyed("POST", "/payments/"+p.ID+"/settlements", `{"merchantRefNum":"s","amount":1}`, "k4"), 201)
		again("void", keyed("POST", "/payments/"+p.ID+"/voidauths", `{"merchantRefNum":"v","amount":2499}`, "k5"), 201)
		d := n.paid(t, ada, "d", "settleWithAuth", "false")
		again("cancel", keyed("PUT", "/payments/"+d.ID, `{"status":"CANCELLED"}`, "k6"), 200)
		e := n.paid(t, ada, "e")
		again("refund", keyed("POST", "/settlements/"+e.ID+"/refunds", `{"merchantRefNum":"r","amount":1}`, "k7"), 201)
		other = keyed("POST", "/paymenthandles", handleBody("a", "venmo", `{"consumerId":"z"}`), "k1")
		other.key = n.other // keys belong to merchants
		read(t, n.do(other)).want(t, "another merchant", 201, "")
	})
}

func TestSimulator(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for header, want := range map[string]string{"": "EXTERNAL", "EXTERNAL": "EXTERNAL", "INTERNAL": "INTERNAL"} {
			h := n.post("/paymenthandles", handleBody("a"+header), "Simulator", header).want(t, header, 201, "")
			if h.Simulator != want || h.LiveMode {
				t.Errorf("%q: %s", header, h.body)
			}
		}
	})
	live(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		for _, header := range []string{"", "INTERNAL", "nonsense"} {
			h := n.post("/paymenthandles", handleBody("a"+header, "amount", "300000"), "Simulator", header).want(t, header, 201, "")
			if h.Simulator != "" || !h.LiveMode {
				t.Errorf("%q: %s", header, h.body)
			}
		}
		h := n.payable(t, ada, "b", "amount", "204600")
		p := n.post("/payments", payBody("b", h.PaymentHandleToken, "amount", "204600"), "Simulator", "nonsense").want(t, "payment", 201, "")
		if strings.Contains(p.body, "simulator") || !p.LiveMode {
			t.Errorf("payment: %s", p.body)
		}
	})
}

func TestRateHeaders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		if h := n.get("/payments").header; h.Get("X-Rate-Limit-Limit") != "" {
			t.Errorf("nothing is limited: %v", h)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		n.open(purse.Sandbox, api.NewRates(1, 3, func() time.Time { return now }))
		check := func(name string, r request, status int, remaining, reset string) {
			t.Helper()
			w := n.do(r)
			h := w.Header()
			if w.Code != status || h.Get("X-Rate-Limit-Limit") != "3" || h.Get("X-Rate-Limit-Remaining") != remaining || h.Get("X-Rate-Limit-Reset") != reset {
				t.Errorf("%s: %d %v %s", name, w.Code, h, w.Body)
			}
		}
		make := func(ref string) request {
			return request{"POST", "/paymenthandles", n.private, handleBody(ref), nil}
		}
		check("a", make("a"), 201, "2", "1000")
		check("a look", request{"GET", "/payments", n.private, "", nil}, 200, "1", "1100")
		check("b", make("b"), 201, "0", "2100")
		n.touched.Store(true)
		a := n.refused(t, "c", make("c"), 429, "1200")
		if a.header.Get("Retry-After") == "" || a.header.Get("X-Rate-Limit-Remaining") != "0" || a.header.Get("X-Rate-Limit-Reset") != "2100" {
			t.Errorf("c: %v", a.header)
		}
		// Guesses, and paths that are not there, are the address's.
		check("a guess", request{"POST", "/payments", key{n.private.username, "x"}, "{}", nil}, 401, "2", "1000")
		check("no path", request{method: "GET", path: "/nothing"}, 404, "1", "1100")
		check("no method", request{method: "DELETE", path: "/monitor"}, 405, "0", "2100")
		check("monitor", request{method: "GET", path: "/monitor"}, 200, "0", "2200")
		now = now.Add(time.Hour)
		check("later", make("c"), 201, "2", "1000")
	})
}

func TestLogHasTheCorrelation(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		id := n.get("/payments/x").header.Get("X-Internal-Correlation-Id")
		if !strings.Contains(n.log.String(), `"correlation":"`+id+`"`) {
			t.Errorf("the log does not hold %s", id)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{handleBody("a"), `{}`, `{"a":null,"b":[null,{"c":null}]}`, `{"a":1.0,"b":-0,"c":1e9}`, `{"a":"\ud800"}`, `{"a":{},"a":1}`, "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := api.ParseObject([]byte(s))
		if err != nil {
			return
		}
		text := api.AppendValue(nil, o)
		again, err := api.ParseObject(text)
		if err != nil || string(api.AppendValue(nil, again)) != string(text) {
			t.Errorf("%q becomes %q, and that %q, %v", s, text, api.AppendValue(nil, again), err)
		}
		f := newForm(o)
		_ = f.knows("a")
		f.amount("amount", true)
		f.returnLinks()
		f.details(httptest.NewRequest(http.MethodPost, "/", nil))
		_ = f.err()
	})
}
