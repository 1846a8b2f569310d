package main

import (
	"context"
	"errors"
	"time"

	"purse"
	"purse/hub"
	"purse/identity"
	"purse/order"
)

// demoShop is a merchant of the demo, with whom one of the people has an agreement.
type demoShop struct {
	ID, Name, Consumer string
	Private, Public    identity.NewKey
	Orders             identity.NewKey
	Keeper             demoPerson // who works for it
	Order              purse.Order
}

// The shop, what it calls its consumer, and what the first payment was.
const (
	demoShopName  = "Corner Shop"
	demoConsumer  = "ada@example.org"
	demoSaleMinor = 25_00

	demoOrderMinor   = 12_50
	demoOrderProduct = "Two loaves and a jar of honey"
	demoOrderLife    = 24 * time.Hour // a demo may wait for a while until somebody looks at it
)

// demoKeeper is which of the people works for the shop.
const demoKeeper = 1

// openShop makes the merchant. In a folder that was used before it gets new keys:
// the old ones are kept as hashes.
func (d *demo) openShop(ctx context.Context) error {
	d.Shop = demoShop{Name: demoShopName, Consumer: demoConsumer}
	merchants, err := d.store.MerchantsAfter(ctx, 0, 1)
	if err != nil {
		return err
	}
	var id purse.MerchantID
	var keys []identity.NewKey
	if len(merchants) == 0 {
		m, err := d.identity.CreateMerchant(ctx, d.book.ID, demoOperator, purse.Merchant{
			Name: demoShopName, Accepts: true, Orders: purse.OrderTerms{Life: demoOrderLife},
		}, nil)
		if err != nil {
			return err
		}
		id, keys = m.ID, m.Keys
	} else {
		id = merchants[0].ID
		if keys, err = d.identity.RotateKeys(ctx, demoOperator, id, 0, purse.PrivateKey, purse.PublicKey, purse.OrderKind); err != nil {
			return err
		}
	}
	d.Shop.ID = id.String()
	for _, k := range keys {
		switch k.Kind {
		case purse.PrivateKey:
			d.Shop.Private = k
		case purse.PublicKey:
			d.Shop.Public = k
		case purse.OrderKind:
			d.Shop.Orders = k
		}
	}
	if err := errors.Join(d.hire(ctx, id), d.takeOrder(ctx)); err != nil {
		return err
	}
	_, err = d.store.Mandate(ctx, d.book.ID, purse.MandateKey{Merchant: id, Consumer: demoConsumer})
	if purse.CodeOf(err) == purse.CodeNotFound {
		return d.shop(ctx)
	}
	return err
}

// shop lets the first of the people buy something and bring it back: the agreement
// stays.
func (d *demo) shop(ctx context.Context) error {
	seller, err := d.identity.RecognizeKey(ctx, d.Shop.Private.Username, d.Shop.Private.Password)
	if err != nil {
		return err
	}
	var h purse.Handle
	if _, err := d.hub.CreateHandle(ctx, seller, hub.HandleRequest{
		Type: purse.HandleForPayment, Ref: "first", Minor: demoSaleMinor, Consumer: demoConsumer, Simulator: hub.External,
		Details: hub.Details{ReturnLinks: []hub.ReturnLink{{Rel: "default", Href: d.BaseURL + "/sandbox/callback"}}},
		Encode:  func(r hub.HandleReceipt) purse.Answer { h = r.Handle; return purse.Answer{} },
	}); err != nil {
		return err
	}
	signedIn, err := d.identity.SignIn(ctx, identity.SignInRequest{Name: d.People[0].Username, Password: d.People[0].Password}, identity.From{Agent: "purse demo"})
	if err != nil {
		return err
	}
	v, err := d.identity.Visit(ctx, signedIn.Session)
	if err != nil {
		return err
	}
	if _, err := d.hub.Authorize(ctx, v.Actor, h.Link, hub.Agreement{CapPayment: purse.NoCap, CapMonth: purse.NoCap}); err != nil {
		return err
	}
	var sale purse.Operation
	if _, err := d.hub.Sell(ctx, seller, hub.OperationRequest{
		Ref: "first", Minor: demoSaleMinor, Token: h.Token, Auto: true,
		Encode: func(r hub.OperationReceipt) purse.Answer { sale = r.Operation; return purse.Answer{} },
	}); err != nil {
		return err
	}
	if _, err := d.hub.Refund(ctx, seller, hub.OperationRequest{
		Ref: "first", Parent: sale.ID, Encode: func(hub.OperationReceipt) purse.Answer { return purse.Answer{} },
	}); err != nil {
		return err
	}
	return d.identity.SignOut(ctx, v)
}

// hire lets one of the people work for the shop.
func (d *demo) hire(ctx context.Context, shop purse.MerchantID) error {
	d.Shop.Keeper = d.People[demoKeeper]
	_, err := d.identity.AddMember(ctx, demoOperator, shop, d.Shop.Keeper.Username)
	if purse.CodeOf(err) == purse.CodeTaken {
		return nil
	}
	return err
}

// takeOrder makes an order, whose page anybody may look at and pay on.
func (d *demo) takeOrder(ctx context.Context) error {
	seller, err := d.identity.RecognizeOrderKey(ctx, d.Shop.Orders.Bearer())
	if err != nil {
		return err
	}
	_, err = d.orders.Create(ctx, seller, order.Request{
		Minor: demoOrderMinor, Customer: demoConsumer, Product: demoOrderProduct, Redirect: d.BaseURL + "/sandbox/callback",
		Encode: func(o purse.Order) purse.Answer { d.Shop.Order = o; return purse.Answer{} },
	})
	return err
}

// OrderKey is the shop's key for orders, to be printed.
func (d *demo) OrderKey() string { return string(d.Shop.Orders.Bearer()) }

// OrderURL is where the order is paid.
func (d *demo) OrderURL() string { return d.BaseURL + "/pay/" + d.Shop.Order.Link }

// Secret and PublicSecret are the passwords of the shop's keys, to be printed.
func (d *demo) Secret() string       { return string(d.Shop.Private.Password) }
func (d *demo) PublicSecret() string { return string(d.Shop.Public.Password) }
