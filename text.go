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

const hex = "0123456789abcdef"

// AppendQuoted appends s as a JSON string. Text that is not UTF-8 becomes
// U+FFFD. What HTML and JavaScript mind is escaped, as encoding/json does it.
//
// Answers and events are written with it rather than by reflection: they are
// made inside the commit path, one after the other.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0 // what is before it has been appended
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				b = append(append(b, s[from:i]...), "\uFFFD"...)
			case r == '\u2028' || r == '\u2029':
				b = append(append(append(b, s[from:i]...), `\u202`...), hex[r&0xf])
			default:
				i += size
				continue
			}
			i += size
			from = i
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
