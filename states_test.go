package purse_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"purse"
	"purse/ledger"
)

// docs/states.md shows the tables that the code goes by.
func TestStatesAreDocumented(t *testing.T) {
	b, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, want := range map[string]string{
		"Payment":        drawn(purse.PaymentMoves),
		"Hold":           drawn(ledger.HoldMoves),
		"Payment handle": drawn(purse.HandleMoves),
		"Operation":      drawn(purse.OperationMoves),
		"Order":          drawn(purse.OrderMoves),
	} {
		_, section, ok := strings.Cut(string(b), "\n## "+heading+"\n")
		if !ok {
			t.Errorf("docs/states.md has no section %s", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		rows := firstTable(section)
		slices.Sort(rows[min(2, len(rows)):])
		if got := strings.Join(rows, "\n"); got != want {
			t.Errorf("docs/states.md draws %s as\n%s\nwant\n%s", heading, got, want)
		}
	}
}

// What has no table in the code is told in words.
func TestOtherLivesAreTold(t *testing.T) {
	b, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{
		"Claim", "Contact", "Session", "Ticket", "Grant", "Access token", "Wallet", "Tie", "Agreement", "API key", "Merchant",
		"Payment link", "Member",
	} {
		if !strings.Contains(string(b), "\n## "+heading+"\n") {
			t.Errorf("docs/states.md has no section %s", heading)
		}
	}
}

// firstTable is the rows of the first table of a section.
func firstTable(section string) []string {
	var rows []string
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			rows = append(rows, line)
		} else if len(rows) > 0 {
			break
		}
	}
	return rows
}

func drawn[S ~string](moves map[S][]S) string {
	name := func(s S) string {
		if s == "" {
			return "(none)"
		}
		return string(s)
	}
	var rows []string
	for from, to := range moves {
		var names []string
		for _, s := range to {
			names = append(names, name(s))
		}
		row := "| " + name(from) + " | " + strings.Join(names, ", ") + " |"
		if len(names) == 0 {
			row = "| " + name(from) + " | |"
		}
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return "| From | To |\n|---|---|\n" + strings.Join(rows, "\n")
}
