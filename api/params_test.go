package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purse"
)

// code is the code of err, "ok" if there is no error.
func code(err error) purse.Code {
	if err == nil {
		return "ok"
	}
	return purse.CodeOf(err)
}

// request is a POST as it reaches a handler.
func request(query, kind, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/payments", strings.NewReader(body))
	r.URL.RawQuery = query
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

const (
	formKind = "application/x-www-form-urlencoded"
	jsonKind = "application/json"
	partKind = `multipart/form-data; boundary="b"`
)

// parts is a multipart body of names and values.
func parts(fields ...string) string {
	var s strings.Builder
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&s, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", fields[i], fields[i+1])
	}
	return s.String() + "--b--\r\n"
}

func TestReadParams(t *testing.T) {
	for _, tc := range []struct {
		name, query, kind, body string
		want                    Params
	}{
		{"nothing", "", "", "", Params{}},
		{"query", "note=a&amount=1", "", "", Params{"note": "a", "amount": "1"}},
		{"query with an empty form", "note=a", formKind, "", Params{"note": "a"}},
		{"form", "", formKind, "note=a+b%20c&amount=0.10", Params{"note": "a b c", "amount": "0.10"}},
		{"form without its type", "", "", "note=a", Params{"note": "a"}},
		{"form with a charset", "", formKind + "; charset=UTF-8", "note=%F0%9F%8D%95", Params{"note": "🍕"}},
		{"form with a line end", "", formKind, "note=a\r\n", Params{"note": "a"}},
		{"JSON", "", jsonKind, `{"note":"a","amount":0.10}`, Params{"note": "a", "amount": "0.10"}},
		{"JSON without its type", "", "", `{"note":"a"}`, Params{"note": "a"}},
		{"JSON that says it is a form", "", formKind, ` {"note":"a=b&c"}`, Params{"note": "a=b&c"}},
		{"JSON that says it is multipart", "", partKind, `{"note":"a"}`, Params{"note": "a"}},
		{"JSON after line ends", "", jsonKind, "\r\n\t {\"note\" : \"a\"}\n", Params{"note": "a"}},
		{"JSON escapes", "", jsonKind, `{"note":"\u00e9 \ud83c\udf55 \"<b>\" \n\t"}`, Params{"note": "é 🍕 \"<b>\" \n\t"}},
		{"empty JSON", "note=a", jsonKind, `{}`, Params{"note": "a"}},
		{"multipart", "", partKind, parts("note", "a", "amount", "0.10"), Params{"note": "a", "amount": "0.10"}},
		{"multipart without its last line end", "", partKind, strings.TrimSpace(parts("note", "a")), Params{"note": "a"}},
		{"body over query", "note=q&amount=1", formKind, "note=f", Params{"note": "f", "amount": "1"}},
		{"JSON over query", "note=q&amount=1", jsonKind, `{"note":"j"}`, Params{"note": "j", "amount": "1"}},
		{"multipart over query", "note=q", partKind, parts("note", "m"), Params{"note": "m"}},
		{"twice in the query", "note=a&note=b", "", "", Params{"note": "b"}},
		{"twice in the form", "", formKind, "note=a&note=b", Params{"note": "b"}},
		{"twice in JSON", "", jsonKind, `{"note":"a","note":"b"}`, Params{"note": "b"}},
		{"null", "note=q", jsonKind, `{"note":null,"phone":null}`, Params{"note": "q"}},
		{"booleans", "", jsonKind, `{"a":true,"b":false}`, Params{"a": "true", "b": "false"}},
		{"blanks", "", formKind, "phone=&user_id=5&email=+", Params{"phone": "", "user_id": "5", "email": " "}},
		{"names only", "a&b", "", "", Params{"a": "", "b": ""}},
		{"numbers as they are written", "", jsonKind, `{"a":0.10,"b":1e2,"c":-5,"d":12.50,"e":1.0E+2,"f":123456789012345678901234567890,"g":-0,"h":1322585333520059420}`,
			Params{"a": "0.10", "b": "1e2", "c": "-5", "d": "12.50", "e": "1.0E+2", "f": "123456789012345678901234567890", "g": "-0", "h": "1322585333520059420"}},
		{"objects and lists are kept as text", "", jsonKind, "{\"metadata\": {\"a\": [1,\r\n 2.0], \"b\": null},\r\n \"l\": [ ]}",
			Params{"metadata": `{"a":[1,2.0],"b":null}`, "l": "[]"}},
		{"unknown", "", jsonKind, `{"funding_source_id":"x","eligibility_token":"y"}`, Params{"funding_source_id": "x", "eligibility_token": "y"}},
		{"names differ in case", "Note=A", formKind, "note=a", Params{"Note": "A", "note": "a"}},
		{"a list is no object", "", jsonKind, `["a"]`, Params{`["a"]`: ""}},
		{"text", "", "text/plain", "hello", Params{"hello": ""}},
		{"strange type", "", `a/b; c="`, "note=a", Params{"note": "a"}},
	} {
		p, err := ReadParams(request(tc.query, tc.kind, tc.body))
		if err != nil || !maps.Equal(p, tc.want) {
			t.Errorf("%s: %q, %v, want %q", tc.name, p, err, tc.want)
		}
	}
}

func TestReadParamsRefuses(t *testing.T) {
	many := func(name string, n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "%s%d=1&", name, i)
		}
		return s.String()
	}
	for _, tc := range []struct {
		name, query, kind, body string
		want                    purse.Code
	}{
		{"broken percent-encoding in the query", "note=%zz", "", "", "invalid"},
		{"cut percent-encoding in the query", "note=%2", "", "", "invalid"},
		{"broken percent-encoding in the form", "", formKind, "note=%zz", "invalid"},
		{"semicolon", "note=a;b", "", "", "invalid"},
		{"not UTF-8 in the query", "note=%ff", "", "", "invalid"},
		{"not UTF-8 in a name", "%ff=a", "", "", "invalid"},
		{"not UTF-8 in the form", "", formKind, "note=%c3", "invalid"},
		{"raw bytes in the form", "", formKind, "note=\xff", "invalid"},
		{"not UTF-8 in JSON", "", jsonKind, "{\"note\":\"a\xff\"}", "invalid"},
		{"not UTF-8 in a JSON name", "", jsonKind, "{\"\xff\":\"a\"}", "invalid"},
		{"not UTF-8 in multipart", "", partKind, parts("note", "\xff"), "invalid"},
		{"NUL in the query", "note=a%00", "", "", "invalid"},
		{"NUL in the form", "", formKind, "note=%00", "invalid"},
		{"NUL in JSON", "", jsonKind, `{"note":"a\u0000"}`, "invalid"},
		{"raw NUL in JSON", "", jsonKind, "{\"note\":\"a\x00\"}", "invalid"},
		{"NUL in a JSON name", "", jsonKind, `{"\u0000":"a"}`, "invalid"},
		{"NUL in multipart", "", partKind, parts("note", "\x00"), "invalid"},
		{"escape", "", jsonKind, `{"note":"\u001b[31m"}`, "invalid"},
		{"carriage return", "note=a%0db", "", "", "invalid"},
		{"C1 control", "note=%c2%85", "", "", "invalid"},
		{"half of JSON", "", jsonKind, `{"note":"a"`, "invalid"},
		{"two JSON objects", "", jsonKind, `{"note":"a"}{"note":"b"}`, "invalid"},
		{"JSON with a comma too many", "", jsonKind, `{"note":"a",}`, "invalid"},
		{"JSON with NaN", "", jsonKind, `{"amount":NaN}`, "invalid"},
		{"JSON with a leading zero", "", jsonKind, `{"amount":01}`, "invalid"},
		{"deep JSON", "", jsonKind, `{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "invalid"},
		{"multipart without an end", "", partKind, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "invalid"},
		{"multipart without a boundary", "", "multipart/form-data", parts("a", "b"), "invalid"},
		{"too many in the query", many("a", 101), "", "", "invalid"},
		{"too many in the form", "", formKind, many("a", 101), "invalid"},
		{"too many together", many("a", 60), formKind, many("b", 41), "invalid"},
		{"as many as may be", many("a", 100), "", "", "ok"},
		{"two tokens in the query", "access_token=a&access_token=b", "", "", "invalid"},
		{"one token in the query, another in the form", "access_token=a", formKind, "access_token=b", "invalid"},
		{"one token in the query, another in JSON", "access_token=a", jsonKind, `{"access_token":"b"}`, "invalid"},
		{"one token in the query, another in multipart", "access_token=a", partKind, parts("access_token", "b"), "invalid"},
	} {
		if _, err := ReadParams(request(tc.query, tc.kind, tc.body)); code(err) != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	frame := len(`{"note":""}`)
	for _, tc := range []struct {
		name, body string
		want       purse.Code
	}{
		{"64 KiB", `{"note":"` + strings.Repeat("a", BodyBytesMax-frame) + `"}`, "ok"},
		{"a byte more", `{"note":"` + strings.Repeat("a", BodyBytesMax-frame+1) + `"}`, purse.CodeTooLarge},
		{"blanks only", strings.Repeat(" ", BodyBytesMax+1), purse.CodeTooLarge},
		{"form", "note=" + strings.Repeat("a", BodyBytesMax), purse.CodeTooLarge},
		{"multipart", parts("note", strings.Repeat("a", BodyBytesMax)), purse.CodeTooLarge},
	} {
		r := request("", "", tc.body)
		if tc.name == "multipart" {
			r.Header.Set("Content-Type", partKind)
		}
		a := serve(r, func(_ http.ResponseWriter, r *http.Request) error {
			_, err := ReadParams(r)
			return err
		})
		if a.code != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, a.code, tc.want)
		}
	}
}

func TestGetTakesBlankForAbsent(t *testing.T) {
	p := Params{"a": " x ", "b": " \n\t", "c": "\u00a0"}
	for name, want := range map[string]string{"a": "x", "b": "", "c": "", "d": ""} {
		if got := p.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestToken(t *testing.T) {
	for _, tc := range []struct {
		name, header, query, kind, body string
		want                            string
	}{
		{"none", "", "", "", "", ""},
		{"header", "Bearer a", "", "", "", "a"},
		{"header in any case", "bEARER a", "", "", "", "a"},
		{"header with more space", "Bearer   a ", "", "", "", "a"},
		{"query", "", "access_token=a", "", "", "a"},
		{"form", "", "", formKind, "access_token=a", "a"},
		{"JSON", "", "", jsonKind, `{"access_token":"a"}`, "a"},
		{"multipart", "", "", partKind, parts("access_token", "a"), "a"},
		{"with space around", "", "access_token=+a+", "", "", "a"},
		{"the same everywhere", "Bearer a", "access_token=a&access_token=a", jsonKind, `{"access_token":"a"}`, "a"},
		{"the same in query and form", "", "access_token=a", formKind, "access_token=a", "a"},
		{"blank beside a good one", "", "access_token=", formKind, "access_token=a", "a"},
		{"good one beside a blank", "", "access_token=a", formKind, "access_token=", "a"},
		{"blank beside the header", "Bearer a", "access_token=", "", "", "a"},
		{"another scheme", "Basic YTpi", "access_token=a", "", "", "a"},
		{"another scheme alone", "Basic YTpi", "", "", "", ""},
		{"empty header", "Bearer", "", "", "", ""},
		{"different in header and query", "Bearer a", "access_token=b", "", "", "invalid"},
		{"different in header and JSON", "Bearer a", "", jsonKind, `{"access_token":"b"}`, "invalid"},
		{"different in case", "Bearer a", "access_token=A", "", "", "invalid"},
		{"different in query and form", "", "access_token=a", formKind, "access_token=b", "invalid"},
		{"header equal to one of two", "Bearer a", "access_token=b", formKind, "access_token=a", "invalid"},
	} {
		r := request(tc.query, tc.kind, tc.body)
		if tc.header != "" {
			r.Header.Set("Authorization", tc.header)
		}
		p, err := ReadParams(r)
		var token purse.Secret
		if err == nil {
			token, err = Token(r, p)
		}
		got := string(token)
		if err != nil {
			got = string(code(err))
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
