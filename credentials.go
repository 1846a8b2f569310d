package purse

// Credentials is what proves who a person is, in the form in which it is stored:
// package identity reads and writes it. Whoever is known to the network by an
// operator's word only, and has never signed up, has none.
type Credentials struct {
	Person    UserID
	Password  string // argon2id, with its parameters; empty: none
	Changed   Time   // when the password was set
	TOTP      string // the seed of one-time codes, sealed; empty: none
	Confirmed Time   // since when the codes are asked for; 0: not yet
	Step      int64  // the time step of the last code that was taken; none is taken twice
	Recovery  string // SHA-256 of the recovery codes that are left, with spaces between
	Passkeys  string // a JSON list; empty: none
	Devices   string // SHA-256 of devices that are not asked for a second factor, with spaces between
}

// Credentials finds what proves who a person is.
func (f *Facts) Credentials(person UserID) (Credentials, error) {
	return found(f, &f.set.Credentials, person, "credential", func(n *Needs) { n.Credentials = []UserID{person} })
}
