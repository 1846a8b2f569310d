package walletv1

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"purse/internal/doortest"
)

// example is an answer that the description shows.
type example struct {
	method, path string
	query        string // of a request that gets this answer
	body         string
}

func (e example) hold(c *doortest.Contract, body string) error {
	r := httptest.NewRequest(e.method, e.path+"?access_token=a&"+e.query, nil)
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Body.WriteString(body)
	return c.Check(r, nil, w)
}

// examples are all of them, by name.
func examples(t *testing.T, c *doortest.Contract) map[string]example {
	t.Helper()
	all := map[string]example{}
	for _, e := range []struct{ name, method, path, query string }{
		{"made", "POST", "/v1/payments", "user_id=1088551785594880949&note=a&amount=7"},
		{"list", "GET", "/v1/payments", "action=pay&actor=4,5&status=settled,held&limit=100000&after=2013-12-27T19:35:41"},
		{"shown", "GET", "/v1/payments/{id}", ""},
		{"changed", "PUT", "/v1/payments/{id}", "action=approve"},
	} {
		media := c.Doc.Paths.Value(e.path).GetOperation(e.method).Responses.Status(200).Value.Content.Get("application/json")
		values := map[string]any{}
		if media.Example != nil {
			values[e.name] = media.Example
		}
		for name, one := range media.Examples {
			values[e.name+" "+name] = one.Value.Value
		}
		if len(values) == 0 {
			t.Errorf("%s %s has no example", e.method, e.path)
		}
		for name, value := range values {
			body, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = example{e.method, strings.Replace(e.path, "{id}", "4", 1), e.query, string(body)}
		}
	}
	return all
}

// mutants are copies of the JSON value v with one thing wrong each, by what it is.
func mutants(at string, v any, optional map[string]bool) map[string]any {
	all := map[string]any{at + " of another type": true}
	nest := func(within map[string]any, put func(any) any) {
		for what, m := range within {
			all[what] = put(m)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		put := func(name string, m any) map[string]any {
			c := maps.Clone(v)
			c[name] = m
			return c
		}
		all[at+" with another member"] = put("extra", nil)
		for name, value := range v {
			if !optional[name] {
				c := maps.Clone(v)
				delete(c, name)
				all[at+" without "+name] = c
			}
			nest(mutants(at+"."+name, value, optional), func(m any) any { return put(name, m) })
		}
	case []any:
		for i, value := range v {
			nest(mutants(at+"."+strconv.Itoa(i), value, optional), func(m any) any {
				c := slices.Clone(v)
				c[i] = m
				return c
			})
		}
	case json.Number:
		all[at+" as text"] = v.String()
		all[at+" below zero"] = json.Number("-" + v.String())
	case string:
		if _, err := strconv.ParseInt(v, 10, 64); err == nil {
			all[at+" as a number"] = json.Number(v)
			all[at+" with a plus"] = "+" + v
			all[at+" with a leading zero"] = "0" + v
		}
		if len(v) > 10 && v[4] == '-' && v[10] == 'T' {
			all[at+" with a zone"] = v + "Z"
			all[at+" with milliseconds"] = v[:19] + ".123"
			all[at+" with a space"] = strings.Replace(v, "T", " ", 1)
		}
	}
	return all
}

func TestDeviationsAreCaught(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range examples(t, c) {
		if err := e.hold(c, e.body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d := json.NewDecoder(strings.NewReader(e.body))
		d.UseNumber()
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		for what, m := range mutants(name, value, map[string]bool{"balance": true}) {
			body, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if e.hold(c, string(body)) == nil {
				t.Errorf("%s is taken: %s", what, body)
			}
		}
	}
}

func TestOtherDeviationsAreCaught(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	examples := examples(t, c)
	for _, tc := range []struct{ example, old, new string }{
		{"made pay", `41.120045"`, `41"`},
		{"made email", `"pending"`, `"settled"`},
		{"made email", `"pending"`, `"held"`},
		{"made pay", `"settled"`, `"pending"`},
		{"made pay", `"action":"pay"`, `"action":"request"`},
		{"made pay", `"audience":"public"`, `"audience":""`},
		{"made pay", `"medium":"api"`, `"medium":"fax"`},
		{"made pay", `"amount":7`, `"amount":0`},
		{"made pay", `"type":"user"`, `"type":"email"`},
		{"made pay", `"phone":null`, `"phone":"15555550100"`},
		{"made pay", `"refund":null`, `"refund":{"id":"4","status":"settled","amount":1,"date_created":"2014-01-29T19:40:57","date_completed":"2014-01-29T19:40:57"}`},
		{"made email", `"email":"someemail@example.org"`, `"email":null`},
		{"made email", `"email":"someemail@example.org"`, `"email":"someemail"`},
		{"made email", `"type":"email"`, `"type":"phone"`},
		{"shown", `57"`, `57.865985"`},
		{"changed", `"note":"Drinks on me!"`, `"note":"Drinks on me!","medium":"api"`},
		{"list", `https://purse.example/v1/payments`, `/v1/payments`},
		{"list", `payments?limit=2`, `payments#limit=2`},
		{"list", `limit=2`, `access_token=a`},
	} {
		e := examples[tc.example]
		body := strings.NewReplacer(`\u0026`, `&`).Replace(e.body)
		changed := strings.Replace(body, tc.old, tc.new, 1)
		if changed == body {
			t.Errorf("%s has no %s", tc.example, tc.old)
		} else if e.hold(c, changed) == nil {
			t.Errorf("%s: %s is taken for %s", tc.example, tc.new, tc.old)
		}
	}
}

func TestWrongRequestsAreCaught(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	made := examples(t, c)["made pay"].body
	for _, tc := range []struct {
		name, query, kind, body string
		good                    bool
	}{
		{"form", "", "application/x-www-form-urlencoded", "access_token=a&user_id=5&amount=-1.50&note=a&phone=&email=+", true},
		{"form without its type", "", "", "access_token=a&user_id=5&amount=1&note=a", true},
		{"JSON without its type", "access_token=a", "", `{"user_id":5,"amount":1.5,"note":" a ","phone":null,"email":"","metadata":{}}`, true},
		{"JSON with another type", "access_token=a", "application/x-www-form-urlencoded", `{"user_id":"5","amount":"1.5","note":"a"}`, true},
		{"nothing but the query", "access_token=a&user_id=5&amount=1&note=a&audience=", "application/x-www-form-urlencoded", "", true},
		{"no token", "user_id=5&amount=1&note=a", "", "", false},
		{"amount with an exponent", "access_token=a&user_id=5&amount=1e2&note=a", "", "", false},
		{"amount with an exponent in a form", "", "", "access_token=a&user_id=5&amount=1e2&note=a", false},
		{"amount that is a list", "access_token=a", "", `{"user_id":5,"amount":[1],"note":"a"}`, false},
		{"audience that is none", "access_token=a", "", `{"user_id":5,"amount":1,"note":"a","audience":"all"}`, false},
		{"id with a leading zero", "access_token=a", "", "user_id=05&amount=1&note=a", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/v1/payments?"+tc.query, nil)
		if tc.kind != "" {
			r.Header.Set("Content-Type", tc.kind)
		}
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Body.WriteString(made)
		if err := c.Check(r, []byte(tc.body), w); (err == nil) != tc.good {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
