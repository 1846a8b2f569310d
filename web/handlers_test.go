package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purse"
)

// Every form, and what comes of it.
func TestForms(t *testing.T) {
	phone := []string{"kind", "phone", "address", "15555550100"}
	for _, tc := range []struct {
		path  string
		form  url.Values
		asked string // of identity or wallet
		then  string // where the browser goes, or a text on the page
	}{
		{"/sign-out", adas(), "SignOut", "/?done=signed-out"},
		{"/verify?token=tk", adas(), "VerifyLink tk", "/settings/contacts?done=verified"},
		{"/prove", adas("password", "p w", "code", " 123456 ", "next", "/settings/security"), "Prove p w 123456", "/settings/security"},
		{"/prove", adas("password", "p", "next", "//evil.example"), "Prove p", "/"},
		{"/settings", adas("do", "profile", "first_name", " Ada ", "audience", "public", "hides_friends", "1"),
			"ChangeProfile {FirstName:Ada LastName: About: Audience:public HidesFriends:true}", "/settings?done=profile"},
		{"/settings", adas("do", "profile", "audience", "all"), "", "Invalid audience"},
		{"/settings", adas("do", "username", "username", "@Ada2"), "Rename Ada2", "/settings?done=username"},
		{"/settings", adas("do", "everything"), "", "does not say what to do"},
		{"/settings/contacts", adas("do", "add", "typed", "Ada@Example.org"), "AddContact {Kind:email Text:ada@example.org}", "/settings/contacts?done=added"},
		{"/settings/contacts", adas("do", "add", "typed", "(555) 555-0100"), "AddContact {Kind:phone Text:15555550100}", "/settings/contacts?done=added"},
		{"/settings/contacts", adas("do", "add", "typed", "somewhere"), "", "neither an e-mail address nor a phone number"},
		{"/settings/contacts", adas(append(phone, "do", "send")...), "SendVerification {Kind:phone Text:15555550100}", "/settings/contacts?done=sent"},
		{"/settings/contacts", adas(append(phone, "do", "code", "code", "482913")...), "VerifyCode {Kind:phone Text:15555550100} 482913", "/settings/contacts?done=verified"},
		{"/settings/contacts", adas(append(phone, "do", "remove")...), "RemoveContact {Kind:phone Text:15555550100}", "/settings/contacts?done=removed"},
		{"/settings/security", adas("do", "password", "password", " keep my spaces "), "ChangePassword  keep my spaces", "/settings/security?done=password"},
		{"/settings/security", adas("do", "recovery"), "NewRecoveryCodes", "cccc-dddd"},
		{"/settings/security", adas("do", "no-authenticator"), "RemoveTOTP", "/settings/security?done=factor-off"},
		{"/settings/security", adas("do", "no-passkey", "id", "k"), "RemovePasskey k", "/settings/security?done=removed"},
		{"/settings/security", adas("do", "end", "id", "2"), "EndSession 2", "/settings/security?done=ended"},
		{"/settings/security", adas("do", "end", "id", "two"), "", "does not say which one"},
		{"/settings/security", adas("do", "end-others"), "EndOtherSessions", "/settings/security?done=ended"},
		{"/settings/security/authenticator", adas("do", "begin"), "BeginTOTP", "JBSW Y3DP EHPK 3PXP"},
		{"/settings/security/authenticator", adas("do", "confirm", "code", "123456"), "ConfirmTOTP 123456", "aaaa-bbbb"},
		{"/settings/apps", adas("do", "cap", "app", "77", "cap", "12.50"), "SetAppCap 77 1250", "/settings/apps?done=cap"},
		{"/settings/apps", adas("do", "cap", "app", "77", "cap", "12.505"), "", "This is not an amount"},
		{"/settings/apps", adas("do", "cap", "app", "77", "cap", "-1"), "", "This is not an amount"},
		{"/settings/apps", adas("do", "cap", "app", "-7", "cap", "1"), "", "does not say which one"},
		{"/settings/apps", adas("do", "revoke", "app", "77"), "RevokeApp 77", "/settings/apps?done=revoked"},
		{"/settings/apps", adas("do", "no-token"), "RevokeApp -1", "/settings/apps?done=revoked"},
		{"/settings/apps", adas("do", "token"), "DeveloperToken", "purse_at_developer"},
		{"/settings/merchants", adas("do", "limit", "merchant", "90", "consumer", " c@example.org", "cap_payment", "12.50", "ends", "2027-12-31"),
			"LimitMandate {Merchant:90 Consumer: c@example.org} 1250 -1 1830297600000000", "/settings/merchants?done=limits"},
		{"/settings/merchants", adas("do", "limit", "merchant", "90", "consumer", "c", "ends", "31.12.2027"), "", "This is not a day"},
		{"/settings/merchants", adas("do", "revoke", "merchant", "90", "consumer", "c"), "RevokeMandate {Merchant:90 Consumer:c}", "/settings/merchants?done=taken-back"},
		{"/settings/merchants", adas("do", "revoke", "merchant", "ninety", "consumer", "c"), "", "does not say which one"},
		{"/settings/developer", adas("do", "new", "name", "A", "redirects", "https://a.example/x\r\n  myapp://y\n", "public", "1"),
			"RegisterApp {Name:A Redirects:[https://a.example/x myapp://y] Public:true Implicit:false}", "client-secret"},
		{"/settings/developer", adas("do", "change", "app", "77", "name", "B", "redirects", "https://b.example"),
			"ChangeApp 77 B [https://b.example]", "/settings/developer?done=app"},
		{"/settings/developer", adas("do", "secret", "app", "77"), "RotateSecret 77", "client-secret"},
		{"/settings/developer", adas("do", "close", "app", "77"), "CloseApp 77", "/settings/developer?done=app-closed"},
		{"/settings/friends", adas("do", "ask", "typed", "@ben"), "AskFriend 11", "/settings/friends?done=asked"},
		{"/settings/friends", adas("do", "ask", "typed", "nobody"), "", "There is nobody with this username."},
		{"/settings/friends", adas("do", "block", "typed", "ben"), "Block 11", "/settings/friends?done=blocked"},
		{"/settings/friends", adas("do", "accept", "person", "14"), "AcceptFriend 14", "/settings/friends?done=accepted"},
		{"/settings/friends", adas("do", "remove", "person", "14"), "RemoveFriend 14", "/settings/friends?done=removed"},
		{"/settings/friends", adas("do", "unblock", "person", "13"), "Unblock 13", "/settings/friends?done=unblocked"},
		{"/settings/friends", adas("do", "trust", "person", "11", "trust", "25"), "Trust 11 2500", "/settings/friends?done=trust"},
		{"/settings/friends", adas("do", "trust", "person", "11", "trust", ""), "Trust 11 0", "/settings/friends?done=trust"},
		{"/settings/friends", adas("do", "trust", "person", "11", "trust", "1e3"), "", "This is not an amount"},
		{"/settings/account", adas("do", "close", "username", "ADA"), "CloseWallet; Close", "/?done=closed"},
		{"/settings/account", adas("do", "close", "username", "ben"), "", "This is not your username."},
	} {
		s, f := newSite(t)
		w := ask(s, tc.path, tc.form, asAda)
		if said := f.since(); said != tc.asked {
			t.Errorf("%s %v asked %q", tc.path, tc.form, said)
		}
		if strings.HasPrefix(tc.then, "/") {
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != tc.then {
				t.Errorf("%s %v: %d %s", tc.path, tc.form, w.Code, w.Header().Get("Location"))
			}
		} else if w.Code == http.StatusSeeOther || !strings.Contains(w.Body.String(), tc.then) || (w.Code == 200) != (tc.asked != "") {
			t.Errorf("%s %v: %d without %q", tc.path, tc.form, w.Code, tc.then)
		}
		for _, fault := range faultsOf(w.Body.String()) {
			if w.Code != http.StatusSeeOther {
				t.Errorf("%s %v: %s", tc.path, tc.form, fault)
			}
		}
		if tc.asked == "" || strings.Contains(tc.asked, ";") {
			continue
		}
		refusals(t, s, f, tc.path, tc.form, strings.Fields(tc.asked)[0])
	}
}

// refusals tries a form of ada's again while what it asks for is refused.
func refusals(t *testing.T, s *Site, f *fake, path string, form url.Values, name string) {
	t.Helper()
	f.refuse[name] = purse.Refuse(purse.CodeProve, "Prove it.")
	way := ask(s, path, form, asAda).Header().Get("Location")
	if !strings.HasPrefix(way, "/prove?next="+url.QueryEscape(path)) && path != "/prove" {
		t.Errorf("%s: who must prove who they are goes to %q", path, way)
	}
	f.refuse[name] = purse.Refuse(purse.CodeInvalid, "No <b>because</b>.")
	if w := ask(s, path, form, asAda); w.Code != 422 || !strings.Contains(w.Body.String(), "No &lt;b&gt;because&lt;/b&gt;.") || len(faultsOf(w.Body.String())) > 0 {
		t.Errorf("%s %v: a refusal is %d %v", path, form, w.Code, faultsOf(w.Body.String()))
	}
	f.refuse[name] = purse.Refuse(purse.CodeBusy, "Try again.")
	if w := ask(s, path, form, asAda); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%s: when all is busy: %d", path, w.Code)
	}
}

func TestEveryPageIsShown(t *testing.T) {
	s, f := newSite(t)
	s.Loopback = true
	for path, p := range routes {
		if p.get == nil {
			continue
		}
		path = concrete(path)
		w := ask(s, path, nil, asAda)
		switch path {
		case "/sign-in", "/sign-up", "/sign-in/code", "/settings/security/authenticator", "/pay/l1nk/sign-in", "/pay/l1nk/sign-up", "/desk":
			if w.Code != 303 {
				t.Errorf("%s of who is signed in: %d", path, w.Code)
			}
		case "/sandbox/simulator/l1nk":
			if w.Code != 404 {
				t.Errorf("%s of what a tester does not answer: %d", path, w.Code)
			}
		case "/merchants/90/logo":
			if w.Code != 200 || w.Body.String() != "\x89PNG" || w.Header().Get("Content-Type") != "image/png" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		case "/settings/account/export":
			if w.Code != 200 || w.Body.String() != `{"a":1}` || w.Header().Get("Content-Disposition") != `attachment; filename="ada.json"` {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		default:
			if faults := faultsOf(w.Body.String()); w.Code != 200 || len(faults) > 0 {
				t.Errorf("%s: %d %v", path, w.Code, faults)
			}
		}
		for _, word := range strings.Split(f.since(), "; ") {
			if word != "" && !strings.HasPrefix(word, "Authorize") && word != "Export" {
				t.Errorf("looking at %s did %s", path, word)
			}
		}
	}
}

func TestSignIn(t *testing.T) {
	s, f := newSite(t)
	form := url.Values{"name": {" ada "}, "password": {" p "}, "next": {"/settings/apps"}}
	w := ask(s, "/sign-in", form)
	c := w.Result().Cookies()[0]
	if w.Header().Get("Location") != "/settings/apps" || c.Name != "__Host-purse" || c.Value != adasSession || !c.HttpOnly || !c.Secure ||
		c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.Expires.IsZero() {
		t.Errorf("%+v %v", c, w.Header())
	}
	if said := f.since(); said != "SignIn ada  p  192.0.2.1" {
		t.Error(said)
	}
	if w := ask(s, "/sign-in", form, asAda); w.Code != 403 || f.since() != "" {
		t.Errorf("a form from before another signed in: %d", w.Code)
	}
	form.Set("form", nonce(adasSession))
	ask(s, "/sign-in", form, asAda)
	if said := f.since(); !strings.HasSuffix(said, "; SignOut") {
		t.Errorf("the session before was not ended: %s", said)
	}
	s.PublicURL = "http://127.0.0.1:8080"
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/sign-in", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w = httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if c := w.Result().Cookies()[0]; c.Name != "purse" || c.Secure || w.Header().Get("Strict-Transport-Security") != "" {
		t.Errorf("without TLS: %+v", c)
	}
}

func TestSignInIsRefusedUniformly(t *testing.T) {
	s, f := newSite(t)
	f.refuse["SignIn"] = purse.Refuse(purse.CodeCredentials, "The name and the password do not belong together.")
	w := ask(s, "/sign-in", url.Values{"name": {"ada"}, "password": {"secret-canary"}, "next": {"/settings"}})
	body := w.Body.String()
	if w.Code != 403 || len(w.Result().Cookies()) != 0 || !strings.Contains(body, "do not belong together") || !strings.Contains(body, `value="ada"`) ||
		!strings.Contains(body, `value="/settings"`) || strings.Contains(body, "canary") {
		t.Errorf("%d %s", w.Code, body)
	}
}

func TestSecondFactor(t *testing.T) {
	s, f := newSite(t)
	f.second = true
	w := ask(s, "/sign-in", url.Values{"name": {"ada"}, "next": {"/settings"}})
	c := w.Result().Cookies()[0]
	if w.Header().Get("Location") != "/sign-in/code?next=%2Fsettings" || c.Name != "__Host-purse-second" || !c.HttpOnly {
		t.Fatalf("%v", w.Header())
	}
	second := c.Name + "=" + c.Value
	if w := ask(s, "/sign-in/code?next=%2Fsettings", nil, second); w.Code != 200 {
		t.Error(w.Code)
	}
	if w := ask(s, "/sign-in/code", nil); w.Header().Get("Location") != "/sign-in" {
		t.Error(w.Header())
	}
	f.since()
	w = ask(s, "/sign-in/code", url.Values{"do": {"text"}, "next": {"/settings"}}, second)
	if w.Header().Get("Location") != "/sign-in/code?next=%2Fsettings&sent=1" || f.since() != "SendSecond second" {
		t.Error(w.Header())
	}
	w = ask(s, "/sign-in/code", url.Values{"do": {"go"}, "code": {"123456"}, "next": {"/settings"}}, second)
	cookies := w.Result().Cookies()
	if w.Header().Get("Location") != "/settings" || f.since() != "SignInSecond second 123456" || cookies[0].Value != adasSession || cookies[1].MaxAge >= 0 {
		t.Errorf("%v", w.Header())
	}
	f.refuse["SignInSecond"] = purse.Refuse(purse.CodeCode, "Wrong.")
	if w := ask(s, "/sign-in/code", url.Values{"do": {"go"}}, second); w.Code != 422 || !strings.Contains(w.Body.String(), "Wrong.") {
		t.Error(w.Code)
	}
}

func TestSignUp(t *testing.T) {
	s, f := newSite(t)
	form := url.Values{"username": {"@ada"}, "first_name": {"Ada"}, "email": {"ada@example.org"}, "password": {"canary"}}
	w := ask(s, "/sign-up", form)
	if w.Header().Get("Location") != "/" || f.since() != "SignUp 1 {Username:ada FirstName:Ada LastName: Email:ada@example.org Phone: Password:canary}" {
		t.Errorf("%v", w.Header())
	}
	f.refuse["SignUp"] = purse.Refuse(purse.CodeTaken, "Taken.")
	if w := ask(s, "/sign-up", form); w.Code != 409 || strings.Contains(w.Body.String(), "canary") || !strings.Contains(w.Body.String(), `value="ada@example.org"`) {
		t.Error(w.Code)
	}
}

// Whoever asks for a new password learns nothing about who exists.
func TestResetAnswersUniformly(t *testing.T) {
	s, f := newSite(t)
	first := ask(s, "/reset", url.Values{"name": {"ada"}})
	for _, code := range []purse.Code{purse.CodeNotFound, purse.CodeTarget, purse.CodeInvalid, purse.CodeMissing} {
		f.refuse["AskReset"] = purse.Refuse(code, "canary")
		w := ask(s, "/reset", url.Values{"name": {"nobody at all"}})
		if w.Code != first.Code || w.Body.String() != first.Body.String() {
			t.Errorf("%s: another answer", code)
		}
	}
	w := ask(s, "/reset/new", url.Values{"token": {"tk"}, "password": {"new"}})
	if w.Header().Get("Location") != "/sign-in?done=reset" || len(w.Result().Cookies()) != 0 || !strings.HasSuffix(f.since(), "ResetPassword tk new") {
		t.Errorf("%v", w.Header())
	}
}

func TestPasskeys(t *testing.T) {
	s, f := newSite(t)
	form := nonce(adasSession)
	for _, tc := range []struct{ path, body, asked, want string }{
		{"/sign-in/passkey", `{"step":"begin"}`, "BeginPasskeySignIn", `{"options":{"challenge":"AA"},"ticket":"ticket"}`},
		{"/sign-in/passkey", `{"step":"finish","ticket":"t","response":{"id":"x"},"next":"/settings"}`, `FinishPasskeySignIn t {"id":"x"}`, `{"go":"/settings"}`},
		{"/sign-in/passkey", `{"step":"finish","ticket":"t","response":{},"next":"//evil.example"}`, `FinishPasskeySignIn t {}`, `{"go":"/"}`},
		{"/sign-in/passkey", `{"step":"other"}`, "", `{"error":"The request could not be read."}`},
		{"/sign-in/passkey", `[`, "", `{"error":"The request could not be read."}`},
		{"/prove/passkey", `{"step":"begin","form":"` + form + `"}`, "BeginPasskeyProof", `{"options":{"challenge":"AA"},"ticket":"ticket"}`},
		{"/prove/passkey", `{"step":"finish","form":"` + form + `","ticket":"t","response":{},"next":"/settings/account"}`, "FinishPasskeyProof t {}", `{"go":"/settings/account"}`},
		{"/settings/security/passkey", `{"step":"begin","form":"` + form + `"}`, "BeginPasskey", `{"options":{"challenge":"AA"},"ticket":"ticket"}`},
		{"/settings/security/passkey", `{"step":"finish","form":"` + form + `","ticket":"t","name":"My phone","response":{}}`, "FinishPasskey t My phone {}", `{"go":"/settings/security?done=passkey"}`},
	} {
		cookies := []string{asAda}
		if strings.HasPrefix(tc.path, "/sign-in") {
			cookies = nil
		}
		w := post(s, tc.path, tc.body, cookies...)
		if said := f.since(); said != tc.asked || w.Body.String() != tc.want {
			t.Errorf("%s: %s; %d %s", tc.body, said, w.Code, w.Body)
		}
	}
	f.refuse["BeginPasskey"] = purse.Refuse(purse.CodeProve, "Prove it.")
	w := post(s, "/settings/security/passkey", `{"step":"begin","form":"`+form+`"}`, asAda)
	if w.Code != 403 || w.Body.String() != `{"error":"Prove it.","go":"/prove?next=%2Fsettings%2Fsecurity"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestConsent(t *testing.T) {
	const question = "/v1/oauth/authorize?client_id=77&scope=make_payments+access_profile&state=a%26b%22"
	s, f := newSite(t)
	w := ask(s, question, nil)
	if want := "/sign-in?next=" + url.QueryEscape(question); w.Code != 303 || w.Header().Get("Location") != want {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	f.since()
	w = ask(s, question, nil, asAda)
	body := w.Body.String()
	for _, want := range []string{"Rent Reminder", "Ada Lovelace", "rent.example", "100.00 USD a day", `value="make_payments" checked`, `value="access_profile" checked`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "form-action 'self' https://rent.example;") || f.since() != `Authorize 77 make_payments access_profile a&b"` {
		t.Error(w.Header())
	}
	for _, tc := range []struct {
		form  url.Values
		asked string
		want  string
	}{
		{adas("do", "allow", "allow", "make_payments", "allow", "access_profile"), "Allow make_payments access_profile", "https://rent.example/cb?code=c&state=a%26b%22"},
		{adas("do", "allow", "allow", "access_profile", "allow", "access_profile", "allow", "access_balance"), "Allow access_profile", "https://rent.example/cb?code=c&state=a%26b%22"},
		{adas("do", "deny", "allow", "make_payments"), "", "https://rent.example/cb?error="},
		{adas("do", "allow"), "", ""},
		{adas("do", "allow", "allow", "access_balance"), "", ""},
	} {
		w := ask(s, question, tc.form, asAda)
		said := strings.TrimPrefix(strings.TrimPrefix(f.since(), `Authorize 77 make_payments access_profile a&b"`), "; ")
		if said != tc.asked || w.Header().Get("Location") != tc.want {
			t.Errorf("%v: %q, %d %s", tc.form, said, w.Code, w.Header().Get("Location"))
		}
		if tc.want == "" && (w.Code != 422 || !strings.Contains(w.Body.String(), "at least one thing") || strings.Contains(w.Body.String(), "checked")) {
			t.Errorf("%v: %d", tc.form, w.Code)
		}
	}
	f.fault = "invalid_scope"
	if w := ask(s, question, nil); w.Code != 302 || w.Header().Get("Location") != "https://rent.example/cb?error=invalid_scope" {
		t.Errorf("what is wrong with the question: %d %s", w.Code, w.Header())
	}
	f.refuse["Authorize"] = purse.Refuse(purse.CodeClient, "There is no such app.")
	if w := ask(s, question, nil, asAda); w.Code != 422 || w.Header().Get("Location") != "" || !strings.Contains(w.Body.String(), "no such app") {
		t.Errorf("%d %s", w.Code, w.Header())
	}
}

func TestConsentGoesOnAfterProving(t *testing.T) {
	const question = "/oauth/authorize?client_id=77&scope=make_payments"
	s, f := newSite(t)
	f.refuse["Allow"] = purse.Refuse(purse.CodeProve, "Prove it.")
	w := ask(s, question, adas("do", "allow", "allow", "make_payments"), asAda)
	if want := "/prove?next=" + url.QueryEscape(question); w.Header().Get("Location") != want {
		t.Error(w.Header())
	}
}

// What was proved long ago does not close an account, nor start a file.
func TestClosingNeedsAProof(t *testing.T) {
	s, f := newSite(t)
	f.proved = -1 << 62
	w := ask(s, "/settings/account", adas("do", "close", "username", "ada"), asAda)
	if w.Header().Get("Location") != "/prove?next=%2Fsettings%2Faccount" || f.since() != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	f.refuse["Export"] = purse.Refuse(purse.CodeProve, "Prove it.")
	w = ask(s, "/settings/account/export", nil, asAda)
	if w.Header().Get("Location") != "/prove?next=%2Fsettings%2Faccount%2Fexport" || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// What was proved long ago lets nobody take more out of the wallet.
func TestMoreMoneyNeedsAProof(t *testing.T) {
	for path, form := range map[string]url.Values{
		"/settings/apps":      adas("do", "cap", "app", "77", "cap", "1000"),
		"/settings/merchants": adas("do", "limit", "merchant", "90", "consumer", "c"),
		"/settings/friends":   adas("do", "trust", "person", "11", "trust", "25"),
	} {
		s, f := newSite(t)
		f.proved = -1 << 62
		w := ask(s, path, form, asAda)
		if w.Header().Get("Location") != "/prove?next="+url.QueryEscape(path) || f.since() != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	s, f := newSite(t)
	f.proved = -1 << 62
	if ask(s, "/settings/friends", adas("do", "trust", "person", "11", "trust", ""), asAda); f.since() != "Trust 11 0" {
		t.Error("to trust nobody any more needs a proof")
	}
}

func TestMessages(t *testing.T) {
	s, f := newSite(t)
	f.box = []purse.Delivered{{ID: 7, At: purse.Epoch, Message: purse.Message{To: purse.Address{Kind: purse.Email, Text: "ada@example.org"}, Subject: "Hello", Text: "See https://pay.example.org/verify?token=t."}}}
	read := func(path, host, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w
	}
	for _, tc := range []struct {
		loopback   bool
		key        purse.Secret
		path, host string
		open       bool
	}{
		{false, "", "/sandbox/messages", "127.0.0.1:80", false},
		{false, "", "/sandbox/messages?key=", "127.0.0.1:80", false},
		{true, "", "/sandbox/messages", "127.0.0.1:80", true},
		{true, "", "/sandbox/messages", "[::1]:80", true},
		{true, "", "/sandbox/messages", "localhost:80", true},
		{true, "", "/sandbox/messages", "pay.example.org", true},
		{true, "", "/sandbox/messages", "evil.example:80", false},
		{false, "k", "/sandbox/messages?key=k", "sandbox.example", true},
		{false, "k", "/sandbox/messages?key=j", "sandbox.example", false},
		{false, "k", "/sandbox/messages", "sandbox.example", false},
	} {
		s.Loopback, s.SandboxKey = tc.loopback, tc.key
		if w := read(tc.path, tc.host, ""); (w.Code == 200) != tc.open || w.Code != 200 && w.Code != 404 {
			t.Errorf("%+v: %d", tc, w.Code)
		}
	}
	s.Loopback = true
	if w := read("/sandbox/messages", "localhost", ""); !strings.Contains(w.Body.String(), `<a href="https://pay.example.org/verify?token=t">`) {
		t.Error(w.Body)
	}
	for _, w := range []*httptest.ResponseRecorder{read("/sandbox/messages", "localhost", "application/json"), read("/sandbox/messages?format=json", "localhost", "")} {
		var list []map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 1 || list[0]["id"] != "7" || list[0]["kind"] != "email" ||
			list[0]["to"] != "ada@example.org" || list[0]["subject"] != "Hello" || list[0]["at"] != "2009-01-01T00:00:00Z" {
			t.Errorf("%v %s", err, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/sandbox/messages", nil)
	r.Host = "localhost"
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); w.Code != 404 {
		t.Errorf("through a proxy on this machine: %d", w.Code)
	}
	s.Mailbox = nil
	if w := read("/sandbox/messages", "localhost", ""); w.Code != 404 {
		t.Errorf("a live network: %d", w.Code)
	}
}
