package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// setPasswordOf gives somebody a password by the command that operators type.
func setPasswordOf(t *testing.T, database, name, password string) {
	t.Helper()
	cmd := command(t, "user", "password", name, "--database", database)
	cmd.Stdin = strings.NewReader(password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("user password: %v: %s", err, out)
	}
}

// addPhone makes a phone number somebody's, with the code that is sent to it.
func (v *visitor) addPhone(typed, number string) {
	v.t.Helper()
	v.open("/settings/contacts").press("/settings/contacts", "add", "typed="+typed)
	v.sees(http.StatusOK, "/settings/contacts", "+"+number+" Not verified")
	v.press("/settings/contacts", "code", "address="+number, "code=00000").sees(http.StatusUnprocessableEntity, "/settings/contacts", "This code is wrong")
	v.press("/settings/contacts", "code", "address="+number, "code="+codeIn(v.t, mailTo(v.t, v.base, number, "is your code")))
	v.sees(http.StatusOK, "/settings/contacts", "+"+number+" Verified")
}

// Apps of the years before OAuth sign people in with their passwords.
func TestAppSignIn(t *testing.T) {
	inTown(t, func(t *testing.T, database, base string) {
		ben := newPerson(t, database, "ben", "")
		frida := signUp(t, base, "frida")
		run(t, "treasury", "issue", "frida", "20.00", "--database", database)
		frida.addPhone("(555) 555-0150", "15555550150")
		for i, prefix := range []string{"/v1", ""} {
			appSignsIn(t, base+prefix, base, "device-"+string(rune('a'+i)), ben)
		}
		// What was sent counts once, and wrong passwords say nothing else.
		ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", `{"phone_email_or_username":"frida","client_id":"1","password":"wrong wrong wrong"}`).
			is(http.StatusBadRequest, `"code":264`)
		ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", `{"phone_email_or_username":"nobody","client_id":"1","password":"wrong wrong wrong"}`).
			is(http.StatusBadRequest, `"code":264`)
		mailTo(t, base, "frida@example.org", "An app has signed in")
		// Trusting a device is for these apps only.
		ask(t, http.MethodPost, base+"/v1/users/devices", frida.developerToken(), "", "device-id", "x").fails(http.StatusForbidden, codeScope)
		// She ends it all on the page of apps.
		in := ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", credentialsOf("15555550150"), "device-id", "device-a").is(http.StatusCreated)
		frida.open("/settings/apps").sees(http.StatusOK, "/settings/apps", "App sign-in").press("/settings/apps", "revoke", "app=1")
		dead(t, base, in.get("access_token"))
	})
}

func credentialsOf(name string) string {
	return `{"phone_email_or_username":"` + name + `","client_id":"1","password":"` + passwordOf("frida") + `"}`
}

// appSignsIn makes the calls of such an app, in its order (wire.md A.8).
func appSignsIn(t *testing.T, door, base, device string, ben person) {
	post := func(path, token, body string, more ...string) answer {
		return ask(t, http.MethodPost, door+path, token, body, append(more, "device-id", device)...)
	}
	asked := post("/oauth/access_token", "", credentialsOf("frida@example.org"))
	asked.fails(http.StatusUnauthorized, codeSecond)
	second := asked.header.Get("venmo-otp-secret")
	post("/account/two-factor/token", "", `{"via":"sms"}`, "venmo-otp-secret", second).is(http.StatusOK, `{"data":{"status":"sent"}}`)
	code := codeIn(t, mailTo(t, base, "15555550150", "code to sign in"))
	post("/oauth/access_token?client_id=1", "", "", "venmo-otp-secret", second, "venmo-otp", "12").is(http.StatusBadRequest, `"code":81110`)
	in := post("/oauth/access_token?client_id=1", "", "", "venmo-otp-secret", second, "venmo-otp", code).is(http.StatusCreated)
	token := in.get("access_token")
	post("/oauth/access_token?client_id=1", "", "", "venmo-otp-secret", second, "venmo-otp", code).is(http.StatusBadRequest, `"code":81110`)
	post("/users/devices", token, "").is(http.StatusOK, `{"data":`)

	get := func(path string) answer { return ask(t, http.MethodGet, door+path, token, "").is(http.StatusOK) }
	account := get("/account")
	id := account.get("data", "user", "id")
	if account.get("data", "user", "phone") != "15555550150" || account.get("data", "user", "email") != "frida@example.org" || account.get("data", "balance") == "" {
		t.Errorf("the account is %s", account.body)
	}
	if found := get("/users?query=be&limit=50&offset=0&type=username"); found.get("data", "0", "id") != ben.id {
		t.Errorf("looking for ben finds %s", found.body)
	}
	get("/users/"+ben.id).is(http.StatusOK, `"username":"ben"`)
	get("/users/"+id+"/friends?limit=3337&offset=0").is(http.StatusOK, `"data":[]`)
	if status, body := pay(t, base, person{token: token}, ben, "1.00"); status != http.StatusOK {
		t.Errorf("paying: %d %s", status, body)
	}
	mine, between := get("/stories/target-or-actor/"+id+"?limit=50"), get("/stories/target-or-actor/"+id+"/target-or-actor/"+ben.id)
	for _, stories := range []answer{mine, between} {
		if stories.get("data", "0", "payment", "actor", "username") != "frida" || stories.get("data", "0", "type") != "payment" {
			t.Errorf("the stories are %s", stories.body)
		}
	}
	get("/payment-methods").is(http.StatusOK, `"type":"balance"`, `"peer_payment_role":"default"`)
	ask(t, http.MethodDelete, door+"/oauth/access_token", token, "").is(http.StatusNoContent)
	ask(t, http.MethodGet, door+"/account", token, "").fails(http.StatusUnauthorized, codeRevoked)
	// The device is trusted now, another one is not.
	post("/oauth/access_token", "", credentialsOf("frida")).is(http.StatusCreated)
	ask(t, http.MethodPost, door+"/oauth/access_token", "", credentialsOf("frida"), "device-id", "another").fails(http.StatusUnauthorized, codeSecond)
}

// A live network does not let apps ask for passwords, and has nothing of a sandbox.
func TestLiveNetworkIsNoSandbox(t *testing.T) {
	t.Parallel()
	database := filepath.Join(shortDir(t), "purse.db")
	live := start(t, database, "--sandbox=false", "--public-url", "https://purse.example")
	run(t, "user", "create", "frida", "--first-name", "Frida", "--email", "frida@example.org", "--database", database)
	setPasswordOf(t, database, "frida", passwordOf("frida"))
	ask(t, http.MethodPost, live.url+"/v1/oauth/access_token", "", credentialsOf("frida"), "device-id", "x").is(http.StatusBadRequest, `"code":276`)
	for _, path := range []string{"/sandbox/messages", "/sandbox/messages?format=json", "/sandbox/callback"} {
		ask(t, http.MethodGet, live.url+path, "", "").is(http.StatusNotFound)
	}
	page := ask(t, http.MethodGet, live.url+"/sign-in", "", "").is(http.StatusOK)
	if strings.Contains(page.body, "test network") || page.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("a live page is\n%s", page.body)
	}
	in := ask(t, http.MethodPost, live.url+"/sign-in", "", "name=frida&password="+strings.ReplaceAll(passwordOf("frida"), " ", "+"), "Origin", "https://purse.example")
	// The client here follows to the front page, without the cookie that is for TLS only.
	if in.status != http.StatusOK || !strings.Contains(in.body, "Sign up") {
		t.Errorf("signing in: %d %s", in.status, in.body)
	}
	live.stop(t)
	verify(t, database)
}

// What guards an account, from the first password to the last page.
func TestGuardsAndLeaving(t *testing.T) {
	inTown(t, func(t *testing.T, database, base string) {
		ben := newPerson(t, database, "ben", "")
		gina := signUp(t, base, "gina")
		newPasswordByMail(t, base, gina)
		sessions(t, base, gina)
		addresses(t, base, gina)
		secondFactor(t, base, gina)
		leave(t, database, base, gina, ben)
	})
}

const ginasNext = "a garden of gnomes"

// newPasswordByMail sets a new password with a link.
func newPasswordByMail(t *testing.T, base string, gina *visitor) {
	stranger := newVisitor(t, base)
	stranger.open("/reset").press("/reset", "", "name=nobody@example.org").sees(http.StatusOK, "/reset", "Look at your mail")
	stranger.open("/reset").press("/reset", "", "name=@Gina").sees(http.StatusOK, "/reset", "Look at your mail")
	link := linkIn(t, mailTo(t, base, "gina@example.org", "/reset/new?token="))
	stranger.open(link).press("/reset/new", "", "password=password12").sees(http.StatusUnprocessableEntity, "/reset/new", "password")
	stranger.press("/reset/new", "", "password="+ginasNext).sees(http.StatusOK, "/sign-in", "Your new password is set.")
	stranger.open(link).press("/reset/new", "", "password="+ginasNext).sees(http.StatusUnprocessableEntity, "/reset/new", "link")
	mailTo(t, base, "gina@example.org", "Your password was changed")
	gina.open("/settings").sees(http.StatusOK, "/sign-in")
	gina.press("/sign-in", "", "name=gina", "password="+passwordOf("gina")).sees(http.StatusForbidden, "/sign-in")
	gina.press("/sign-in", "", "name=gina", "password="+ginasNext).sees(http.StatusOK, "/settings", "How others see you")
}

// sessions ends one of them from another.
func sessions(t *testing.T, base string, gina *visitor) {
	other := newVisitor(t, base)
	other.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	other.signIn("gina@example.org", ginasNext).sees(http.StatusOK, "/", "Hello, Gina")
	mailTo(t, base, "gina@example.org", "Windows NT 10.0")
	gina.open("/settings/security").sees(http.StatusOK, "/settings/security", "Firefox on Linux This one", "Chrome on Windows")
	gina.press("/settings/security", "end").sees(http.StatusOK, "/settings/security", "Signed out there.").missing("Chrome on Windows")
	other.open("/settings").sees(http.StatusOK, "/sign-in")
	other.signIn("gina", ginasNext).sees(http.StatusOK, "/")
	gina.open("/settings/security").press("/settings/security", "end-others").missing("Chrome on Windows")
	other.open("/settings").sees(http.StatusOK, "/sign-in")
	// A form without the session's own word goes nowhere, nor does one from elsewhere.
	gina.open("/settings")
	gina.page = strings.ReplaceAll(gina.page, `name="form" value="`, `name="form" value="x`)
	gina.press("/sign-out", "").sees(http.StatusForbidden, "/sign-out", "from another site")
	gina.open("/prove").press("/prove", "", "password=wrong wrong").sees(http.StatusForbidden, "/prove", "This is not your password.")
	gina.press("/prove", "", "password="+ginasNext).sees(http.StatusOK, "/")
}

// addresses changes the e-mail address.
func addresses(t *testing.T, base string, gina *visitor) {
	const was, is = "gina@example.org", "gina@example.net"
	gina.open("/settings/contacts").press("/settings/contacts", "add", "typed="+is).sees(http.StatusOK, "/settings/contacts", is+" Not verified")
	gina.open(linkIn(t, mailTo(t, base, was, is+" was added to your account"))).sees(http.StatusOK, "/settings/security")
	gina.open(linkIn(t, mailTo(t, base, is, "/verify?token="))).press("/verify", "").sees(http.StatusOK, "/settings/contacts", is+" Verified")
	gina.press("/settings/contacts", "remove", "address="+was).sees(http.StatusOK, "/settings/contacts").missing(was)
	mailTo(t, base, was, was+" was removed from your account")
	gina.open("/settings").press("/settings", "username", "username=gina-maria").sees(http.StatusOK, "/settings", "Your username is changed.")
	gina.press("/settings", "username", "username=gina").sees(http.StatusOK, "/settings")
	gina.press("/settings", "profile", "audience=public", "about=Likes <b>bold</b> ideas").sees(http.StatusOK, "/settings", "Your profile is saved.")
}

// secondFactor adds an authenticator app, and signs in with its codes and with one
// of the recovery codes.
func secondFactor(t *testing.T, base string, gina *visitor) {
	gina.addPhone("+1 555 555 0160", "15555550160")
	gina.open("/settings/security").press("/settings/security/authenticator", "begin")
	m := regexp.MustCompile(`<p class="once mono"><bdi>([A-Z2-7 ]+)</bdi>`).FindStringSubmatch(gina.page)
	if m == nil {
		t.Fatalf("there is no secret: %s", gina.main())
	}
	codeAt := func(at time.Time) string {
		code, err := totp.GenerateCode(strings.ReplaceAll(m[1], " ", ""), at)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	now := time.Now()
	gina.press("/settings/security/authenticator", "confirm", "code=12345")
	gina.sees(http.StatusUnprocessableEntity, "/settings/security/authenticator", "This is not the code", "The app has the secret already")
	gina.press("/settings/security/authenticator", "confirm", "code="+codeAt(now)).sees(http.StatusOK, "/settings/security/authenticator", "Your recovery codes")
	recovery := gina.shownOnce()[0]
	gina.open("/settings/security").sees(http.StatusOK, "/settings/security", "Authenticator app On")

	half := func() *visitor {
		v := newVisitor(t, base).open("/settings/friends")
		return v.press("/sign-in", "", "name=gina", "password="+ginasNext).sees(http.StatusOK, "/sign-in/code", "authenticator app")
	}
	other := half()
	other.press("/sign-in/code", "go", "code="+codeAt(now)).sees(http.StatusUnprocessableEntity, "/sign-in/code")
	other.press("/sign-in/code", "go", "code="+codeAt(now.Add(30*time.Second))).sees(http.StatusOK, "/settings/friends")
	other.open("/prove").press("/prove", "", "password="+ginasNext, "code="+recovery[1]).sees(http.StatusOK, "/")
	other = half()
	other.press("/sign-in/code", "go", "code="+strings.ToUpper(recovery[0])).sees(http.StatusOK, "/settings/friends")
	other = half()
	other.press("/sign-in/code", "go", "code="+recovery[0]).sees(http.StatusUnprocessableEntity, "/sign-in/code")
	other.press("/sign-in/code", "text").sees(http.StatusOK, "/sign-in/code", "on its way to your phone")
	other.press("/sign-in/code", "go", "code="+codeIn(t, mailTo(t, base, "15555550160", "code to sign in"))).sees(http.StatusOK, "/settings/friends")
	other.open("/settings/security").sees(http.StatusOK, "/settings/security", "Recovery codes that are left: "+number(len(recovery)-2))
	other.press("/settings/security", "no-authenticator").sees(http.StatusOK, "/settings/security", "Authenticator app Off")
	newVisitor(t, base).signIn("gina", ginasNext).sees(http.StatusOK, "/", "Hello, ")
}

func number(n int) string {
	b, _ := json.Marshal(n) // never fails
	return string(b)
}

// leave takes everything out, and closes the account.
func leave(t *testing.T, database, base string, gina *visitor, ben person) {
	run(t, "treasury", "issue", "gina", "10.00", "--database", database)
	token := gina.developerToken()
	who := person{token: token, id: ask(t, http.MethodGet, base+"/v1/me", token, "").is(http.StatusOK).get("data", "user", "id")}
	app := gina.registerApp("Gina's own")
	let := do(t, ways["form"](t, base+"/v1/oauth/access_token", app, map[string][]string{"code": {gina.allow(app.question(base, "make_payments")).Get("code")}})).is(http.StatusOK)
	closing := func(username string) *visitor {
		return gina.open("/settings/account").press("/settings/account", "close", "username="+username)
	}
	closing("ben").sees(http.StatusUnprocessableEntity, "/settings/account", "This is not your username.")
	closing("gina").sees(http.StatusConflict, "/settings/account", "There are still 10.00 USD in the wallet.")
	asked := ask(t, http.MethodPost, base+"/v1/payments", token, "user_id="+ben.id+"&amount=-3&note=Tea").is(http.StatusOK)
	if status, body := pay(t, base, who, ben, "10.00"); status != http.StatusOK {
		t.Fatalf("paying: %d %s", status, body)
	}
	closing("gina").sees(http.StatusConflict, "/settings/account", "A charge of yours waits for an answer.")
	ask(t, http.MethodPut, base+"/v1/payments/"+asked.get("data", "payment", "id"), token, "action=cancel").is(http.StatusOK)

	gina.open("/settings/account/export")
	got := answer{t, "the export", gina.status, gina.header, gina.page}
	if got.get("payments", "0", "status") == "" || !strings.Contains(got.body, `"amount":"10.00"`) || !strings.Contains(got.body, "gina@example.net") {
		t.Errorf("the export is %s", got.body)
	}
	for _, secret := range []string{token, app.secret, let.get("access_token"), "argon2"} {
		if strings.Contains(got.body, secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
	if gina.header.Get("Content-Disposition") != `attachment; filename="gina.json"` {
		t.Errorf("the export's headers are %v", gina.header)
	}

	closing("@Gina").sees(http.StatusOK, "/", "Your account is closed.")
	mailTo(t, base, "gina@example.net", "Your account was closed")
	dead(t, base, token)
	dead(t, base, let.get("access_token"))
	ask(t, http.MethodPost, base+"/v1/oauth/access_token", "", "client_id="+app.id+"&client_secret="+app.secret+"&refresh_token="+let.get("refresh_token")).is(http.StatusBadRequest)
	gina.open("/settings").sees(http.StatusOK, "/sign-in")
	gina.press("/sign-in", "", "name=gina", "password="+ginasNext).sees(http.StatusForbidden, "/sign-in")
	if status, body := pay(t, base, ben, who, "1.00"); status != http.StatusBadRequest || !strings.Contains(body, `"code":1343`) {
		t.Errorf("paying who has left: %d %s", status, body)
	}
	list := ask(t, http.MethodGet, base+"/v1/payments", ben.token, "").is(http.StatusOK)
	if strings.Contains(list.body, `"gina"`) || strings.Contains(list.body, "Gina") {
		t.Errorf("who has left is still named: %s", list.body)
	}
	// The name is kept back.
	next := newVisitor(t, base).open("/sign-up").press("/sign-up", "", "username=gina", "first_name=G", "email=g@example.com", "password="+passwordOf("gina"))
	next.sees(http.StatusConflict, "/sign-up")
	next.press("/sign-up", "", "username=gina2", "email=gina@example.net", "password="+passwordOf("gina")).sees(http.StatusOK, "/")
	next.open(linkIn(t, mailTo(t, base, "gina@example.net", "/verify?token="))).press("/verify", "").sees(http.StatusOK, "/settings/contacts", "gina@example.net Verified")
}
