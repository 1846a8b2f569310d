package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"purse"
)

// notify tells a person of a change in what guards their account, by a mail to every
// verified address. Whatever goes wrong with that, what it tells of has happened.
func (s *Service) notify(ctx context.Context, person purse.UserID, subject, text string) {
	contacts, err := s.Store.Contacts(ctx, person)
	if err != nil {
		return
	}
	for _, c := range contacts[person] {
		if c.Kind == purse.Email && c.Verified != 0 {
			s.send(purse.Message{To: c.Address, Subject: subject, Text: s.notice(text)})
		}
	}
}

// notice is the whole text of such a mail.
func (s *Service) notice(text string) string {
	return text + "\n\nIf that was not you, somebody else is using your account: set a new password and end the other sessions at\n" +
		s.PublicURL + "/settings/security\n\n" + s.name() + "\n"
}

func (s *Service) send(m purse.Message) {
	if s.Courier != nil {
		s.Courier.Send(m)
	}
}

// name is how the network calls itself in messages.
func (s *Service) name() string { return cmp.Or(s.Network, "purse") }

// newShortCode draws a code of six digits, for somebody to type. It is not hard to
// guess: the ticket that it goes with takes few wrong ones.
func newShortCode() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails; see crypto/rand
	return fmt.Sprintf("%06d", n.Int64())
}

// plainCode is a code without the spaces that people type.
func plainCode(code string) string { return strings.Join(strings.Fields(code), "") }
