package hubv1

import (
	"fmt"
	"strings"
	"testing"

	"purse"
	"purse/wallet"
)

func when(t purse.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// A first payment, to the byte.
func TestFirstPayment(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		w := n.do(request{"POST", "/paymenthandles", n.private, handleBody("ord-17", "customerIp", `"172.0.0.1"`), nil})
		h := read(t, w).want(t, "handle", 201, "")
		number, ok := parseID(h.ID)
		if !ok {
			t.Fatalf("the id is %s", h.ID)
		}
		stored, err := n.store.Handle(t.Context(), purse.MainBook, purse.HandleKey{Merchant: n.merchant.ID, ID: purse.HandleID(number)})
		if err != nil {
			t.Fatal(err)
		}
		reconciled := string(appendReconciliation(nil, number))
		head := fmt.Sprintf(`{"id":%q,"paymentHandleToken":%q,"merchantRefNum":"ord-17","transactionType":"PAYMENT","paymentType":"VENMO",`+
			`"amount":2500,"currencyCode":"USD"`, h.ID, stored.Token)
		times := func(changed purse.Time) string {
			return fmt.Sprintf(`"liveMode":false,"simulator":"EXTERNAL","txnTime":%q,"statusTime":%q,"updatedTime":%q`, when(stored.Created()), when(changed), when(changed))
		}
		const venmo, back = `"venmo":{"consumerId":"c@example.org"}`, `"returnLinks":[{"rel":"default","href":"https://shop.example/back"}]`
		const single = `"usage":"SINGLE_USE","executionMode":"SYNCHRONOUS","timeToLiveSeconds":`
		want := head + `,"status":"INITIATED","action":"REDIRECT",` + single + `899,` + times(stored.Changed) + `,` + venmo + `,` + back +
			`,"links":[{"rel":"redirect_payment","href":"https://purse.example/pay/` + stored.Link + `"}],"gatewayReconciliationId":` + reconciled +
			`,"customerIp":"172.0.0.1"}`
		if h.body != want {
			t.Errorf("handle: %s\nwant %s", h.body, want)
		}

		n.agree(t, ada, h)
		h = n.get("/paymenthandles/"+h.ID).want(t, "payable", 200, "")
		if stored, err = n.store.Handle(t.Context(), purse.MainBook, stored.HandleKey); err != nil {
			t.Fatal(err)
		}
		customer := h.GatewayResponse.BrainTreeCustomerID
		gateway := `"gatewayResponse":{"processor":"Braintree","brainTreeCustomerId":"` + customer +
			`","username":"@ada-l","profile":{"firstName":"Ada","lastName":"L"}}`
		want = head + `,"status":"PAYABLE","action":"NONE",` + single + fmt.Sprint(h.TimeToLiveSeconds) + `,` + times(stored.Changed) + `,` +
			venmo + `,` + back + `,` + gateway + `,"gatewayReconciliationId":` + reconciled + `,"customerIp":"172.0.0.1"}`
		if h.body != want {
			t.Errorf("payable: %s\nwant %s", h.body, want)
		}
		if h.TimeToLiveSeconds > 899 || h.TimeToLiveSeconds < 800 {
			t.Errorf("%d seconds are left", h.TimeToLiveSeconds)
		}

		p := n.post("/payments", payBody("ord-17", stored.Token, "customerIp", `"172.0.0.1"`)).want(t, "payment", 201, "")
		number, _ = parseID(p.ID)
		at := when(purse.Created(number))
		want = fmt.Sprintf(`{"id":%q,"paymentType":"VENMO","paymentHandleToken":%q,"merchantRefNum":"ord-17","amount":2500,"currencyCode":"USD",`+
			`"settleWithAuth":true,"status":"COMPLETED","availableToRefund":2500,"availableToSettle":0,"gatewayReconciliationId":%s,"liveMode":false,`+
			`"simulator":"EXTERNAL","txnTime":%q,"statusTime":%[4]q,"updatedTime":%[4]q,"consumerIp":"172.0.0.1",%s,%s,`+
			`"settlements":[{"id":%[1]q,"merchantRefNum":"ord-17","amount":2500,"availableToRefund":2500,"status":"COMPLETED","txnTime":%[4]q}]}`,
			p.ID, stored.Token, reconciled, at, venmo, gateway)
		if p.body != want {
			t.Errorf("payment: %s\nwant %s", p.body, want)
		}
		if shown := n.get("/payments/" + strings.ToUpper(p.ID)); shown.body != want {
			t.Errorf("shown: %s\nwant %s", shown.body, want)
		}
		settlement := fmt.Sprintf(`{"id":%q,"merchantRefNum":"ord-17","amount":2500,"currencyCode":"USD","availableToRefund":2500,"status":"COMPLETED",`+
			`"gatewayReconciliationId":%s,"liveMode":false,"txnTime":%q,"statusTime":%[3]q,"updatedTime":%[3]q}`, p.ID, reconciled, at)
		list := n.get("/settlements?merchantRefNum=ord-17")
		if want := `{"meta":{"numberOfRecords":1,"limit":10,"page":1},"settlements":[` + settlement + `]}`; list.body != want {
			t.Errorf("settlements: %s\nwant %s", list.body, want)
		}
		if used := n.get("/paymenthandles/" + h.ID); used.Status != "COMPLETED" || used.TimeToLiveSeconds != 0 {
			t.Errorf("used: %s", used.body)
		}
		if got := n.balance(t, ada.User); got != 100_000_00-2500 {
			t.Errorf("ada has %d", got)
		}
	})
}

// Every route, once.
func TestEveryRoute(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		n.issue(t, wallet.EntryRequest{Merchant: n.merchant.ID, Minor: 500_00})
		p := n.paid(t, ada, "a", "settleWithAuth", "false")
		if p.AvailableToSettle != 2500 || p.AvailableToRefund != 0 || len(p.Settlements) != 0 {
			t.Errorf("payment: %s", p.body)
		}
		s := n.post("/payments/"+p.ID+"/settlements", `{"merchantRefNum":"s1","amount":1000}`).want(t, "settle", 201, "")
		n.post("/payments/"+p.ID+"/settlements", `{"merchantRefNum":"s2","amount":500,"dupCheck":true}`).want(t, "settle more", 201, "")
		v := n.post("/payments/"+p.ID+"/voidauths", `{"merchantRefNum":"v","amount":1000}`).want(t, "void", 201, "")
		r := n.post("/settlements/"+s.ID+"/refunds", `{"merchantRefNum":"r","amount":400}`).want(t, "refund", 201, "")
		all := n.post("/settlements/"+s.ID+"/refunds", `{"merchantRefNum":"r2"}`).want(t, "refund the rest", 201, "")
		if all.Amount != 600 || r.Amount != 400 || v.Amount != 1000 || s.AvailableToRefund != 1000 {
			t.Errorf("%s\n%s\n%s\n%s", all.body, r.body, v.body, s.body)
		}
		if p = n.get("/payments/" + p.ID); p.AvailableToSettle != 0 || p.AvailableToRefund != 500 || len(p.Settlements) != 2 || p.Settlements[0].ID != s.ID {
			t.Errorf("payment: %s", p.body)
		}
		for path, id := range map[string]string{"/settlements": s.ID, "/voidauths": v.ID, "/refunds": r.ID} {
			if shown := n.get(path+"/"+id).want(t, path, 200, ""); shown.ID != id {
				t.Errorf("%s: %s", path, shown.body)
			}
			for _, method := range []string{"PUT"} {
				if path != "/voidauths" {
					n.refused(t, path, request{method, path + "/" + id, n.private, `{"status":"CANCELLED"}`, nil}, 400, "5068")
				}
			}
		}

		c := n.paid(t, ada, "b", "settleWithAuth", "false")
		if c.GatewayResponse.BrainTreeCustomerID != p.GatewayResponse.BrainTreeCustomerID {
			t.Errorf("%s\n%s", c.body, p.body)
		}
		w := n.do(request{"PUT", "/payments/" + c.ID, n.private, `{"status":"CANCELLED"}`, nil})
		number, _ := parseID(c.ID)
		if want := fmt.Sprintf(`{"id":%q,"txnTime":%q,"status":"CANCELLED"}`, c.ID, when(purse.Created(number))); w.Code != 200 || w.Body.String() != want {
			t.Errorf("cancelled: %d %s\nwant %s", w.Code, w.Body, want)
		}

		h := n.post("/paymenthandles", handleBody("c", "transactionType", `"STANDALONE_CREDIT"`)).want(t, "credit handle", 201, "")
		if h.Status != "PAYABLE" || h.Action != "NONE" {
			t.Errorf("credit handle: %s", h.body)
		}
		credit := n.post("/standalonecredits", payBody("c", h.PaymentHandleToken, "onHold", "true", "profile", `{"firstName":"C","x":null}`)).want(t, "credit", 201, "")
		if !strings.Contains(credit.body, `"onHold":true`) || !strings.Contains(credit.body, `"profile":{"firstName":"C"}`) {
			t.Errorf("credit: %s", credit.body)
		}
		n.get("/standalonecredits/"+credit.ID).want(t, "credit", 200, "")
		for _, method := range []string{"PUT", "PATCH"} {
			n.refused(t, method, request{method, "/standalonecredits/" + credit.ID, n.private, `{"status":"CANCELLED"}`, nil}, 400, "5068")
		}

		h = n.payable(t, ada, "d", "transactionType", `"VERIFICATION"`, "amount", "", "currencyCode", "")
		verified := n.post("/verifications", body("merchantRefNum", `"d"`, "paymentHandleToken", quote(h.PaymentHandleToken))).want(t, "verification", 201, "")
		n.get("/verifications/"+verified.ID).want(t, "verification", 200, "")

		for path, name := range map[string]string{
			"/paymenthandles": "paymentHandles", "/payments": "payments", "/settlements": "settlements", "/voidauths": "voidAuths",
			"/refunds": "refunds", "/standalonecredits": "standaloneCredits", "/verifications": "verifications",
		} {
			if a := n.get(path).want(t, path, 200, ""); !strings.Contains(a.body, `},"`+name+`":[{"id":`) {
				t.Errorf("%s: %s", path, a.body)
			}
		}
		methods := n.do(request{"GET", "/paymentmethods?currencyCode=USD", n.private, "", nil}).Body.String()
		if want := fmt.Sprintf(`{"paymentMethods":[{"paymentMethod":"VENMO","currencyCode":"USD","currency":"USD","accountId":"%d","mcc":"8999"}]}`, n.merchant.ID); methods != want {
			t.Errorf("methods: %s\nwant %s", methods, want)
		}
		if a := n.do(request{method: "GET", path: "/monitor"}).Body.String(); a != `{"status":"READY"}` {
			t.Errorf("monitor: %s", a)
		}
	})
}

// A public key begins payments, and does nothing else.
func TestPublicKey(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.paid(t, n.ada(t), "a") // there is an agreement
		if w := n.do(request{"GET", "/paymentmethods?currencyCode=USD", n.public, "", nil}); w.Code != 200 {
			t.Errorf("methods: %d %s", w.Code, w.Body)
		}
		h := read(t, n.do(request{"POST", "/singleusepaymenthandles", n.public, handleBody("b"), nil})).want(t, "handle", 201, "")
		if h.Status != "INITIATED" || h.Action != "REDIRECT" || h.GatewayResponse != nil {
			t.Errorf("handle: %s", h.body)
		}
		ask := request{"POST", "/singleusepaymenthandles/search", n.public, body("paymentHandleToken", quote(h.PaymentHandleToken)), nil}
		if w := n.do(ask); w.Code != 200 || w.Body.String() != `{"status":"INITIATED","paymentHandleToken":"`+h.PaymentHandleToken+`"}` {
			t.Errorf("search: %d %s", w.Code, w.Body)
		}
		ask.key = n.other
		n.refused(t, "another merchant's", ask, 404, "5269")
		for where, methods := range (&Door{}).routes() {
			for method := range methods {
				r := request{method, strings.ReplaceAll(where, "{id}", h.ID), n.public, "{}", nil}
				switch {
				case strings.HasPrefix(where, "/singleuse"), where == "/paymentmethods", where == "/monitor", strings.HasPrefix(where, "/openapi"):
				default:
					n.refused(t, method+" "+where, r, 403, "5270")
				}
			}
		}
		n.refused(t, "money to a consumer", request{"POST", "/singleusepaymenthandles", n.public, handleBody("c", "transactionType", `"STANDALONE_CREDIT"`), nil}, 403, "5270")
	})
}
