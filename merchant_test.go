package purse

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMerchantsCanBeStoredAndShown(t *testing.T) {
	good := Merchant{Name: "Shop", Life: AuthorizationLife, Orders: OrderTerms{Life: OrderLife}}
	for _, tc := range []struct {
		name   string
		change func(*Merchant)
		want   Code
	}{
		{"as it is", func(*Merchant) {}, ""},
		{"longest name", func(m *Merchant) { m.Name = strings.Repeat("a", 100) }, ""},
		{"no name", func(m *Merchant) { m.Name = "" }, CodeInvalid},
		{"long name", func(m *Merchant) { m.Name = strings.Repeat("é", 51) }, CodeInvalid},
		{"control characters", func(m *Merchant) { m.Name = "a\x00" }, CodeInvalid},
		{"a minute", func(m *Merchant) { m.Life = time.Minute }, ""},
		{"less than a minute", func(m *Merchant) { m.Life = time.Minute - 1 }, CodeInvalid},
		{"the longest", func(m *Merchant) { m.Life = lifeMax }, ""},
		{"too long", func(m *Merchant) { m.Life = lifeMax + 1 }, CodeInvalid},
		{"orders for a minute", func(m *Merchant) { m.Orders.Life = time.Minute }, ""},
		{"orders for less", func(m *Merchant) { m.Orders.Life = time.Minute - 1 }, CodeInvalid},
		{"orders for thirty days", func(m *Merchant) { m.Orders.Life = OrderLifeMax }, ""},
		{"orders for longer", func(m *Merchant) { m.Orders.Life = OrderLifeMax + 1 }, CodeInvalid},
		{"a fee", func(m *Merchant) { m.Plan = Fee{Fixed: 30, Basis: 290} }, ""},
		{"a fee below nothing", func(m *Merchant) { m.Plan = Fee{Fixed: -1} }, CodeInvalid},
	} {
		m := good
		tc.change(&m)
		if got := codeOrNone(m.Check()); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAPIKeyIsValidUntil(t *testing.T) {
	for _, tc := range []struct {
		key  APIKey
		now  Time
		want Code
	}{
		{APIKey{}, 1 << 60, ""}, {APIKey{Expires: 100}, 99, ""}, {APIKey{Expires: 100}, 100, CodeBadKey}, {APIKey{Expires: 100}, 101, CodeBadKey},
		{APIKey{Revoked: 50}, 49, CodeBadKey}, {APIKey{Revoked: 50, Expires: 100}, 60, CodeBadKey},
	} {
		if got := codeOrNone(tc.key.Valid(tc.now)); got != tc.want {
			t.Errorf("%+v at %d: %q, want %q", tc.key, tc.now, got, tc.want)
		}
	}
}

// TestWhatMerchantsHaveIsFoundOrMissing: each getter finds what is there, refuses
// what is not, and says what it would need.
func TestWhatMerchantsHaveIsFoundOrMissing(t *testing.T) {
	h := Handle{HandleKey: HandleKey{9, 7}, Token: "t", Ref: "r"}
	o := Operation{OperationKey: OperationKey{9, Sale, 8}, Ref: "s"}
	m := Mandate{MandateKey: MandateKey{9, "c"}, Person: 10}
	c := Consumer{ConsumerKey: ConsumerKey{9, 10}, Number: 123_456_789}
	customer := Customer{CustomerKey: CustomerKey{9, 5}, Ref: "r"}
	deleted := Customer{CustomerKey: CustomerKey{9, 6}, Ref: "gone", Deleted: 1}
	number, reference := ConsumerNumber{9, 123_456_789}, CustomerReference{9, "r"}
	order, link, member := OrderKey{9, 4}, PaymentLinkKey{9, 3}, MemberKey{9, 10}
	all := NewFacts(testBook, noon, Merchant{ID: 9}, Logo{Merchant: 9}, APIKey{Username: "k", Merchant: 9}, h, o, m, c, customer, deleted, Cursor{"x", 3},
		Order{OrderKey: order}, PaymentLink{PaymentLinkKey: link}, Member{MemberKey: member})
	for _, tc := range []struct {
		name string
		ask  func(*Facts) error
		gone func(*Facts) error // asks for what is not there
		want Needs
	}{
		{"merchant", func(f *Facts) error { return get(f.Merchant, 9)() }, func(f *Facts) error { return get(f.Merchant, 8)() }, Needs{Merchants: []MerchantID{9}}},
		{"picture", func(f *Facts) error { return get(f.Logo, 9)() }, func(f *Facts) error { return get(f.Logo, 8)() }, Needs{Logos: []MerchantID{9}}},
		{"key", func(f *Facts) error { return get(f.APIKey, "k")() }, func(f *Facts) error { return get(f.APIKey, "K")() }, Needs{APIKeys: []string{"k"}}},
		{"keys of a merchant", func(f *Facts) error { return get(f.KeysOf, 9)() }, nil, Needs{KeysOf: []MerchantID{9}}},
		{"handle", func(f *Facts) error { return get(f.Handle, h.HandleKey)() }, func(f *Facts) error { return get(f.Handle, HandleKey{8, 7})() }, Needs{Handles: []HandleKey{h.HandleKey}}},
		{"handle by token", func(f *Facts) error { return get(f.HandleNamed, "t")() }, func(f *Facts) error { return get(f.HandleNamed, "T")() }, Needs{HandleTokens: []string{"t"}}},
		{"operation", func(f *Facts) error { return get(f.Operation, o.OperationKey)() }, func(f *Facts) error { return get(f.Operation, OperationKey{9, Refund, 8})() }, Needs{Operations: []OperationKey{o.OperationKey}}},
		{"reference", func(f *Facts) error { return get(f.Referenced, ReferenceKey{9, Sale, "s"})() }, func(f *Facts) error { return get(f.Referenced, ReferenceKey{9, Sale, "r"})() }, Needs{References: []ReferenceKey{{9, Sale, "s"}}}},
		{"duplicate", func(f *Facts) error {
			if err := f.CheckDuplicate(ReferenceKey{9, ReferenceToHandle, "r"}); CodeOf(err) != CodeDuplicate && CodeOf(err) != "" {
				return err
			}
			return nil
		}, nil, Needs{References: []ReferenceKey{{9, ReferenceToHandle, "r"}}}},
		{"agreement", func(f *Facts) error { return get(f.Mandate, m.MandateKey)() }, func(f *Facts) error { return get(f.Mandate, MandateKey{9, "C"})() }, Needs{Mandates: []MandateKey{m.MandateKey}}},
		{"consumer", func(f *Facts) error { return get(f.Consumer, c.ConsumerKey)() }, func(f *Facts) error { return get(f.Consumer, ConsumerKey{9, 11})() }, Needs{Consumers: []ConsumerKey{c.ConsumerKey}}},
		{"number", func(f *Facts) error { return get(f.ConsumerNumbered, number)() }, func(f *Facts) error { return get(f.ConsumerNumbered, ConsumerNumber{8, number.Number})() }, Needs{ConsumerNumbers: []ConsumerNumber{number}}},
		{"customer", func(f *Facts) error { return get(f.Customer, customer.CustomerKey)() }, func(f *Facts) error { return get(f.Customer, CustomerKey{8, 5})() }, Needs{Customers: []CustomerKey{customer.CustomerKey}}},
		{"customer's reference", func(f *Facts) error { return get(f.CustomerReferenced, reference)() }, func(f *Facts) error { return get(f.CustomerReferenced, CustomerReference{9, "gone"})() }, Needs{CustomerRefs: []CustomerReference{reference}}},
		{"order", func(f *Facts) error { return get(f.Order, order)() }, func(f *Facts) error { return get(f.Order, OrderKey{8, 4})() }, Needs{Orders: []OrderKey{order}}},
		{"payment link", func(f *Facts) error { return get(f.PaymentLink, link)() }, func(f *Facts) error { return get(f.PaymentLink, PaymentLinkKey{8, 3})() }, Needs{PaymentLinks: []PaymentLinkKey{link}}},
		{"member", func(f *Facts) error { return get(f.Member, member)() }, func(f *Facts) error { return get(f.Member, MemberKey{10, 9})() }, Needs{Members: []MemberKey{member}}},
		{"cursor", func(f *Facts) error { return get(f.Cursor, "x")() }, nil, Needs{Cursors: []string{"x"}}},
	} {
		if err := tc.ask(all); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if tc.gone != nil {
			if err := tc.gone(all); CodeOf(err) != CodeNotFound {
				t.Errorf("%s that is not there: %v", tc.name, err)
			}
		}
		f := unloaded()
		missing, ok := tc.ask(f).(*Missing)
		if !ok || !reflect.DeepEqual(missing.Needs, tc.want) || f.Missing() == nil || !reflect.DeepEqual(f.Missing().Needs, tc.want) {
			t.Errorf("%s, not loaded: %v, want %v; %v is remembered", tc.name, missing, tc.want, f.Missing())
		}
	}
	if m := all.Missing(); m != nil {
		t.Errorf("missing %v", m)
	}
	if cursor, err := all.Cursor("never moved"); cursor != (Cursor{Name: "never moved"}) || err != nil {
		t.Errorf("%+v, %v", cursor, err)
	}
}

func TestKeysOfAMerchantFollowTheBatch(t *testing.T) {
	f := NewFacts(testBook, noon, Merchant{ID: 9}, APIKey{Username: "b", Merchant: 9}, APIKey{Username: "c", Merchant: 9, Revoked: 1}, APIKey{Username: "x", Merchant: 8})
	names := func() (all []string) {
		keys, err := f.KeysOf(9)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			all = append(all, k.Username)
		}
		return all
	}
	f.Put(APIKey{Username: "a", Merchant: 9})
	f.Put(APIKey{Username: "b", Merchant: 9, Expires: 5})
	if got := names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%v", got)
	}
	f.Put(APIKey{Username: "b", Merchant: 9, Revoked: 5})
	if got := names(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v", got)
	}
	f.set.Revert()
	if got := names(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("after a revert %v", got)
	}
}

func TestCustomersGiveUpTheirReferences(t *testing.T) {
	one := Customer{CustomerKey: CustomerKey{9, 5}, Ref: "r"}
	f := NewFacts(testBook, noon, one)
	has := func(ref string, want CustomerID) {
		t.Helper()
		id, err := f.CustomerReferenced(CustomerReference{9, ref})
		if id != want || (CodeOf(err) == CodeNotFound) != (want == 0) {
			t.Errorf("%s is %d, %v, want %d", ref, id, err, want)
		}
	}
	gone := one
	gone.Deleted = 1
	f.Put(gone)
	has("r", 0)
	two := Customer{CustomerKey: CustomerKey{9, 6}, Ref: "r"}
	f.Put(two)
	has("r", 6)
	f.Put(gone) // has no say any more
	has("r", 6)
	two.Ref = "s"
	f.Put(two)
	has("r", 0)
	has("s", 6)
	f.set.Revert()
	has("r", 5)
	has("s", 0)
}

func TestConsumersAreFoundByTheirNumbers(t *testing.T) {
	f := NewFacts(testBook, noon)
	f.Put(Consumer{ConsumerKey: ConsumerKey{9, 10}, Number: ConsumerNumberMin})
	f.Put(Consumer{ConsumerKey: ConsumerKey{8, 11}, Number: ConsumerNumberMin})
	for m, want := range map[MerchantID]UserID{9: 10, 8: 11} {
		if got, err := f.ConsumerNumbered(ConsumerNumber{m, ConsumerNumberMin}); got != want || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	}
}

func TestSellersNameTheirCredential(t *testing.T) {
	s := Seller{Book: MainBook, Merchant: 9, Key: "k", Hash: "h", Kind: PrivateKey}
	want := Needs{APIKeys: []string{"k"}, Merchants: []MerchantID{9}}
	if got := s.Credential(); !reflect.DeepEqual(got, want) || s.Principal() != (Principal{ID: 9}) || BalanceOf(9) != 9 {
		t.Errorf("%+v, %+v", got, s.Principal())
	}
}
