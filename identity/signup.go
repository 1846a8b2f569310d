package identity

import (
	"context"
	"strings"

	"purse"
	"purse/ledger"
)

// SignUpRequest asks for an account.
type SignUpRequest struct {
	Username, FirstName, LastName string
	Email                         string
	Phone                         string // empty: none
	Password                      string
}

// person reads who is to have the account, and how they say they can be reached.
func (r SignUpRequest) person() (u purse.User, contacts []purse.Contact, err error) {
	u = purse.User{
		Username: strings.TrimSpace(r.Username), FirstName: strings.TrimSpace(r.FirstName), LastName: strings.TrimSpace(r.LastName),
		Audience: purse.Private,
	}
	if _, err := picked(u.Username); err != nil {
		return u, nil, err
	}
	if err := u.Check(); err != nil {
		return u, nil, err
	}
	if strings.TrimSpace(r.Email) == "" {
		return u, nil, purse.Refuse(purse.CodeMissing, "An e-mail address is needed.")
	}
	email, err := purse.ParseEmail(strings.TrimSpace(r.Email))
	if err != nil {
		return u, nil, purse.Refuse(purse.CodeInvalid, "This is not an e-mail address.")
	}
	contacts = []purse.Contact{{ContactKey: purse.ContactKey{Address: email}}}
	if strings.TrimSpace(r.Phone) != "" {
		phone, err := purse.ParsePhone(r.Phone)
		if err != nil {
			return u, nil, purse.Refuse(purse.CodeInvalid, "This is not a phone number.")
		}
		contacts = append(contacts, purse.Contact{ContactKey: purse.ContactKey{Address: phone}})
	}
	return u, contacts, nil
}

// closedPrefix begins the usernames of accounts that were closed.
const closedPrefix = "closed-"

// picked folds a username that somebody picks for themselves, or refuses it. One
// that could be dialled is refused: people sign in with either.
func picked(username string) (folded string, err error) {
	folded, err = purse.Username(username)
	if err != nil {
		return "", err
	}
	if len(folded) < purse.UsernamePickedMin {
		return "", purse.Refuse(purse.CodeInvalid, "A username has at least %d characters.", purse.UsernamePickedMin)
	}
	if _, err := purse.ParsePhone(folded); err == nil || strings.HasPrefix(folded, closedPrefix) {
		return "", purse.Refuse(purse.CodeInvalid, "This cannot be a username. Think of another.")
	}
	return folded, nil
}

// SignUp makes an account with an empty wallet in a book, signs its owner in, and
// sends to the e-mail address what verifies it. Addresses that are somebody's are
// taken like others, and stay unverified: nobody learns here who has an account.
//
// Refused with CodeMissing, CodeInvalid, CodeTaken, CodeRate or CodeBusy.
func (s *Service) SignUp(ctx context.Context, book purse.BookID, req SignUpRequest, from From) (SignedIn, error) {
	u, contacts, err := req.person()
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.checkPassword(req.Password, about(u, contacts)...); err != nil {
		return SignedIn{}, err
	}
	if err := s.countSignUp(from); err != nil {
		return SignedIn{}, err
	}
	hash, err := s.hashPassword(ctx, req.Password)
	if err != nil {
		return SignedIn{}, err
	}
	secret := newSecret(sessionPrefix)
	folded, _ := purse.Username(u.Username)
	var in SignedIn
	err = s.Store.Execute(ctx, purse.Command{
		Book:  book,
		Needs: purse.Needs{Usernames: []string{folded}, OldUsernames: []string{folded}},
		Decide: func(f *purse.Facts) error {
			if err := free(f, folded, 0); err != nil {
				return err
			}
			made := u
			made.ID, made.Book, made.Joined = purse.UserID(f.NextID()), book, f.Now
			f.Put(made)
			f.Put(purse.Account{
				Account: ledger.Account{ID: purse.WalletOf(made.ID), Currency: f.Book.Currency}, Kind: purse.Wallet,
			})
			f.Put(purse.Credentials{Person: made.ID, Password: hash, Changed: f.Now})
			for _, c := range contacts {
				c.Person, c.Added = made.ID, f.Now
				f.Put(c)
			}
			in = addSession(f, made, secret, from)
			return nil
		},
	})
	if err != nil {
		return SignedIn{}, err
	}
	// The account is there, whatever becomes of the message: it can be asked for again.
	_ = s.beginVerification(ctx, in.User, contacts[0].Address)
	return in, nil
}
