package hub

import (
	"encoding/json"

	"purse"
)

// Details is what a merchant sends with a request besides what decides about the
// money. It is kept as JSON and given back as it came.
type Details struct {
	ReturnLinks        []ReturnLink    `json:"returnLinks,omitempty"`
	CustomerIP         string          `json:"customerIp,omitempty"`
	AccountID          string          `json:"accountId,omitempty"`
	MerchantAccountID  string          `json:"merchantAccountId,omitempty"` // of the object venmo
	ProfileID          string          `json:"profileId,omitempty"`         // of the object venmo
	Description        string          `json:"description,omitempty"`
	Profile            json.RawMessage `json:"profile,omitempty"`
	BillingDetails     json.RawMessage `json:"billingDetails,omitempty"`
	MerchantDescriptor json.RawMessage `json:"merchantDescriptor,omitempty"`
	OnHold             *bool           `json:"onHold,omitempty"` // of a credit: echoed, and nothing else (wire.md B.7)

	// Of a handle that is saved with a customer: whose, and what the merchant calls it.
	Customer purse.CustomerID `json:"customer,omitempty"`
	Public   bool             `json:"public,omitempty"` // the handle was made with a public key; set here, never by the merchant
	Ref      string           `json:"merchantRefNum,omitempty"`
}

// ReturnLink is where the consumer is sent back to.
type ReturnLink struct {
	Rel    string `json:"rel"`
	Href   string `json:"href"`
	Method string `json:"method,omitempty"`
}

// detailsMax is how many bytes details may have.
const detailsMax = 16 << 10

// encode writes d for a row.
//
// Refused with CodeInvalid.
func (d Details) encode() (string, error) {
	b, err := json.Marshal(d)
	if err != nil || len(b) > detailsMax || !purse.PlainText(string(b)) {
		return "", &purse.Error{Code: purse.CodeInvalid, Message: "The request has too many details, or some that cannot be kept.", Err: err}
	}
	if string(b) == "{}" {
		return "", nil
	}
	return string(b), nil
}

// ReadDetails reads the details of a row.
func ReadDetails(row string) Details {
	var d Details
	if row != "" {
		_ = json.Unmarshal([]byte(row), &d) // written by encode
	}
	return d
}

// Return is the first of the return links with one of the relations, else the
// default; empty if there is none.
func (d Details) Return(rels ...string) string {
	for _, rel := range append(rels, "default") {
		for _, l := range d.ReturnLinks {
			if l.Rel == rel {
				return l.Href
			}
		}
	}
	return ""
}
