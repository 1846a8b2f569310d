// Package sandbox is what only a sandbox network has: a person to try payments
// with, the amounts that decide what becomes of them (wire.md A.6, B.11, D.1), and a
// mailbox in which all messages stay instead of reaching anybody.
//
// It decides and does no I/O; only the mailbox remembers anything, in memory. Only
// cmd/purse imports it, and hands it to the use cases of a network that is a
// sandbox; a live network has no way to it. There the same amounts are plain money.
package sandbox

import "purse"

// Person is the one whom integrations pay and charge to try things out, by the
// identifier and the addresses that they were written with.
var Person = purse.User{ID: 145434160922624933, Username: "testuser", FirstName: "Test", LastName: "User"}

// Addresses are Person's.
var Addresses = []purse.Address{{Kind: purse.Email, Text: "venmo@venmo.com"}, {Kind: purse.Phone, Text: "15555555555"}}

// Minor is what Person's wallet starts with, so that charges can be settled.
const Minor = 1_000_000_00

// The amounts that mean something, in minor units, of payments and charges to
// Person. All others are plain: a payment of 0.10 settles as every payment does,
// and a charge of 0.20 waits.
const (
	failingPay     = 20 // 0.20 paid: fails
	settlingCharge = 10 // 0.10 charged: settles at once, as a trusted friend's would
)

// Script is the purse.Script of a sandbox.
type Script struct{}

// Outcome implements purse.Script.
func (Script) Outcome(p purse.Payment) purse.PaymentStatus {
	switch {
	case p.Target != Person.ID:
		return ""
	case p.Action == purse.Pay && p.Minor == failingPay:
		return purse.PaymentFailed
	case p.Action == purse.Charge && p.Minor == settlingCharge:
		return purse.PaymentSettled
	}
	return ""
}
