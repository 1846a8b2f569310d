package purse

import (
	"strings"
	"time"

	"purse/ledger"
)

// Merchant takes payments. Its balance is an account of its book, which has the
// same number.
//
// Life: made by an operator, until it is closed.
type Merchant struct {
	ID      MerchantID
	Book    BookID
	Name    string
	Plan    Fee           // what it pays the network for what it settles
	Accepts bool          // takes payments from wallets
	Life    time.Duration // how long money waits that it has authorised and not settled
	Orders  OrderTerms
	Origins string // where its customers may be sent back to, one a line; see policy.CheckReturn
	Email   string // where receipts go; empty: nowhere
	Created Time
	Closed  Time // 0: open
}

// AuthorizationLife is for how long a new merchant may leave money unsettled.
const AuthorizationLife = 7 * 24 * time.Hour

// Check refuses a merchant that cannot be stored or shown.
func (m Merchant) Check() error {
	if m.Name == "" || !PlainText(m.Name) || len(m.Name) > nameMax {
		return Refuse(CodeInvalid, "A merchant's name has 1 to %d bytes and no control characters.", nameMax)
	}
	if err := m.Orders.check(); err != nil {
		return err
	}
	if m.Life < time.Minute || m.Life > lifeMax {
		return Refuse(CodeInvalid, "Money waits to be settled between a minute and %d days.", int(lifeMax.Hours()/24))
	}
	return m.Plan.check()
}

// OrderTerms are what a merchant has settled for its orders.
type OrderTerms struct {
	Life      time.Duration // how long an order can be paid
	PayerFee  bool          // the payer bears the fee of the merchant's plan, on top
	Hook      string        // the URL that is told of paid orders; empty: none
	HookTried Time          // when Hook has last answered the test call as it should; 0: never, and it is told nothing
}

func (t OrderTerms) check() error {
	if t.Life < time.Minute || t.Life > OrderLifeMax {
		return Refuse(CodeInvalid, "An order can be paid for a minute to %d days.", int(OrderLifeMax.Hours()/24))
	}
	return nil
}

// BalanceOf is the number of a merchant's account.
func BalanceOf(m MerchantID) ledger.AccountID { return ledger.AccountID(m) }

// KeyKind says what an API key is for.
type KeyKind string

// The kinds of API keys (wire.md B.1).
const (
	PrivateKey KeyKind = "private" // a merchant's server
	PublicKey  KeyKind = "public"  // browsers and phones: may begin a payment, and never take it
	OrderKind  KeyKind = "order"   // a merchant's server, for orders only: a Bearer token (wire.md C.1)
)

// APIKey lets whoever holds it act for a merchant: by HTTP Basic authentication, or one
// for orders as a Bearer token.
//
// Life: valid from Created, until it expires or is revoked.
type APIKey struct {
	Username string // by which it is found; a private key's ends otherwise than a public one's
	Merchant MerchantID
	Book     BookID
	Kind     KeyKind
	Hash     string // SHA-256 of the password, as 43 characters of unpadded base64url
	Secret   string // of a key for orders: what signs the callbacks of its orders, sealed
	Created  Time
	Expires  Time // 0: never; set when another takes its place
	Revoked  Time // 0: not
}

// Valid says whether k may be used at the time now.
//
// Refused with CodeBadKey.
func (k APIKey) Valid(now Time) error {
	if k.Revoked != 0 || k.Expires != 0 && now >= k.Expires {
		return Refuse(CodeBadKey, "The authentication credentials are invalid.")
	}
	return nil
}

// KeysMax is how many keys a merchant may have that are valid.
const KeysMax = 20

// Seller is who asks on a merchant's behalf: read from the request once by the
// door. It is a guess until a command has checked the key that it names.
type Seller struct {
	Book     BookID
	Merchant MerchantID
	Key      string // the key's Username
	Hash     string // of the password that came with it
	Kind     KeyKind
}

// PublicKeys is no app: it stands in a Principal for all who ask with a public key
// of a merchant's, so that their idempotency keys are not those of its server.
const PublicKeys AppID = -2

// Principal is the one on whose account s asks.
func (s Seller) Principal() Principal {
	p := Principal{ID: int64(s.Merchant)}
	if s.Kind == PublicKey {
		p.App = PublicKeys
	}
	return p
}

// Credential is what a command must see to check s.
func (s Seller) Credential() Needs {
	return Needs{APIKeys: []string{s.Key}, Merchants: []MerchantID{s.Merchant}}
}

// Merchant finds a merchant.
func (f *Facts) Merchant(id MerchantID) (Merchant, error) {
	return found(f, &f.set.Merchants, id, "merchant", func(n *Needs) { n.Merchants = []MerchantID{id} })
}

// Logo finds a merchant's picture.
func (f *Facts) Logo(m MerchantID) (Logo, error) {
	return found(f, &f.set.Logos, m, "picture", func(n *Needs) { n.Logos = []MerchantID{m} })
}

// APIKey finds a key by its username.
func (f *Facts) APIKey(username string) (APIKey, error) {
	return found(f, &f.set.APIKeys, username, "API key", func(n *Needs) { n.APIKeys = []string{username} })
}

// KeysOf is the set of a merchant's keys that were not revoked, in the order of
// their usernames, at most KeysMax.
func (f *Facts) KeysOf(m MerchantID) ([]APIKey, error) {
	return members(f, f.set.keysOf[m], &f.set.APIKeys, Needs{KeysOf: []MerchantID{m}},
		func(k APIKey) bool { return k.Revoked == 0 }, func(a, b APIKey) int { return strings.Compare(a.Username, b.Username) })
}

// LoadAPIKey brings in a key, and into the set of its merchant if that was wanted.
func (w *WorkingSet) LoadAPIKey(k APIKey) { load(&w.APIKeys, w.keysOf[k.Merchant], k.Username, k) }

// WantKeys says that the keys of a merchant will be asked for; true the first time.
func (w *WorkingSet) WantKeys(m MerchantID) bool { return wantSet(&w.keysOf, m) }

// Logo is a merchant's picture.
type Logo struct {
	Merchant MerchantID
	Type     string // image/png, image/jpeg or image/webp
	Data     string // base64
}
