package identity

import (
	"encoding/base32"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"purse"
)

// second asks what a sign-in asks: is code a second factor of v now?
func (n *network) second(t *testing.T, v Visitor, code string) bool {
	t.Helper()
	before := n.credentialsOf(t, v)
	seed, err := n.seed(before, code)
	if err != nil {
		t.Fatal(err)
	}
	var good bool
	err = n.store.Execute(t.Context(), purse.Command{
		Book: purse.Directory, Needs: purse.Needs{Credentials: []purse.UserID{v.User.ID}},
		Decide: func(f *purse.Facts) error {
			c, err := f.Credentials(v.User.ID)
			if err != nil {
				return err
			}
			if good = c.TOTP == before.TOTP && checkSecond(f, &c, code, seed); good {
				f.Put(c)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return good
}

// showing is what an app with this seed shows so many steps from now. The clock is
// first moved to where a step has just begun, so that the test has time.
func (n *network) showing(t *testing.T, secret string, steps int) string {
	t.Helper()
	now, err := n.store.Now(t.Context(), purse.Directory)
	if err != nil {
		t.Fatal(err)
	}
	if into := int64(now) % stepMicros; into > stepMicros*2/3 {
		n.later(t, time.Duration(stepMicros-into)*time.Microsecond)
		if now, err = n.store.Now(t.Context(), purse.Directory); err != nil {
			t.Fatal(err)
		}
	}
	code, err := totp.GenerateCode(secret, now.UTC().Add(time.Duration(steps)*stepSeconds*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// app gives v an authenticator app.
func (n *network) app(t *testing.T, v Visitor) (secret string, recovery []string) {
	t.Helper()
	setup, err := n.BeginTOTP(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = n.ConfirmTOTP(t.Context(), v, n.showing(t, setup.Secret, 0))
	if err != nil {
		t.Fatal(err)
	}
	return setup.Secret, recovery
}

func TestAuthenticatorAppIsAdded(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann := n.guest(t, "anna")
		first, err := n.BeginTOTP(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		setup, err := n.BeginTOTP(t.Context(), ann) // the first is forgotten
		if err != nil || setup.Secret == first.Secret {
			t.Fatal(err)
		}
		if seed, err := base32.StdEncoding.DecodeString(setup.Secret); err != nil || len(seed) != seedBytes {
			t.Errorf("secret %q", setup.Secret)
		}
		u, err := url.Parse(setup.URI)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Campus  pay:anna" ||
			u.Query().Get("secret") != setup.Secret || u.Query().Get("issuer") != "Campus  pay" {
			t.Errorf("%s", setup.URI)
		}
		c := n.credentialsOf(t, ann)
		if c.TOTP == "" || strings.Contains(c.TOTP, setup.Secret) || c.Confirmed != 0 || c.Recovery != "" {
			t.Errorf("begun: %+v", c)
		}
		if n.second(t, ann, n.showing(t, setup.Secret, 0)) {
			t.Error("a code counts before it was confirmed")
		}
		box.expectNone(t)
		for _, wrong := range []string{"", "000000x", n.showing(t, first.Secret, 0), n.showing(t, setup.Secret, 3), n.showing(t, setup.Secret, -3)} {
			if _, err := n.ConfirmTOTP(t.Context(), ann, wrong); code(err) != purse.CodeCode {
				t.Errorf("confirmed with %q: %v", wrong, err)
			}
		}
		recovery, err := n.ConfirmTOTP(t.Context(), ann, n.showing(t, setup.Secret, 0))
		if err != nil {
			t.Fatal(err)
		}
		box.expectNotice(t, "anna", "An authenticator app was added")
		f, err := n.Factors(t.Context(), ann)
		if err != nil || f.App == 0 || f.Recovery != recoveryCodes || len(recovery) != recoveryCodes {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := n.BeginTOTP(t.Context(), ann); code(err) != purse.CodeInvalid {
			t.Errorf("a second app: %v", err)
		}
		if _, err := n.ConfirmTOTP(t.Context(), ann, n.showing(t, setup.Secret, 1)); code(err) != purse.CodeInvalid {
			t.Errorf("confirmed twice: %v", err)
		}
		if n.second(t, n.guestWithApp(t, "benn"), n.showing(t, setup.Secret, 1)) {
			t.Error("somebody else's code counts")
		}
	})
}

func (n *network) guestWithApp(t *testing.T, name string) Visitor {
	t.Helper()
	v := n.guest(t, name)
	n.app(t, v)
	return v
}

func TestCodesCountOnceAndAroundTheirTime(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.guarded(t)
		ann := n.guest(t, "anna")
		secret, _ := n.app(t, ann)
		expect := func(what, code string, want bool) {
			t.Helper()
			if got := n.second(t, ann, code); got != want {
				t.Errorf("%s: %v", what, got)
			}
		}
		expect("the code that confirmed", n.showing(t, secret, 0), false)
		expect("the step before", n.showing(t, secret, -1), false)
		next := n.showing(t, secret, 1)
		expect("two steps ahead", n.showing(t, secret, 2), false)
		expect("the step ahead", next[:3]+" "+next[3:], true)
		expect("the step ahead again", next, false)
		expect("this step, after the one ahead", n.showing(t, secret, 0), false)
		n.later(t, 5*stepSeconds*time.Second)
		expect("two steps ago", n.showing(t, secret, -2), false)
		expect("the step before", n.showing(t, secret, -1), true)
		expect("the step before again", n.showing(t, secret, -1), false)
		expect("this step", n.showing(t, secret, 0), true)
		expect("this step again", n.showing(t, secret, 0), false)
		for _, wrong := range []string{"", "12345", "1234567", "abcdef", "１２３４５６", "-12345"} {
			expect(wrong, wrong, false)
		}
		// A seed that comes after is not good for the steps of the one before.
		step := n.credentialsOf(t, ann).Step
		if err := n.RemoveTOTP(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		if c := n.credentialsOf(t, ann); c.Step != step {
			t.Errorf("the step went from %d to %d", step, c.Step)
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		box := n.guarded(t)
		ann, ben := n.guest(t, "anna"), n.guest(t, "benn")
		n.app(t, ben)
		_, codes := n.app(t, ann)
		seen := map[string]bool{}
		stored := n.credentialsOf(t, ann).Recovery
		for _, c := range codes {
			if !regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$`).MatchString(c) || seen[c] {
				t.Errorf("code %q", c)
			}
			seen[c] = true
			if strings.Contains(stored, c) || strings.Contains(stored, recoveryFolds.Replace(c)) {
				t.Error("a code is stored as it is")
			}
		}
		expect := func(v Visitor, what, code string, want bool) {
			t.Helper()
			if got := n.second(t, v, code); got != want {
				t.Errorf("%s: %v", what, got)
			}
		}
		expect(ben, "somebody else's", codes[0], false)
		expect(ann, "a hash", strings.Fields(stored)[0], false)
		expect(ann, "first", codes[0], true)
		expect(ann, "first again", codes[0], false)
		expect(ann, "written by hand", " "+strings.ToUpper(strings.ReplaceAll(strings.NewReplacer("0", "o", "1", "l").Replace(codes[1]), "-", " "))+" ", true)
		expect(ann, "written by hand, again", codes[1], false)
		n.Vault = nil // recovery codes are what is left then
		expect(ann, "without a key", codes[2], true)
		n.guarded(t)
		n.Courier = box
		box.sent = nil
		again, err := n.NewRecoveryCodes(t.Context(), ann)
		if err != nil || len(again) != recoveryCodes {
			t.Fatalf("%d, %v", len(again), err)
		}
		box.expectNotice(t, "anna", "New recovery codes")
		expect(ann, "an old one", codes[3], false)
		for _, c := range again {
			expect(ann, "a new one", c, true)
		}
		if f, err := n.Factors(t.Context(), ann); err != nil || f.Recovery != 0 || f.App == 0 {
			t.Errorf("%+v, %v", f, err)
		}
		if err := n.RemoveTOTP(t.Context(), ben); err != nil {
			t.Fatal(err)
		}
		box.expectNotice(t, "benn", "The authenticator app was removed")
		if c := n.credentialsOf(t, ben); c.TOTP != "" || c.Confirmed != 0 || c.Recovery != "" {
			t.Errorf("removed: %+v", c)
		}
		if _, err := n.NewRecoveryCodes(t.Context(), ben); code(err) != purse.CodeNotFound {
			t.Errorf("codes without an app: %v", err)
		}
		if err := n.RemoveTOTP(t.Context(), ben); code(err) != purse.CodeNotFound {
			t.Errorf("removed twice: %v", err)
		}
		n.app(t, ben)
	})
}

func TestSecondFactorsNeedAFreshProof(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		n.guarded(t)
		ann := n.guest(t, "anna")
		secret, _ := n.app(t, ann)
		before := n.credentialsOf(t, ann)
		for name, call := range map[string]func(Visitor) error{
			"begin":    func(v Visitor) error { _, err := n.BeginTOTP(t.Context(), v); return err },
			"confirm":  func(v Visitor) error { _, err := n.ConfirmTOTP(t.Context(), v, "123456"); return err },
			"remove":   func(v Visitor) error { return n.RemoveTOTP(t.Context(), v) },
			"recovery": func(v Visitor) error { _, err := n.NewRecoveryCodes(t.Context(), v); return err },
			"add key":  func(v Visitor) error { _, _, err := n.BeginPasskey(t.Context(), v); return err },
			"added":    func(v Visitor) error { return n.FinishPasskey(t.Context(), v, "", "", nil) },
			"no key":   func(v Visitor) error { return n.RemovePasskey(t.Context(), v, "1") },
		} {
			if err := call(stale(ann)); code(err) != purse.CodeProve {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A session that has ended since it was read counts for nothing.
		n.ended(t, ann)
		if err := n.RemoveTOTP(t.Context(), ann); code(err) != purse.CodeSignedOut {
			t.Errorf("signed out: %v", err)
		}
		if after := n.credentialsOf(t, ann); after != before {
			t.Errorf("refusals have changed %+v", after)
		}
		// Without the key, or with another, there is an answer and no crash.
		for _, v := range []*Vault{nil, vaultOf(t, 8)} {
			n.Vault = v
			if _, err := n.seed(before, n.showing(t, secret, 1)); code(err) != purse.CodeInvalid || !strings.Contains(err.Error(), "lost its key") {
				t.Errorf("%v", err)
			}
		}
		n.Vault = nil
		if _, err := n.BeginTOTP(t.Context(), n.guest(t, "benn")); code(err) != purse.CodeInvalid {
			t.Errorf("without a key: %v", err)
		}
	})
}
