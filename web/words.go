package web

import (
	"strings"
	"unicode"

	"purse"
	"purse/money"
)

// doneWords is what a page says after a redirect, by the word in its address: any
// other word says nothing.
var doneWords = map[string]string{
	"profile":     "Your profile is saved.",
	"username":    "Your username is changed.",
	"password":    "Your password is changed.",
	"reset":       "Your new password is set. Sign in with it.",
	"added":       "The address is added, and a message is on its way to it.",
	"sent":        "A message is on its way.",
	"removed":     "Removed.",
	"verified":    "The address is verified.",
	"factor-off":  "Codes of an app are not asked for any more.",
	"passkey":     "The passkey is added.",
	"ended":       "Signed out there.",
	"cap":         "The most that it may pay out a day is set.",
	"revoked":     "It is not let in any more.",
	"app":         "The app is saved.",
	"app-closed":  "The app is closed.",
	"taken-back":  "The merchant may not take payments any more.",
	"limits":      "The limits are set.",
	"link":        "The payment link is made. Print it, or pass its address on.",
	"link-closed": "The payment link is closed. Nobody can pay by it any more.",
	"asked":       "You have asked. They decide.",
	"accepted":    "You are friends.",
	"trust":       "Saved.",
	"blocked":     "Blocked.",
	"unblocked":   "Not blocked any more.",
	"closed":      "Your account is closed. Farewell.",
	"signed-out":  "You are signed out.",
}

// scopeWords is what a scope lets an app do, for people.
var scopeWords = map[purse.Scope]struct{ name, about string }{
	purse.MakePayments:         {"Pay and ask for money in your name", "Payments that it makes cannot be undone by you."},
	purse.AccessProfile:        {"See your profile", "Your name, username and what you say about yourself."},
	purse.AccessEmail:          {"See your e-mail address", "The first that is verified."},
	purse.AccessPhone:          {"See your phone number", "The first that is verified."},
	purse.AccessBalance:        {"See your balance", "How much money you have, at any time."},
	purse.AccessFriends:        {"See your friends", "Who they are, also if you hide them from others."},
	purse.AccessFeed:           {"See your feed", "What your friends share with you."},
	purse.AccessPaymentHistory: {"See your payments", "All of them, also the private ones."},
}

// scopeNames puts scopes in words, in the order in which they are shown.
func scopeNames(scopes purse.Scopes) []string {
	var names []string
	for _, one := range purse.AllScopes {
		if scopes.Has(one) {
			names = append(names, scopeWords[one].name)
		}
	}
	return names
}

// date and moment are how times are written.
func date(at purse.Time) string {
	if at == 0 {
		return ""
	}
	return at.UTC().Format("2 January 2006")
}

func moment(at purse.Time) string {
	if at == 0 {
		return ""
	}
	return at.UTC().Format("2 January 2006, 15:04 UTC")
}

// initials are at most two letters that stand for a name.
func initials(name string) string {
	var letters []rune
	for word := range strings.FieldsSeq(name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters = append(letters, unicode.ToUpper(r))
				break
			}
		}
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return string(letters)
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

// addressWords is how people write an address.
func addressWords(a purse.Address) string {
	if a.Kind == purse.Phone {
		return "+" + a.Text
	}
	return a.Text
}

// kindWords names a kind of address.
func kindWords(k purse.AddressKind) string {
	if k == purse.Phone {
		return "Phone"
	}
	return "E-mail"
}

// agentWords guesses a browser and a system from what a browser calls itself.
func agentWords(agent string) string {
	pick := func(otherwise string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return otherwise
	}
	// The order matters: most of them also claim to be the later ones.
	browser := pick("", "Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS", "Firefox", "CriOS", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := pick("", "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case agent == "":
		return "Unknown browser"
	}
	if r := []rune(agent); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return agent
}

// readAmount reads what somebody has typed as an amount that is not negative.
//
// Refused with CodeAmount.
func (s *Site) readAmount(typed string) (int64, error) {
	a, err := money.Parse(typed, s.Currency)
	if err != nil || a.Minor < 0 {
		return 0, &purse.Error{
			Code: purse.CodeAmount, Err: err,
			Message: "This is not an amount. Write it like " + money.Amount{Minor: 10000, Currency: s.Currency}.Decimal() + ".",
		}
	}
	return a.Minor, nil
}

// decimal writes minor units without the currency.
func (s *Site) decimal(minor int64) string {
	return money.Amount{Minor: minor, Currency: s.Currency}.Decimal()
}
