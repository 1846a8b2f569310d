package purse

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// User is a person with a wallet. The wallet's account has the same number.
type User struct {
	ID        UserID
	Book      BookID // where the wallet is
	Username  string // unique without regard to case; see Username
	FirstName string
	LastName  string
	About     string
	Joined    Time

	Audience     Audience // of their payments that do not say
	HidesFriends bool     // others do not see whom they are friends with
	Friends      int64    // how many they have
	Wary         bool     // has blocked somebody or was blocked, once; else no ties need be looked at
	Closed       Time     // when the account was closed and the names were blanked; 0: open
}

// OldUsername is a username that somebody has given up. Nobody else gets it for
// OldUsernameKept.
type OldUsername struct {
	Folded string
	Owner  UserID
	Until  Time
}

// OldUsernameKept is how long a username that was given up is kept back, so that
// nobody is paid in another's name.
const OldUsernameKept = 90 * 24 * time.Hour

// DisplayName is how a person is called on pages and in answers.
func (u User) DisplayName() string {
	if u.Closed != 0 {
		return "Closed account"
	}
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

// The bounds of a username and of the other names. seeds/004 says "between 4 and
// 29 characters preceded by @". With the @ counted that is 3 and more, as the
// network's operator may give them; whoever picks one picks UsernamePickedMin.
const (
	usernameMin = 3
	usernameMax = 29
	nameMax     = 100
)

// UsernamePickedMin is how many characters a username has at least that somebody
// picks for themselves.
const UsernamePickedMin = 4

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

// UserWord is one of the words by which a person is found.
type UserWord struct {
	Word   string // see SearchWord
	Person UserID
}

// SearchWord writes a word in small letters and digits, so that in any collation of
// a database those words that begin alike are one range. Whatever is no letter
// from a to y, and no digit, becomes a z and what tells it apart.
func SearchWord(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r < 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == 'z':
			b.WriteString("z0")
		case r == '-':
			b.WriteString("z1")
		case r == '_':
			b.WriteString("z2")
		default:
			fmt.Fprintf(&b, "z3%06x", r)
		}
	}
	return b.String()
}

// words are those by which u is found: the username and each word of the names.
func (u User) words() []UserWord {
	if u.Closed != 0 {
		return nil
	}
	var all []UserWord
	names := strings.FieldsFunc(u.FirstName+" "+u.LastName, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, name := range append(names, u.Username) {
		w := UserWord{SearchWord(name), u.ID}
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// putUser also moves the words by which the person is found.
func (f *Facts) putUser(u User) {
	folded, err := Username(u.Username)
	if err != nil {
		panic("purse: put a user with a bad name")
	}
	if u.Audience == "" {
		u.Audience = Private // nobody has agreed to more
	}
	before, there, _ := f.set.Users.get(u.ID)
	var old []UserWord
	if there {
		old = before.words()
		if gone, _ := Username(before.Username); gone != folded {
			f.set.Usernames.remove(gone)
		}
	}
	now := u.words()
	for _, w := range old {
		if !slices.Contains(now, w) {
			f.set.Words.remove(w)
		}
	}
	for _, w := range now {
		if !slices.Contains(old, w) {
			f.set.Words.put(w, w)
		}
	}
	f.set.Users.put(u.ID, u)
	f.set.Usernames.put(folded, u.ID)
}

// OldUsername finds a username that was given up.
func (f *Facts) OldUsername(folded string) (OldUsername, error) {
	return found(f, &f.set.OldUsernames, folded, "username", func(n *Needs) { n.OldUsernames = []string{folded} })
}
