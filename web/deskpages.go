package web

// What the pages for merchants without a shop may show, by the name of its template.

// desksPage is desks.html: the merchants that somebody works for.
type desksPage struct {
	Layout
	Desks []deskRow
}

type deskRow struct {
	Path, Name, Initials, Balance string
	Closed                        bool
}

// deskPage is desk.html: a merchant, as those see it who work there.
type deskPage struct {
	Layout
	Payee        payee
	Balance      string
	Closed       bool
	Orders       []soldRow
	More, Newest string // the ways to older orders and to the newest, "" there are none
}

type soldRow struct {
	Number, Product, Amount, At, Source, State string
	Paid                                       bool
	Payer                                      string // "" nobody has paid
	Path, Link                                 string // where there is more to see of it, and what; "" nowhere
}

// linksPage is links.html.
type linksPage struct {
	Layout
	Path, Name, Currency string
	Links                []linkRow
	Amount, Product      string // as they were typed
}

type linkRow struct {
	ID, Product, Made string
	Amount            string // "" whoever pays says how much
	Address, Print    string
}

// posterPage is poster.html: a payment link on paper.
type posterPage struct {
	Layout
	Payee            payee
	Product, Address string
	Amount           string // "" whoever pays says how much
	QR               qrCode
	Back             string
}

// tillPage is till.html.
type tillPage struct {
	Layout
	Path, Name, Currency, Example string
	Amount, Product               string // as they were typed
}

// chargePage is charge.html: an order at the till.
type chargePage struct {
	Layout
	Path, Next            string
	Name, Number, Product string
	Amount                string // that the payer pays
	Own                   string // what of it the merchant asks for; "" all of it
	State, Word, Sentence string // for the script, as a title, and what there is to say of it

	// While it waits.
	Waits                          bool
	QR                             qrCode
	Address, Events, Seconds, Left string

	// Once it is paid.
	Paid               bool
	Payer, At, Receipt string
}

// offerPage is offer.html: what whoever scans a payment link sees.
type offerPage struct {
	Layout
	Path              string
	Payee             payee
	Product           string
	Amount            string
	Open              bool   // whoever pays says how much
	Typed             string // how much
	Currency, Example string
	Fee               string // what is said of it; "" there is none besides the amount
	Ended             string // why nothing can be paid; "" it can
}

// receiptPage is receipt.html.
type receiptPage struct {
	Layout
	Payee                       payee
	Number, Product, At, Status string
	Amount, Total               string
	Fee                         string // that the payer has paid besides; "" none
	Payer                       string
	Back                        string
}
