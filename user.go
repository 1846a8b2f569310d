package purse

import "strings"

// User is a person with a wallet. The wallet's account has the same number.
type User struct {
	ID        UserID
	Book      BookID // where the wallet is
	Username  string // unique without regard to case; see Username
	FirstName string
	LastName  string
	About     string
	Joined    Time
}

// DisplayName is how a person is called on pages and in answers.
func (u User) DisplayName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// The bounds of a username and of the other names. seeds/004 says "between 4 and
// 29 characters preceded by @", which can be read with the @ or without; both
// readings are taken: "@ada" has four.
const (
	usernameMin = 3
	usernameMax = 29
	nameMax     = 100
)

// Username folds a username to the form in which it is unique, or refuses it.
// It may hold letters, digits, '-' and '_'.
func Username(s string) (string, error) {
	if len(s) < usernameMin || len(s) > usernameMax {
		return "", Refuse(CodeInvalid, "A username has %d to %d characters.", usernameMin, usernameMax)
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return "", Refuse(CodeInvalid, "A username is made of letters, digits, '-' and '_'.")
		}
	}
	return strings.ToLower(s), nil
}

// Check refuses a person whose names cannot be stored or shown.
func (u User) Check() error {
	if _, err := Username(u.Username); err != nil {
		return err
	}
	if strings.TrimSpace(u.FirstName) == "" {
		return Refuse(CodeMissing, "A first name is needed.")
	}
	for _, s := range []string{u.FirstName, u.LastName, u.About} {
		if !PlainText(s) || strings.ContainsAny(s, "\n\t") || len(s) > nameMax {
			return Refuse(CodeInvalid, "A name has at most %d bytes and no control characters.", nameMax)
		}
	}
	return nil
}
