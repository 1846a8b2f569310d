package identity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"purse"
)

// What a merchant has settled for its orders is kept as it was checked, and the audit
// line names what has changed, without what is secret in a hook.
func TestSetOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		want := shop.Merchant
		set := func(detail string, change func(*purse.Merchant), expect func(*purse.Merchant)) {
			t.Helper()
			now, err := n.SetMerchant(t.Context(), "op", shop.ID, change)
			expect(&want)
			stored, err2 := n.Merchant(t.Context(), shop.ID)
			if err != nil || err2 != nil || now != want || stored != want {
				t.Errorf("%s: %+v, stored %+v, want %+v, %v, %v", detail, now, stored, want, err, err2)
			}
			var got string
			if err := n.db.QueryRow(`select detail from actions where name = 'merchant.set' order by id desc limit 1`).Scan(&got); err != nil || got != detail {
				t.Errorf("the audit line says %q, want %q, %v", got, detail, err)
			}
		}
		try := func() { // as package order does when the hook has answered
			t.Helper()
			err := n.store.Execute(t.Context(), purse.Command{
				Book: purse.Directory, Needs: purse.Needs{Merchants: []purse.MerchantID{shop.ID}},
				Decide: func(f *purse.Facts) error {
					m, err := f.Merchant(shop.ID)
					m.Orders.HookTried = 7
					f.Put(m)
					return err
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			want.Orders.HookTried = 7
		}
		set("orders for 24h0m0s, payer bears the fee true", func(m *purse.Merchant) { m.Orders.Life, m.Orders.PayerFee = 24*time.Hour, true },
			func(m *purse.Merchant) { m.Orders.Life, m.Orders.PayerFee = 24*time.Hour, true })
		set("hook http://Shop.example/hook", func(m *purse.Merchant) { m.Orders.Hook, m.Orders.HookTried = "http://Shop.example/hook?token=hush", 9 },
			func(m *purse.Merchant) { m.Orders.Hook = "http://Shop.example/hook?token=hush" })
		try()
		set("sites https://a.example http://b.example:8080", func(m *purse.Merchant) {
			m.Origins = "https://A.example/\nhttp://b.example:8080\nhttps://a.example:443"
		},
			func(m *purse.Merchant) { m.Origins = "https://a.example\nhttp://b.example:8080" })
		set("receipts to shop@example.org", func(m *purse.Merchant) { m.Email, m.Orders.HookTried = "Shop@Example.org", 0 },
			func(m *purse.Merchant) { m.Email = "shop@example.org" })
		set("", func(*purse.Merchant) {}, func(*purse.Merchant) {})
		set("hook with another query", func(m *purse.Merchant) { m.Orders.Hook += "er" },
			func(m *purse.Merchant) { m.Orders.Hook, m.Orders.HookTried = m.Orders.Hook+"er", 0 })
		try()
		set("hook (none), sites (none), receipts to (none)", func(m *purse.Merchant) { m.Orders.Hook, m.Origins, m.Email = "", "", "" },
			func(m *purse.Merchant) { m.Orders.Hook, m.Orders.HookTried, m.Origins, m.Email = "", 0, "", "" })
		if lines := n.count(t, "actions where detail like '%hush%'"); lines != 0 {
			t.Errorf("%d audit lines have what is secret in a hook", lines)
		}
	})
}

func TestBadSettingsOfOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		shop := n.shop(t)
		for _, tc := range []struct {
			set  purse.Merchant
			want purse.Code
		}{
			{purse.Merchant{Orders: purse.OrderTerms{Life: time.Second}}, purse.CodeInvalid},
			{purse.Merchant{Orders: purse.OrderTerms{Life: purse.OrderLifeMax + 1}}, purse.CodeInvalid},
			{purse.Merchant{Email: "shop"}, purse.CodeInvalid},
			{purse.Merchant{Email: "Shop <shop@example.org>"}, purse.CodeInvalid},
			{purse.Merchant{Origins: "https://shop.example/path"}, purse.CodeRedirect},
			{purse.Merchant{Origins: "https://a.example\n"}, purse.CodeRedirect},
			{purse.Merchant{Origins: "ftp://shop.example"}, purse.CodeRedirect},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "shop.example"}}, purse.CodeHook},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "https://me:hush@shop.example/"}}, purse.CodeHook},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "https://shop.example/\n"}}, purse.CodeHook},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "https://shop.example/#x"}}, purse.CodeHook},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "https://shop.example/" + strings.Repeat("x", 2000)}}, purse.CodeHook},
			{purse.Merchant{Orders: purse.OrderTerms{Hook: "file:///etc/passwd"}}, purse.CodeHook},
		} {
			_, err := n.SetMerchant(t.Context(), "op", shop.ID, func(m *purse.Merchant) {
				m.Email, m.Origins, m.Orders.Hook = tc.set.Email, tc.set.Origins, tc.set.Orders.Hook
				if tc.set.Orders.Life != 0 {
					m.Orders.Life = tc.set.Orders.Life
				}
			})
			if code(err) != tc.want {
				t.Errorf("set %+v: %v, want %s", tc.set, err, tc.want)
			}
			tc.set.Name = "A shop"
			if _, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", tc.set, nil); code(err) != tc.want {
				t.Errorf("create %+v: %v, want %s", tc.set, err, tc.want)
			}
		}
		if got, err := n.Merchant(t.Context(), shop.ID); err != nil || got != shop.Merchant {
			t.Errorf("%+v, %v", got, err)
		}
		made, err := n.CreateMerchant(t.Context(), purse.MainBook, "op", purse.Merchant{
			Name: "All", Email: "A@example.org", Origins: "https://A.example",
			Orders: purse.OrderTerms{Life: time.Minute, PayerFee: true, Hook: "https://a.example/?k=hush", HookTried: 9},
		}, nil)
		want := purse.OrderTerms{Life: time.Minute, PayerFee: true, Hook: "https://a.example/?k=hush"}
		if err != nil || made.Email != "a@example.org" || made.Origins != "https://a.example" || made.Orders != want {
			t.Errorf("%+v, %v", made.Merchant, err)
		}
		lines := n.count(t, fmt.Sprintf("actions where subject = '%d' and detail like '%%hook https://a.example/, sites%%' and detail not like '%%hush%%'", made.ID))
		if lines != 1 {
			t.Errorf("%d audit lines say what was settled", lines)
		}
	})
}

// A live network's hooks and sites are https.
func TestLiveSettings(t *testing.T) {
	for _, m := range []purse.Merchant{{Origins: "http://shop.example"}, {Orders: purse.OrderTerms{Hook: "http://shop.example/hook"}}} {
		m.Name, m.Life, m.Orders.Life = "A shop", time.Hour, time.Hour
		if _, err := settings(purse.Merchant{}, m, purse.Sandbox); err != nil {
			t.Errorf("sandbox: %+v: %v", m, err)
		}
		if _, err := settings(purse.Merchant{}, m, purse.Live); err == nil {
			t.Errorf("live: %+v is taken", m)
		}
	}
}
