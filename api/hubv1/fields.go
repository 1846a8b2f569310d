package hubv1

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"purse"
	"purse/api"
)

// fieldError says what is wrong with a field of a request.
type fieldError struct{ field, text string }

// fieldsError refuses a request and names the fields that are wrong. It carries
// CodeInvalid.
type fieldsError struct{ fields []fieldError }

const fieldsMessage = "Field error(s)"

func (e *fieldsError) Error() string { return string(purse.CodeInvalid) + ": " + fieldsMessage }

// Unwrap lets purse.CodeOf find the code.
func (*fieldsError) Unwrap() error { return purse.Refuse(purse.CodeInvalid, fieldsMessage) }

// wrong refuses a request because of one field.
func wrong(field, text string) error { return &fieldsError{[]fieldError{{field, text}}} }

// The words that callers read about a field.
const (
	isEmpty      = "may not be empty"
	isNoText     = "must be a text"
	isNoInteger  = "must be an integer"
	isNotOver0   = "must be positive"
	isNoFlag     = "must be true or false"
	isNoObject   = "must be an object"
	isNoList     = "must be a list of objects"
	isNoWord     = "is none of the known values: "
	isUnreadable = "is not valid"
)

// amountMax is the largest amount on the wire (wire.md B.1).
const amountMax = 99_999_999_999

// form reads the fields of an object and collects what is wrong with them.
type form struct {
	object api.Object
	path   string // before the names of the fields; ends with a dot unless it is empty
	faults *[]fieldError
}

func newForm(o api.Object) form { return form{o, "", &[]fieldError{}} }

// err refuses the request if a field was wrong.
func (f form) err() error {
	if len(*f.faults) == 0 {
		return nil
	}
	return &fieldsError{*f.faults}
}

func (f form) wrong(name, text string) {
	*f.faults = append(*f.faults, fieldError{f.path + name, text})
}

// knows refuses fields that are not among names.
//
// Refused with CodeField.
func (f form) knows(names ...string) error {
	var unknown []string
	for _, m := range f.object {
		if !slices.Contains(names, m.Name) {
			unknown = append(unknown, f.path+m.Name)
		}
	}
	if len(unknown) > 0 {
		return purse.Refuse(purse.CodeField, "The request has fields that are not known here: %s.", strings.Join(unknown, ", "))
	}
	return nil
}

// need says that a field must be there.
func (f form) need(name string) { f.wrong(name, isEmpty) }

// text reads a text of at most most bytes; empty if it is absent.
func (f form) text(name string, most int) string {
	switch v := f.object.Get(name).(type) {
	case nil:
	case string:
		if len(v) <= most {
			return v
		}
		f.wrong(name, "size must be between 0 and "+strconv.Itoa(most))
	default:
		f.wrong(name, isNoText)
	}
	return ""
}

// required reads a text that must be there and pass a check.
func (f form) required(name string, most int, check func(string) error) string {
	before := len(*f.faults)
	text := f.text(name, most)
	if len(*f.faults) > before {
		return ""
	}
	if text == "" {
		f.need(name)
		return ""
	}
	if check != nil {
		if err := check(text); err != nil {
			f.wrong(name, messageOf(err))
		}
	}
	return text
}

// word reads one of several words that must be there.
func (f form) word(name string, words ...string) string {
	text := f.required(name, textMax, nil)
	if text != "" && !slices.Contains(words, text) {
		f.wrong(name, isNoWord+strings.Join(words, ", "))
	}
	return text
}

// amount reads minor units: an integer without a point or an exponent.
func (f form) amount(name string, needed bool) int64 {
	switch v := f.object.Get(name).(type) {
	case nil:
		if needed {
			f.need(name)
		}
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange) || n > amountMax:
			f.wrong(name, "must be less than or equal to "+strconv.Itoa(amountMax))
		case err != nil:
			f.wrong(name, isNoInteger)
		case n <= 0:
			f.wrong(name, isNotOver0)
		default:
			return n
		}
	default:
		f.wrong(name, isNoInteger)
	}
	return 0
}

// flag reads a boolean.
func (f form) flag(name string, usual bool) bool {
	switch v := f.object.Get(name).(type) {
	case nil:
		return usual
	case bool:
		return v
	}
	f.wrong(name, isNoFlag)
	return usual
}

// child reads an object in the object; an absent one has no members.
func (f form) child(name string) form {
	inner := form{nil, f.path + name + ".", f.faults}
	switch v := f.object.Get(name).(type) {
	case nil:
	case api.Object:
		inner.object = v
	default:
		f.wrong(name, isNoObject)
	}
	return inner
}

// raw reads an object that is kept as it is; nil if it is absent.
func (f form) raw(name string) json.RawMessage {
	switch v := f.object.Get(name).(type) {
	case nil:
		return nil
	case api.Object:
		return api.AppendValue(nil, v)
	}
	f.wrong(name, isNoObject)
	return nil
}

// messageOf is what an error says to people.
func messageOf(err error) string {
	if e, ok := errors.AsType[*purse.Error](err); ok {
		return e.Message
	}
	return isUnreadable
}
