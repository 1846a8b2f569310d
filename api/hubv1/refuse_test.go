package hubv1

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/wallet"
)

func TestEveryCodeHasAnAnswer(t *testing.T) {
	for _, code := range purse.Codes {
		e, ok := wireErrors[code]
		if !ok || e.status < 400 || e.code == "" {
			t.Errorf("%s is not in the table", code)
		}
		w := httptest.NewRecorder()
		fail(w, purse.Refuse(code, "The reason."))
		p := read(t, w)
		if w.Code < 400 || p.Error == nil || p.Error.Code == "" || p.Error.Message == "" || len(p.Error.FieldErrors) > 0 && len(p.Error.Details) == 0 {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
		if got := w.Header().Get("X-Application-Status-Code"); got != p.Error.Code {
			t.Errorf("%s: the header says %q", code, got)
		}
		// What an outcome says must say something too.
		if e.status == 402 && e.message == "" {
			t.Errorf("%s says nothing", code)
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

func TestKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.paid(t, n.ada(t), "a")
		for name, k := range map[string]key{
			"none": {}, "no such name": {"merchant-test-aaaaaaaaaaaaaaaa", n.private.password}, "a wrong password": {n.private.username, n.other.password},
			"no name": {"", "x"}, "the public key's password": {n.private.username, n.public.password}, "upper case": {strings.ToUpper(n.private.username), n.private.password},
			"what no database takes": {"a\x00b\xff", "\x00"},
		} {
			for where, methods := range (&Door{}).routes() {
				if where == "/monitor" || strings.HasPrefix(where, "/openapi") {
					continue
				}
				for method := range methods {
					r := request{method, strings.ReplaceAll(where, "{id}", p.ID), k, "{}", nil}
					a := n.refused(t, name+" "+method+" "+where, r, 401, "5279")
					if a.header.Get("WWW-Authenticate") == "" || a.Error.Message == "" {
						t.Errorf("%s: %s", name, a.body)
					}
				}
			}
		}
		n.refused(t, "another scheme", request{"GET", "/payments", key{}, "", []string{"Authorization", "Bearer x"}}, 401, "5279")

		for _, path := range []string{"/paymenthandles/", "/payments/", "/settlements/"} {
			n.refused(t, "another merchant's "+path, request{"GET", path + p.ID, n.other, "", nil}, 404, "5269")
		}
		n.refused(t, "another merchant's", request{"POST", "/settlements/" + p.ID + "/refunds", n.other, `{"merchantRefNum":"x"}`, nil}, 404, "5269")
		n.refused(t, "another merchant's", request{"PUT", "/payments/" + p.ID, n.other, `{"status":"CANCELLED"}`, nil}, 404, "5269")
		if a := read(t, n.do(request{"GET", "/payments", n.other, "", nil})); !strings.Contains(a.body, `"payments":[]`) {
			t.Errorf("another merchant's list: %s", a.body)
		}

		if err := n.identity.RevokeKey(t.Context(), "op", n.private.username); err != nil {
			t.Fatal(err)
		}
		n.touched.Store(true)
		n.refused(t, "revoked", request{"GET", "/payments", n.private, "", nil}, 401, "5279")
		n.refused(t, "revoked", request{"POST", "/paymenthandles", n.private, handleBody("b"), nil}, 401, "5279")
		ask := body("paymentHandleToken", quote(p.PaymentHandleToken))
		n.refused(t, "revoked", request{"POST", "/singleusepaymenthandles/search", n.private, ask, nil}, 401, "5279")
	})
}

func TestPathsAndMethods(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for _, path := range []string{
			"", "/", "/nothing", "//payments", "/payments/../payments", "/payments/1", "/payments/00000000-0000-8d26-a215-4e6d76b20002",
			"/payments/" + text(1), "/paymenthandles/x", "/settlements/" + text(1<<50), "/payments//", "/voidauths/" + text(5), "/payments/" + text(1) + "/nothing",
		} {
			n.refused(t, path, request{"GET", path, n.private, "", nil}, 404, "5269")
		}
		for _, path := range []string{"/payments/x/settlements", "/payments/" + text(1) + "/voidauths", "/settlements/" + text(1) + "/refunds"} {
			n.refused(t, path, request{"POST", path, n.private, `{"merchantRefNum":"a","amount":1}`, nil}, 404, "5269")
		}
		n.refused(t, "cancel", request{"PUT", "/payments/" + text(1), n.private, `{"status":"CANCELLED"}`, nil}, 404, "5269")
		for _, r := range []request{{method: "DELETE", path: "/payments"}, {method: "POST", path: "/monitor"}, {method: "PATCH", path: "/payments/" + text(1)}} {
			if a := n.refused(t, r.method, r, 405, "5269"); a.header.Get("Allow") == "" {
				t.Errorf("%s %s: %s", r.method, r.path, a.body)
			}
		}
		w := n.do(request{"HEAD", "/monitor", key{}, "", nil})
		if w.Code != 200 {
			t.Errorf("HEAD: %d", w.Code)
		}
	})
}

// What fields are wrong of a new handle, and how.
func TestHandleFields(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		long := quote(strings.Repeat("x", 256))
		for name, c := range map[string]struct {
			body   string
			fields string
		}{
			"nothing":              {`{}`, "merchantRefNum transactionType paymentType amount venmo.consumerId currencyCode"},
			"only nulls":           {`{"merchantRefNum":null,"amount":null,"venmo":null}`, "merchantRefNum transactionType paymentType amount venmo.consumerId currencyCode"},
			"an empty reference":   {handleBody(""), "merchantRefNum"},
			"a long reference":     {handleBody("a", "merchantRefNum", long), "merchantRefNum"},
			"a number for it":      {handleBody("a", "merchantRefNum", "1"), "merchantRefNum"},
			"a control character":  {handleBody("a", "merchantRefNum", `"a\u0000b"`), "merchantRefNum"},
			"one further in":       {handleBody("a", "profile", `{"firstName":"\u0007"}`), "profile.firstName"},
			"no such type":         {handleBody("a", "transactionType", `"ORIGINAL_CREDIT"`), "transactionType"},
			"a card":               {handleBody("a", "paymentType", `"CARD"`), "paymentType"},
			"no amount":            {handleBody("a", "amount", ""), "amount"},
			"0":                    {handleBody("a", "amount", "0"), "amount"},
			"-1":                   {handleBody("a", "amount", "-1"), "amount"},
			"1500.0":               {handleBody("a", "amount", "1500.0"), "amount"},
			"1e3":                  {handleBody("a", "amount", "1e3"), "amount"},
			"a text":               {handleBody("a", "amount", `"1500"`), "amount"},
			"too much":             {handleBody("a", "amount", "100000000000"), "amount"},
			"far too much":         {handleBody("a", "amount", "99999999999999999999999"), "amount"},
			"no currency":          {handleBody("a", "currencyCode", ""), "currencyCode"},
			"no consumer":          {handleBody("a", "venmo", `{}`), "venmo.consumerId"},
			"an empty consumer":    {handleBody("a", "venmo", `{"consumerId":""}`), "venmo.consumerId"},
			"a long consumer":      {handleBody("a", "venmo", `{"consumerId":`+long+`}`), "venmo.consumerId"},
			"no object":            {handleBody("a", "venmo", `"c"`), "venmo venmo.consumerId"},
			"no list":              {handleBody("a", "returnLinks", `{}`), "returnLinks"},
			"no default":           {handleBody("a", "returnLinks", `[{"rel":"on_failed","href":"https://a.example"}]`), "returnLinks"},
			"an empty list":        {handleBody("a", "returnLinks", `[]`), "returnLinks"},
			"no such relation":     {handleBody("a", "returnLinks", `[{"rel":"default","href":"https://a.example"},{"rel":"x","href":"https://a.example"}]`), "returnLinks.rel"},
			"a relation twice":     {handleBody("a", "returnLinks", `[{"rel":"default","href":"https://a.example"},{"rel":"default","href":"https://a.example"}]`), "returnLinks.rel"},
			"a script":             {handleBody("a", "returnLinks", `[{"rel":"default","href":"javascript:alert(1)"}]`), "returnLinks.href"},
			"a path":               {handleBody("a", "returnLinks", `[{"rel":"default","href":"/back"}]`), "returnLinks.href"},
			"a password in it":     {handleBody("a", "returnLinks", `[{"rel":"default","href":"https://a:b@a.example"}]`), "returnLinks.href"},
			"no such method":       {handleBody("a", "returnLinks", `[{"rel":"default","href":"https://a.example","method":"PUT"}]`), "returnLinks.method"},
			"no flag":              {handleBody("a", "dupCheck", `"false"`), "dupCheck"},
			"no address":           {handleBody("a", "customerIp", `"here"`), "customerIp"},
			"an amount to verify":  {handleBody("a", "transactionType", `"VERIFICATION"`), "amount"},
			"a list for an object": {handleBody("a", "billingDetails", `[]`), "billingDetails"},
		} {
			a := n.refused(t, name, request{"POST", "/paymenthandles", n.private, c.body, nil}, 400, "5068")
			if a.Error == nil {
				continue
			}
			var fields []string
			for _, f := range a.Error.FieldErrors {
				fields = append(fields, f.Field)
				if f.Error == "" || !slices.Contains(a.Error.Details, f.Field+": "+f.Error) {
					t.Errorf("%s: %s", name, a.body)
				}
			}
			if got := strings.Join(fields, " "); got != c.fields || a.Error.Message != "Field error(s)" {
				t.Errorf("%s: %s are wrong, want %s: %s", name, got, c.fields, a.body)
			}
		}
		n.refused(t, "another currency", request{"POST", "/paymenthandles", n.private, handleBody("a", "currencyCode", `"EUR"`), nil}, 400, "5001")
		n.refused(t, "another currency", request{"GET", "/paymentmethods?currencyCode=EUR", n.private, "", nil}, 400, "5001")
		n.refused(t, "a simulator", request{"POST", "/paymenthandles", n.private, handleBody("a"), []string{"Simulator", "BOTH"}}, 400, "5068")
		n.refused(t, "a long key", request{"POST", "/paymenthandles", n.private, handleBody("a"), []string{"Idempotency-Key", strings.Repeat("x", 256)}}, 400, "5068")
		n.refused(t, "many details", request{"POST", "/paymenthandles", n.private, handleBody("a", "profile", `{"a":"`+strings.Repeat("x", 20<<10)+`"}`), nil}, 400, "5068")
		n.refused(t, "a large body", request{"POST", "/paymenthandles", n.private, `{"a":"` + strings.Repeat("x", 64<<10) + `"}`, nil}, 413, "5023")
	})
}

// Bodies that cannot be read, and fields that an endpoint does not know.
func TestBodies(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		p := n.paid(t, n.ada(t), "a", "settleWithAuth", "false")
		for name, text := range map[string]string{
			"none": "", "space": " ", "a list": "[]", "a text": `"a"`, "null": "null", "half of one": `{"merchantRefNum":`, "two": `{}{}`,
			"a member twice": `{"merchantRefNum":"a","merchantRefNum":"b"}`, "a null and a member": `{"amount":null,"amount":1}`,
			"twice further in": handleBody("a", "venmo", `{"consumerId":"a","consumerId":"b"}`),
			"not UTF-8":        "{\"merchantRefNum\":\"\xff\"}", "a form": "merchantRefNum=a", "too deep": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
			"a comment": `{/**/}`, "a comma": `{"amount":1,}`,
		} {
			for _, path := range []string{"/paymenthandles", "/payments", "/singleusepaymenthandles/search", "/payments/" + p.ID + "/voidauths"} {
				n.refused(t, name, request{"POST", path, n.private, text, nil}, 400, "5023")
			}
		}
		for name, r := range map[string]request{
			"returnLinks":     {"POST", "/payments", n.private, payBody("b", "PHx", "returnLinks", "[]"), nil},
			"webhook":         {"POST", "/payments", n.private, payBody("b", "PHx", "webhook", "{}"), nil},
			"shippingDetails": {"POST", "/payments", n.private, payBody("b", "PHx", "shippingDetails", "{}"), nil},
			"venmo.token":     {"POST", "/paymenthandles", n.private, handleBody("b", "venmo", `{"consumerId":"a","token":"b"}`), nil},
			"card":            {"POST", "/paymenthandles", n.private, handleBody("b", "card", `{}`), nil},
			"amount":          {"PUT", "/payments/" + p.ID, n.private, `{"status":"CANCELLED","amount":1}`, nil},
			"x":               {"POST", "/payments/" + p.ID + "/settlements", n.private, `{"merchantRefNum":"b","amount":1,"x":1}`, nil},
			"id":              {"POST", "/singleusepaymenthandles/search", n.private, `{"paymentHandleToken":"b","id":"a"}`, nil},
		} {
			if a := n.refused(t, name, r, 400, "5023"); a.Error != nil && !strings.Contains(a.Error.Message, name) {
				t.Errorf("%s: %s", name, a.body)
			}
		}
		n.refused(t, "another status", request{"PUT", "/payments/" + p.ID, n.private, `{"status":"COMPLETED"}`, nil}, 400, "5068")
		n.refused(t, "no amount", request{"POST", "/payments/" + p.ID + "/settlements", n.private, `{"merchantRefNum":"b"}`, nil}, 400, "5068")
		n.refused(t, "no token", request{"POST", "/payments", n.private, payBody("b", ""), nil}, 400, "5068")
		n.refused(t, "no text", request{"POST", "/standalonecredits", n.private, payBody("b", "PHx", "onHold", "1"), nil}, 400, "5068")
	})
}

// Refusals of the use cases, each with its code.
func TestRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		post := func(path, text string) request { return request{"POST", path, n.private, text, nil} }
		p := n.paid(t, ada, "a")
		n.refused(t, "the same reference", post("/paymenthandles", handleBody("a")), 409, "5031")
		n.refused(t, "the same reference", post("/payments", payBody("a", p.PaymentHandleToken)), 409, "5031")
		n.post("/paymenthandles", handleBody("a", "dupCheck", "false")).want(t, "no dupCheck", 201, "")
		n.refused(t, "a used handle", post("/payments", payBody("b", p.PaymentHandleToken)), 400, "5283")
		n.refused(t, "no such handle", post("/payments", payBody("b", "PHAAAAAAAAAAAAAA")), 400, "5283")
		n.refused(t, "no such handle", post("/singleusepaymenthandles/search", `{"paymentHandleToken":"PHAAAAAAAAAAAAAA"}`), 404, "5269")
		asked := n.post("/paymenthandles", handleBody("x", "venmo", `{"consumerId":"stranger"}`)).want(t, "asked", 201, "")
		n.refused(t, "a handle that waits", post("/payments", payBody("b", asked.PaymentHandleToken)), 400, "5283")
		h := n.payable(t, ada, "c")
		other := post("/payments", payBody("c", h.PaymentHandleToken))
		other.key = n.other
		n.refused(t, "another merchant's", other, 400, "5283")
		n.refused(t, "for money the other way", post("/standalonecredits", payBody("c", h.PaymentHandleToken)), 400, "5283")
		a := n.refused(t, "another amount", post("/payments", payBody("c", h.PaymentHandleToken, "amount", "2499")), 400, "5068")
		if a.Error.FieldErrors[0].Field != "amount" {
			t.Errorf("another amount: %s", a.body)
		}
		n.advance(t, 15*time.Minute)
		late := n.post("/payments", payBody("c", h.PaymentHandleToken)).want(t, "too late", 400, "5283")
		if !slices.Contains(late.Error.Details, "PAYMENT_HANDLE_EXPIRED") {
			t.Errorf("too late: %s", late.body)
		}
		if h = n.get("/paymenthandles/" + h.ID); h.Status != "EXPIRED" || h.TimeToLiveSeconds != 0 || h.Action != "NONE" {
			t.Errorf("expired: %s", h.body)
		}
		if asked = n.get("/paymenthandles/" + asked.ID); asked.Status != "EXPIRED" || asked.Links != nil {
			t.Errorf("expired: %s", asked.body)
		}

		a = n.refused(t, "not linked", post("/paymenthandles", handleBody("d", "transactionType", `"STANDALONE_CREDIT"`, "venmo", `{"consumerId":"x"}`)), 400, "5068")
		if a.Error.FieldErrors[0].Field != "venmo.consumerId" {
			t.Errorf("not linked: %s", a.body)
		}
		n.refused(t, "cancelled late", request{"PUT", "/payments/" + p.ID, n.private, `{"status":"CANCELLED"}`, nil}, 400, "5068")

		if _, err := n.identity.SetMerchant(t.Context(), "op", n.merchant.ID, func(m *purse.Merchant) { m.Accepts = false }); err != nil {
			t.Fatal(err)
		}
		n.touched.Store(true)
		a = n.refused(t, "not accepted", post("/paymenthandles", handleBody("e")), 401, "5040")
		if a.Error.Message != "Venmo accounts are not accepted by this merchant account" {
			t.Errorf("not accepted: %s", a.body)
		}
		if w := n.do(request{"GET", "/paymentmethods", n.public, "", nil}); w.Body.String() != `{"paymentMethods":[]}` {
			t.Errorf("methods: %s", w.Body)
		}
		if err := n.identity.CloseMerchant(t.Context(), "op", n.merchant.ID); err != nil {
			t.Fatal(err)
		}
		n.touched.Store(true)
		n.refused(t, "closed", post("/paymenthandles", handleBody("e")), 401, "5017")
		n.get("/payments/"+p.ID).want(t, "a look back", 200, "")
	})
}

// Declines leave a resource, and say why in it.
func TestDeclines(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		declined := func(name, path, text, code string) answer {
			t.Helper()
			a := n.post(path, text).want(t, name, 402, code)
			if a.Status != "FAILED" || a.ID == "" || a.Error.Message == "" {
				t.Errorf("%s: %s", name, a.body)
			}
			collection, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			if i := strings.LastIndex(path, "/"); i > 0 {
				collection = path[i+1:]
			}
			if shown := n.get("/"+collection+"/"+a.ID).want(t, name, 200, code); shown.Status != "FAILED" {
				t.Errorf("%s: %s", name, shown.body)
			}
			return a
		}
		p := n.paid(t, ada, "a")
		declined("floor limit", "/paymenthandles", handleBody("b", "amount", "300000"), "3049")
		big := n.payable(t, ada, "c", "amount", "204600")
		a := declined("processor", "/payments", payBody("c", big.PaymentHandleToken, "amount", "204600"), "3047")
		if d := a.Error.AdditionalDetails; len(d) != 1 || d[0].Code != "2046" || d[0].Type == "" || d[0].Message == "" {
			t.Errorf("processor: %s", a.body)
		}
		if h := n.get("/paymenthandles/" + big.ID); h.Status != "FAILED" || h.Error == nil || h.Error.Code != "3047" {
			t.Errorf("its handle: %s", h.body)
		}
		declined("limit", "/paymenthandles", handleBody("d", "amount", "6000001"), "3048")
		declined("limit of a week", "/paymenthandles", handleBody("e", "amount", "99999999999"), "3048")
		bob := n.person(t, "bob-l", 30_00)
		poor := n.post("/paymenthandles", handleBody("f", "venmo", `{"consumerId":"bob"}`))
		n.agree(t, bob, poor)
		declined("funds", "/paymenthandles", handleBody("g", "venmo", `{"consumerId":"bob"}`), "3022")

		n.refused(t, "more than there is", request{"POST", "/payments/" + p.ID + "/nothing", n.private, "{}", nil}, 404, "5269")
		declined("over refund", "/settlements/"+p.ID+"/refunds", `{"merchantRefNum":"r","amount":2501}`, "3402")
		open := n.paid(t, ada, "h", "settleWithAuth", "false")
		declined("over settle", "/payments/"+open.ID+"/settlements", `{"merchantRefNum":"s","amount":2501}`, "3204")
		declined("over void", "/payments/"+open.ID+"/voidauths", `{"merchantRefNum":"v","amount":2501}`, "3204")

		declined("credit funds", "/paymenthandles", handleBody("i", "transactionType", `"STANDALONE_CREDIT"`, "amount", "999999"), "3022")
		n.touched.Store(true)
		if err := n.wallet.Freeze(t.Context(), purse.MainBook, "op", ada.User, true, ""); err != nil {
			t.Fatal(err)
		}
		declined("frozen", "/paymenthandles", handleBody("j"), "3048")
	})
}

// What an outside processor says of withdrawals (wire.md B.11).
func TestGateway(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.paid(t, n.ada(t), "a")
		n.issue(t, wallet.EntryRequest{Merchant: n.merchant.ID, Minor: 500_00})
		for minor, want := range map[int]struct {
			status int
			word   string
		}{
			4511: {403, "SENDER_RESTRICTED"}, 4521: {403, "SENDER_EMAIL_UNCONFIRMED"}, 4531: {403, "AUTHORIZATION_ERROR"},
			4541: {502, "INSUFFICIENT_FUNDS"}, 4551: {502, "INTERNAL_ERROR"},
		} {
			text := handleBody("b", "transactionType", `"STANDALONE_CREDIT"`, "amount", fmt.Sprint(minor))
			a := n.refused(t, want.word, request{"POST", "/paymenthandles", n.private, text, nil}, want.status, "1001")
			if d := a.Error.AdditionalDetails; len(d) != 1 || d[0].Code != want.word || a.Error.Message == want.word {
				t.Errorf("%s: %s", want.word, a.body)
			}
		}
	})
}
