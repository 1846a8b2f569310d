package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"purse"
	"purse/order"
	"purse/wallet"
)

func TestMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, other := n.shop(t), n.shop(t)
		ada, ben := n.user(t, "adaa"), n.user(t, "benn")
		add := func(m purse.MerchantID, name string, want purse.Code) {
			t.Helper()
			made, err := n.AddMember(t.Context(), "op", m, name)
			if code(err) != want || err == nil && (made.Merchant != m || made.Since == 0) {
				t.Errorf("%s for %s: %+v, %v", name, m, made, err)
			}
		}
		remove := func(m purse.MerchantID, name string, want purse.Code) {
			t.Helper()
			if err := n.RemoveMember(t.Context(), "op", m, name); code(err) != want {
				t.Errorf("remove %s from %s: %v", name, m, err)
			}
		}
		work := func(m purse.MerchantID, want ...purse.UserID) {
			t.Helper()
			members, err := n.store.MembersOf(t.Context(), m)
			var got []purse.UserID
			for _, one := range members {
				got = append(got, one.Person)
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("for %s work %v, want %v, %v", m, got, want, err)
			}
		}
		add(shop.ID, "adaa", "ok")
		add(shop.ID, "adaa", purse.CodeTaken)
		add(shop.ID, "benn", "ok")
		add(other.ID, "adaa", "ok")
		for _, name := range []string{"", "nobody", "\x00"} {
			add(shop.ID, name, purse.CodeNotFound)
			remove(shop.ID, name, purse.CodeNotFound)
		}
		add(12345, "adaa", purse.CodeNotFound)
		remove(12345, "adaa", purse.CodeNotFound)
		work(shop.ID, ada.ID, ben.ID)
		remove(shop.ID, "adaa", "ok")
		remove(shop.ID, "adaa", purse.CodeNotFound)
		work(shop.ID, ben.ID)
		work(other.ID, ada.ID)
		add(shop.ID, "adaa", "ok")
		if err := n.CloseMerchant(t.Context(), "op", shop.ID); err != nil {
			t.Fatal(err)
		}
		remove(shop.ID, "adaa", "ok")
		add(shop.ID, "adaa", purse.CodeMerchant)
		for what, want := range map[string]int{"add": 4, "remove": 2} {
			if lines := n.count(t, "actions where operator = 'op' and name = 'merchant.member."+what+"'"); lines != want {
				t.Errorf("%s: %d audit lines, want %d", what, lines, want)
			}
		}
	})
}

// A merchant has at most MembersMax members, and a person works for as many merchants.
func TestMembersHaveACap(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop, ada := n.shop(t), n.user(t, "adaa")
		full := func(k func(i int64) purse.MemberKey) {
			err := n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
				for i := range int64(purse.MembersMax) {
					f.Put(purse.Member{MemberKey: k(i), Since: f.Now})
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		full(func(i int64) purse.MemberKey { return purse.MemberKey{Merchant: shop.ID, Person: purse.UserID(i + 1)} })
		if _, err := n.AddMember(t.Context(), "op", shop.ID, "adaa"); code(err) != purse.CodeLimit {
			t.Error(err)
		}
		full(func(i int64) purse.MemberKey {
			return purse.MemberKey{Merchant: purse.MerchantID(i + 1), Person: ada.ID}
		})
		if _, err := n.AddMember(t.Context(), "op", n.shop(t).ID, "adaa"); code(err) != purse.CodeLimit {
			t.Error(err)
		}
	})
}

// Whoever closes their account works for nobody any more, and is not added again.
func TestClosedPeopleWorkForNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		v, ben := n.guest(t, "adaa"), n.user(t, "benn")
		var shops []NewMerchant
		for range 3 {
			shop := n.shop(t)
			for _, name := range []string{"adaa", "benn"} {
				if _, err := n.AddMember(t.Context(), "op", shop.ID, name); err != nil {
					t.Fatal(err)
				}
			}
			shops = append(shops, shop)
		}
		if err := (&wallet.Service{Store: n.store}).CloseWallet(t.Context(), v.Actor); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if left := n.count(t, fmt.Sprintf("members where person = %d", v.User.ID)); left != 0 {
			t.Errorf("%d memberships are left", left)
		}
		if left := n.count(t, fmt.Sprintf("members where person = %d", ben.ID)); left != 3 {
			t.Errorf("%d memberships of somebody else are left", left)
		}
		u, err := n.User(t.Context(), v.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"adaa", u.Username} {
			if _, err := n.AddMember(t.Context(), "op", shops[0].ID, name); code(err) != purse.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		// What came in between goes as well.
		err = n.store.Execute(t.Context(), purse.Command{Book: purse.Directory, Decide: func(f *purse.Facts) error {
			f.Put(purse.Member{MemberKey: purse.MemberKey{Merchant: shops[1].ID, Person: v.User.ID}, Since: f.Now})
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.workForNobody(t.Context(), v.User.ID); err != nil {
			t.Error(err)
		}
		if left := n.count(t, fmt.Sprintf("members where person = %d", v.User.ID)); left != 0 {
			t.Errorf("%d memberships are left", left)
		}
	})
}

// An export says for whom a person works and what orders they have paid, all of them.
func TestExportOfOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		v := n.guest(t, "adaa")
		shop, k := n.takesOrders(t)
		if _, err := n.AddMember(t.Context(), "op", shop.ID, "adaa"); err != nil {
			t.Fatal(err)
		}
		_, err := n.SetMerchant(t.Context(), "op", shop.ID, func(m *purse.Merchant) { m.Plan.Fixed, m.Orders.PayerFee = 5, true })
		if err != nil {
			t.Fatal(err)
		}
		seller, err := n.RecognizeOrderKey(t.Context(), k.Bearer())
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&wallet.Service{Store: n.store}).Issue(t.Context(), purse.MainBook, "op", wallet.EntryRequest{
			Wallet: v.User.ID, Minor: 100_000, Reason: "start", Encode: func(purse.Entry) purse.Answer { return purse.Answer{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		orders := &order.Service{Store: n.store}
		const paid = exportPage + 5
		for range paid + 1 { // the last is left unpaid
			var made purse.Order
			_, err := orders.Create(t.Context(), seller, order.Request{
				Minor: 125, Customer: "c@example.org", Product: "tea <&>", Encode: func(o purse.Order) purse.Answer { made = o; return purse.Answer{} },
			})
			if err != nil {
				t.Fatal(err)
			}
			if made.Number > paid {
				continue
			}
			if _, err := orders.Pay(t.Context(), v.Actor, made.Link); err != nil {
				t.Fatal(err)
			}
		}
		var b bytes.Buffer
		if err := n.Export(t.Context(), v, &b); err != nil {
			t.Fatal(err)
		}
		var got struct {
			WorksFor []struct{ ID, Merchant, Since string }                                `json:"works_for"`
			Orders   []struct{ Number, Merchant, Product, Amount, Fee, Made, Paid string } `json:"orders"`
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.WorksFor) != 1 || got.WorksFor[0].ID != shop.ID.String() || got.WorksFor[0].Merchant != "A shop" || got.WorksFor[0].Since == "" {
			t.Errorf("%+v", got.WorksFor)
		}
		if len(got.Orders) != paid {
			t.Fatalf("%d orders", len(got.Orders))
		}
		for i, o := range got.Orders {
			if o.Number != fmt.Sprint(paid-i) || o.Merchant != "A shop" || o.Product != "tea <&>" || o.Amount != "1.25" || o.Fee != "0.05" || o.Made == "" || o.Paid == "" {
				t.Errorf("%+v", o)
			}
		}
		if bytes.Contains(b.Bytes(), []byte("c@example.org")) {
			t.Error("it says whom the merchant thought of")
		}
	})
}
