package walletv1

import (
	"encoding/json"

	"purse"
	"purse/money"
	"purse/wallet"
)

// The door's JSON. Amounts are JSON numbers with all decimals, always positive;
// identifiers are strings of digits; times are UTC without a zone (wire.md A.1).

type user struct {
	Username          string `json:"username"`
	FirstName         string `json:"first_name"`
	LastName          string `json:"last_name"`
	DisplayName       string `json:"display_name"`
	About             string `json:"about"`
	ProfilePictureURL string `json:"profile_picture_url"`
	ID                string `json:"id"`
	DateJoined        string `json:"date_joined"`
}

type target struct {
	Type  string  `json:"type"`
	Phone *string `json:"phone"`
	Email *string `json:"email"`
	User  *user   `json:"user"`
}

type payment struct {
	ID            string          `json:"id"`
	Status        string          `json:"status"`
	Note          string          `json:"note"`
	Amount        json.RawMessage `json:"amount"`
	Action        string          `json:"action"`
	DateCreated   string          `json:"date_created"`
	DateCompleted *string         `json:"date_completed"`
	Audience      string          `json:"audience"`
	Target        target          `json:"target"`
	Actor         user            `json:"actor"`
	Fee           *struct{}       `json:"fee"`
	Refund        *struct{}       `json:"refund"`
	Medium        string          `json:"medium"`
}

type created struct {
	Data struct {
		Balance json.RawMessage `json:"balance,omitempty"`
		Payment payment         `json:"payment"`
	} `json:"data"`
}

type shown struct {
	Data payment `json:"data"`
}

// Timestamps: the answer to a POST has microseconds, everything else whole
// seconds (seeds/002).
const (
	micros  = "2006-01-02T15:04:05.000000"
	seconds = "2006-01-02T15:04:05"
)

func stamp(t purse.Time, layout string) string { return t.UTC().Format(layout) }

func (d *Door) number(minor int64) json.RawMessage {
	return money.Amount{Minor: minor, Currency: d.Currency}.Append(nil)
}

func (d *Door) user(u purse.User) user {
	id := u.ID.String()
	return user{
		Username: u.Username, FirstName: u.FirstName, LastName: u.LastName, DisplayName: u.DisplayName(), About: u.About,
		ProfilePictureURL: d.PublicURL + "/v1/users/" + id + "/picture.svg",
		ID:                id, DateJoined: stamp(u.Joined, seconds),
	}
}

func (d *Door) payment(r wallet.Receipt, layout string) payment {
	p := r.Payment
	to := d.user(r.Target)
	out := payment{
		ID: p.ID.String(), Status: string(p.Status), Note: p.Note, Amount: d.number(p.Minor), Action: "pay",
		DateCreated: stamp(p.Created(), layout), Audience: string(p.Audience),
		Target: target{Type: "user", User: &to}, Actor: d.user(r.Actor), Medium: string(p.Medium),
	}
	if p.Completed != 0 {
		done := stamp(p.Completed, layout)
		out.DateCompleted = &done
	}
	return out
}

// encode writes a body.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers of our own
	}
	return string(b)
}
