package secret

import (
	"encoding/base64"
	"testing"
)

func TestLinksAreLongAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		link := Link()
		b, err := base64.RawURLEncoding.DecodeString(link)
		if err != nil || len(b) != 32 || seen[link] {
			t.Fatalf("%q: %d bytes, %v, seen before: %t", link, len(b), err, seen[link])
		}
		seen[link] = true
	}
}
