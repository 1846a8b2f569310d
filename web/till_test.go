package web

import (
	"context"
	"encoding/base64"
	"strings"

	"purse"
	"purse/hub"
	"purse/ledger"
	"purse/wallet"
)

// tillFake stands for the hub, and notes what it was asked like the fake that it is of.
type tillFake struct {
	*fake
	question hub.Question
	outcome  purse.Handle
	after    func() // what else happens at an answer
}

// asks is a question that has just been asked: 25.00 for Harbour Books.
func asks() hub.Question {
	h := purse.Handle{
		HandleKey: purse.HandleKey{Merchant: 90, ID: purse.HandleID(purse.FirstID(noon))}, Type: purse.HandleForPayment, Ref: "ord-17", Consumer: "c@example.org",
		Minor: 2500, Status: purse.HandleProcessing, Link: "l1nk",
	}
	return hub.Question{
		Handle: h, Merchant: purse.Merchant{ID: 90, Book: purse.MainBook, Name: "Harbour Books", Accepts: true}, Now: noon.Add(55_000_000_000),
		Details: hub.Details{ReturnLinks: []hub.ReturnLink{
			{Rel: "default", Href: "https://books.example/back"}, {Rel: "on_completed", Href: "https://books.example/thanks?o=17"},
			{Rel: "on_cancelled", Href: "https://www.books.example/basket"},
		}},
	}
}

// noon is when the questions of tests are asked.
const noon = purse.Epoch + 500_000_000_000_000

func (f *tillFake) Question(_ context.Context, link string) (hub.Question, error) {
	if err := f.refuse["Question"]; err != nil {
		return hub.Question{}, err
	}
	if link != "l1nk" {
		return hub.Question{}, purse.Refuse(purse.CodeNotFound, "Resource not found.")
	}
	return f.question, nil
}
func (f *tillFake) Authorize(_ context.Context, a purse.Actor, link string, agreed hub.Agreement) (purse.Handle, error) {
	if f.after != nil {
		f.after()
	}
	return f.outcome, f.did("AuthorizeHandle", a.User, link, agreed.CapPayment, agreed.CapMonth, agreed.Ends)
}
func (f *tillFake) RefuseHandle(_ context.Context, link string) (purse.Handle, error) {
	return purse.Handle{Status: purse.HandleFailed, Fault: purse.CodeRefused}, f.did("RefuseHandle", link)
}
func (f *tillFake) Simulate(_ context.Context, link string, outcome purse.HandleStatus) (purse.Handle, error) {
	return purse.Handle{Status: outcome}, f.did("Simulate", link, outcome)
}
func (f *tillFake) Mandates(context.Context, purse.Actor) ([]hub.Standing, error) {
	books, gone := purse.Merchant{ID: 90, Name: hostile}, purse.Merchant{ID: 91}
	return []hub.Standing{
		{Mandate: purse.Mandate{MandateKey: purse.MandateKey{Merchant: 90, Consumer: " c@example.org"}, Person: 10, Since: noon, CapPayment: 5000, CapMonth: purse.NoCap, Ends: noon + 1<<60}, Merchant: books, Stands: true, Month: 700},
		{Mandate: purse.Mandate{MandateKey: purse.MandateKey{Merchant: 90, Consumer: "other"}, Person: 10, Since: noon, CapPayment: purse.NoCap, CapMonth: purse.NoCap}, Merchant: books, Stands: true},
		{Mandate: purse.Mandate{MandateKey: purse.MandateKey{Merchant: 91, Consumer: "c"}, Person: 10, Since: noon, Revoked: noon}, Merchant: gone},
	}, f.refuse["Mandates"]
}
func (f *tillFake) RevokeMandate(_ context.Context, _ purse.Actor, k purse.MandateKey) error {
	return f.did("RevokeMandate", k)
}
func (f *tillFake) LimitMandate(_ context.Context, _ purse.Actor, k purse.MandateKey, a hub.Agreement) error {
	return f.did("LimitMandate", k, a.CapPayment, a.CapMonth, a.Ends)
}

func (f *fake) Mandate(context.Context, purse.BookID, purse.MandateKey) (purse.Mandate, error) {
	return f.mandate, f.refuse["Mandate"]
}

func (f *fake) Balance(context.Context, purse.Actor) (*int64, error) {
	return &f.balance, f.refuse["Balance"]
}

// pixel is a picture, as far as anybody looks.
var pixel = purse.Logo{Merchant: 90, Type: "image/png", Data: base64.StdEncoding.EncodeToString([]byte("\x89PNG"))}

func (f *fake) Logo(_ context.Context, m purse.MerchantID) (purse.Logo, error) {
	if m != 90 {
		return purse.Logo{}, purse.Refuse(purse.CodeNotFound, "There is no such picture.")
	}
	return f.logo, f.refuse["Logo"]
}

func (f *fake) Activity(_ context.Context, _ purse.Actor, before int64, limit int) ([]wallet.ActivityLine, bool, error) {
	books := purse.Merchant{ID: 90, Name: "Harbour Books"}
	line := func(number, minor int64, what wallet.ActivityKind, kind ledger.Kind) wallet.ActivityLine {
		return wallet.ActivityLine{Number: number, At: noon, Kind: kind, Minor: minor, What: what, Merchant: books, Spendable: 100 * number, Held: 1}
	}
	paid := line(6, -700, wallet.ActivityPayment, ledger.Move)
	paid.Payment, paid.Other = purse.Payment{Note: hostile}, purse.User{ID: 11, FirstName: "Ben"}
	left := line(5, 800, wallet.ActivityPayment, ledger.Move)
	left.Other = purse.User{ID: 12, Closed: 1}
	waits := line(4, -900, wallet.ActivityEscrow, ledger.Move)
	waits.Payment = purse.Payment{Status: purse.PaymentPending, Address: purse.Address{Kind: purse.Email, Text: "new@example.org"}}
	ordered := line(11, -1200, wallet.ActivityOrder, ledger.Move)
	ordered.Order = purse.Order{OrderKey: purse.OrderKey{Merchant: books.ID, Number: 77}, Product: "A <map>"}
	return []wallet.ActivityLine{
		ordered, line(10, -13, wallet.ActivityOrderFee, ledger.Move),
		line(9, -2500, wallet.ActivityPurchase, ledger.Capture), line(8, 2500, wallet.ActivityPurchase, ledger.Release),
		line(7, -2500, wallet.ActivityPurchase, ledger.Hold), paid, left, waits, line(3, -5, wallet.ActivityFee, ledger.Move),
		line(2, 1000, wallet.ActivityRefund, ledger.Move), line(1, 100000, wallet.ActivityTreasury, ledger.Move),
	}, before == 0, f.refuse["Activity"]
}

// concrete is the path of a page as somebody would ask for it.
func concrete(path string) string {
	return strings.NewReplacer("{$}", "", "{link}", "l1nk", "{id}", "90", "{merchant}", "90", "{number}", "17").Replace(path)
}
