package web

import "purse"

// atDesk is the layout of a page of a merchant's desk.
func atDesk(at, title string) Layout {
	l := me(title)
	l.Tabs, l.TabsOf = deskTabs(90, at), "Desk"
	return l
}

// deskSamples are the pages for merchants without a shop.
func deskSamples(qr qrCode) map[string]any {
	return map[string]any{
		"desks": desksPage{Layout: me("Desk"), Desks: []deskRow{{"/desk/90", "Harbour Books", "HB", "1240.50 USD", false}, {"/desk/91", "Lighthouse Ferries and Island Tours", "LT", "0.00 USD", true}}},
		"desk": deskPage{Layout: atDesk("", "Harbour Books"), Payee: payee{"Harbour Books", "HB", ""}, Balance: "1240.50 USD", More: "/desk/90?offset=20", Newest: "/desk/90", Orders: []soldRow{
			{"1043", "Two books", "25.00 USD", "21 November 2026, 15:40 UTC", "Till", "Waiting", false, "", "/desk/90/till/1043", "Show"},
			{"1042", "Reading by the author, two seats in the third row, with a signed copy", "118.00 USD", "21 November 2026, 15:12 UTC", "Payment link", "Paid", true, "Cleo Martínez-Villanueva", "/receipts/1042", "Receipt"},
			{"1041", "Order 2026-11-1733", "7.20 USD", "21 November 2026, 11:00 UTC", "Shop", "Expired", false, "", "", ""},
		}},
		"desk.none":   deskPage{Layout: atDesk("", "Harbour Books"), Payee: payee{"Harbour Books", "HB", "90/logo?v=1"}, Balance: "0.00 USD"},
		"desk.closed": deskPage{Layout: me("Harbour Books"), Payee: payee{"Harbour Books", "HB", "90/logo?v=1"}, Balance: "0.00 USD", Closed: true},
		"links": linksPage{Layout: atDesk("/links", "Payment links"), Path: "/desk/90/links", Name: "Harbour Books", Currency: "USD", Links: []linkRow{
			{"5", "Reading by the author", "3 May 2026", "12.00 USD", "https://pay.example.org/to/vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiO", "/desk/90/links/5/print"},
			{"6", "Tips", "3 May 2026", "", "https://pay.example.org/to/Zb7rPq0kYpX5bW2rT8nZcJ1dHfLsGaEu", "/desk/90/links/6/print"},
		}},
		"links.fault": linksPage{Layout: faulty(atDesk("/links", "Payment links"), "make", "This is not an amount. Write it like 100.00."), Path: "/desk/90/links", Name: "Harbour Books", Currency: "USD", Product: "Tips", Amount: "many"},
		"poster":      posterPage{Layout: me("Pay Harbour Books"), Payee: payee{"Harbour Books", "HB", "90/logo?v=1"}, Product: "Reading by the author", Amount: "12.00 USD", Address: "https://pay.example.org/to/vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiO", QR: qr, Back: "/desk/90/links"},
		"poster.open": posterPage{Layout: me("Pay Lighthouse Ferries and Island Tours"), Payee: payee{"Lighthouse Ferries and Island Tours", "LT", ""}, Product: "Tips for the crew", Address: "https://pay.example.org/to/vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiO", QR: qr, Back: "/desk/90/links"},
		"till":        tillPage{Layout: atDesk("/till", "Till"), Path: "/desk/90/till", Name: "Harbour Books", Currency: "USD", Example: "0.00"},
		"till.fault":  tillPage{Layout: faulty(atDesk("/till", "Till"), "", "This is not an amount. Write it like 100.00."), Path: "/desk/90/till", Name: "Harbour Books", Currency: "USD", Example: "0.00", Amount: "12,500", Product: "Two books"},
		"charge": chargePage{Layout: me("To pay 12.50 USD"), Path: "/desk/90/till/1043", Next: "/desk/90/till", Name: "Harbour Books", Number: "1043", Product: "Two books", Amount: "12.50 USD", State: "PENDING", Word: "To pay",
			Waits: true, QR: qr, Address: "https://pay.example.org/pay/vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiO", Events: "/pay/l1nk/events", Seconds: "3540", Left: "59 minutes and 0 seconds"},
		"charge.fee": chargePage{Layout: me("To pay 1250.40 USD"), Path: "/desk/90/till/1043", Next: "/desk/90/till", Name: "Lighthouse Ferries and Island Tours", Number: "1043", Product: "Round trip for two families, with lunch", Amount: "1250.40 USD", Own: "1250.00 USD",
			State: "PENDING", Word: "To pay", Waits: true, QR: qr, Address: "https://pay.example.org/pay/vQm0kYpX5bW2rT8nZcJ1dHfLsGaEuKiO", Events: "/pay/l1nk/events", Seconds: "58", Left: "58 seconds"},
		"charge.paid": chargePage{Layout: me("Paid 12.50 USD"), Path: "/desk/90/till/1043", Next: "/desk/90/till", Name: "Harbour Books", Number: "1043", Product: "Two books", Amount: "12.50 USD", State: "SUCCESS", Word: "Paid",
			Paid: true, Payer: "Cleo Martínez-Villanueva", At: "21 November 2026, 15:41 UTC", Receipt: "/receipts/1043"},
		"charge.cancelled": chargePage{Layout: me("Cancelled 12.50 USD"), Path: "/desk/90/till/1043", Next: "/desk/90/till", Name: "Harbour Books", Number: "1043", Product: "Two books", Amount: "12.50 USD", State: "CANCELLED",
			Word: "Cancelled", Sentence: soldWords[purse.OrderCancelled].sentence},
		"offer":       offerPage{Layout: nobody("Pay Harbour Books"), Path: "/to/l1nk", Payee: payee{"Harbour Books", "HB", ""}, Product: "Reading by the author", Amount: "12.00 USD", Currency: "USD", Fee: "A fee of the network is added: 0.30 USD."},
		"offer.open":  offerPage{Layout: me("Pay Harbour Books"), Path: "/to/l1nk", Payee: payee{"Harbour Books", "HB", "90/logo?v=1"}, Product: "Tips", Open: true, Currency: "USD", Example: "0.00"},
		"offer.fault": offerPage{Layout: faulty(nobody("Pay Harbour Books"), "", "The amount must be above zero."), Path: "/to/l1nk", Payee: payee{"Harbour Books", "HB", ""}, Product: "Tips", Open: true, Typed: "0", Currency: "USD", Example: "0.00"},
		"offer.ended": offerPage{Layout: nobody("No longer open"), Path: "/to/l1nk", Payee: payee{"Harbour Books", "HB", ""}, Product: "Reading by the author", Amount: "12.00 USD", Currency: "USD", Ended: "The merchant has closed this payment link. Nothing was paid. Ask them for another."},
		"receipt": receiptPage{Layout: me("Receipt 1042"), Payee: payee{"Harbour Books", "HB", "90/logo?v=1"}, Number: "1042", Product: "Reading by the author, two seats in the third row, with a signed copy", Amount: "118.00 USD", Total: "118.00 USD",
			At: "21 November 2026, 15:12 UTC", Status: "Paid", Payer: "Cleo Martínez-Villanueva", Back: "/desk/90"},
		"receipt.fee": receiptPage{Layout: me("Receipt 1042"), Payee: payee{"Harbour Books", "HB", ""}, Number: "1042", Product: "Tea", Amount: "4.00 USD", Fee: "0.30 USD", Total: "4.30 USD", At: "21 November 2026, 15:12 UTC", Status: "Paid", Payer: "Ada Lovelace", Back: "/activity"},
	}
}
