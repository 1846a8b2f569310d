package purse

import "unicode/utf8"

// PlainText says whether s may be stored: valid UTF-8 without control
// characters other than newline and tab. Doors refuse everything else, because
// one database would refuse it in the middle of a batch and the other would not.
func PlainText(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r >= 0x80 && r < 0xa0 {
			return false
		}
		i += size
	}
	return true
}
