package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// till is a server that makes payment handles and takes their money, once each.
type till struct {
	mu      sync.Mutex
	handles map[string]string // the token: who has asked for it
	refs    map[string]bool
	ids     []string
	faults  []string

	answer func(w http.ResponseWriter, path, token, id string) // nil: all is well
}

func (b *till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	token, id := b.take(r, body)
	b.mu.Unlock()
	if b.answer != nil {
		b.answer(w, r.URL.Path, token, id)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, made(r.URL.Path, token, id))
}

// made is an answer that says that all is well.
func made(path, token, id string) string {
	if path == "/paymenthub/v1/payments" {
		return `{"id":"` + id + `","settlements":[{"id":"1","status":"FAILED"}],"status":"COMPLETED"}`
	}
	return `{"id":"6f0c","venmo":{"paymentHandleToken":"x"},"paymentHandleToken":"` + token + `","status":"PAYABLE"}`
}

func (b *till) take(r *http.Request, body map[string]any) (token, id string) {
	wrong := func(format string, values ...any) { b.faults = append(b.faults, fmt.Sprintf(format, values...)) }
	seller, _, _ := r.BasicAuth()
	ref := fmt.Sprint(r.URL.Path, seller, body["merchantRefNum"])
	if b.refs[ref] || body["merchantRefNum"] == "" {
		wrong("the reference %s was used twice or is none", ref)
	}
	b.refs[ref] = true
	if body["amount"] != 1.0 || body["currencyCode"] != "USD" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		wrong("%s %v", r.Method, body)
	}
	switch r.URL.Path {
	case "/paymenthub/v1/paymenthandles":
		consumer, _ := body["venmo"].(map[string]any)["consumerId"].(string)
		var number, of int
		_, _ = fmt.Sscanf(consumer, "c%d", &number)
		if _, err := fmt.Sscanf(seller, "shop%d", &of); err != nil || number%2 != of {
			wrong("%s asks %s", seller, consumer)
		}
		if body["transactionType"] != "PAYMENT" || body["paymentType"] != "VENMO" || body["returnLinks"] == nil {
			wrong("a handle: %v", body)
		}
		token = fmt.Sprintf("PH%014d", len(b.refs))
		b.handles[token] = seller
	case "/paymenthub/v1/payments":
		token, _ = body["paymentHandleToken"].(string)
		if b.handles[token] != seller || body["settleWithAuth"] != true {
			wrong("%s takes %v", seller, body)
		}
		delete(b.handles, token)
		id = fmt.Sprintf("00000000-0000-8000-8000-%012x", len(b.refs))
		b.ids = append(b.ids, id)
	default:
		wrong("path %s", r.URL.Path)
	}
	return token, id
}

// shopping is a plan of which the server is b.
func shopping(t *testing.T, b *till) Plan {
	b.handles, b.refs = map[string]string{}, map[string]bool{}
	p := planFor(serve(t, b).URL)
	for i := range p.Accounts {
		p.Accounts[i].Consumer = fmt.Sprint("c", i)
	}
	p.Sellers = []Seller{{"c2hvcDA6cHc="}, {"c2hvcDE6cHc="}} // shop0:pw and shop1:pw
	return p
}

func TestPaymentToMerchantIsTwoRequests(t *testing.T) {
	b := &till{}
	var record bytes.Buffer
	p := shopping(t, b)
	p.Record, p.Warmup = &record, 20*time.Millisecond
	r := drive(t, p)
	if len(b.faults) > 0 {
		t.Fatalf("%d wrong requests, such as: %s", len(b.faults), b.faults[0])
	}
	n := int64(len(b.ids))
	if r.Acknowledged != n || r.Statuses[201] != 2*n || len(r.Statuses) != 1 || r.Errors != 0 || len(b.handles) != 0 {
		t.Errorf("the server took %d payments, the result says %+v", n, r)
	}
	if r.Payments <= 0 || r.Payments >= n || r.P50Ms <= 0 {
		t.Errorf("measured %d of %d: the warm-up is counted, or nothing is", r.Payments, n)
	}
	if got := lines(&record); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(b.ids))) {
		t.Errorf("recorded %d ids, the server gave %d, or others", len(got), len(b.ids))
	}
	drive(t, p) // the same seed again: no reference is
	if len(b.faults) > 0 {
		t.Fatalf("%d wrong requests, such as: %s", len(b.faults), b.faults[0])
	}
}

func TestAnswersThatAreNoPaymentToMerchant(t *testing.T) {
	replace := func(old, with string) func(http.ResponseWriter, string, string, string) {
		return func(w http.ResponseWriter, path, token, id string) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, strings.Replace(made(path, token, id), old, with, 1))
		}
	}
	status := func(of string, status int) func(http.ResponseWriter, string, string, string) {
		return func(w http.ResponseWriter, path, token, id string) {
			if strings.HasSuffix(path, of) {
				w.WriteHeader(status)
			} else {
				w.WriteHeader(http.StatusCreated)
			}
			_, _ = io.WriteString(w, made(path, token, id))
		}
	}
	for name, test := range map[string]struct {
		kind   Kind
		answer func(http.ResponseWriter, string, string, string)
	}{
		"a handle that is not payable":  {KindPayment, replace(`"PAYABLE"`, `"INITIATED"`)},
		"a handle without a token":      {KindPayment, replace(`"paymentHandleToken":"PH`, `"token":"PH`)},
		"a token that cannot be sent":   {KindPayment, replace(`"PH`, `"\"PH`)},
		"a payment that is not through": {KindPayment, replace(`"COMPLETED"`, `"FAILED"`)},
		"a payment without an id":       {KindPayment, replace(`{"id":"0000`, `{"no":"0000`)},
		"an id that is none":            {KindPayment, replace(`{"id":"0000`, `{"id":"\n000`)},
		"a handle with 200":             {KindStatus, status("handles", 200)},
		"a payment with 402":            {KindStatus, status("payments", 402)},
		"a handle that ends the connection": {KindPayment, func(w http.ResponseWriter, path, token, id string) {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, made(path, token, id))
		}},
	} {
		p := shopping(t, &till{answer: test.answer})
		p.Connections, p.Duration = 1, 30*time.Millisecond
		r := drive(t, p)
		if r.Acknowledged != 0 || r.Errors == 0 || r.ErrorKinds[test.kind] != r.Errors || len(r.Samples) == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSellersThatAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Plan){
		"no key":           func(p *Plan) { p.Sellers[1].Key = "" },
		"a key with lines": func(p *Plan) { p.Sellers[0].Key = "a\r\nb" },
		"no consumer":      func(p *Plan) { p.Accounts[4].Consumer = "" },
		"a quoted name":    func(p *Plan) { p.Accounts[0].Consumer = `"` },
	} {
		p := shopping(t, &till{})
		spoil(&p)
		if _, err := Run(t.Context(), p); err == nil {
			t.Errorf("%s: it runs", name)
		}
	}
}
