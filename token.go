package purse

import "strings"

// TokenHash is the SHA-256 of an access token, as 43 characters of unpadded
// base64url. The token itself is shown once and never stored.
type TokenHash string

// Token lets whoever holds it act for a person, within its scopes.
//
// Life: valid from Created, until it expires or is revoked.
type Token struct {
	Hash    TokenHash
	ID      TokenID
	User    UserID
	App     AppID // 0: the person's own developer token
	Book    BookID
	Scopes  Scopes
	Expires Time    // 0: never
	Revoked Time    // 0: not
	Grant   GrantID // what it was given for; 0: it was made before there were grants
}

// Valid says whether t may be used at the time now.
func (t Token) Valid(now Time) error {
	switch {
	case t.Revoked != 0:
		return Refuse(CodeTokenRevoked, "This access token was revoked.")
	case t.Expires != 0 && now >= t.Expires:
		return Refuse(CodeTokenExpired, "This access token has expired.")
	}
	return nil
}

// Scope is one thing that a token allows. The names are those of wire.md A.2.
type Scope string

// Every scope.
const (
	MakePayments         Scope = "make_payments"
	AccessProfile        Scope = "access_profile"
	AccessEmail          Scope = "access_email"
	AccessPhone          Scope = "access_phone"
	AccessBalance        Scope = "access_balance"
	AccessFriends        Scope = "access_friends"
	AccessFeed           Scope = "access_feed"
	AccessPaymentHistory Scope = "access_payment_history"
)

// AllScopes lists them in the order in which they are shown.
var AllScopes = []Scope{
	MakePayments, AccessProfile, AccessEmail, AccessPhone, AccessBalance, AccessFriends, AccessFeed, AccessPaymentHistory,
}

// Scopes is a set of scopes, kept as their names with a space between.
type Scopes string

// ParseScopes reads a list with spaces or commas between, in any case; both
// occur (wire.md A.2).
func ParseScopes(s string) (Scopes, error) {
	var names []string
	for name := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == ',' }) {
		if !Scopes(joined(AllScopes)).Has(Scope(name)) {
			return "", Refuse(CodeInvalid, "There is no scope %q.", name)
		}
		if !Scopes(strings.Join(names, " ")).Has(Scope(name)) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", Refuse(CodeMissing, "A token needs at least one scope.")
	}
	return Scopes(strings.Join(names, " ")), nil
}

// Has says whether s contains one.
func (s Scopes) Has(one Scope) bool {
	for name := range strings.SplitSeq(string(s), " ") {
		if name == string(one) && name != "" {
			return true
		}
	}
	return false
}

// EveryScope is the set of all scopes.
func EveryScope() Scopes { return Scopes(joined(AllScopes)) }

func joined(scopes []Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " ")
}

// Actor is who asks: read from the request once by the door and handed on as an
// argument. It is a guess until a command has checked the token it names.
type Actor struct {
	Book   BookID
	User   UserID
	App    AppID
	Token  TokenHash
	Grant  GrantID
	Scopes Scopes

	// Session is set instead of Token where a person uses this network's own pages,
	// and may do everything.
	Session SessionHash

	At Time // book time at which the token was valid; 0 where a command will look
}

// Allows refuses an actor who lacks a scope.
//
// Refused with CodeScope.
func (a Actor) Allows(scope Scope) error { return a.Scopes.allow(scope) }

// Allows refuses a token that lacks a scope.
//
// Refused with CodeScope.
func (t Token) Allows(scope Scope) error { return t.Scopes.allow(scope) }

func (s Scopes) allow(one Scope) error {
	if !s.Has(one) {
		return Refuse(CodeScope, "This access token lacks the scope %s.", one)
	}
	return nil
}

// Credential is what a command must see to check a.
func (a Actor) Credential() Needs {
	if a.Session != "" {
		return Needs{Sessions: []SessionHash{a.Session}}
	}
	n := Needs{Tokens: []TokenHash{a.Token}}
	if a.App != 0 {
		n.Apps = []AppID{a.App}
	}
	return n
}

// Principal is whom idempotency keys and waiting places belong to: the person
// and the app, never the token, so that a key outlives the renewal of a token.
type Principal struct {
	ID  int64
	App AppID
}

// Principal is the one on whose account a asks.
func (a Actor) Principal() Principal { return Principal{int64(a.User), a.App} }

// Operator is who gives an administrative command, by the name that the
// machine knows; it stands in the audit line.
type Operator string
