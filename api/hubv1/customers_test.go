package hubv1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/internal/doortest"
)

const adaBody = `{"merchantCustomerId":"c-1","locale":"en_GB","firstName":"Augusta","middleName":"Ada","lastName":"Lovelace","gender":"F",` +
	`"dateOfBirth":{"day":10,"month":12,"year":1915},"email":"ada@example.org","phone":"020 7946 0000","cellPhone":"07700 900000",` +
	`"nationality":"GB","ip":"192.0.2.7","accountId":"17"}`

func (n *network) put(path, body string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"PUT", path, n.private, body, nil}))
}

func (n *network) remove(path string, headers ...string) answer {
	n.t.Helper()
	return read(n.t, n.do(request{"DELETE", path, n.private, "", headers}))
}

// customerOf is a member of a customer's answer.
func customerOf(t *testing.T, a answer, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(members[name]), `"`)
}

// A customer, to the byte.
func TestCustomer(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		made := n.post("/customers", adaBody).want(t, "create", 201, "")
		token := customerOf(t, made, "paymentToken")
		whole := `{"id":"` + made.ID + `","status":"ACTIVE",` + adaBody[1:len(adaBody)-1] + `,"paymentToken":"` + token + `"`
		if made.body != whole+"}" {
			t.Errorf("made: %s\nwant %s}", made.body, whole)
		}
		for _, path := range []string{
			"/customers/" + made.ID, "/customers/" + strings.ToUpper(made.ID) + "/", "/customers?merchantCustomerId=c-1&", "/customers/" + made.ID + "?fields=",
		} {
			if got := n.get(path).want(t, path, 200, ""); got.body != whole+"}" {
				t.Errorf("%s: %s", path, got.body)
			}
		}
		both := whole + `,"addresses":[],"paymentHandles":[]}`
		for _, path := range []string{"/customers/" + made.ID + "?fields=addresses,paymenthandles", "/customers?merchantCustomerId=c-1&fields=paymentHandles,%20addresses"} {
			if got := n.get(path).want(t, path, 200, ""); got.body != both {
				t.Errorf("%s: %s", path, got.body)
			}
		}
		n.post("/customers", adaBody).want(t, "again", 409, "7505")

		changed := n.put("/customers/"+made.ID, `{"lastName":"King","middleName":null}`).want(t, "change", 200, "")
		want := `{"id":"` + made.ID + `","status":"ACTIVE","merchantCustomerId":"c-1","locale":"en_US","lastName":"King","paymentToken":"` + token + `"}`
		if changed.body != want || n.get("/customers/"+made.ID).body != want {
			t.Errorf("changed: %s\nwant %s", changed.body, want)
		}
		n.put("/customers/"+made.ID, `{"merchantCustomerId":"c-2"}`).want(t, "rename", 200, "")
		n.post("/customers", `{"merchantCustomerId":"c-1"}`).want(t, "the name is free", 201, "")
		n.put("/customers/"+made.ID, `{"merchantCustomerId":"c-1"}`).want(t, "rename back", 409, "7505")

		gone := n.remove("/customers/"+made.ID, "Idempotency-Key", "k").want(t, "delete", 200, "")
		if gone.body != `{"id":"`+made.ID+`"}` {
			t.Errorf("deleted: %s", gone.body)
		}
		again := n.remove("/customers/"+made.ID, "Idempotency-Key", "k").want(t, "delete again", 200, "")
		if again.body != gone.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("deleted again: %s", again.body)
		}
		n.remove("/customers/"+made.ID).want(t, "delete without the key", 404, "5269")
		n.get("/customers/"+made.ID).want(t, "deleted", 404, "5269")
		n.get("/customers?merchantCustomerId=c-2").want(t, "deleted", 404, "5269")
		for _, row := range doortest.Rows(t, n.db, "customers") {
			if strings.Contains(row, "King") || strings.Contains(row, "Lovelace") {
				t.Errorf("left: %s", row)
			}
		}
		for _, locale := range locales {
			n.post("/customers", `{"merchantCustomerId":"in `+locale+`","locale":"`+locale+`"}`).want(t, locale, 201, "")
		}
	})
}

func TestAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		id := n.post("/customers", `{"merchantCustomerId":"c-1"}`).want(t, "create", 201, "").ID
		at := "/customers/" + id + "/addresses"
		const home = `"nickName":"home","street":"12 St James's Square","street2":"2nd floor","city":"London","state":"LND","zip":"SW1Y 4JH",` +
			`"country":"GB","recipientName":"Lady L.","phone":"1","defaultShippingAddressIndicator":true`
		made := n.post(at, "{"+home+"}").want(t, "add", 201, "")
		if want := `{"id":"` + made.ID + `","status":"ACTIVE",` + home + `}`; made.body != want || n.get(at+"/"+made.ID).body != want {
			t.Errorf("made: %s\nwant %s", made.body, want)
		}
		// What was got may be sent back.
		if back := n.put(at+"/"+made.ID, made.body).want(t, "send back", 200, ""); back.body != made.body {
			t.Errorf("sent back: %s", back.body)
		}
		second := n.post(at, `{}`).want(t, "add another", 201, "")
		list := n.get(at).want(t, "list", 200, "")
		if want := `{"meta":{"numberOfRecords":2,"limit":50,"page":1},"addresses":[` + made.body + `,` + second.body + `]}`; list.body != want {
			t.Errorf("listed: %s\nwant %s", list.body, want)
		}
		if c := n.get("/customers/" + id + "?fields=addresses"); !strings.HasSuffix(c.body, `,"addresses":[`+made.body+`,`+second.body+`]}`) {
			t.Errorf("shown: %s", c.body)
		}
		n.remove(at+"/"+made.ID).want(t, "delete", 200, "")
		n.remove(at+"/"+made.ID).want(t, "delete again", 404, "5269")
		n.get(at+"/"+made.ID).want(t, "deleted", 404, "5269")
		n.put(at+"/"+made.ID, `{}`).want(t, "change what is deleted", 404, "5269")
		for range 19 {
			n.post(at, `{}`).want(t, "add", 201, "")
		}
		n.refused(t, "one too many", request{"POST", at, n.private, `{}`, nil}, 400, "5068")
	})
}

// A handle is saved, used as often as one likes, and deleted.
func TestSavedHandles(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		h := n.payable(t, ada, "ord-1")
		id := n.post("/customers", `{"merchantCustomerId":"c-1"}`).want(t, "create", 201, "").ID
		at := "/customers/" + id + "/paymenthandles"
		saved := n.post(at, `{"merchantRefNum":"card","paymentHandleTokenFrom":"`+h.PaymentHandleToken+`"}`).want(t, "save", 201, "")
		number, _ := parseID(saved.ID)
		stored, err := n.store.Handle(t.Context(), purse.MainBook, purse.HandleKey{Merchant: n.merchant.ID, ID: purse.HandleID(number)})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"id":%q,"customerId":%q,"paymentHandleToken":%q,"merchantRefNum":"card","paymentType":"VENMO","status":"PAYABLE",`+
			`"action":"NONE","usage":"MULTI_USE","executionMode":"SYNCHRONOUS","liveMode":false,"simulator":"EXTERNAL",`+
			`"txnTime":%q,"statusTime":%q,"updatedTime":%q,"venmo":{"consumerId":"c@example.org"}}`,
			saved.ID, id, stored.Token, when(stored.Created()), when(stored.Changed), when(stored.Changed))
		if saved.body != want || n.get(at+"/"+saved.ID).body != want {
			t.Errorf("saved: %s\nwant %s", saved.body, want)
		}
		n.post(at, `{"merchantRefNum":"card","paymentHandleTokenFrom":"`+h.PaymentHandleToken+`"}`).want(t, "save again", 409, "5031")
		second := n.post(at, `{"paymentHandleTokenFrom":"`+h.PaymentHandleToken+`","paymentType":"VENMO","customerIp":"192.0.2.1"}`).want(t, "save without a name", 201, "")
		if list := n.get(at); list.body != `{"meta":{"numberOfRecords":2,"limit":50,"page":1},"paymentHandles":[`+saved.body+`,`+second.body+`]}` {
			t.Errorf("listed: %s", list.body)
		}
		if one := n.get("/paymenthandles/"+saved.ID).want(t, "among all", 200, ""); one.MerchantRefNum != "card" {
			t.Errorf("among all: %s", one.body)
		}
		for i, minor := range []string{"100", "2500", "100"} {
			p := n.post("/payments", payBody(fmt.Sprintf("sub-%d", i), saved.PaymentHandleToken, "amount", minor)).want(t, "pay", 201, "")
			if p.Status != "COMPLETED" || p.PaymentHandleToken == saved.PaymentHandleToken {
				t.Errorf("paid: %s", p.body)
			}
		}
		n.post("/paymenthandles", handleBody("card")).want(t, "its name is not that of an order", 201, "")

		other := n.post("/customers", `{"merchantCustomerId":"c-2","paymentHandleTokenFrom":"`+h.PaymentHandleToken+`"}`).want(t, "save with a new customer", 201, "")
		if whole := n.get("/customers/" + other.ID + "?fields=paymenthandles"); whole.body != other.body || !strings.Contains(whole.body, `"MULTI_USE"`) {
			t.Errorf("made with: %s\nshown: %s", other.body, whole.body)
		}

		n.remove(at+"/"+saved.ID).want(t, "delete", 200, "")
		n.get(at+"/"+saved.ID).want(t, "deleted", 404, "5269")
		n.refused(t, "pay with what is deleted", request{"POST", "/payments", n.private, payBody("sub-9", saved.PaymentHandleToken), nil}, 400, "5283")
		n.revoke(t, ada)
		p := n.post("/payments", payBody("sub-10", second.PaymentHandleToken)).want(t, "pay after it was taken back", 402, "3047")
		if p.Status != "FAILED" || p.ID == "" {
			t.Errorf("taken back: %s", p.body)
		}
		n.refused(t, "save after that", request{"POST", at, n.private, `{"paymentHandleTokenFrom":"` + h.PaymentHandleToken + `"}`, nil}, 400, "5283")
	})
}

// revoke takes the agreement of c@example.org back.
func (n *network) revoke(t *testing.T, a purse.Actor) {
	t.Helper()
	k := purse.MandateKey{Merchant: n.merchant.ID, Consumer: "c@example.org"}
	err := n.store.Execute(t.Context(), purse.Command{Book: purse.MainBook, Needs: purse.Needs{Mandates: []purse.MandateKey{k}}, Decide: func(f *purse.Facts) error {
		m, err := f.Mandate(k)
		if err != nil || m.Person != a.User {
			return err
		}
		m.Revoked, m.Version = f.Now, m.Version+1
		f.Put(m)
		f.Emit(purse.MandateRevoked, m)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCustomerTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ada := n.ada(t)
		h := n.payable(t, ada, "ord-1")
		id := n.post("/customers", `{"merchantCustomerId":"c-1","locale":"fr_CA"}`).want(t, "create", 201, "").ID
		saved := n.post("/customers/"+id+"/paymenthandles", `{"paymentHandleTokenFrom":"`+h.PaymentHandleToken+`"}`).want(t, "save", 201, "")
		address := n.post("/customers/"+id+"/addresses", `{"city":"Paris"}`).want(t, "add", 201, "")
		at := "/customers/" + id + "/singleusecustomertokens"
		made := n.post(at, `{"merchantRefNum":"","paymentTypes":["CARD"]}`).want(t, "make", 201, "")
		token := customerOf(t, made, "singleUseCustomerToken")
		head := `{"id":"` + made.ID + `","customerId":"` + id + `","timeToLiveSeconds":`
		tail := `,"status":"ACTIVE","singleUseCustomerToken":"` + token + `","locale":"fr_CA","paymentHandles":[` + saved.body + `],"addresses":[` + address.body + `]}`
		if made.body != head+"899"+tail {
			t.Errorf("made: %s\nwant %s899%s", made.body, head, tail)
		}
		n.advance(t, 10*time.Minute)
		got := n.get("/singleusecustomertokens/"+made.ID).want(t, "look up", 200, "")
		if got.body != head+fmt.Sprint(got.TimeToLiveSeconds)+tail || got.TimeToLiveSeconds > 299 {
			t.Errorf("found: %s", got.body)
		}
		other := n.post(at, `{}`).want(t, "make another", 201, "")
		if other.ID == made.ID {
			t.Error("two tokens with one id")
		}
		n.advance(t, 5*time.Minute)
		n.get("/singleusecustomertokens/"+made.ID).want(t, "over", 404, "5269")
		n.get("/singleusecustomertokens/"+id).want(t, "no token", 404, "5269")
		n.get("/customers/"+other.ID).want(t, "no customer", 404, "5269")
		for range 19 {
			n.post(at, `{}`).want(t, "make", 201, "")
		}
		n.refused(t, "one too many", request{"POST", at, n.private, `{}`, nil}, 429, "1200")
		n.remove("/customers/"+id).want(t, "forget", 200, "")
		n.get("/singleusecustomertokens/"+other.ID).want(t, "of nobody", 404, "5269")
	})
}

func TestCustomerRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		id := n.post("/customers", adaBody).want(t, "create", 201, "").ID
		address := n.post("/customers/"+id+"/addresses", `{}`).want(t, "add", 201, "").ID
		token := n.post("/customers/"+id+"/singleusecustomertokens", `{}`).want(t, "make", 201, "").ID
		of := "/customers/" + id
		for _, c := range []struct{ method, path, body, code string }{
			{"POST", "/customers", `{"merchantCustomerId":"c-2","card":{}}`, "5023"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","dateOfBirth":{"hour":1}}`, "5023"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2"`, "5023"},
			{"POST", "/customers", `{}`, "5068 merchantCustomerId"},
			{"POST", "/customers", `{"merchantCustomerId":""}`, "5068 merchantCustomerId"},
			{"POST", "/customers", `{"merchantCustomerId":17}`, "5068 merchantCustomerId"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","locale":"de_DE"}`, "5068 locale"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","gender":"female"}`, "5068 gender"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","ip":"home"}`, "5068 ip"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","email":1}`, "5068 email"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","firstName":"` + strings.Repeat("x", 256) + `"}`, "5068 firstName"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","dateOfBirth":{"day":29,"month":2,"year":2001}}`, "5068 dateOfBirth.day"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","dateOfBirth":{"day":1,"month":13,"year":2001}}`, "5068 dateOfBirth.month"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","dateOfBirth":{"day":1,"month":1}}`, "5068 dateOfBirth.year"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","dateOfBirth":"2001-01-01"}`, "5068 dateOfBirth"},
			{"POST", "/customers", `{"merchantCustomerId":"c-2","paymentHandleTokenFrom":"PH00000000000000"}`, "5283"},
			{"PUT", of, `{"paymentHandleTokenFrom":"PH00000000000000"}`, "5023"},
			{"PUT", of, `{"merchantCustomerId":""}`, "5068 merchantCustomerId"},
			{"GET", "/customers", "", "5068 merchantCustomerId"},
			{"GET", of + "?fields=cards", "", "5068 fields"},
			{"GET", of + "?fields=%zz", "", "5023"},
			{"POST", of + "/addresses", `{"country":"Great Britain"}`, "5068 country"},
			{"POST", of + "/addresses", `{"planet":"Earth"}`, "5023"},
			{"PUT", of + "/addresses/" + address, `{"country":"gb"}`, "5068 country"},
			{"POST", of + "/paymenthandles", `{}`, "5068 paymentHandleTokenFrom"},
			{"POST", of + "/paymenthandles", `{"paymentHandleTokenFrom":"PH00000000000000"}`, "5283"},
			{"POST", of + "/paymenthandles", `{"paymentHandleTokenFrom":"PH00000000000000","paymentType":"CARD"}`, "5068 paymentType"},
			{"POST", of + "/paymenthandles", `{"paymentHandleTokenFrom":"PH00000000000000","card":{}}`, "5023"},
			{"POST", of + "/singleusecustomertokens", `{"card":{}}`, "5023"},
		} {
			code, field, _ := strings.Cut(c.code, " ")
			a := n.refused(t, c.method+" "+c.path+" "+c.body, request{c.method, c.path, n.private, c.body, nil}, 400, code)
			if field != "" && (len(a.Error.FieldErrors) != 1 || a.Error.FieldErrors[0].Field != field) {
				t.Errorf("%s %s: %s", c.path, c.body, a.body)
			}
		}
		for _, path := range []string{of, of + "/addresses", of + "/addresses/" + address, of + "/paymenthandles", "/singleusecustomertokens/" + token, "/customers?merchantCustomerId=c-1"} {
			n.refused(t, "another merchant: "+path, request{"GET", path, n.other, "", nil}, 404, "5269")
			n.refused(t, "a public key: "+path, request{"GET", path, n.public, "", nil}, 403, "5270")
			n.refused(t, "no key: "+path, request{"GET", path, key{}, "", nil}, 401, "5279")
		}
		for _, c := range []request{
			{"PUT", of, n.other, `{}`, nil}, {"DELETE", of, n.other, "", nil}, {"POST", of + "/addresses", n.other, `{}`, nil},
			{"PUT", of + "/addresses/" + address, n.other, `{}`, nil}, {"DELETE", of + "/addresses/" + address, n.other, "", nil},
			{"POST", of + "/paymenthandles", n.other, `{"paymentHandleTokenFrom":"PH00000000000000"}`, nil},
			{"POST", of + "/singleusecustomertokens", n.other, `{}`, nil}, {"DELETE", of + "/paymenthandles/" + address, n.private, "", nil},
			{"DELETE", of + "/addresses/" + id, n.private, "", nil}, {"GET", of + "/addresses/17", n.private, "", nil},
			{"GET", "/customers/17", n.private, "", nil}, {"GET", "/singleusecustomertokens/17", n.private, "", nil},
		} {
			n.refused(t, c.method+" "+c.path, c, 404, "5269")
		}
		n.refused(t, "no such method", request{http.MethodPatch, of, n.private, "", nil}, 405, "5269")
		n.refused(t, "a key that is too long", request{"DELETE", of, n.private, "", []string{"Idempotency-Key", strings.Repeat("k", 256)}}, 400, "5068")
	})
}

func TestTokenIDs(t *testing.T) {
	id := strings.Trim(string(appendTokenID(nil, 1320408353016382079, 3)), `"`)
	if customer, nth, ok := parseTokenID(strings.ToUpper(id)); !ok || customer != 1320408353016382079 || nth != 3 {
		t.Errorf("%s is %d, %d, %v", id, customer, nth, ok)
	}
	for i := range id {
		for _, c := range "0123456789abcdef-" {
			wrong := id[:i] + string(c) + id[i+1:]
			if _, _, ok := parseTokenID(wrong); ok && wrong != id {
				t.Errorf("%s is taken for %s", wrong, id)
			}
		}
	}
	if _, ok := parseID(id); ok {
		t.Error("it is taken for a number")
	}
	if _, _, ok := parseTokenID(text(1320408353016382079)); ok {
		t.Error("a number is taken for a token")
	}
}
