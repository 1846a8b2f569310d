package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"purse"
)

// Params is the parameters of a request, by name. The query, a form body and a
// JSON body are one map, because callers of the wallet API use all of them
// (wire.md A.1): values in the body win over the query. Numbers keep the text in
// which they were sent.
type Params map[string]string

// paramsMax bounds how many parameters a request may have.
const paramsMax = 100

// ReadParams reads the parameters of r. A body whose first character is '{' is
// JSON whatever its content type says.
//
// Refused with CodeInvalid or CodeTooLarge.
func ReadParams(r *http.Request) (Params, error) {
	p := Params{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &purse.Error{Code: purse.CodeInvalid, Message: "The query could not be read.", Err: err}
	}
	if err := p.add(query); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, TooLarge(err)
	}
	switch body = bytes.TrimSpace(body); {
	case len(body) == 0:
	case body[0] == '{':
		err = p.addJSON(body)
	default:
		kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if kind == "multipart/form-data" {
			err = p.addMultipart(body, options["boundary"])
			break
		}
		var form url.Values
		if form, err = url.ParseQuery(string(body)); err == nil {
			err = p.add(form)
		}
	}
	switch {
	case errors.Is(err, errTwoTokens):
		return nil, err
	case err != nil:
		return nil, &purse.Error{Code: purse.CodeInvalid, Message: "The body could not be read.", Err: err}
	}
	return p, p.check()
}

func (p Params) add(values url.Values) error {
	for name, v := range values {
		for _, value := range v {
			if err := p.set(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// errTwoTokens is the refusal of a request that leaves open on whose behalf it is.
var errTwoTokens = purse.Refuse(purse.CodeInvalid, "The request carries two different access tokens.")

// set takes a value; a later one wins, but no token wins over another.
func (p Params) set(name, value string) error {
	if before := p.Get(name); name == TokenParam && before != "" {
		if value = strings.TrimSpace(value); value != "" && value != before {
			return errTwoTokens
		}
		return nil
	}
	p[name] = value
	return nil
}

// addJSON takes the members of an object that have a plain value. null counts as
// absent; members that are objects or lists are extras of some clients, which
// the wallet API ignores, and are kept as their text for the fingerprint.
func (p Params) addJSON(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8") // the decoder would put something else in its place
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	for name, raw := range members {
		text := string(raw) // a number or a word, as it was sent
		switch raw[0] {
		case 'n':
			continue
		case '"':
			if text = text[1 : len(text)-1]; strings.Contains(text, `\`) {
				if err := json.Unmarshal(raw, &text); err != nil {
					return err
				}
			}
		case '{', '[':
			var compact bytes.Buffer // without the line ends between its members
			if err := json.Compact(&compact, raw); err != nil {
				return err
			}
			text = compact.String()
		}
		if err := p.set(name, text); err != nil {
			return err
		}
	}
	return nil
}

func (p Params) addMultipart(body []byte, boundary string) error {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(BodyBytesMax)
	if err != nil {
		return err
	}
	return errors.Join(p.add(form.Value), form.RemoveAll())
}

// check refuses what a database would refuse in the middle of a batch.
func (p Params) check() error {
	if len(p) > paramsMax {
		return purse.Refuse(purse.CodeInvalid, "A request has at most %d parameters.", paramsMax)
	}
	for name, value := range p {
		// Browsers send the line ends of a text field so.
		value = strings.ReplaceAll(value, "\r\n", "\n")
		p[name] = value
		if !purse.PlainText(name) || !purse.PlainText(value) {
			return purse.Refuse(purse.CodeInvalid, "A parameter holds control characters or is not UTF-8.")
		}
	}
	return nil
}

// Get returns a parameter without the space around it; a blank one is as good
// as absent, because callers send recipients that they do not use as blanks.
func (p Params) Get(name string) string { return strings.TrimSpace(p[name]) }

// ReadRequest reads the parameters of r and the credential that came with them.
//
// Refused as ReadParams and Token.
func ReadRequest(r *http.Request) (Params, purse.Secret, error) {
	p, err := ReadParams(r)
	if err != nil {
		return nil, "", err
	}
	token, err := Token(r, p)
	return p, token, err
}

// TokenParam is the parameter that may carry the access token.
const TokenParam = "access_token"

// Token finds the credential of r: in the Authorization header, else among the
// parameters. The same token in both places is fine.
//
// Refused with CodeInvalid if there are two different ones.
func Token(r *http.Request, p Params) (purse.Secret, error) {
	given := p.Get(TokenParam)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return purse.Secret(given), nil
	}
	if given != "" && given != token {
		return "", errTwoTokens
	}
	return purse.Secret(token), nil
}

// OnceHeader is the header that makes a request repeatable.
const OnceHeader = "Idempotency-Key"

// Once makes what a command needs to recognise a repetition of r. key is what
// the door takes for the key when the header is absent, often nothing. The
// fingerprint covers method, path and parameters without the token, and view: what
// the caller may see of the answer, where that depends on the credential. So a
// stored answer never shows more to another token of the same principal.
//
// Refused with CodeInvalid.
func Once(r *http.Request, p Params, key string, principal purse.Principal, view string) (purse.Once, error) {
	if header := r.Header.Get(OnceHeader); header != "" {
		key = header
	}
	return once(key, principal, func() string { return fingerprint(r, p, view) })
}

// OnceBody is Once for a door whose requests are JSON: the fingerprint covers
// method, path, the body and view. The body must be JSON in one form, such as
// json.Compact gives it.
//
// Refused with CodeInvalid.
func OnceBody(r *http.Request, body []byte, principal purse.Principal, view string) (purse.Once, error) {
	return once(r.Header.Get(OnceHeader), principal, func() string {
		return sealed(append(append(append(append(asked(r), '\n'), body...), '\n'), view...))
	})
}

func once(key string, principal purse.Principal, print func() string) (purse.Once, error) {
	if key == "" {
		return purse.Once{}, nil
	}
	if err := purse.CheckOnceKey(key); err != nil {
		return purse.Once{}, err
	}
	return purse.Once{Principal: principal, Key: key, Fingerprint: print()}, nil
}

func fingerprint(r *http.Request, p Params, view string) string {
	b := asked(r)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name != TokenParam {
			b = append(append(append(append(b, '\n'), url.QueryEscape(name)...), '='), url.QueryEscape(p.Get(name))...)
		}
	}
	return sealed(append(append(b, '\n'), view...))
}

// asked is what every fingerprint begins with. It is escaped, as names and values
// are, so that no path and no value can pass for another parameter.
func asked(r *http.Request) []byte {
	b := make([]byte, 0, 256)
	return append(append(append(b, r.Method...), ' '), url.PathEscape(r.URL.Path)...)
}

func sealed(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
