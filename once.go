package purse

// Once is what makes a request repeatable: the key that its sender chose and a
// fingerprint of what was asked. The zero Once is a request without a key.
type Once struct {
	Principal   Principal
	Key         string
	Fingerprint string // of method, path and parameters, without the token
}

// OnceKey is what a stored answer is found by. A key belongs to a principal.
type OnceKey struct {
	Principal Principal
	Key       string
}

// id is the key under which the answer to o is stored.
func (o Once) id() OnceKey { return OnceKey{o.Principal, o.Key} }

// Answer is a door's answer as it goes out, and as it is stored with the key:
// a repetition gets the same status, headers and body, byte for byte.
type Answer struct {
	Status   int
	Header   string // contract headers besides the door's own, as "Name: value" lines
	Body     string
	Replayed bool // it was stored by an earlier request; not stored itself
}

// StoredAnswer is the row of an idempotency key. Once its body is purged the
// key stays, and is refused.
type StoredAnswer struct {
	OnceKey
	Fingerprint string
	Answer      Answer
	At          Time
	Purged      bool
}

// onceKeyMax is how many bytes an idempotency key may have.
const onceKeyMax = 255

// CheckOnceKey refuses a key that cannot be stored.
func CheckOnceKey(key string) error {
	if len(key) > onceKeyMax || !PlainText(key) {
		return Refuse(CodeInvalid, "An idempotency key has at most %d bytes and no control characters.", onceKeyMax)
	}
	return nil
}
