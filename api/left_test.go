package api

import (
	"testing"
	"time"
)

// left is what Left tells.
type left struct {
	limit, remaining int
	reset            time.Duration
}

func leftOf(rates *Rates, method, credential string) left {
	limit, remaining, reset := rates.Left(from(method, here), credential)
	return left{limit, remaining, reset}
}

func TestRatesTellWhatIsLeft(t *testing.T) {
	c := newClock()
	rates := NewRates(50, 200, c.now)
	check := func(name, credential string, want left) {
		t.Helper()
		for range 2 { // looking takes nothing
			if got := leftOf(rates, "POST", credential); got != want {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
	check("nothing was asked", "ann", left{200, 200, 0})
	if err := rates.Allow(from("POST", here), "ann"); err != nil {
		t.Fatal(err)
	}
	check("one request", "ann", left{200, 199, 20 * time.Millisecond})
	if err := rates.Allow(from("GET", here), "ann"); err != nil {
		t.Fatal(err)
	}
	check("and a look", "ann", left{200, 198, 22 * time.Millisecond})
	check("somebody else", "bob", left{200, 200, 0})
	check("an address", "", left{200, 200, 0})
	c.pass(2 * time.Millisecond)
	check("a tenth came back", "ann", left{200, 199, 20 * time.Millisecond})
	drain(t, rates, from("POST", here), "ann")
	if got := leftOf(rates, "POST", "ann"); got.remaining != 0 || got.reset < 3900*time.Millisecond || got.reset > 4*time.Second {
		t.Errorf("nothing is left: %v", got)
	}
	c.pass(time.Hour)
	check("much later", "ann", left{200, 200, 0})
	rates.Exempt("ann")
	check("exempt", "ann", left{})
	var none *Rates
	for name, r := range map[string]*Rates{"nil": none, "zero": {}} {
		if got := leftOf(r, "POST", "ann"); got != (left{}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
