package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	headerLinesMax = 100
	bodyBytesMax   = 256 << 10
)

// errMalformed is an answer that is not HTTP/1.1 as we understand it. The
// reading is strict: a generator that guesses may count what never happened.
var errMalformed = errors.New("malformed answer")

func malformed(what string) error { return fmt.Errorf("%w: %s", errMalformed, what) }

// kindOf says whether an answer was unreadable or missing.
func kindOf(err error) Kind {
	if errors.Is(err, errMalformed) {
		return KindMalformed
	}
	return KindUnanswered
}

// answer is one answer of a server.
type answer struct {
	status int
	closes bool   // the connection is over after this
	body   []byte // valid until the next is read
}

// head is what the header lines say about the body and the connection.
type head struct {
	status  int
	length  int // -1: not said
	chunked bool
	closes  bool
}

// readAnswer reads one answer, its body into the room of body if that is
// enough. An error that is not errMalformed is the connection's.
func readAnswer(r *bufio.Reader, body []byte) (answer, error) {
	h, err := readHead(r)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: h.status, closes: h.closes, body: body[:0]}
	switch {
	case h.status == 204 || h.status == 304: // these have no body, whatever they say
	case h.chunked:
		a.body, err = readChunks(r, a.body)
	case h.length >= 0:
		a.body, err = readBytes(r, a.body, h.length)
	default: // the body ends with the connection
		a.closes = true
		a.body, err = readRest(r, a.body)
	}
	return a, err
}

// readLine reads a line without its end. It is valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, malformed("a line is too long")
	}
	if err != nil {
		return nil, err
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, malformed("a line does not end in CR LF")
	}
	return line[:len(line)-2], nil
}

func readHead(r *bufio.Reader) (head, error) {
	h := head{length: -1}
	line, err := readLine(r)
	if err != nil {
		return h, err
	}
	if h.status, h.closes, err = parseStatus(line); err != nil {
		return h, err
	}
	for range headerLinesMax {
		if line, err = readLine(r); err != nil {
			return h, err
		}
		if len(line) == 0 {
			if h.chunked && h.length >= 0 {
				return h, malformed("a body with two lengths")
			}
			return h, nil
		}
		if err = h.field(line); err != nil {
			return h, err
		}
	}
	return h, malformed("too many header lines")
}

// parseStatus reads a line such as "HTTP/1.1 200 OK".
func parseStatus(line []byte) (status int, closes bool, err error) {
	const form = "HTTP/1.x nnn"
	if len(line) < len(form) || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' ||
		(len(line) > len(form) && line[len(form)] != ' ') {
		return 0, false, malformed("no status line")
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, false, malformed("no status line")
		}
		status = status*10 + int(c-'0')
	}
	if status < 200 || status > 599 {
		// An interim answer is one that nobody asked for here.
		return 0, false, malformed("a status that is none")
	}
	switch line[7] {
	case '1':
		return status, false, nil
	case '0':
		return status, true, nil
	}
	return 0, false, malformed("no version that is spoken here")
}

// field takes in one header line.
func (h *head) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
		return malformed("a header line without a name")
	}
	value = bytes.Trim(value, " \t")
	// The lengths spare most lines the comparison.
	switch {
	case len(name) == len("Content-Length") && bytes.EqualFold(name, []byte("Content-Length")):
		n, ok := parseNumber(value, 10)
		if !ok || h.length >= 0 {
			return malformed("a Content-Length that is none, or a second one")
		}
		if n > bodyBytesMax {
			return malformed("a body that is too long")
		}
		h.length = n
	case len(name) == len("Transfer-Encoding") && bytes.EqualFold(name, []byte("Transfer-Encoding")):
		if !bytes.EqualFold(value, []byte("chunked")) || h.chunked {
			return malformed("a transfer encoding that is not spoken here")
		}
		h.chunked = true
	case len(name) == len("Connection") && bytes.EqualFold(name, []byte("Connection")):
		for option := range bytes.SplitSeq(value, []byte(",")) {
			if bytes.EqualFold(bytes.Trim(option, " \t"), []byte("close")) {
				h.closes = true
			}
		}
	}
	return nil
}

// parseNumber reads an unsigned number of at most nine digits: no sign, no
// spaces, nothing that two readers could read differently.
func parseNumber(b []byte, base int) (int, bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		digit := base
		switch {
		case c >= '0' && c <= '9':
			digit = int(c - '0')
		case c >= 'a' && c <= 'f':
			digit = int(c-'a') + 10
		case c >= 'A' && c <= 'F':
			digit = int(c-'A') + 10
		}
		if digit >= base {
			return 0, false
		}
		n = n*base + digit
	}
	return n, true
}

// readBytes appends the next n bytes to b.
func readBytes(r *bufio.Reader, b []byte, n int) ([]byte, error) {
	if len(b)+n > bodyBytesMax {
		return b, malformed("a body that is too long")
	}
	had := len(b)
	if cap(b) < had+n {
		b = append(make([]byte, 0, had+n), b...)
	}
	b = b[:had+n]
	_, err := io.ReadFull(r, b[had:])
	return b, err
}

// readChunks appends a chunked body to b.
func readChunks(r *bufio.Reader, b []byte) ([]byte, error) {
	for {
		line, err := readLine(r)
		if err != nil {
			return b, err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, ok := parseNumber(bytes.TrimRight(size, " \t"), 16)
		if !ok {
			return b, malformed("a chunk without a size")
		}
		if n == 0 {
			return b, readTrailer(r)
		}
		if b, err = readBytes(r, b, n); err != nil {
			return b, err
		}
		if line, err = readLine(r); err != nil {
			return b, err
		}
		if len(line) != 0 {
			return b, malformed("a chunk longer than its size")
		}
	}
}

// readTrailer reads past what may follow the last chunk.
func readTrailer(r *bufio.Reader) error {
	for range headerLinesMax {
		line, err := readLine(r)
		if err != nil || len(line) == 0 {
			return err
		}
	}
	return malformed("too many trailer lines")
}

// readRest appends to b what comes until the connection ends.
func readRest(r *bufio.Reader, b []byte) ([]byte, error) {
	rest, err := io.ReadAll(io.LimitReader(r, bodyBytesMax+1))
	if err != nil {
		return b, err
	}
	if len(rest) > bodyBytesMax {
		return b, malformed("a body that is too long")
	}
	return append(b, rest...), nil
}
