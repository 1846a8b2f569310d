package sandbox

import (
	"testing"

	"purse"
)

func TestProcessorGoesByTheAmount(t *testing.T) {
	const (
		made, taken = purse.StepHandle, purse.StepSale
		pay, credit = purse.HandleForPayment, purse.HandleForCredit
		verify      = purse.HandleForVerification
	)
	var none purse.Decline
	floor := purse.Decline{Fault: purse.CodeFloor, Processor: "3000"}
	declined := func(word string) purse.Decline { return purse.Decline{Fault: purse.CodeDeclined, Processor: word} }
	gate := func(word string) purse.Decline { return purse.Decline{Fault: purse.CodeGateway, Processor: word} }
	for _, tc := range []struct {
		step      purse.Step
		kind      purse.HandleType
		simulator string
		minor     int64
		want      purse.Decline
	}{
		// The floor limit, whoever answers.
		{made, pay, "EXTERNAL", 2999_99, none},
		{made, pay, "EXTERNAL", 3000_00, floor},
		{made, pay, "EXTERNAL", 3000_01, floor},
		{made, pay, "EXTERNAL", 3000_99, floor},
		{made, pay, "EXTERNAL", 3001_00, none},
		{made, pay, "INTERNAL", 2999_99, none},
		{made, pay, "INTERNAL", 3000_00, floor},
		{made, pay, "INTERNAL", 3000_99, floor},
		{made, pay, "INTERNAL", 3001_00, none},
		{made, credit, "EXTERNAL", 3000_00, none},
		{made, verify, "EXTERNAL", 3000_00, none},
		{taken, pay, "EXTERNAL", 3000_00, none},
		{taken, pay, "EXTERNAL", 3000_99, none},

		// Declines when the money is taken, where an outside processor is asked.
		{taken, pay, "EXTERNAL", 1, none},
		{taken, pay, "EXTERNAL", 1999_99, none},
		{taken, pay, "EXTERNAL", 2000_00, declined("2000")},
		{taken, pay, "EXTERNAL", 2000_01, declined("2000")},
		{taken, pay, "EXTERNAL", 2000_99, declined("2000")},
		{taken, pay, "EXTERNAL", 2001_00, declined("2001")},
		{taken, pay, "EXTERNAL", 2534_50, declined("2534")},
		{taken, pay, "EXTERNAL", 2999_00, declined("2999")},
		{taken, pay, "EXTERNAL", 2999_99, declined("2999")},
		{taken, pay, "EXTERNAL", 3001_00, none},
		{taken, pay, "EXTERNAL", 4000_99, none},
		{taken, pay, "EXTERNAL", 4001_00, none},
		{taken, pay, "INTERNAL", 2000_00, none},
		{taken, pay, "INTERNAL", 2999_99, none},
		{taken, pay, "", 2500_00, none},
		{taken, credit, "EXTERNAL", 2500_00, none},
		{made, pay, "EXTERNAL", 2000_00, none},
		{made, pay, "EXTERNAL", 2534_50, none},

		// Withdrawals, when the handle is made.
		{made, credit, "EXTERNAL", 45_10, none},
		{made, credit, "EXTERNAL", 45_11, gate("SENDER_RESTRICTED")},
		{made, credit, "EXTERNAL", 45_12, none},
		{made, credit, "EXTERNAL", 45_20, none},
		{made, credit, "EXTERNAL", 45_21, gate("SENDER_EMAIL_UNCONFIRMED")},
		{made, credit, "EXTERNAL", 45_22, none},
		{made, credit, "EXTERNAL", 45_30, none},
		{made, credit, "EXTERNAL", 45_31, gate("AUTHORIZATION_ERROR")},
		{made, credit, "EXTERNAL", 45_32, none},
		{made, credit, "EXTERNAL", 45_40, none},
		{made, credit, "EXTERNAL", 45_41, gate("INSUFFICIENT_FUNDS")},
		{made, credit, "EXTERNAL", 45_42, none},
		{made, credit, "EXTERNAL", 45_50, none},
		{made, credit, "EXTERNAL", 45_51, gate("INTERNAL_ERROR")},
		{made, credit, "EXTERNAL", 45_52, none},
		{made, credit, "INTERNAL", 45_11, gate("SENDER_RESTRICTED")},
		{made, credit, "EXTERNAL", 1, none},
		{made, credit, "EXTERNAL", 45_00, none},
		{made, pay, "EXTERNAL", 45_11, none},
		{made, verify, "EXTERNAL", 45_11, none},
		{taken, credit, "EXTERNAL", 45_11, none},
		{taken, verify, "EXTERNAL", 0, none},
		{made, pay, "EXTERNAL", 1 << 60, none},
		{taken, pay, "EXTERNAL", 1 << 60, none},
	} {
		var p purse.Processor = Processor{}
		got, refused := p.Refuses(tc.step, purse.Handle{Type: tc.kind, Simulator: tc.simulator, Minor: tc.minor})
		if got != tc.want || refused != (tc.want != none) {
			t.Errorf("%s of %s, %d by %q: %+v, %v, want %+v", tc.step, tc.kind, tc.minor, tc.simulator, got, refused, tc.want)
		}
	}
}
