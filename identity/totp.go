package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"purse"
)

// The codes of authenticator apps: RFC 6238 with what every app knows, 6 digits of
// HMAC-SHA-1, a new code every stepMicros. A code counts within its own step and
// the stepsAround before and after, for clocks that differ.
const (
	seedBytes   = 20
	stepSeconds = 30
	stepMicros  = stepSeconds * 1_000_000
	stepsAround = 1
	codeDigits  = 6
)

var seedText = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTPSetup is what an authenticator app must be told: by typing the secret, or by
// showing it the URI as a QR code. Neither is shown again.
type TOTPSetup struct {
	Secret string // the seed in base32
	URI    string // otpauth://
}

// Factors is what somebody is asked for besides the password.
type Factors struct {
	App      purse.Time // since when codes of an authenticator app are asked for; 0: they are not
	Recovery int        // how many recovery codes are left
	Passkeys []Passkey
}

// Factors says what a visitor is asked for besides the password.
func (s *Service) Factors(ctx context.Context, v Visitor) (Factors, error) {
	c, err := s.credentials(ctx, v.User.ID)
	if err != nil {
		return Factors{}, err
	}
	keys, err := readPasskeys(c)
	if err != nil {
		return Factors{}, err
	}
	f := Factors{App: c.Confirmed, Recovery: len(strings.Fields(c.Recovery))}
	for _, k := range keys {
		f.Passkeys = append(f.Passkeys, k.Passkey)
	}
	return f, nil
}

// credentials reads what proves who a person is; those who have nothing yet have
// empty ones.
func (s *Service) credentials(ctx context.Context, person purse.UserID) (purse.Credentials, error) {
	return orNone(person)(s.Store.Credentials(ctx, person))
}

// orNone makes empty credentials of those that are not there.
func orNone(person purse.UserID) func(purse.Credentials, error) (purse.Credentials, error) {
	return func(c purse.Credentials, err error) (purse.Credentials, error) {
		if err != nil && purse.CodeOf(err) == purse.CodeNotFound {
			return purse.Credentials{Person: person}, nil
		}
		return c, err
	}
}

// guard changes a visitor's credentials in a command. change is pure.
func (s *Service) guard(ctx context.Context, v Visitor, needs purse.Needs, change func(*purse.Facts, *purse.Credentials) error) error {
	needs.Add(purse.Needs{Sessions: []purse.SessionHash{v.Session.Hash}, Credentials: []purse.UserID{v.User.ID}})
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := here(f, v); err != nil {
				return err
			}
			c, err := orNone(v.User.ID)(f.Credentials(v.User.ID))
			if err != nil {
				return err
			}
			if err := change(f, &c); err != nil {
				return err
			}
			f.Put(c)
			return nil
		},
	})
}

// sealedAs names the seed of a person to the vault.
func sealedAs(person purse.UserID) string { return "totp " + person.String() }

// BeginTOTP gives a visitor a seed for an authenticator app. It counts once
// ConfirmTOTP has seen a code of it; a seed that was begun before is forgotten.
//
// Refused with CodeProve, CodeInvalid or CodeSignedOut.
func (s *Service) BeginTOTP(ctx context.Context, v Visitor) (TOTPSetup, error) {
	if err := Fresh(v); err != nil {
		return TOTPSetup{}, err
	}
	if s.Vault == nil {
		return TOTPSetup{}, purse.Refuse(purse.CodeInvalid, "This network has no key for authenticator apps.")
	}
	seed := make([]byte, seedBytes)
	_, _ = rand.Read(seed) // never fails; see crypto/rand
	secret := seedText.EncodeToString(seed)
	key, err := totp.Generate(totp.GenerateOpts{
		// A colon ends the issuer in the URI's path.
		Issuer: strings.ReplaceAll(s.name(), ":", " "), AccountName: v.User.Username, Secret: seed, Period: stepSeconds,
	})
	if err != nil {
		return TOTPSetup{}, err
	}
	sealed := s.Vault.Seal(secret, sealedAs(v.User.ID))
	err = s.guard(ctx, v, purse.Needs{}, func(_ *purse.Facts, c *purse.Credentials) error {
		if c.Confirmed != 0 {
			return purse.Refuse(purse.CodeInvalid, "Remove the authenticator app that you have first.")
		}
		c.TOTP = sealed
		return nil
	})
	if err != nil {
		return TOTPSetup{}, err
	}
	return TOTPSetup{Secret: secret, URI: key.URL()}, nil
}

// ConfirmTOTP has codes asked for from now on, after one of the seed that BeginTOTP
// gave, and returns the recovery codes, which are shown this once.
//
// Refused with CodeProve, CodeCode, CodeInvalid or CodeSignedOut.
func (s *Service) ConfirmTOTP(ctx context.Context, v Visitor, code string) (recovery []string, err error) {
	if err := Fresh(v); err != nil {
		return nil, err
	}
	begun, err := s.credentials(ctx, v.User.ID)
	if err != nil {
		return nil, err
	}
	none := purse.Refuse(purse.CodeInvalid, "There is no authenticator app to confirm. Begin again.")
	if begun.TOTP == "" || begun.Confirmed != 0 {
		return nil, none
	}
	seed, err := s.seed(begun, code)
	if err != nil {
		return nil, err
	}
	recovery, hashes := newRecoveryCodes(v.User.ID)
	err = s.guard(ctx, v, purse.Needs{}, func(f *purse.Facts, c *purse.Credentials) error {
		if c.TOTP != begun.TOTP || c.Confirmed != 0 {
			return none
		}
		// No code of this seed was taken before, so any step will do.
		step, ok := stepOf(f.Now, 0, code, seed)
		if !ok {
			return purse.Refuse(purse.CodeCode, "This is not the code that the app shows now.")
		}
		// Who trusted a device when there was nothing to ask for has not trusted it with this.
		c.Confirmed, c.Step, c.Recovery, c.Devices = f.Now, max(c.Step, step), hashes, ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.notify(ctx, v.User.ID, "An authenticator app was added",
		"From now on, signing in to your account asks for a code of your authenticator app.")
	return recovery, nil
}

// RemoveTOTP has no codes asked for any more, and forgets the recovery codes.
//
// Refused with CodeProve, CodeNotFound or CodeSignedOut.
func (s *Service) RemoveTOTP(ctx context.Context, v Visitor) error {
	if err := Fresh(v); err != nil {
		return err
	}
	err := s.guard(ctx, v, purse.Needs{}, func(_ *purse.Facts, c *purse.Credentials) error {
		if c.TOTP == "" {
			return noApp()
		}
		// Step stays: it never runs back.
		c.TOTP, c.Confirmed, c.Recovery, c.Devices = "", 0, "", ""
		return nil
	})
	if err != nil {
		return err
	}
	s.notify(ctx, v.User.ID, "The authenticator app was removed",
		"Signing in to your account no longer asks for a code of an authenticator app.")
	return nil
}

func noApp() error {
	return purse.Refuse(purse.CodeNotFound, "There is no authenticator app.")
}

// NewRecoveryCodes replaces the recovery codes, and returns the new ones, which are
// shown this once.
//
// Refused with CodeProve, CodeNotFound or CodeSignedOut.
func (s *Service) NewRecoveryCodes(ctx context.Context, v Visitor) ([]string, error) {
	if err := Fresh(v); err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes(v.User.ID)
	err := s.guard(ctx, v, purse.Needs{}, func(_ *purse.Facts, c *purse.Credentials) error {
		if c.Confirmed == 0 {
			return noApp()
		}
		c.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.notify(ctx, v.User.ID, "New recovery codes",
		"New recovery codes were made for your account. The old ones are no longer good.")
	return codes, nil
}

// seed opens the seed of c's authenticator app, for checkSecond, if code looks like
// one of its codes; else it is "", so that recovery codes are good without the key.
// The command must see that c.TOTP has not changed since.
func (s *Service) seed(c purse.Credentials, code string) (string, error) {
	if c.TOTP == "" || digits(code) == "" {
		return "", nil
	}
	err := error(nil)
	if s.Vault != nil {
		var seed string
		if seed, err = s.Vault.Open(c.TOTP, sealedAs(c.Person)); err == nil {
			return seed, nil
		}
	}
	return "", &purse.Error{
		Code: purse.CodeInvalid, Err: err,
		Message: "This network has lost its key for authenticator apps. Use a recovery code.",
	}
}

// digits is code without spaces if it looks like one of an authenticator app, else "".
func digits(code string) string {
	code = strings.Join(strings.Fields(code), "")
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return code
}

// checkSecond says whether code proves that who wants in has the second factor of
// c: a code of the authenticator app with this seed (see Service.seed), or a
// recovery code. Either is good once: c remembers that, and the caller puts c
// where the code was good. It is pure, and tells nothing of why a code was wrong.
func checkSecond(f *purse.Facts, c *purse.Credentials, code, seed string) bool {
	if c.Confirmed == 0 {
		return false
	}
	if step, ok := stepOf(f.Now, c.Step, code, seed); ok {
		c.Step = step
		return true
	}
	return useRecovery(c, code)
}

// stepOf finds the step, of those around now that come after last, whose code this is.
func stepOf(now purse.Time, last int64, code, seed string) (step int64, ok bool) {
	code = digits(code)
	if code == "" || seed == "" {
		return 0, false
	}
	middle := int64(now) / stepMicros
	for step := max(middle-stepsAround, last+1); step <= middle+stepsAround; step++ {
		want, err := hotp.GenerateCodeCustom(seed, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, true
		}
	}
	return 0, false
}
