package walletv1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"purse"
)

// What callers send and need that were written long ago: wire.md D.1, which follows
// the seed documentation, line by line, and the tests of each. They are in this file,
// wiretoken_test.go and wirepeople_test.go; those marked * are in
// cmd/purse/wire_test.go, because they need our pages or paths without /v1.
//
//	token: parameter sets, transports    TestWireTokenParameterSetsInEveryTransport, TestWireTokenWithoutV1*
//	token: client by Basic or body       TestWireClientByBasicThenInTheBody, TestGoOAuth2
//	token: a failure is a 400            TestWireFailedExchangeOrRefreshIs400
//	token: what the answer has           TestWireTokenAnswerHasTheTypesThatCallersRead
//	token: redirect_uri with its query   TestWireRedirectURIAtExchange, TestWireAuthorizePKCEAndTheCallbackURL*
//	authorize: scopes                    TestWireAuthorizeScopes*
//	authorize: response_type             TestWireAuthorizeResponseTypes*
//	authorize: state                     TestWireAuthorizeStateIsEchoed*
//	authorize: redirect_uri, sdk=ios     TestWireAuthorizeRedirectURIAndUnknownParameters*
//	authorize: denial                    TestWireAuthorizeDenial*
//	authorize: PKCE                      TestWireAuthorizePKCEAndTheCallbackURL*
//	where the access token may be        TestWireTokenInQueryFormJSONOrHeaderAndDuplicatesThatAgree, TestWireTokenPlacesOnOtherPaths
//	POST payments: transports            TestWirePayInEveryTransport, TestWireEverythingInTheQueryWithAnEmptyFormBody
//	POST payments: blank recipients      TestWireBlankRecipientsAreAbsent, TestWireOfSeveralRecipientsUserIDThenPhoneThenEmail
//	POST payments: amount, audience      TestWireAmounts
//	POST payments: target                TestWireTargetIsNeverNullAndFilled
//	GET payments: pagination             TestWirePagination, TestWireEveryListHasPagination
//	GET payments: filters                TestWireListFilters
//	PUT payments: form or JSON           TestWirePutAsFormOrJSON
//	PUT payments: remind                 TestWireReminders
//	ids survive int() and str()          TestWireIDsSurviveAsNumbers, TestWireEveryIDSurvivesAsANumber
//	me: balance as a string              TestWireBalanceIsAStringUnderMeAndANumberUnderPayments
//	users/:id                            TestWireUserByIDOrUsername
//	users/:id/friends                    TestWireFriendsByIDOrUsername
//	users?query=                         TestWireUsersByNameInAnyCase
//	DELETE token                         TestWireDeleteEndsTheToken
//	errors                               TestWireErrorCodesAreIntegers, TestWireNotFoundIs400And283
//	times without a zone                 TestWireTimesHaveNoZone, TestWireNoTimeOfAnyAnswerHasAZone
//	webhooks                             there are none yet
//	sandbox                              TestSandboxAmounts, TestSandboxPerson*
//
// and of what apps of later years send (A.1, A.4, A.8): TestWireExtrasOfLaterApps,
// TestWireAppSession*, TestWireAppSignInWithASecondFactor*, TestWirePathsWithoutV1*,
// TestWireAnyHostName*.

// send is a request as a caller makes it, with only the headers that it names.
func (n *network) send(method, path, kind, token, body string) *httptest.ResponseRecorder {
	n.touched.Store(true)
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	return n.serve(r, []byte(body))
}

const formKind = "application/x-www-form-urlencoded"

// wire is a network with two people who have 100.00 each.
type wire struct {
	*network
	ann, bob person
}

func onTheWire(t *testing.T, test func(*testing.T, wire)) {
	onBoth(t, func(t *testing.T, n *network) {
		test(t, wire{n, n.ann(t, 100_00), n.person(t, purse.User{Username: "bob", FirstName: "Bob", LastName: "De La Vara"}, 100_00)})
	})
}

// body reads an answer that must be a success into plain maps; numbers keep
// their text.
func body(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(w.Body.String()))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return m
}

// at looks up a path of names and numbers.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("no %v in %v", path, v)
			}
			if v, ok = m[step]; !ok {
				t.Fatalf("no %v in %v", path, m)
			}
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}

func TestWireTokenInQueryFormJSONOrHeaderAndDuplicatesThatAgree(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		token := n.ann.token
		charge := madeID(t, n.post(n.bob.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", n.ann.ID)))
		one := "/v1/payments/" + charge.String()
		pay := fmt.Sprintf("user_id=%d&amount=1&note=a", n.bob.ID)
		payJSON := fmt.Sprintf(`{"user_id":"%d","amount":1,"note":"a"`, n.bob.ID)
		for i, tc := range []struct{ method, path, kind, header, body string }{
			{"POST", "/v1/payments", formKind, "Bearer " + token, pay},
			{"POST", "/v1/payments", formKind, "bearer " + token, pay},
			{"POST", "/v1/payments?access_token=" + token, formKind, "", pay},
			{"POST", "/v1/payments", formKind, "", pay + "&access_token=" + token},
			{"POST", "/v1/payments", "application/json", "", payJSON + `,"access_token":"` + token + `"}`},
			{"POST", "/v1/payments", "", "", payJSON + `,"access_token":"` + token + `"}`}, // without its type
			{"POST", "/v1/payments?access_token=" + token, "application/json", "Bearer " + token, payJSON + `,"access_token":"` + token + `"}`},
			{"POST", "/v1/payments?access_token=" + token + "&" + pay, formKind, "Bearer " + token, ""},
			{"GET", "/v1/payments", "", "Bearer " + token, ""},
			{"GET", "/v1/payments?access_token=" + token, "", "", ""},
			{"GET", "/v1/payments?access_token=" + token, "", "Bearer " + token, ""},
			{"GET", "/v1/payments?access_token=" + token + "&access_token=" + token, "", "", ""},
			{"GET", one + "?access_token=" + token, "", "Bearer " + token, ""},
			{"PUT", one + "?access_token=" + token, formKind, "Bearer " + token, "action=approve"},
		} {
			if w := n.send(tc.method, tc.path, tc.kind, tc.header, tc.body); w.Code != 200 {
				t.Errorf("%d: %d %s", i, w.Code, w.Body)
			}
		}
		if got := n.balance(t, n.bob); got != 109_00 {
			t.Errorf("bob has %d", got)
		}
	})
}

func TestWireEverythingInTheQueryWithAnEmptyFormBody(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		query := url.Values{"access_token": {n.ann.token}, "email": {"Nobody@example.org"}, "amount": {"-0.10"}, "note": {"Rent — May"}, "audience": {"private"}}
		m := body(t, n.send("POST", "/v1/payments?"+query.Encode(), formKind, "", ""))
		if at(t, m, "data", "payment", "action") != "charge" || at(t, m, "data", "payment", "note") != "Rent — May" || at(t, m, "data", "payment", "target", "email") != "nobody@example.org" {
			t.Error(m)
		}
		id := at(t, m, "data", "payment", "id").(string)
		m = body(t, n.send("PUT", "/v1/payments/"+id+"?action=cancel&access_token="+n.ann.token, formKind, "", ""))
		if at(t, m, "data", "status") != "cancelled" {
			t.Error(m)
		}
	})
}

func TestWireBlankRecipientsAreAbsent(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		bob := n.bob.ID.String()
		for i, tc := range []struct{ kind, body, field, want string }{
			{formKind, "phone=&user_id=&email=x%40example.org", "email", "x@example.org"},
			{formKind, "phone=+&user_id=%20&email=x%40example.org", "email", "x@example.org"},
			{formKind, "phone=15555550101&user_id=&email=", "phone", "15555550101"},
			{formKind, "phone=&email=&user_id=" + bob, "user", ""},
			{"application/json", `{"phone":"","user_id":null,"email":"x@example.org"`, "email", "x@example.org"},
			{"application/json", `{"phone":null,"email":"","user_id":` + bob, "user", ""},
		} {
			more := "&amount=1&note=a"
			if tc.kind != formKind {
				more = `,"amount":1,"note":"a"}`
			}
			target := at(t, body(t, n.send("POST", "/v1/payments", tc.kind, "Bearer "+n.ann.token, tc.body+more)), "data", "payment", "target")
			if at(t, target, "type") != tc.field || tc.want != "" && at(t, target, tc.field) != tc.want {
				t.Errorf("%d: %v", i, target)
			}
		}
	})
}

func TestWireOfSeveralRecipientsUserIDThenPhoneThenEmail(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for form, want := range map[string]string{
			"user_id=" + n.bob.ID.String() + "&phone=15555550101&email=x%40example.org": toUser(n.bob),
			"email=x%40example.org&phone=15555550101":                                   toPhone("15555550101"),
			"email=x%40example.org":                                                     toEmail("x@example.org"),
		} {
			w := n.post(n.ann.token, form+"&amount=-1&note=a")
			checkAnswer(t, form, w, answered{id: madeID(t, w), status: "pending", action: "charge", actor: n.ann, target: want}.made("100.00"))
		}
	})
}

func TestWireAmounts(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for text, want := range map[string]string{
			`12.5`: "12.50 pay", `"12.5"`: "12.50 pay", `"-12.5"`: "12.50 charge", `-12.5`: "12.50 charge", `"0.10"`: "0.10 pay", `0.1`: "0.10 pay", `4.0`: "4.00 pay",
			`5`: "5.00 pay", `-5`: "5.00 charge", `"-0.01"`: "0.01 charge", `-0.2`: "0.20 charge",
		} {
			w := n.post(n.ann.token, fmt.Sprintf(`{"user_id":"%d","note":"a","amount":%s}`, n.bob.ID, text)) // no audience
			m := body(t, w)
			id := at(t, m, "data", "payment", "id").(string)
			views := []any{
				at(t, m, "data", "payment"), at(t, body(t, n.get(n.bob.token, "/v1/payments/"+id)), "data"), at(t, body(t, n.get(n.bob.token, "/v1/payments?limit=1")), "data", 0),
			}
			for _, v := range views {
				amount, isNumber := at(t, v, "amount").(json.Number)
				if got := fmt.Sprint(amount, " ", at(t, v, "action")); !isNumber || got != want || at(t, v, "audience") != "private" {
					t.Errorf("%s: %v", text, v)
				}
			}
			if _, ok := at(t, m, "data", "balance").(json.Number); !ok {
				t.Errorf("the balance of a payment is a number: %s", w.Body)
			}
		}
	})
}

func TestWireTargetIsNeverNullAndFilled(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for _, form := range []string{"user_id=" + n.bob.ID.String(), "phone=5555550101", "email=x%40example.org"} {
			for _, amount := range []string{"1", "-1"} {
				m := body(t, n.post(n.ann.token, form+"&note=a&amount="+amount))
				id := at(t, m, "data", "payment", "id").(string)
				views := []any{
					at(t, m, "data", "payment"), at(t, body(t, n.get(n.ann.token, "/v1/payments/"+id)), "data"), at(t, body(t, n.get(n.ann.token, "/v1/payments?limit=1")), "data", 0),
				}
				if at(t, m, "data", "payment", "status") == "pending" {
					views = append(views, at(t, body(t, n.do(put(n.ann.token, madeIDOf(t, id), "cancel"))), "data"))
				}
				for _, v := range views {
					target := at(t, v, "target")
					switch kind := at(t, target, "type"); kind {
					case "user":
						for _, name := range []string{"first_name", "last_name", "display_name"} {
							if at(t, target, "user", name) == "" {
								t.Errorf("%s: the user has no %s: %v", form, name, target)
							}
						}
					case "phone", "email":
						if text, ok := at(t, target, kind.(string)).(string); !ok || text == "" {
							t.Errorf("%s: the target has no %s: %v", form, kind, target)
						}
					default:
						t.Errorf("%s: the target's type is %v", form, kind)
					}
				}
			}
		}
	})
}

// Callers index pagination without looking, append the token to next, and walk on
// until there is none.
func TestWirePagination(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for _, query := range []string{"", "status=held", "limit=100000"} {
			if m := body(t, n.get(n.ann.token, "/v1/payments?"+query)); at(t, m, "pagination", "next") != nil || len(at(t, m, "data").([]any)) != 0 {
				t.Errorf("an empty list is %v", m)
			}
		}
		for i := range 7 {
			madeID(t, n.post(n.ann.token, fmt.Sprintf("user_id=%d&amount=%d&note=a", n.bob.ID, 1-2*(i%2))))
		}
		for query, want := range map[string]int{
			"limit=3": 7, "limit=1&status=pending": 3, "limit=2&status=pending,held&action=charge&actor=" + n.ann.ID.String(): 3, "limit=1&status=settled": 4, "limit=100000": 7,
		} {
			filters, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			link, seen := "http://wallet.example/v1/payments?"+query, 0
			for pages := 1; link != ""; pages++ {
				if pages > 8 {
					t.Fatalf("%s does not end", query)
				}
				m := body(t, n.get("", link+"&access_token="+n.ann.token))
				seen += len(at(t, m, "data").([]any))
				link, _ = at(t, m, "pagination", "next").(string)
				u, err := url.Parse(link)
				if err != nil || link != "" && (!strings.HasPrefix(link, "http://wallet.example/v1/payments?") || strings.Contains(link, "token")) {
					t.Fatalf("next is %s", link)
				}
				for name := range filters {
					if link != "" && u.Query().Get(name) != filters.Get(name) {
						t.Errorf("next has lost %s: %s", name, link)
					}
				}
			}
			if seen != want {
				t.Errorf("%s has %d payments, want %d", query, seen, want)
			}
		}
	})
}

func TestWirePutAsFormOrJSON(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for i, tc := range []struct {
			by                 person
			kind, body, status string
		}{
			{n.bob, formKind, "action=approve", "settled"}, {n.bob, "application/json", `{"action":"approve"}`, "settled"}, {n.bob, "", `{"action":"deny"}`, "cancelled"},
			{n.bob, formKind, "action=deny", "cancelled"}, {n.ann, formKind, "action=cancel", "cancelled"}, {n.ann, "application/json; charset=utf-8", ` {"action":"cancel"}`, "cancelled"},
			{n.bob, "application/json", `{"action":"pay","funding_source_id":"5"}`, "settled"}, {n.ann, "application/json", `{"action":"remind"}`, "pending"},
		} {
			id := madeID(t, n.post(n.ann.token, fmt.Sprintf("user_id=%d&amount=-1&note=a", n.bob.ID)))
			m := body(t, n.send("PUT", "/v1/payments/"+id.String(), tc.kind, "Bearer "+tc.by.token, tc.body))
			if at(t, m, "data", "status") != tc.status || at(t, m, "data", "id") != id.String() {
				t.Errorf("%d: %v", i, m)
			}
		}
	})
}

func TestWireIDsSurviveAsNumbers(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		m := body(t, n.post(n.ann.token, "email=x%40example.org&amount=1&note=a"))
		id := at(t, m, "data", "payment", "id").(string)
		body(t, n.do(put(n.ann.token, madeIDOf(t, id), "cancel")))
		refund := at(t, body(t, n.get(n.ann.token, "/v1/payments/"+id)), "data", "refund", "id").(string)
		for _, text := range []string{id, refund, at(t, m, "data", "payment", "actor", "id").(string)} {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil || strconv.FormatInt(number, 10) != text || number <= 0 {
				t.Errorf("%q does not survive", text)
			}
		}
	})
}

func TestWireTimesHaveNoZone(t *testing.T) {
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$`)
	found := regexp.MustCompile(`"(date_[a-z]+)":"([^"]*)"`)
	onTheWire(t, func(t *testing.T, n wire) {
		made := n.post(n.ann.token, "email=x%40example.org&amount=1&note=a")
		id := madeID(t, made)
		changed := n.do(put(n.ann.token, id, "cancel"))
		for name, tc := range map[string]struct {
			w      *httptest.ResponseRecorder
			times  int
			micros bool
		}{
			"made": {made, 2, true}, "changed": {changed, 3, false},
			"shown": {n.get(n.ann.token, "/v1/payments/"+id.String()), 5, false}, "listed": {n.get(n.ann.token, "/v1/payments"), 3, false},
		} {
			times := found.FindAllStringSubmatch(tc.w.Body.String(), -1)
			for _, one := range times {
				if when, err := time.Parse("2006-01-02T15:04:05", one[2]); err != nil || !form.MatchString(one[2]) || time.Since(when).Abs() > time.Hour {
					t.Errorf("%s: %s is %s", name, one[1], one[2])
				}
				if got := strings.Contains(one[2], "."); got != (tc.micros && one[1] != "date_joined") {
					t.Errorf("%s: %s is %s", name, one[1], one[2])
				}
			}
			if len(times) != tc.times {
				t.Errorf("%s has %d times, want %d: %s", name, len(times), tc.times, tc.w.Body)
			}
		}
	})
}

func TestWireErrorCodesAreIntegers(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		good := "user_id=" + n.bob.ID.String() + "&note=a"
		for name, tc := range map[string]struct {
			w            *httptest.ResponseRecorder
			status, code int
		}{
			"bad token":              {n.get("Canary", "/v1/payments"), 401, 261},
			"not found":              {n.get(n.ann.token, "/v1/payments/4"), 400, 283},
			"not found, changing":    {n.do(put(n.ann.token, 4, "deny")), 400, 283},
			"bad amount":             {n.post(n.ann.token, good+"&amount=five"), 400, 104},
			"bad audience":           {n.post(n.ann.token, good+"&amount=1&audience=all"), 400, 3104},
			"bad audience, charging": {n.post(n.ann.token, good+"&amount=-1&audience=all"), 400, 3104},
		} {
			var answer struct {
				Error struct {
					Message string
					Code    int // refuses what is no integer
				}
			}
			if err := json.Unmarshal(tc.w.Body.Bytes(), &answer); err != nil || tc.w.Code != tc.status || answer.Error.Code != tc.code || answer.Error.Message == "" {
				t.Errorf("%s: %d %s (%v)", name, tc.w.Code, tc.w.Body, err)
			}
		}
	})
}

func TestWirePayInEveryTransport(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		for how, send := range n.transports(t) {
			m := body(t, send("/v1/payments", url.Values{
				"access_token": {n.ann.token}, "email": {""}, "phone": {""}, "user_id": {n.bob.ID.String()}, "amount": {"0.10"}, "note": {"Rent — May"},
			}))
			if at(t, m, "data", "payment", "target", "type") != "user" || at(t, m, "data", "payment", "note") != "Rent — May" || at(t, m, "data", "payment", "status") != "settled" {
				t.Errorf("%s: %v", how, m)
			}
		}
	})
}

// Apps of later years send more than is documented.
func TestWireExtrasOfLaterApps(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		const extras = `"funding_source_id":"5","funding_source_type":"balance","eligibility_token":"x","metadata":{"quasi_cash_disclaimer_viewed":false},"uuid":"1b4e28ba-2fa1"`
		pay := fmt.Sprintf(`{"user_id":"%d","audience":"private","amount":1.5,"note":"a",%s}`, n.bob.ID, extras)
		first := n.send("POST", "/v1/payments", "application/json", "Bearer "+n.ann.token, pay)
		body(t, first)
		if again := n.send("POST", "/v1/payments", "application/json", "Bearer "+n.ann.token, pay); again.Body.String() != first.Body.String() {
			t.Errorf("the same uuid again: %s", again.Body)
		}
		if got := n.balance(t, n.bob); got != 101_50 {
			t.Errorf("bob has %d", got)
		}
	})
}

func TestWireListFilters(t *testing.T) {
	onTheWire(t, func(t *testing.T, n wire) {
		made := func(by, to person, amount string) string {
			return at(t, body(t, n.post(by.token, fmt.Sprintf("user_id=%d&amount=%s&note=a", to.ID, amount))), "data", "payment", "id").(string)
		}
		paid, charged, got, asked := made(n.ann, n.bob, "1"), made(n.ann, n.bob, "-1"), made(n.bob, n.ann, "1"), made(n.bob, n.ann, "-1")
		ann := n.ann.ID.String()
		for query, want := range map[string][]string{
			"": {asked, got, charged, paid}, "status=&action=&actor=&limit=&before=&after=": {asked, got, charged, paid}, "limit=100000": {asked, got, charged, paid},
			"status=pending": {asked, charged}, "status=settled": {got, paid}, "status=pending,settled,held": {asked, got, charged, paid},
			"action=charge": {asked, charged}, "action=pay": {got, paid}, "actor=" + ann: {charged, paid}, "actor=" + ann + "," + n.bob.ID.String(): {asked, got, charged, paid},
			"action=charge&actor=" + ann + "&limit=100000": {charged}, "action=pay&actor=" + ann + "&limit=100000": {paid}, "status=pending&action=charge&actor=" + ann: {charged},
			"before=2013-12-27T16:43:40": nil, "after=2013-12-27T16:43:40": {asked, got, charged, paid}, "before=9999-12-30T19:40:57.865985": {asked, got, charged, paid},
			"after=9999-12-30": nil, "limit=2": {asked, got}, "sort=up": {asked, got, charged, paid},
		} {
			m := body(t, n.get("", "/v1/payments?access_token="+n.ann.token+"&"+query))
			var seen []string
			for i := range at(t, m, "data").([]any) {
				seen = append(seen, at(t, m, "data", i, "id").(string))
			}
			if !slices.Equal(seen, want) {
				t.Errorf("%s: %v, want %v", query, seen, want)
			}
		}
	})
}
