package identity

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"purse"
)

// PasswordCost is what one hash of a password takes, so that whoever has a copy of
// the database cannot try many. The zero one is the default: 19 MiB, twice.
type PasswordCost struct {
	KiB    uint32
	Passes uint32
}

// The default cost, and what does not change. What is stored tells its own cost, so
// that the default may be raised.
const (
	costKiB    = 19 * 1024
	costPasses = 2
	costLanes  = 1
	saltBytes  = 16
	keyBytes   = 32
)

func (c PasswordCost) params() *argon2id.Params {
	p := argon2id.Params{Memory: costKiB, Iterations: costPasses, Parallelism: costLanes, SaltLength: saltBytes, KeyLength: keyBytes}
	if c.KiB > 0 && c.Passes > 0 {
		p.Memory, p.Iterations = c.KiB, c.Passes
	}
	return &p
}

// At most hashingMax passwords are hashed at once, whatever memory and processors
// there are, and at most hashingWaiting callers wait for that.
const (
	hashingMax     = 2
	hashingWaiting = 64
)

// hashing is the turns at hashing.
type hashing struct {
	callers atomic.Int64 // that hash or wait
	turns   atomic.Pointer[chan struct{}]
	done    atomic.Int64 // how often there was a hash, for tests
}

// turn waits for a turn, which ends with the function that is returned.
//
// Refused with CodeBusy.
func (h *hashing) turn(ctx context.Context) (end func(), err error) {
	busy := purse.Refuse(purse.CodeBusy, "The network is busy. Try again shortly.")
	if h.callers.Add(1) > hashingMax+hashingWaiting {
		h.callers.Add(-1)
		return nil, busy
	}
	turns := h.turns.Load()
	if turns == nil {
		fresh := make(chan struct{}, hashingMax)
		h.turns.CompareAndSwap(nil, &fresh)
		turns = h.turns.Load()
	}
	select {
	case *turns <- struct{}{}:
		return func() { <-*turns; h.callers.Add(-1) }, nil
	case <-ctx.Done():
		h.callers.Add(-1)
		return nil, busy
	}
}

// hashPassword is what is stored of a password.
//
// Refused with CodeBusy.
func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	end, err := s.hashing.turn(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	s.hashing.done.Add(1)
	return argon2id.CreateHash(password, s.Cost.params())
}

// isPassword says whether what is stored is of password. Nothing stored takes as
// long as something, and is no password's.
//
// Refused with CodeBusy.
func (s *Service) isPassword(ctx context.Context, stored, password string) (bool, error) {
	against := stored
	if stored == "" {
		against = nobodys(s.Cost.params())
	}
	end, err := s.hashing.turn(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	s.hashing.done.Add(1)
	same, err := argon2id.ComparePasswordAndHash(password, against)
	return same && stored != "", err
}

// renewed is what is to be stored of a password that was right: stored, unless that
// was made at another cost than passwords have now. Else whoever was here before the
// cost was changed would be known by how long it takes to refuse a wrong one.
func (s *Service) renewed(ctx context.Context, stored, password string) string {
	now := s.Cost.params()
	was, _, _, err := argon2id.DecodeHash(stored)
	if err != nil || was.Memory == now.Memory && was.Iterations == now.Iterations && was.Parallelism == now.Parallelism {
		return stored
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return stored // another time
	}
	return hash
}

// nobodys looks like what is stored of a password.
func nobodys(p *argon2id.Params) string {
	b := make([]byte, saltBytes+keyBytes)
	_, _ = rand.Read(b) // never fails; see crypto/rand
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism, text(b[:saltBytes]), text(b[saltBytes:]))
}

// The bounds of a password, in characters. Nothing is asked of which they are: that
// makes passwords no harder to guess.
const (
	passwordMin = 10
	passwordMax = 256
)

//go:embed passwords.txt
var commonPasswords string

// checkPassword refuses a new password that is easy to guess: a short or common
// one, and any of the words that are about the person.
//
// Refused with CodeMissing or CodeInvalid.
func (s *Service) checkPassword(password string, words ...string) error {
	switch n := utf8.RuneCountInString(password); {
	case password == "":
		return purse.Refuse(purse.CodeMissing, "A password is needed.")
	case n < passwordMin || n > passwordMax:
		return purse.Refuse(purse.CodeInvalid, "A password has %d to %d characters.", passwordMin, passwordMax)
	}
	folded := strings.ToLower(password)
	_, first := utf8.DecodeRuneInString(folded)
	if slices.Contains(strings.Fields(commonPasswords), folded) || strings.Trim(folded, folded[:first]) == "" {
		return purse.Refuse(purse.CodeInvalid, "Too many people have this password. Think of another.")
	}
	for _, w := range append(words, s.name()) {
		if local, _, _ := strings.Cut(w, "@"); strings.EqualFold(password, w) || strings.EqualFold(password, local) {
			return purse.Refuse(purse.CodeInvalid, "A password cannot be one's own name or address.")
		}
	}
	return nil
}

// about are the words that a person's password may not be.
func about(u purse.User, contacts []purse.Contact) []string {
	words := []string{u.Username, u.FirstName, u.LastName, u.FirstName + u.LastName, u.DisplayName()}
	for _, c := range contacts {
		words = append(words, c.Text)
	}
	return words
}
