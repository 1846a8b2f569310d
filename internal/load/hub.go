package load

import (
	"errors"
	"fmt"
	"strconv"
)

// Seller is a merchant who takes payments from accounts by standing agreements.
type Seller struct {
	Key string // its private API key, as HTTP Basic authentication has it: base64 of username:password
}

// checkSellers says what is wrong with the merchants of p.
func (p *Plan) checkSellers() error {
	for i, s := range p.Sellers {
		if !plain(s.Key) {
			return fmt.Errorf("load: merchant %d has a key that cannot be sent", i)
		}
	}
	for i, a := range p.Accounts {
		if len(p.Sellers) > 0 && !plain(a.Consumer) {
			return fmt.Errorf("load: account %d has a consumer's name that cannot be sent", i)
		}
	}
	return nil
}

// buy makes one payment to a merchant, who asks for a payment handle, which the
// account's standing agreement makes payable at once, and takes the money with its
// token. The error is the record's: all others are counted.
func (c *client) buy() error {
	i := c.random.IntN(len(c.run.plan.Accounts))
	seller := c.run.plan.Sellers[i%len(c.run.plan.Sellers)]
	c.sent++
	c.payload = c.handle(c.payload[:0], c.run.plan.Accounts[i].Consumer)
	c.out = c.asSeller(c.out[:0], "/paymenthub/v1/paymenthandles", seller, c.payload)
	began := c.run.plan.Now()
	a, ok := c.ask(began, statusMade)
	if !ok {
		return nil
	}
	token, err := handleToken(a.body)
	if err == nil && c.conn == nil {
		err = errors.New("the connection was closed before the money was taken")
	}
	if err != nil {
		c.noPayment(a, err)
		return nil
	}
	c.payload = c.sale(c.payload[:0], token)
	c.out = c.asSeller(c.out[:0], "/paymenthub/v1/payments", seller, c.payload)
	if a, ok = c.ask(c.run.plan.Now(), statusMade); !ok {
		return nil
	}
	ended := c.run.plan.Now()
	id, err := saleID(a.body)
	if err != nil {
		c.noPayment(a, err)
		return nil
	}
	return c.acknowledge(id, began, ended)
}

// asSeller appends a request of a merchant as HTTP/1.1.
func (c *client) asSeller(b []byte, path string, s Seller, body []byte) []byte {
	b = append(append(b, "POST "...), path...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), c.run.target.host...)
	b = append(append(b, "\r\nAuthorization: Basic "...), s.Key...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

// handle appends what asks for a payment handle. Its reference does for a merchant
// what an Idempotency-Key does: the same one is not charged twice.
func (c *client) handle(b []byte, consumer string) []byte {
	b = c.reference(append(b, `{"merchantRefNum":"`...))
	b = append(b, `","transactionType":"PAYMENT","paymentType":"VENMO","amount":1,"currencyCode":"USD","venmo":{"consumerId":"`...)
	b = append(b, consumer...)
	return append(b, `"},"returnLinks":[{"rel":"default","href":"https://shop.example/back"}]}`...)
}

// sale appends what takes the money of a payment handle.
func (c *client) sale(b, token []byte) []byte {
	b = c.reference(append(b, `{"merchantRefNum":"`...))
	b = append(b, `","amount":1,"currencyCode":"USD","settleWithAuth":true,"paymentHandleToken":"`...)
	return append(append(b, token...), `"}`...)
}

// handleToken finds the token in the answer to a new payment handle, which must be
// payable.
func handleToken(body []byte) ([]byte, error) {
	token, err := named(body, `"PAYABLE"`, "paymentHandleToken")
	if err == nil && !plain(string(token)) {
		err = errors.New("a token that cannot be sent")
	}
	return token, err
}

// saleID finds the id in the answer to a payment that a merchant has taken.
func saleID(body []byte) ([]byte, error) {
	id, err := named(body, `"COMPLETED"`, "id")
	if err == nil && !uuid(id) {
		err = errors.New("no payment id")
	}
	return id, err
}

// named finds a text in an object that must have a status.
func named(body []byte, status, name string) ([]byte, error) {
	if end := valueEnd(body, 0); end < 0 || skipSpace(body, end) != len(body) {
		return nil, errors.New("the body is not JSON")
	}
	if string(member(body, "status")) != status {
		return nil, errors.New("the status is not " + status)
	}
	text, ok := unquote(member(body, name))
	if !ok {
		return nil, errors.New("no " + name)
	}
	return text, nil
}

// uuidBytes is how long a UUID is as text.
const uuidBytes = 36

// uuid says whether id may be one: it goes into the record.
func uuid(id []byte) bool {
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '-' {
			return false
		}
	}
	return len(id) == uuidBytes
}
