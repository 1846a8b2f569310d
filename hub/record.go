package hub

import (
	"encoding/json"

	"purse"
)

// CustomerDetails is what a merchant writes down about a customer of its own. None
// of it decides about money.
type CustomerDetails struct {
	Locale      string `json:"locale,omitempty"`
	FirstName   string `json:"firstName,omitempty"`
	MiddleName  string `json:"middleName,omitempty"`
	LastName    string `json:"lastName,omitempty"`
	Gender      string `json:"gender,omitempty"`
	Email       string `json:"email,omitempty"`
	Phone       string `json:"phone,omitempty"`
	CellPhone   string `json:"cellPhone,omitempty"`
	Nationality string `json:"nationality,omitempty"`
	IP          string `json:"ip,omitempty"`
	AccountID   string `json:"accountId,omitempty"`
	Birth       Date   `json:"dateOfBirth,omitzero"`
}

// Date is a day of the calendar; the zero Date: not known.
type Date struct {
	Day   int `json:"day"`
	Month int `json:"month"`
	Year  int `json:"year"`
}

// record is all that is known of a customer, as its row keeps it.
type record struct {
	CustomerDetails
	Addresses []Address       `json:"addresses,omitempty"` // in the order in which they were added
	Handles   []savedHandle   `json:"handles,omitempty"`
	Tokens    []CustomerToken `json:"tokens,omitempty"`
	Made      int64           `json:"made,omitempty"` // how many tokens there have been
}

// savedHandle is a payment handle that was saved with a customer.
type savedHandle struct {
	ID  purse.HandleID `json:"id"`
	Ref string         `json:"ref,omitempty"` // the merchant's own reference
}

// What a customer may have at most.
const (
	addressesMax      = 20
	savedMax          = 50
	customerTokensMax = 20
	recordBytesMax    = 16 << 10
)

// encode writes r for a row.
//
// Refused with CodeInvalid.
func (r record) encode() (string, error) {
	b, err := json.Marshal(r)
	if err != nil || len(b) > recordBytesMax || !purse.PlainText(string(b)) {
		return "", &purse.Error{Code: purse.CodeInvalid, Message: "The customer has too many details, or some that cannot be kept.", Err: err}
	}
	return string(b), nil
}

func readRecord(row string) record {
	var r record
	if row != "" {
		_ = json.Unmarshal([]byte(row), &r) // written by encode
	}
	return r
}
