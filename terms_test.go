package purse

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFeeIsWhatWholeNumbersSay(t *testing.T) {
	most := big.NewInt(math.MaxInt64)
	rapid.Check(t, func(t *rapid.T) {
		fee := Fee{
			Fixed: rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "fixed"),
			Basis: rapid.Int64Range(0, basisWhole).Draw(t, "basis"),
		}
		minor := rapid.OneOf(rapid.Int64Range(1, 100_000), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "minor")
		want := new(big.Int).Mul(big.NewInt(minor), big.NewInt(fee.Basis))
		want.Add(want, big.NewInt(basisWhole/2)) // half up
		want.Quo(want, big.NewInt(basisWhole))
		want.Add(want, big.NewInt(fee.Fixed))
		if want.Cmp(most) > 0 {
			want = most
		}
		if got := fee.Of(minor); got != want.Int64() {
			t.Fatalf("the fee %+v of %d is %d, want %s", fee, minor, got, want)
		}
	})
}

func TestFees(t *testing.T) {
	for _, tc := range []struct {
		fee         Fee
		minor, want int64
	}{
		{Fee{}, 1, 0}, {Fee{}, math.MaxInt64, 0},
		{Fee{Fixed: 25}, 1, 25}, {Fee{Fixed: 25}, math.MaxInt64, 25},
		{Fee{Basis: 290}, 1000, 29},
		{Fee{Basis: 1}, 4999, 0}, {Fee{Basis: 1}, 5000, 1}, {Fee{Basis: 1}, 14_999, 1}, {Fee{Basis: 1}, 15_000, 2},
		{Fee{Basis: basisWhole}, 777, 777}, {Fee{Basis: basisWhole}, math.MaxInt64, math.MaxInt64},
		{Fee{Fixed: 1, Basis: basisWhole}, math.MaxInt64, math.MaxInt64},
		{Fee{Fixed: math.MaxInt64}, 1, math.MaxInt64}, {Fee{Fixed: math.MaxInt64, Basis: basisWhole}, math.MaxInt64, math.MaxInt64},
		{Fee{Basis: math.MaxInt64}, math.MaxInt64, math.MaxInt64}, // which Check refuses
	} {
		if got := tc.fee.Of(tc.minor); got != tc.want {
			t.Errorf("the fee %+v of %d is %d, want %d", tc.fee, tc.minor, got, tc.want)
		}
	}
}

func TestTermsThatMakeSense(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Terms)
		want   Code
	}{
		{"default", func(*Terms) {}, ""},
		{"shortest", func(v *Terms) { v.EscrowLife, v.ChargeLife = time.Second, time.Second }, ""},
		{"longest", func(v *Terms) { v.EscrowLife, v.ChargeLife = lifeMax, lifeMax }, ""},
		{"all of it", func(v *Terms) { v.Fee = Fee{fixedMax, basisWhole} }, ""},
		{"more than is ever needed", func(v *Terms) { v.Fee.Fixed = fixedMax + 1 }, CodeInvalid},
		{"escrow too short", func(v *Terms) { v.EscrowLife = time.Second - 1 }, CodeInvalid},
		{"charges too short", func(v *Terms) { v.ChargeLife = 0 }, CodeInvalid},
		{"escrow too long", func(v *Terms) { v.EscrowLife = lifeMax + 1 }, CodeInvalid},
		{"charges too long", func(v *Terms) { v.ChargeLife = lifeMax + 1 }, CodeInvalid},
		{"before now", func(v *Terms) { v.ChargeLife = -time.Hour }, CodeInvalid},
		{"negative fee", func(v *Terms) { v.Fee.Fixed = -1 }, CodeInvalid},
		{"negative percentage", func(v *Terms) { v.Fee.Basis = -1 }, CodeInvalid},
		{"more than everything", func(v *Terms) { v.Fee.Basis = basisWhole + 1 }, CodeInvalid},
	} {
		terms := DefaultTerms
		tc.change(&terms)
		if got := codeOrNone(terms.Check()); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
