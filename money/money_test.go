package money

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in       string
		currency Currency
		minor    int64
		err      error
	}{
		{"12.50", "USD", 1250, nil},
		{"12.5", "USD", 1250, nil},
		{"12", "USD", 1200, nil},
		{"0.10", "USD", 10, nil},
		{"-12.5", "USD", -1250, nil},
		{"0", "USD", 0, nil},
		{"-0", "USD", 0, nil},
		{"007", "USD", 700, nil},
		{"1250", "JPY", 1250, nil},
		{"1.234", "KWD", 1234, nil},
		{"92233720368547758.07", "USD", math.MaxInt64, nil},
		{"-92233720368547758.08", "USD", math.MinInt64, nil},
		{"92233720368547758.08", "USD", 0, ErrRange},
		{"-92233720368547758.09", "USD", 0, ErrRange},
		{"99999999999999999999999999", "USD", 0, ErrRange},
		{"922337203685477580", "USD", 0, ErrRange},
		{"12.505", "USD", 0, ErrScale},
		{"12.500", "USD", 0, ErrScale},
		{"1.5", "JPY", 0, ErrScale},
		{"", "USD", 0, ErrSyntax},
		{"-", "USD", 0, ErrSyntax},
		{".", "USD", 0, ErrSyntax},
		{".5", "USD", 0, ErrSyntax},
		{"5.", "USD", 0, ErrSyntax},
		{"+5", "USD", 0, ErrSyntax},
		{"--5", "USD", 0, ErrSyntax},
		{"1e2", "USD", 0, ErrSyntax},
		{"1.2345e2", "USD", 0, ErrSyntax},
		{"1,000", "USD", 0, ErrSyntax},
		{"1.2.3", "USD", 0, ErrSyntax},
		{" 1", "USD", 0, ErrSyntax},
		{"NaN", "USD", 0, ErrSyntax},
		{"Infinity", "USD", 0, ErrSyntax},
		{"0x10", "USD", 0, ErrSyntax},
		{"１２", "USD", 0, ErrSyntax},
		{"1", "XYZ", 0, ErrCurrency},
		{"1", "", 0, ErrCurrency},
	} {
		got, err := Parse(c.in, c.currency)
		if !errors.Is(err, c.err) || got.Minor != c.minor {
			t.Errorf("Parse(%q, %s) = %d, %v; want %d, %v", c.in, c.currency, got.Minor, err, c.minor, c.err)
		}
	}
}

func TestPrint(t *testing.T) {
	for want, a := range map[string]Amount{
		"12.50":                 {1250, "USD"},
		"0.05":                  {5, "USD"},
		"-0.05":                 {-5, "USD"},
		"0.00":                  {0, "USD"},
		"1250":                  {1250, "JPY"},
		"1.234":                 {1234, "KWD"},
		"-92233720368547758.08": {math.MinInt64, "USD"},
	} {
		if got := a.Decimal(); got != want {
			t.Errorf("%d %s prints %q, want %q", a.Minor, a.Currency, got, want)
		}
	}
	if got := (Amount{1250, "USD"}).String(); got != "12.50 USD" {
		t.Errorf("String is %q", got)
	}
}

func TestAddRefuses(t *testing.T) {
	for _, c := range []struct {
		a, b Amount
		err  error
	}{
		{Amount{1, "USD"}, Amount{1, "EUR"}, ErrCurrency},
		{Amount{math.MaxInt64, "USD"}, Amount{1, "USD"}, ErrRange},
		{Amount{math.MinInt64, "USD"}, Amount{-1, "USD"}, ErrRange},
		{Amount{math.MaxInt64, "USD"}, Amount{math.MinInt64, "USD"}, nil},
	} {
		if _, err := c.a.Add(c.b); !errors.Is(err, c.err) {
			t.Errorf("%v + %v: %v, want %v", c.a, c.b, err, c.err)
		}
	}
}

// What is printed reads back as itself, in every currency.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{rapid.Int64().Draw(t, "minor"), rapid.SampledFrom([]Currency{"USD", "JPY", "KWD", "EUR"}).Draw(t, "currency")}
		if back, err := Parse(a.Decimal(), a.Currency); err != nil || back != a {
			t.Fatalf("%v reads back as %v, %v", a, back, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "-1.23", "12.505", "1e2", "", ".", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s, "USD")
		if err != nil {
			return
		}
		whole, decimals, _ := strings.Cut(a.Decimal(), ".")
		if len(decimals) != 2 || whole == "" {
			t.Fatalf("%q was read as %v", s, a)
		}
		if back, err := Parse(a.Decimal(), "USD"); err != nil || back != a {
			t.Fatalf("%q was read as %v, which reads back as %v, %v", s, a, back, err)
		}
	})
}
