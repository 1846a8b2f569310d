package purse

// TicketHash is the SHA-256 of a ticket's secret, or of what it is about, as 43
// characters of unpadded base64url.
type TicketHash string

// TicketKind says what a ticket is good for.
type TicketKind string

// The kinds of tickets.
const (
	TicketVerify  TicketKind = "verify"  // shows that somebody receives what is sent to an address
	TicketReset   TicketKind = "reset"   // sets a new password
	TicketSecond  TicketKind = "second"  // a sign-in that lacks its second factor
	TicketPasskey TicketKind = "passkey" // the challenge of a passkey
	TicketCode    TicketKind = "code"    // an OAuth authorization code
	TicketRefresh TicketKind = "refresh" // an OAuth refresh token
)

// Ticket is a secret that is good for one thing, once: a link in a mail, a
// one-time code, an OAuth code. Where somebody types a short code instead of the
// secret, few wrong ones are let through; see TicketTriesMax.
//
// Life: made, then used, expired or tried too often.
type Ticket struct {
	Hash    TicketHash
	Kind    TicketKind
	Person  UserID // 0: nobody; made to spend the same work on those who do not exist
	App     AppID
	Detail  string // what it is good for, as JSON; package identity knows
	Code    string // SHA-256 of the short code that goes with it; empty: none
	Tries   int64  // wrong codes so far
	Expires Time
	Used    Time    // 0: not
	Gave    GrantID // the grant that an OAuth code has made, or that a refresh token belongs to
}

// TicketTriesMax is how many wrong codes a ticket takes.
const TicketTriesMax = 5

// Valid says whether t may be used at the time now.
//
// Refused with CodeCode.
func (t Ticket) Valid(now Time) error {
	if t.Used != 0 || now >= t.Expires || t.Tries >= TicketTriesMax {
		return Refuse(CodeCode, "This link or code was used before, or is too old. Ask for a new one.")
	}
	return nil
}

// Ticket finds a ticket by its hash.
func (f *Facts) Ticket(hash TicketHash) (Ticket, error) {
	return found(f, &f.set.Tickets, hash, "ticket", func(n *Needs) { n.Tickets = []TicketHash{hash} })
}
