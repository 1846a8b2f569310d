package purse

import (
	"cmp"
	"net/mail"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// AddressKind is how somebody can be reached; the words are those of seeds/002.
type AddressKind string

// The kinds of addresses.
const (
	Email AddressKind = "email"
	Phone AddressKind = "phone"
)

// Address is an e-mail address or a phone number, in the one form in which it is
// stored and compared: an e-mail address in lower case, a phone number in E.164
// without the plus, as the wallet API writes it ("15555550100", wire.md A.2).
type Address struct {
	Kind AddressKind
	Text string
}

// emailMax is the longest e-mail address that can be sent to (RFC 5321).
const emailMax = 254

// ParseEmail reads a bare e-mail address.
//
// Refused with CodeTarget.
func ParseEmail(s string) (Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > emailMax || strings.ContainsFunc(s, notInEmail) {
		return Address{}, Refuse(CodeTarget, "This is not an e-mail address.")
	}
	return Address{Email, strings.ToLower(s)}, nil
}

// notInEmail says which characters no address may have here: quoted ones, and
// all that are not ASCII. Two texts that look alike, or that some rule about
// upper and lower case makes equal, must not be two people's.
func notInEmail(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' }

// homeRegion is where phone numbers without a country code are: the United
// States, as in seeds/002 ("a valid US phone").
const homeRegion = "US"

// ParsePhone reads a phone number as people write it, with or without its
// country code. Numbers of any country that could be dialled are taken, also
// those that nobody was given yet.
//
// Refused with CodeTarget.
func ParsePhone(s string) (Address, error) {
	s = strings.TrimSpace(s)
	if strings.Trim(s, "+-.() 0123456789") != "" || !strings.ContainsAny(s[:min(len(s), 1)], "+(0123456789") {
		return Address{}, Refuse(CodeTarget, "This is not a phone number.") // the library reads letters and much else
	}
	n, err := phonenumbers.Parse(s, homeRegion)
	// IsPossibleNumber would take what can be dialled only within a town, too.
	if err == nil && n.GetExtension() == "" && phonenumbers.IsPossibleNumberWithReason(n) == phonenumbers.IS_POSSIBLE {
		return Address{Phone, strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")}, nil
	}
	return Address{}, Refuse(CodeTarget, "This is not a phone number.")
}

// AddressOwner is what the network knows about an address: whose it is.
type AddressOwner struct {
	Address
	Owner   UserID // 0: nobody's yet
	Since   Time   // when that began
	Claimed Time   // when what was pending to it had all been claimed by the owner; 0: not yet
}

// CompareAddresses is the order in which rows of addresses are locked and listed.
func CompareAddresses(a, b Address) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
}

// AddressOwner finds out whose an address is. One that the network has never
// heard of is CodeNotFound.
func (f *Facts) AddressOwner(a Address) (AddressOwner, error) {
	return found(f, &f.set.Addresses, a, "address", func(n *Needs) { n.Addresses = []Address{a} })
}

// Introduction is the first time that a person names an address that nobody
// owns. They are counted, so that nobody finds out by trying who has an account.
type Introduction struct {
	IntroductionKey
	At Time
}

// IntroductionKey names an introduction.
type IntroductionKey struct {
	Person UserID
	Address
}

// IntroductionsMax is how many addresses a person may introduce in an hour.
const IntroductionsMax = 20

// CheckIntroduction refuses an address that the person has not introduced
// before, if they have introduced IntroductionsMax others in the last hour: also
// one that somebody owns, or the refusal would tell that nobody does.
//
// Refused with CodeStrangers.
func (f *Facts) CheckIntroduction(person UserID, a Address) error {
	known, err := f.introduced(person, a)
	recent := f.set.introducedBy[person]
	if recent == nil {
		return f.lack(Needs{Introduced: []UserID{person}})
	}
	if known || err != nil {
		return err
	}
	count := 0
	for _, k := range recent.keys {
		if in, there, _ := f.set.Introductions.get(k); there && in.At > f.Now.Add(-time.Hour) {
			count++
		}
	}
	if count >= IntroductionsMax {
		return Refuse(CodeStrangers, "You have named %d new addresses within an hour. Try again later.", IntroductionsMax)
	}
	return nil
}

func (f *Facts) introduced(person UserID, a Address) (known bool, err error) {
	k := IntroductionKey{person, a}
	_, err = found(f, &f.set.Introductions, k, "introduction", func(n *Needs) { n.Introductions = []IntroductionKey{k} })
	if CodeOf(err) == CodeNotFound {
		return false, nil
	}
	return err == nil, err
}

// Introduce notes that a person names an address that nobody owns, if it is the
// first time.
//
// Refused as CheckIntroduction.
func (f *Facts) Introduce(person UserID, a Address) error {
	if err := f.CheckIntroduction(person, a); err != nil {
		return err
	}
	if known, _ := f.introduced(person, a); !known {
		k := IntroductionKey{person, a}
		f.set.Introductions.put(k, Introduction{k, f.Now})
		f.set.introducedBy[person].add(k)
	}
	return nil
}
