package web

import "purse"

// bare is the layout of a page that leads nowhere else.
func bare(l Layout) Layout {
	l.Bare = true
	return l
}

// payeeSample is a merchant with a logo.
var payeeSample = payee{"Harbour Books", "HB", "90/logo?v=1"}

// paySample is the page of an order as somebody with money sees it, changed by change.
func paySample(l Layout, change func(*payPage)) payPage {
	p := payPage{
		Layout: bare(l), Path: "/pay/l1nk", Payee: payeeSample, Order: true, Product: "Two pounds of Assam tea, and a pot", Amount: "25.00 USD",
		Left: "58 minutes and 3 seconds", Seconds: 3483, Host: "books.example", SignIn: "/pay/l1nk?sign=in", SignUp: "/pay/l1nk?sign=up",
	}
	if l.Username != "" {
		p.Balance = "120.00 USD"
	}
	if change != nil {
		change(&p)
	}
	return p
}

// answeredSample is what has become of an order.
func answeredSample(l Layout, words answer) answeredPage {
	l.Title = words.title
	return answeredPage{
		Layout: bare(l), Payee: payeeSample, Product: "Two pounds of Assam tea, and a pot", Amount: "25.00 USD", Sentence: words.sentence, Good: words.good, Number: "17",
	}
}

// checkoutSamples are the pages behind a link, in every state.
func checkoutSamples() map[string]any {
	const title = "Pay Harbour Books"
	qr, err := newQR("https://pay.example.org/pay/Q2hhcmxlcyBCYWJiYWdlIHdvdWxkIGhhdmUgbGlrZWQ")
	if err != nil {
		panic(err)
	}
	ended := func(status purse.OrderStatus, change func(*bill)) answer {
		b := bill{order: purse.Order{Status: status, Deadline: noon, Payer: 10}}
		if change != nil {
			change(&b)
		}
		return orderWords(b, false, 0)
	}
	paid := answeredSample(me(""), orderWords(bill{order: purse.Order{Status: purse.OrderPaid, Payer: 10}}, true, 10))
	paid.At, paid.Receipt, paid.Back, paid.Leads, paid.Fee = "21 November 2026, 15:41 UTC", "/receipts/17", "https://books.example/thanks", true, "0.55 USD"
	others := answeredSample(nobody(""), ended(purse.OrderPaid, nil))
	others.At, others.Back = paid.At, paid.Back
	handle := func(change func(*payPage)) func(*payPage) {
		return func(p *payPage) {
			p.Order, p.Product, p.Fields, p.Consumer, p.Left, p.Limits = false, "", true, "ada@example.org", "14 minutes and 3 seconds", limits{Currency: "USD"}
			if change != nil {
				change(p)
			}
		}
	}
	agreed := answeredPage{Layout: bare(nobody("Authorised")), Payee: payeeSample, Amount: "25.00 USD", Good: true, Back: "https://books.example/thanks",
		Sentence: "The money is set aside. The merchant takes it, or it comes back by 15:40:12 UTC."}
	return map[string]any{
		"pay":        paySample(me(title), nil),
		"pay.nobody": paySample(nobody(title), func(p *payPage) { p.QR = qr }),
		"pay.in":     paySample(nobody(title), func(p *payPage) { p.Sign, p.Fields, p.Passkey = "in", true, true }),
		"pay.in.fault": paySample(faulty(nobody(title), "sign-in", "The name or the password is wrong."), func(p *payPage) {
			p.Sign, p.Fields, p.Passkey, p.Typed.Name = "in", true, true, "ada"
		}),
		"pay.up": paySample(nobody(title), func(p *payPage) { p.Sign, p.Fields = "up", true }),
		"pay.up.fault": paySample(faulty(nobody(title), "sign-up", "The username ada is taken."), func(p *payPage) {
			p.Sign, p.Fields, p.Typed = "up", true, typed{"ada", "Ada", "Lovelace", "ada@example.org", "+1 555 555 0100"}
		}),
		"pay.fee": paySample(me(title), func(p *payPage) { p.Amount, p.Asked, p.Fee, p.Payee.Logo = "25.55 USD", "25.00 USD", "0.55 USD", "" }),
		"pay.new": paySample(me(title), func(p *payPage) { p.Balance, p.Short = "0.00 USD", true }),
		"pay.short": paySample(faulty(me(title), "pay", "There is too little money in your wallet."), func(p *payPage) {
			p.Balance, p.Short, p.Left, p.Host = "3.20 USD", true, "58 seconds", ""
		}),
		"pay.hub":        paySample(me(title), handle(nil)),
		"pay.hub.nobody": paySample(nobody(title), handle(func(p *payPage) { p.Fields, p.QR = false, qr })),
		"pay.hub.fault": paySample(faulty(me(title), "pay", "This is not an amount. Write it like 100.00."), handle(func(p *payPage) {
			p.Balance, p.Short, p.Limits = "3.20 USD", true, limits{"25", "many", "2027-12-31", "USD"}
		})),
		"pay.hub.agree":      paySample(me("Agree with Harbour Books"), handle(func(p *payPage) { p.Amount = "" })),
		"answered":           paid,
		"answered.others":    others,
		"answered.expired":   answeredSample(nobody(""), ended(purse.OrderExpired, nil)),
		"answered.cancelled": answeredSample(me(""), ended(purse.OrderCancelled, nil)),
		"answered.closed":    answeredSample(nobody(""), ended(purse.OrderPending, func(b *bill) { b.merchant.Closed = noon })),
		"answered.not-now":   answeredSample(nobody(""), ended(purse.OrderPending, nil)),
		"answered.hub":       agreed,
		"answered.hub.failed": answeredPage{Layout: bare(me("Not paid")), Payee: payee{"Harbour Books", "HB", ""}, Amount: "25.00 USD",
			Sentence: failedWords(purse.CodeFunds).sentence},
	}
}
