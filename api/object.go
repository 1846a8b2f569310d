package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"purse"
)

// Object is a JSON object as it was sent, in its order and without the members
// that are null: some callers write null for what they do not mean (wire.md D.2).
// A value is a string, a json.Number with the text that was sent, a bool, an Object
// or a List.
type Object []Member

// Member is a named value of an Object.
type Member struct {
	Name  string
	Value any
}

// List is a JSON list, without what was null in it.
type List []any

// TextError refuses a text that cannot be stored. It carries CodeInvalid.
type TextError struct{ Path string } // to the text: the names of its members with dots between

func (e *TextError) Error() string { return string(purse.CodeInvalid) + ": " + e.message() }

func (e *TextError) message() string { return e.Path + " must not contain control characters." }

// Unwrap lets purse.CodeOf find the code.
func (e *TextError) Unwrap() error { return purse.Refuse(purse.CodeInvalid, "%s", e.message()) }

// depthMax bounds how deep the objects of a request may lie in each other.
const depthMax = 16

// Get finds a value; nil if there is none of that name.
func (o Object) Get(name string) any {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// ReadObject reads the body of r, which is one JSON object without doubles, whatever
// its content type says. Of a request with an idempotency key also the text is given,
// without the space between its members.
//
// Refused with CodeField, CodeTooLarge, or a TextError.
func ReadObject(r *http.Request) (Object, []byte, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, TooLarge(err)
	}
	o, err := ParseObject(text)
	if err != nil {
		if _, ok := errors.AsType[*TextError](err); ok {
			return nil, nil, err
		}
		return nil, nil, &purse.Error{Code: purse.CodeField, Message: "The body is not a JSON object: " + err.Error() + ".", Err: err}
	}
	if r.Header.Get(OnceHeader) == "" { // nobody compares it
		return o, nil, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, nil, err
	}
	return o, compact.Bytes(), nil
}

var (
	errEncoding  = errors.New("it is not UTF-8")
	errSyntax    = errors.New("it cannot be parsed")
	errDepth     = errors.New("it is nested too deep")
	errDuplicate = errors.New("a member is there twice")
	errNoObject  = errors.New("it begins with something else")
)

// ParseObject reads one JSON object. The errors that are no TextError end a sentence.
func ParseObject(text []byte) (Object, error) {
	if !utf8.Valid(text) {
		return nil, errEncoding // the decoder would put something else in its place
	}
	if !json.Valid(text) {
		return nil, errSyntax
	}
	p := parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(Object)
	if !ok {
		return nil, errNoObject
	}
	return o, nil
}

// parser reads text that is valid JSON.
type parser struct {
	text []byte
	at   int
	path []string // where it is
}

// next skips space, and the commas and colons of valid JSON, and looks at what
// follows.
func (p *parser) next() byte {
	for {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.at++
		default:
			return c
		}
	}
}

func (p *parser) value(depth int) (any, error) {
	if depth > depthMax {
		return nil, errDepth
	}
	switch p.next() {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		s, err := p.string()
		if err == nil && !purse.PlainText(s) {
			err = &TextError{strings.Join(p.path, ".")}
		}
		return s, err
	}
	return p.word(), nil
}

// word reads a number or one of the three words.
func (p *parser) word() any {
	from := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,]}", p.text[p.at]) < 0 {
		p.at++
	}
	switch word := string(p.text[from:p.at]); word {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	default:
		return json.Number(word)
	}
}

// string reads a string. Few have an escape in them.
func (p *parser) string() (s string, err error) {
	from, escaped := p.at, false
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			escaped = true
			p.at++
		}
	}
	p.at++
	if !escaped {
		return string(p.text[from+1 : p.at-1]), nil
	}
	if json.Unmarshal(p.text[from:p.at], &s) != nil {
		return "", errSyntax
	}
	return s, nil
}

func (p *parser) object(depth int) (any, error) {
	o := Object{}
	var names []string
	for p.at++; p.next() != '}'; {
		name, err := p.string()
		if err != nil || !purse.PlainText(name) {
			return nil, errSyntax
		}
		names = append(names, name)
		p.path = append(p.path, name)
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		if v != nil {
			o = append(o, Member{name, v})
		}
	}
	p.at++
	slices.Sort(names)
	if len(slices.Compact(names)) < len(names) {
		return nil, errDuplicate
	}
	return o, nil
}

func (p *parser) list(depth int) (any, error) {
	l := List{}
	for p.at++; p.next() != ']'; {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v != nil {
			l = append(l, v)
		}
	}
	p.at++
	return l, nil
}

// AppendValue writes a value of an Object as JSON again.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return purse.AppendQuoted(b, v)
	case json.Number:
		return append(b, v...)
	case bool:
		return strconv.AppendBool(b, v)
	case List:
		b = append(b, '[')
		for i, one := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendValue(b, one)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendValue(append(purse.AppendQuoted(b, m.Name), ':'), m.Value)
		}
		return append(b, '}')
	}
	return append(b, `null`...)
}
