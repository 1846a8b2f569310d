package walletv1

import (
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"purse"
	"purse/money"
)

func TestEveryCodeHasItsPlace(t *testing.T) {
	for _, c := range purse.Codes {
		e, ok := wireErrors[c]
		if !ok || e.status < 400 || e.status > 599 || e.code <= 0 {
			t.Errorf("%s: %+v", c, e)
		}
	}
	if len(wireErrors) != len(purse.Codes) {
		t.Error("the table has codes that do not exist")
	}
}

func TestFailWritesTheEnvelope(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		body   string
	}{
		{purse.Refuse(purse.CodeFunds, "Too little."), 400, `{"error":{"message":"Too little.","code":1319}}`},
		{fmt.Errorf("pay: %w", &purse.Error{Code: purse.CodeBusy, Message: "Later.", Err: errors.New("secret")}), 503, `{"error":{"message":"Later.","code":503}}`},
		{errors.New("secret"), 500, `{"error":{"message":"Something went wrong. Nothing was changed.","code":500}}`},
		{purse.Refuse("new", "m"), 500, `{"error":{"message":"m","code":500}}`},
		{purse.Refuse(purse.CodeInvalid, `<b>"é"`), 400, `{"error":{"message":"\u003cb\u003e\"é\"","code":104}}`},
	} {
		w := httptest.NewRecorder()
		if fail(w, tc.err); w.Code != tc.status || w.Body.String() != tc.body {
			t.Errorf("%v: %d %s", tc.err, w.Code, w.Body)
		}
	}
}

// The refusals that many lines name.
const (
	badAmount   = `{"error":{"message":"Invalid parameter : Please pass a valid amount.","code":104}}`
	zeroAmount  = `{"error":{"message":"Invalid parameter : Please pass an amount that is not zero.","code":104}}`
	noAmount    = `{"error":{"message":"Pass the amount to pay or, as a negative one, to charge.","code":241}}`
	longAmount  = `{"error":{"message":"Invalid parameter : The amount has more decimals than USD.","code":104}}`
	overLimit   = `{"error":{"message":"The amount is over the limit for one payment.","code":1357}}`
	noFunds     = `{"error":{"message":"The balance is too low for this.","code":1319}}`
	noNote      = `{"error":{"message":"A payment needs a note.","code":1355}}`
	longNote    = `{"error":{"message":"The note is longer than 2000 bytes.","code":104}}`
	badText     = `{"error":{"message":"A parameter holds control characters or is not UTF-8.","code":104}}`
	badBody     = `{"error":{"message":"The body could not be read.","code":104}}`
	badQuery    = `{"error":{"message":"The query could not be read.","code":104}}`
	badAudience = `{"error":{"message":"Invalid audience: it is public, friends or private.","code":3104}}`
	noTarget    = `{"error":{"message":"Pass the user_id, phone or email to pay or charge.","code":241}}`
	nobody      = `{"error":{"message":"There is nobody with this user id.","code":1343}}`
	noPhone     = `{"error":{"message":"This is not a phone number.","code":1343}}`
	noEmail     = `{"error":{"message":"This is not an e-mail address.","code":1343}}`
	oneself     = `{"error":{"message":"You cannot pay yourself.","code":1356}}`
	noToken     = `{"error":{"message":"You did not pass an OAuth access token.","code":267}}`
	badToken    = `{"error":{"message":"You did not pass a valid OAuth access token.","code":261}}`
	revoked     = `{"error":{"message":"This access token was revoked.","code":262}}`
	expired     = `{"error":{"message":"This access token has expired.","code":265}}`
	twoTokens   = `{"error":{"message":"The request carries two different access tokens.","code":104}}`
	tooLarge    = `{"error":{"message":"The request is larger than 64 KiB.","code":104}}`
	badKey      = `{"error":{"message":"An idempotency key has at most 255 bytes and no control characters.","code":104}}`
	notFound    = `{"error":{"message":"Resource not found.","code":283}}`
)

func lacks(scope string) string {
	return `{"error":{"message":"This access token lacks the scope ` + scope + `.","code":260}}`
}

func TestPayRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		n.owns(t, ann, purse.Address{Kind: purse.Email, Text: "ann@example.org"}, purse.Address{Kind: purse.Phone, Text: "15555550100"})
		// Each line replaces what it names of a good request; what is not about the
		// amount is refused to a charge too.
		good := map[string]string{"user_id": `"` + bob.ID.String() + `"`, "amount": "1", "note": `"Canary"`}
		for _, tc := range []struct{ field, value, want string }{
			{"amount", `null`, noAmount}, {"amount", `""`, noAmount}, {"amount", `" "`, noAmount},
			{"amount", `0`, zeroAmount}, {"amount", `"0.00"`, zeroAmount}, {"amount", `-0`, zeroAmount}, {"amount", `"-0.00"`, zeroAmount},
			{"amount", `0.001`, longAmount}, {"amount", `"1.000"`, longAmount}, {"amount", `12.345`, longAmount}, {"amount", `-0.001`, longAmount}, {"amount", `"-12.500"`, longAmount},
			{"amount", `1e2`, badAmount}, {"amount", `1E2`, badAmount}, {"amount", `"1e2"`, badAmount}, {"amount", `1e400`, badAmount}, {"amount", `-1e2`, badAmount},
			{"amount", `"NaN"`, badAmount}, {"amount", `"Infinity"`, badAmount}, {"amount", `NaN`, badBody}, {"amount", `"0x10"`, badAmount},
			{"amount", `"five"`, badAmount}, {"amount", `"$5"`, badAmount}, {"amount", `"1,000.00"`, badAmount}, {"amount", `"1,5"`, badAmount},
			{"amount", `"+5"`, badAmount}, {"amount", `".5"`, badAmount}, {"amount", `"5."`, badAmount}, {"amount", `"1.2.3"`, badAmount},
			{"amount", `"--1"`, badAmount}, {"amount", `"1 2"`, badAmount}, {"amount", `"٣"`, badAmount}, {"amount", `true`, badAmount},
			{"amount", `{"value":5}`, badAmount}, {"amount", `[5]`, badAmount}, {"amount", `05`, badBody},
			{"amount", `5000.01`, overLimit}, {"amount", `92233720368547758.07`, overLimit}, {"amount", `92233720368547758.08`, overLimit},
			{"amount", `-5000.01`, overLimit}, {"amount", `-92233720368547758.07`, overLimit}, {"amount", `-92233720368547758.08`, overLimit}, {"amount", `"-92233720368547758.09"`, overLimit},
			{"amount", `"` + strings.Repeat("9", 1000) + `"`, overLimit},
			{"amount", `100.01`, noFunds},
			{"note", `null`, noNote}, {"note", `""`, noNote}, {"note", `" \n\t "`, noNote},
			{"note", `"` + strings.Repeat("a", 2001) + `"`, longNote}, {"note", `"` + strings.Repeat("🍕", 501) + `"`, longNote},
			{"note", `"a\u0000b"`, badText}, {"note", `"\u001b[2J"`, badText}, {"note", `"a\rb"`, badText}, {"note", "\"\xff\"", badBody},
			{"note", `"a`, badBody}, {"other", `"\u0000"`, badText},
			{"audience", `"everyone"`, badAudience}, {"audience", `"Public"`, badAudience}, {"audience", `"public,friends"`, badAudience}, {"audience", `1`, badAudience},
			{"user_id", `null`, noTarget}, {"user_id", `""`, noTarget}, {"user_id", `"  "`, noTarget},
			{"user_id", `"abc"`, nobody}, {"user_id", `"4"`, nobody}, {"user_id", `"1"`, nobody}, {"user_id", `0`, nobody}, {"user_id", `-5`, nobody},
			{"user_id", `"0` + bob.ID.String() + `"`, nobody}, {"user_id", `"+` + bob.ID.String() + `"`, nobody}, {"user_id", bob.ID.String() + ".0", nobody},
			{"user_id", `"9223372036854775807"`, nobody}, {"user_id", `"9223372036854775808"`, nobody}, {"user_id", `"` + strings.Repeat("9", 100) + `"`, nobody},
			{"user_id", `"bob"`, nobody}, {"user_id", `"` + ann.ID.String() + `"`, oneself},
			{"user_id", `"bob@example.org"`, nobody}, {"user_id", `{"id":5}`, nobody}, {"user_id", `true`, nobody},
			{"email", `null`, noTarget}, {"email", `""`, noTarget}, {"email", `" \t "`, noTarget},
			{"email", `"ann"`, noEmail}, {"email", `"ann@"`, noEmail}, {"email", `"@example.org"`, noEmail}, {"email", `"a@b@example.org"`, noEmail},
			{"email", `"Ann <ann@example.org>"`, noEmail}, {"email", `"<ann@example.org>"`, noEmail}, {"email", `"a@example.org,b@example.org"`, noEmail},
			{"email", `"a b@example.org"`, noEmail}, {"email", `"a\nb@example.org"`, noEmail}, {"email", `"\"a b\"@example.org"`, noEmail}, {"email", `"a@example..org"`, noEmail},
			{"email", `"` + strings.Repeat("a", 243) + `@example.org"`, noEmail}, {"email", `"` + strings.Repeat("a", 60_000) + `@example.org"`, noEmail},
			{"email", `5`, noEmail}, {"email", `true`, noEmail}, {"email", `["x@example.org"]`, noEmail}, {"email", `"15555550100"`, noEmail},
			{"email", `"a\u0000@example.org"`, badText}, {"email", `"a\u007f@example.org"`, badText}, {"email", "\"\xff@example.org\"", badBody},
			{"email", `"ann@example.org"`, oneself}, {"email", `" ANN@Example.ORG "`, oneself},
			{"phone", `null`, noTarget}, {"phone", `""`, noTarget}, {"phone", `"  "`, noTarget},
			{"phone", `"abc"`, noPhone}, {"phone", `"1"`, noPhone}, {"phone", `0`, noPhone}, {"phone", `-1`, noPhone}, {"phone", `"911"`, noPhone}, {"phone", `"+"`, noPhone},
			{"phone", `"5550100"`, noPhone}, {"phone", `"+4912"`, noPhone}, {"phone", `15555550100.5`, noPhone}, {"phone", `1e10`, noPhone}, {"phone", `NaN`, badBody},
			{"phone", `"15555550100 ext. 4"`, noPhone}, {"phone", `"15555550100,15555550101"`, noPhone}, {"phone", `"+999123456789"`, noPhone},
			{"phone", `"` + strings.Repeat("5", 60_000) + `"`, noPhone}, {"phone", `true`, noPhone}, {"phone", `["15555550100","15555550101"]`, noPhone}, {"phone", `"ann@example.org"`, noPhone},
			{"phone", `"1555\u00005550100"`, badText}, {"phone", "\"\xff\"", badBody},
			{"phone", `"15555550100"`, oneself}, {"phone", `"(555) 555-0100"`, oneself}, {"phone", `5555550100`, oneself}, {"phone", `"+1 555 555 0100"`, oneself},
			{"access_token", `"other"`, twoTokens},
		} {
			fields := maps.Clone(good)
			if tc.field == "phone" || tc.field == "email" {
				delete(fields, "user_id")
			}
			fields[tc.field] = tc.value
			n.refused(t, tc.field+" "+tc.value, request{"POST", "/v1/payments", ann.token, "", object(fields)}, 400, tc.want)
			if tc.field != "amount" {
				fields["amount"] = "-1"
				n.refused(t, "charge, "+tc.field+" "+tc.value, request{"POST", "/v1/payments", ann.token, "", object(fields)}, 400, tc.want)
			}
		}
	})
}

// object is a JSON object of members that are JSON.
func object(members map[string]string) string {
	var list []string
	for name, value := range members {
		list = append(list, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(list, ",") + "}"
}

func TestAmountsOfOtherCurrencies(t *testing.T) {
	for _, tc := range []struct {
		currency money.Currency
		text     string
		want     string
	}{
		{"JPY", "5", "5"}, {"JPY", "5.0", "amount"}, {"JPY", "0", "amount"}, {"KWD", "0.005", "0.005"}, {"KWD", "1", "1.000"},
		{"KWD", "1.0005", "amount"}, {"USD", "0.1", "0.10"}, {"USD", "92233720368547758.07", "92233720368547758.07"}, {"USD", "92233720368547758.08", "limit"},
	} {
		d := &Door{Currency: tc.currency}
		minor, err := d.amount(tc.text)
		got := string(d.appendAmount(nil, minor))
		if err != nil {
			got = string(purse.CodeOf(err))
		}
		if got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.text, tc.currency, got, tc.want)
		}
	}
}

// manyParameters are more than a request may have.
var manyParameters = func() string {
	var b strings.Builder
	for i := range 101 {
		fmt.Fprintf(&b, "&p%d=1", i)
	}
	return b.String()
}()

func TestPayRefusesRequests(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		good := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		post := func(body string) request { return request{"POST", "/v1/payments", ann.token, "", body} }
		for _, tc := range []struct {
			name   string
			r      request
			status int
			want   string
		}{
			{"empty", post(""), 400, noNote},
			{"empty JSON", post("{}"), 400, noNote},
			{"no amount", post("user_id=5&note=a"), 400, noAmount},
			{"no user_id", post("amount=1&note=a"), 400, noTarget},
			{"user_id goes before phone and email", post("amount=1&note=a&user_id=abc&phone=15555550101&email=x%40example.org"), 400, nobody},
			{"phone goes before email", post("amount=1&note=a&user_id=&phone=abc&email=x%40example.org"), 400, noPhone},
			{"all blank", post("amount=1&note=a&email=&phone=&user_id="), 400, noTarget},
			{"broken form", post("note=%zz"), 400, badBody},
			{"broken query", request{"POST", "/v1/payments?note=%25zz&x=a;b", ann.token, "", good}, 400, badQuery},
			{"NUL in the form", post(good + "&note=%00"), 400, badText},
			{"not UTF-8", post(good + "&note=%ff"), 400, badText},
			{"not UTF-8 in the query", request{"POST", "/v1/payments?phone=%ff", ann.token, "", good}, 400, badText},
			{"too many parameters", post(good + manyParameters), 400, `{"error":{"message":"A request has at most 100 parameters.","code":104}}`},
			{"control characters in the key", request{"POST", "/v1/payments", ann.token, "a\x01", good}, 400, badKey},
			{"too large", post("note=" + strings.Repeat("a", 64<<10)), 413, tooLarge},
			{"long key", request{"POST", "/v1/payments", ann.token, strings.Repeat("k", 256), good}, 400, badKey},
			{"long uuid", post(good + "&uuid=" + strings.Repeat("k", 256)), 400, badKey},
			{"key that is not UTF-8", request{"POST", "/v1/payments", ann.token, "\xff", good}, 400, badKey},
		} {
			n.refused(t, tc.name, tc.r, tc.status, tc.want)
		}
	})
}

func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		good := fmt.Sprintf("user_id=%d&amount=1&note=Canary", bob.ID)
		ask := n.post(bob.token, fmt.Sprintf("user_id=%d&amount=-1&note=Canary", ann.ID))
		one := "/v1/payments/" + madeID(t, ask).String()
		changed := ann.token[:len(ann.token)-1] + "_"
		if changed == ann.token {
			changed = ann.token[:len(ann.token)-1] + "-"
		}
		gone, short := n.token(t, ann.User, everyScope, 0), n.token(t, ann.User, everyScope, time.Hour)
		used := n.token(t, ann.User, everyScope, 0)
		madeID(t, n.post(used, good)) // the door knows it now
		for _, token := range []string{gone, used} {
			n.revoke(t, token)
		}
		n.advance(t, time.Hour+time.Second)
		for _, tc := range []struct{ name, token, want string }{
			{"none", "", noToken},
			{"garbage", "garbage", badToken},
			{"foreign format", "ya29.a0AfH6SMBx", badToken},
			{"changed by a character", changed, badToken},
			{"not UTF-8", "\xff\xfe", badToken},
			{"revoked", gone, revoked},
			{"revoked after it was used", used, revoked},
			{"expired", short, expired},
		} {
			for _, r := range []request{{"POST", "/v1/payments", "", "", good}, {"GET", "/v1/payments", "", "", ""}, {"GET", one, "", "", ""}, {"PUT", one, "", "", "action=approve"}} {
				r.token = tc.token
				n.refused(t, tc.name+" "+r.method+" "+r.path, r, 401, tc.want)
			}
		}
		show, pay := n.token(t, ann.User, "access_profile access_balance", 0), n.token(t, ann.User, "make_payments access_balance", 0)
		n.refused(t, "may not pay", request{"POST", "/v1/payments", show, "", good}, 403, lacks("make_payments"))
		n.refused(t, "may not charge", request{"POST", "/v1/payments", show, "", good + "&amount=-1"}, 403, lacks("make_payments"))
		for _, action := range []string{"approve", "pay", "deny", "cancel", "remind"} {
			n.refused(t, "may not "+action, request{"PUT", one, show, "", "action=" + action}, 403, lacks("make_payments"))
		}
		n.refused(t, "may not look", request{"GET", one, pay, "", ""}, 403, lacks("access_profile"))
		n.refused(t, "may not list", request{"GET", "/v1/payments", pay, "", ""}, 403, lacks("access_profile"))
		n.refused(t, "two, listing", request{"GET", "/v1/payments?access_token=" + pay, ann.token, "", ""}, 400, twoTokens)
		n.refused(t, "two, looking", request{"GET", one + "?access_token=" + pay, ann.token, "", ""}, 400, twoTokens)
		n.refused(t, "two, changing", request{"PUT", one, ann.token, "", "action=deny&access_token=" + pay}, 400, twoTokens)
		n.refused(t, "two in the query", request{"POST", "/v1/payments?access_token=a&access_token=b", "", "", good}, 400, twoTokens)
		n.refused(t, "another in the header", request{"POST", "/v1/payments?access_token=" + pay, ann.token, "", good}, 400, twoTokens)
		n.refused(t, "another in the body", request{"POST", "/v1/payments?access_token=" + pay, "", "", good + "&access_token=" + ann.token}, 400, twoTokens)
	})
}

func TestEveryPathAnswersInTheEnvelope(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann := n.ann(t, 0)
		for _, tc := range []struct{ method, path, allow string }{
			{"PUT", "/v1/payments", "GET POST"}, {"DELETE", "/v1/payments", "GET POST"}, {"OPTIONS", "/v1/payments", "GET POST"}, {"PATCH", "/v1/payments", "GET POST"},
			{"POST", "/v1/payments/4", "GET PUT"}, {"DELETE", "/v1/payments/4", "GET PUT"}, {"PATCH", "/v1/payments/4", "GET PUT"},
			{"POST", "/v1/users/4/picture.svg", "GET"}, {"PUT", "/v1/users/4/friends", "GET"},
			{"POST", "/v1/stories/target-or-actor/4", "GET"}, {"PUT", "/v1/stories/target-or-actor/4/target-or-actor/5", "GET"},
		} {
			want := fmt.Sprintf(`{"error":{"message":"This path does not know the method %s.","code":283}}`, tc.method)
			n.refused(t, tc.method+" "+tc.path, request{tc.method, tc.path, ann.token, "", ""}, 405, want)
			allow := n.do(request{method: tc.method, path: tc.path}).Header().Values("Allow")
			if slices.Sort(allow); strings.Join(allow, " ") != tc.allow {
				t.Errorf("%s %s: Allow is %q", tc.method, tc.path, allow)
			}
		}
		for _, path := range []string{"/v1", "/v1?access_token=Canary", "/v1/", "/v1/nothing", "/v1/payments/", "/v1/payments/4/5", "/v1/Payments", "/v1/users/4/picture.png", "/v1/users/4/friends/5", "/v1/stories", "/v1/stories/target-or-actor/4/5", "/v1/%00", "/v1/%ff",
			"/v1//payments", "/v1/./payments", "/v1/payments/..", "/v1/payments/../../v1/payments?access_token=Canary", "//v1/payments"} {
			for _, method := range []string{"GET", "POST"} {
				n.refused(t, method+" "+path, request{method, path, ann.token, "", ""}, 404, notFound)
			}
		}
	})
}
