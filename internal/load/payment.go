package load

import "errors"

// idBytesMax is more than the longest 64 bit number has.
const idBytesMax = 20

// paymentID finds data.payment.id in the answer to POST /v1/payments. It is a
// walk over the bytes instead of a decoder, which would cost the machine that
// is being measured several times as much. It is a walk and not a search for
// `"id":"`, which could find the id of somebody who is mentioned in the payment.
func paymentID(body []byte) ([]byte, error) {
	if end := valueEnd(body, 0); end < 0 || skipSpace(body, end) != len(body) {
		return nil, errors.New("the body is not JSON")
	}
	payment := member(member(body, "data"), "payment")
	id, ok := unquote(member(payment, "id"))
	if !ok || !decimal(id) {
		return nil, errors.New("no payment id")
	}
	// A payment can fail and yet be made: then no money has moved.
	if status := member(payment, "status"); status != nil && string(status) != `"settled"` {
		return nil, errors.New("the payment is not settled")
	}
	return id, nil
}

// decimal says whether id is digits, which is what may go into the record.
func decimal(id []byte) bool {
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= idBytesMax
}

// unquote takes the quotes off a JSON string; what is escaped in it stays so.
func unquote(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// member returns the value of a member of the JSON object at the start of b, or
// nil if b is no object or has no such member.
func member(b []byte, name string) []byte {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return nil
	}
	for {
		i = skipSpace(b, i+1) // past the brace or comma
		if i == len(b) || b[i] != '"' {
			return nil
		}
		keyEnd := stringEnd(b, i)
		if keyEnd < 0 {
			return nil
		}
		key := b[i+1 : keyEnd-1]
		i = skipSpace(b, keyEnd)
		if i == len(b) || b[i] != ':' {
			return nil
		}
		i = skipSpace(b, i+1)
		end := valueEnd(b, i)
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return b[i:end]
		}
		i = skipSpace(b, end)
		if i == len(b) || b[i] != ',' {
			return nil
		}
	}
}

// valueEnd returns where the JSON value that starts at i, after any spaces,
// ends; -1 if it does not end. It sees to strings and brackets and believes the
// rest.
func valueEnd(b []byte, i int) int {
	i = skipSpace(b, i)
	if i == len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		return nestedEnd(b, i)
	}
	start := i
	for i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] >= 'a' && b[i] <= 'z' ||
		b[i] == '-' || b[i] == '+' || b[i] == '.' || b[i] == 'E') {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// nestedEnd returns where the object or array that starts at i ends.
func nestedEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

// stringEnd returns where the string whose opening quote is at i ends.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
