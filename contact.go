package purse

import (
	"slices"
	"strconv"
)

// Contact is an e-mail address or a phone number that a person says is theirs.
// It is verified once the person has shown that they receive what is sent to it:
// then the address has them for its owner, and nobody else; see AddressOwner.
//
// Life: added unverified, verified, removed.
type Contact struct {
	ContactKey
	Added    Time
	Verified Time // 0: not
}

// ContactKey names a contact. Several people may say that one address is theirs.
type ContactKey struct {
	Person UserID
	Address
}

// ContactsMax is how many contacts a person may have.
const ContactsMax = 10

// Verified picks the first address of a kind that was verified, of a person's
// contacts; the zero one if there is none.
func Verified(contacts []Contact, kind AddressKind) Address {
	var first Contact
	for _, c := range contacts {
		if c.Kind == kind && c.Verified != 0 && (first.Verified == 0 || c.Verified < first.Verified) {
			first = c
		}
	}
	return first.Address
}

// Verification is the news that a contact was verified. Each has a number of its own.
type Verification struct {
	ID int64
	Contact
}

// eventSubject is v as an event shows it: without the address, which a person may
// have forgotten one day, as events never are.
func (v Verification) eventSubject() (id, seq int64, snapshot string) {
	return v.ID, 1, `{"id":"` + strconv.FormatInt(v.ID, 10) + `","person":"` + strconv.FormatInt(int64(v.Person), 10) +
		`","kind":"` + string(v.Kind) + `","verified":` + strconv.FormatInt(int64(v.Verified), 10) + `}`
}

// Contact finds one contact of a person.
func (f *Facts) Contact(k ContactKey) (Contact, error) {
	return found(f, &f.set.Contacts, k, "contact", func(n *Needs) { n.Contacts = []ContactKey{k} })
}

// Contacts is the set of a person's contacts, in the order of their addresses.
func (f *Facts) Contacts(person UserID) ([]Contact, error) {
	return members(f, f.set.contactsOf[person], &f.set.Contacts, Needs{ContactsOf: []UserID{person}},
		func(Contact) bool { return true }, func(a, b Contact) int { return CompareAddresses(a.Address, b.Address) })
}

// LoadContact brings in a contact, and into the set of its person if that was wanted.
func (w *WorkingSet) LoadContact(c Contact) {
	load(&w.Contacts, w.contactsOf[c.Person], c.ContactKey, c)
}

// WantContacts says that the contacts of person will be asked for; true the first time.
func (w *WorkingSet) WantContacts(person UserID) bool { return wantSet(&w.contactsOf, person) }

// members are the rows of a named set that still belong to it, in order.
func members[K comparable, V any](f *Facts, s *set[K], rows *Rows[K, V], needs Needs, belongs func(V) bool, order func(a, b V) int) ([]V, error) {
	if s == nil {
		return nil, f.lack(needs)
	}
	var all []V
	for _, k := range s.keys {
		if v, there, _ := rows.get(k); there && belongs(v) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, order)
	return all, nil
}

// load brings a row in, and into a set if that was wanted.
func load[K comparable, V any](rows *Rows[K, V], s *set[K], k K, v V) {
	rows.Load(k, v)
	if s != nil {
		s.add(k)
	}
}

// putIn puts a row, and into a set if that was loaded.
func putIn[K comparable, V any](rows *Rows[K, V], s *set[K], k K, v V) {
	rows.put(k, v)
	if s != nil {
		s.add(k)
	}
}
