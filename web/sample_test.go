package web

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// me is the layout of a person's pages.
func me(title string) Layout {
	return Layout{Title: title, Network: "Harbour", Sandbox: true, Username: "ada", Name: "Ada Lovelace", Initials: "AL", Form: "n0nce"}
}

// nobody is the layout of the pages of who is not signed in.
func nobody(title string) Layout { return Layout{Title: title, Network: "Harbour", Sandbox: true} }

// settings is the layout of a page of the settings.
func settings(path, title string) Layout {
	l := me(title)
	l.Tabs = tabs(path)
	return l
}

func faulty(l Layout, at, fault string) Layout {
	l.Fault, l.FaultAt = fault, at
	return l
}

// samples is every page at least once, by a name for pictures; the template's is
// what stands before the dot.
func samples() map[string]any {
	people := []friendRow{
		{"11", "Ben Okafor", "ben", "BO", ""}, {"12", "Cleo Martínez-Villanueva", "cleo_mv", "CM", "25.00"},
	}
	qr, err := newQR("otpauth://totp/Harbour:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Harbour")
	if err != nil {
		panic(err)
	}
	done := settings("/settings", "Profile")
	done.Done = doneWords["profile"]
	security := securityPage{
		Layout: settings("/settings/security", "Security"), PasskeysPossible: true, Authenticator: true, Recovery: 9, Others: true,
		Passkeys: []passkeyRow{{"p1", "My phone", "3 May 2026", "20 November 2026"}, {"p2", "Key on the ring", "4 May 2026", ""}},
		Sessions: []sessionRow{
			{"1", "Firefox on Linux", "192.0.2.7", "21 November 2026, 15:40 UTC", true},
			{"2", "Safari on iPhone", "2001:db8:1234:5678:9abc:def0:1234:5678", "20 November 2026, 08:02 UTC", false},
		},
	}
	plain := securityPage{Layout: faulty(settings("/settings/security", "Security"), "password", "This password is on a list of those that are guessed first. Choose another."),
		PasskeysPossible: true, Sessions: security.Sessions[:1]}
	all := map[string]any{
		"home":         homePage{Layout: nobody("Welcome")},
		"home.me":      homePage{Layout: me("Welcome"), FirstName: "Ada", Tiles: homeTiles},
		"signin":       signInPage{Layout: nobody("Sign in"), Passkey: true, SignUp: "/sign-up"},
		"signin.fault": signInPage{Layout: faulty(nobody("Sign in"), "", "The name and the password do not belong together."), Passkey: true, Next: "/settings", SignUp: "/sign-up?next=%2Fsettings", Typed: typed{Name: "ada"}},
		"code":         codePage{Layout: nobody("One more step"), Next: "/settings", SignIn: "/sign-in?next=%2Fsettings"},
		"signup":       signUpPage{Layout: nobody("Sign up"), SignIn: "/sign-in"},
		"signup.fault": signUpPage{Layout: faulty(nobody("Sign up"), "", "The username ada is taken."), SignIn: "/sign-in", Typed: typed{"ada", "Ada", "Lovelace", "ada@example.org", ""}},
		"signout":      signOutPage{me("Sign out")},
		"reset":        resetPage{Layout: nobody("Set a new password")},
		"reset.asked":  resetPage{Layout: nobody("Set a new password"), Asked: true},
		"newpassword":  newPasswordPage{Layout: nobody("Choose a new password"), Token: "t0ken"},
		"verify":       verifyPage{Layout: me("Is this address yours?"), Token: "t0ken"},
		"prove":        provePage{Layout: me("Is it still you?"), Next: "/settings/security"},
		"prove.more":   provePage{Layout: me("Is it still you?"), Next: "/settings/security", Code: true, Passkey: true},
		"profile":      profilePage{Layout: done, FirstName: "Ada", LastName: "Lovelace", About: "Numbers and poems", Typed: "ada", Audiences: audiences("friends"), HidesFriends: true},
		"contacts": contactsPage{Layout: faulty(settings("/settings/contacts", "Contacts"), "list", "This code is wrong, was used before, or is too old."), Contacts: []contactRow{
			{1, "email", "ada@example.org", "ada@example.org", "E-mail", "3 May 2026", true, false},
			{2, "email", "augusta.ada.king.countess.of.lovelace@analytical-engine.example", "augusta.ada.king.countess.of.lovelace@analytical-engine.example", "E-mail", "9 May 2026", false, false},
			{3, "phone", "15555550100", "+15555550100", "Phone", "9 May 2026", false, true},
		}},
		"security":           security,
		"security.plain":     plain,
		"authenticator":      authenticatorPage{Layout: settings("/settings/security", "Set up an authenticator app"), QR: qr, Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"},
		"authenticator.code": authenticatorPage{Layout: faulty(settings("/settings/security", "Set up an authenticator app"), "", "This code is wrong.")},
		"once": oncePage{Layout: settings("/settings/security", "Recovery codes"), About: "Each gets you in once when you do not have the app at hand.", Back: "/settings/security",
			Shown: []shown{{"", []string{"k3f9-2mxp", "77ab-c0de", "19zz-4rta", "q8wn-0s3l", "x5yh-6v2e", "bb1d-9kfu", "m4tr-8p7c", "h2gj-w3qa"}, true}}},
		"once.secret": oncePage{Layout: settings("/settings/developer", "Harbour Ledger is registered"), About: "The app proves with these two who it is.", Back: "/settings/developer",
			Shown: []shown{{"Client ID", []string{"579012345678901248"}, false}, {"Client secret", []string{"purse_cs_Q2hhcmxlcyBCYWJiYWdlIHdvdWxkIGhhdmUgbGlrZWQgdGhpcw"}, false}}},
		"apps": appsPage{Layout: settings("/settings/apps", "Apps"), Currency: "USD", Token: "3 May 2026", Apps: []appRow{
			{"579012345678901248", "Rent Reminder", "RR", "3 May 2026", "20 November 2026", scopeNames("make_payments access_profile access_friends"), true, "100.00", "12.50"},
			{"579012345678901249", "Budget", "B", "9 May 2026", "", scopeNames("access_payment_history"), false, "", ""},
		}},
		"apps.none": appsPage{Layout: settings("/settings/apps", "Apps"), Currency: "USD"},
		"developer": developerPage{Layout: faulty(settings("/settings/developer", "Developer"), "new", "A redirect URI starts with https:// or a scheme of the app's own."), Name: "Harbour", Redirects: "ftp://example.org", Apps: []ownAppRow{
			{"579012345678901248", "Rent Reminder", "RR", "3 May 2026", []string{"https://rent.example/callback", "rentreminder://oauth/after/signing/in/on/a/very/long/path/that/does/not/end"}, "https://rent.example/callback\nrentreminder://oauth", false, false, false},
			{"579012345678901249", "Budget", "B", "9 May 2026", []string{"http://127.0.0.1:8080/cb"}, "http://127.0.0.1:8080/cb", true, true, true},
		}},
		"friends":       friendsPage{Layout: settings("/settings/friends", "Friends"), Currency: "USD", Friends: people, Asking: people[:1], Asked: people[1:], Blocked: people[:1], More: "/settings/friends?after=12"},
		"friends.none":  friendsPage{Layout: faulty(settings("/settings/friends", "Friends"), "ask", "There is nobody with this username."), Currency: "USD", Typed: "nobody"},
		"account":       accountPage{settings("/settings/account", "Account")},
		"account.fault": accountPage{faulty(settings("/settings/account", "Account"), "close", "There is still money in the wallet.")},
		"consent": consentPage{Layout: me("Let Rent Reminder in?"), App: "Rent Reminder", AppInitials: "RR", Path: "/v1/oauth/authorize?client_id=1", Host: "rent.example",
			Scopes: scopeChoices("make_payments access_profile access_friends", nil), Terms: []string{"It is let in until you take it back.", "It may pay out at most 100.00 USD a day for you. You can change that."}},
		"simulator": simulatorPage{Layout: nobody("What shall become of it?"), Path: "/sandbox/simulator/l1nk", Merchant: "Harbour Books", Ref: "ord-17",
			Consumer: "c@example.org", Amount: "25.00 USD", Left: "14 minutes and 3 seconds"},
		"merchants": merchantsPage{Layout: faulty(settings("/settings/merchants", "Merchants"), "list", "This is not an amount. Write it like 100.00."), Mandates: []mandateRow{
			{Number: 1, Merchant: "90", Consumer: "ada@example.org", Name: "Harbour Books", Initials: "HB", Since: "3 May 2026", Used: "20 November 2026", Month: "45.50 USD", Bounds: "25.00 USD a payment, 100.00 USD a month, until 31 December 2027", Limits: limits{"25.00", "100.00", "2027-12-31", "USD"}},
			{Number: 2, Merchant: "91", Consumer: "cust-7f3a9c20-57bb-4d0f-9b0e-subscription", Name: "Lighthouse Ferries and Island Tours", Initials: "LT", Since: "9 May 2026", Month: "0.00 USD", Bounds: "None", Limits: limits{"many", "", "", "USD"}, Open: true},
		}, Ended: []mandateRow{{Number: 3, Name: "Tea Cart", Initials: "TC", Since: "1 March 2026", Ended: "9 May 2026"}}},
		"merchants.none": merchantsPage{Layout: settings("/settings/merchants", "Merchants")},
		"activity": activityPage{Layout: me("Activity"), Currency: "USD", More: "/activity?before=3", Newest: "/activity", Lines: []activityRow{
			{"To", "Harbour Books", "", "Captured", "21 November 2026, 15:41 UTC", "\u221225.00", false, false, "75.00", "", ""},
			{"To", "Tea Cart", "Two pots of oolong, and cake", "", "21 November 2026, 15:42 UTC", "\u221214.50", false, false, "60.50", "", "1207"},
			{"For", "Harbour Books", "", "Set aside", "21 November 2026, 15:40 UTC", "\u221225.00", false, true, "75.00", "25.00", ""},
			{"From", "Cleo Martínez-Villanueva", "Rent for November, and what I owed you for the ferry and the two nights on the island", "", "20 November 2026, 08:02 UTC", "+1250.00", true, false, "100.00", "", ""},
			{"To", "new@example.org", "Welcome!", "Waits", "19 November 2026, 21:15 UTC", "\u22129.00", false, false, "91.00", "", ""},
			{"Refund from", "Lighthouse Ferries and Island Tours", "", "", "18 November 2026, 10:00 UTC", "+10.00", true, false, "101.00", "", ""},
			{"Money in", "", "", "", "1 November 2026, 09:00 UTC", "+100.00", true, false, "100.00", "", ""},
		}},
		"activity.none":    activityPage{Layout: me("Activity"), Currency: "USD"},
		"callback":         callbackPage{Layout: nobody("Back at the app"), Code: "purse_ac_3vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiOoPqRtVwXyZ0aBcD", State: "xyz", Endpoint: "https://pay.example.org/v1/oauth/access_token"},
		"callback.refused": callbackPage{Layout: nobody("Back at the app"), Error: "access_denied", Message: "User denied"},
		"callback.token":   callbackPage{Layout: nobody("Back at the app"), Token: "purse_at_3vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiOoPqRtVwXyZ0aBcD"},
		"callback.none":    callbackPage{Layout: nobody("Back again")},
		"messages": messagesPage{Layout: nobody("Messages"), Messages: []messageRow{
			{2, "Is this address yours?", "E-mail", "ada@example.org", "21 November 2026, 15:40 UTC", linked("Hello Ada,\n\nopen this to confirm:\nhttp://127.0.0.1:8080/verify?token=purse_tk_Q2hhcmxlcyBCYWJiYWdlIHdvdWxkIGhhdmUgbGlrZWQgdGhpcyBzbyBtdWNo\n\nHarbour")},
			{1, "", "Phone", "+15555550100", "21 November 2026, 15:38 UTC", linked("Your code is 482913.")},
		}},
		"messages.none": messagesPage{Layout: nobody("Messages")},
		"error":         errorPage{Layout: nobody("Not found"), Status: 404, Sentence: sentence(errNoPage)},
	}
	maps.Copy(all, checkoutSamples())
	maps.Copy(all, deskSamples(qr))
	return all
}

// hostile is text that would do harm if it were not held back.
var hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`" + ` javascript:alert(1) {{.}} &lt; ` +
	"\u0000\u2028 " + `</textarea></title>--><!-- ]]> ` + longWord

var longWord = strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 9)

// turning is text that makes what stands beside it run the other way.
const turning = "\u202egnp.exe "

// ours are the texts of pages that are made in this package, so that they never
// turn: all others must be held in.
var ours = map[string][]string{
	"Layout":      {"Title", "Form", "TabsOf", "Done", "FaultAt", "Initials"},
	"tile":        {"Name", "Path", "About"},
	"choice":      {"Name", "Value", "About"},
	"contactRow":  {"Kind", "Words", "Added"},
	"passkeyRow":  {"ID", "Added", "Used"},
	"sessionRow":  {"ID", "Seen"},
	"oncePage":    {"About", "Back"},
	"shown":       {"Name"},
	"appsPage":    {"Currency", "Token"},
	"appRow":      {"ID", "Since", "Used", "Cap", "Spent", "Initials", "Scopes"},
	"ownAppRow":   {"ID", "Since", "Initials"},
	"friendsPage": {"Currency", "More"},
	"friendRow":   {"ID", "Initials", "Trust"},
	"consentPage": {"AppInitials", "Terms"},
	"messageRow":  {"Words", "At"},

	"payPage":       {"Amount", "Asked", "Fee", "Left", "Balance", "SignIn", "SignUp", "Sign", "Path"},
	"qrCode":        {"Path"},
	"payee":         {"Initials"},
	"limits":        {"Currency"},
	"answeredPage":  {"Amount", "Sentence", "Fee", "Number", "At", "Receipt", "Back"},
	"simulatorPage": {"Amount", "Left"},
	"mandateRow":    {"Merchant", "Initials", "Since", "Used", "Month", "Bounds", "Ended"},
	"activityPage":  {"Currency"},
	"deskRow":       {"Initials", "Balance"},
	"deskPage":      {"Balance"},
	"soldRow":       {"Number", "Amount", "At", "Source", "State", "Link"},
	"linksPage":     {"Currency"},
	"linkRow":       {"ID", "Made", "Amount"},
	"posterPage":    {"Amount"},
	"tillPage":      {"Currency", "Example"},
	"chargePage":    {"Number", "Amount", "Own", "Word", "Sentence", "Left", "At"},
	"offerPage":     {"Amount", "Currency", "Example", "Fee", "Ended"},
	"receiptPage":   {"Number", "Amount", "Total", "Fee", "Status", "At"},

	"activityRow": {"Words", "Mark", "At", "Amount", "Balance", "Held", "Receipt"},
}

// poison fills every text of a page with hostile text, and empty lists with one of it.
func poison(page any) any {
	v := reflect.New(reflect.TypeOf(page)).Elem()
	v.Set(reflect.ValueOf(page))
	poisonValue(v, hostile+turning)
	return v.Interface()
}

func poisonValue(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if v.Type() == reflect.TypeFor[Layout]() && (v.Field(i).IsZero() || field.Name == "Tabs") {
				continue // nobody is signed in, nothing went wrong; the tabs are always the same
			}
			with := hostile + turning
			if slices.Contains(ours[v.Type().Name()], field.Name) {
				with = hostile
			}
			poisonValue(v.Field(i), with)
		}
	case reflect.Slice:
		made := reflect.MakeSlice(v.Type(), max(v.Len(), 1), max(v.Len(), 1))
		reflect.Copy(made, v)
		for i := range made.Len() {
			poisonValue(made.Index(i), text)
		}
		v.Set(made)
	}
}
