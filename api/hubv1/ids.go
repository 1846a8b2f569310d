package hubv1

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// This protocol names things by UUIDs; the book by numbers. A UUID here is a number
// of the book with a checksum (RFC 9562, version 8): bytes 0 to 5 and 14 and 15 are
// the number, so that they sort by age; bytes 6 to 13, besides version and variant,
// are taken from its hash, so that one that was mistyped names nothing.

// appendID appends the UUID of a number of the book, in quotes.
func appendID(b []byte, number int64) []byte {
	return append(appendUUID(append(b, '"'), derived(number, "")), '"')
}

// appendReconciliation appends the UUID by which what came of a handle is found in
// the processor's books, in quotes: it names nothing here.
func appendReconciliation(b []byte, handle int64) []byte {
	return append(appendUUID(append(b, '"'), derived(handle, "reconciliation")), '"')
}

// derived is a UUID of a number. Different purposes have different ones.
func derived(number int64, purpose string) (u [16]byte) {
	var text [8]byte
	binary.BigEndian.PutUint64(text[:], uint64(number))
	sum := sha256.Sum256(append(text[:], purpose...))
	copy(u[:], text[:6])
	copy(u[6:14], sum[:])
	copy(u[14:], text[6:])
	return stamped(u, 8)
}

// stamped is u with its version and the variant of RFC 9562.
func stamped(u [16]byte, version byte) [16]byte {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}

func appendUUID(b []byte, u [16]byte) []byte {
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// uuidBytes is the length of a UUID's text.
const uuidBytes = 36

// parseID finds the number in a UUID, in any case; false if it is none of ours.
func parseID(s string) (int64, bool) {
	u, ok := readUUID(s)
	number := numberIn(u)
	return number, ok && number > 0 && derived(number, "") == u
}

// readUUID reads a UUID, in any case; false if it is none.
func readUUID(s string) (u [16]byte, ok bool) {
	if len(s) != uuidBytes || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(u[:], []byte(digits)); err != nil {
		return u, false
	}
	return u, true
}

// numberIn is the number that a UUID says.
func numberIn(u [16]byte) int64 {
	var text [8]byte
	copy(text[:], u[:6])
	copy(text[6:], u[14:])
	return int64(binary.BigEndian.Uint64(text[:]))
}

// A customer's token is named by the customer's number and its own among the
// customer's, which stands in bytes 10 to 13.

// appendTokenID appends the UUID of a customer's token, in quotes.
func appendTokenID(b []byte, customer, nth int64) []byte {
	return append(appendUUID(append(b, '"'), derivedToken(customer, uint32(nth))), '"')
}

func derivedToken(customer int64, nth uint32) [16]byte {
	u := derived(customer, "token "+strconv.FormatUint(uint64(nth), 10))
	binary.BigEndian.PutUint32(u[10:], nth)
	return u
}

// parseTokenID finds both numbers in the UUID of a customer's token, in any case;
// false if it is none of ours.
func parseTokenID(s string) (customer, nth int64, ok bool) {
	u, ok := readUUID(s)
	customer, n := numberIn(u), binary.BigEndian.Uint32(u[10:])
	return customer, int64(n), ok && customer > 0 && n > 0 && derivedToken(customer, n) == u
}
