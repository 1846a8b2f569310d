package web

import (
	"encoding/json"
	"io"
	"net/http"

	"purse"
	"purse/api"
)

// passkeyStep is what static/passkey.js sends: "begin", then "finish" with what the
// browser made of the options.
type passkeyStep struct {
	Step     string          `json:"step"`
	Form     string          `json:"form"`
	Ticket   string          `json:"ticket"`
	Name     string          `json:"name"`
	Next     string          `json:"next"`
	Response json.RawMessage `json:"response"`
}

// readStep reads a step.
//
// Refused with CodeInvalid.
func readStep(r *http.Request) (passkeyStep, error) {
	var p passkeyStep
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	if err != nil {
		return p, &purse.Error{Code: purse.CodeInvalid, Message: "The request could not be read.", Err: err}
	}
	if p.Step != "begin" && p.Step != "finish" || !purse.PlainText(p.Name) {
		return p, purse.Refuse(purse.CodeInvalid, "The request could not be read.")
	}
	return p, nil
}

// signInPasskey answers POST /sign-in/passkey.
func (s *Site) signInPasskey(t *turn) error {
	p, err := readStep(t.r)
	if err != nil {
		return err
	}
	if p.Step == "begin" {
		options, ticket, err := s.Identity.BeginPasskeySignIn(t.r.Context())
		if err != nil {
			return err
		}
		return begun(t, options, ticket)
	}
	in, err := s.Identity.FinishPasskeySignIn(t.r.Context(), purse.Secret(p.Ticket), p.Response, t.from())
	if err != nil {
		return err
	}
	next := localPath(p.Next)
	if in.Second != "" {
		http.SetCookie(t.w, s.cookie(secondCookie, in.Second, in.Expires))
		return goOn(t, withNext("/sign-in/code", next))
	}
	if err := s.enter(t, in); err != nil {
		return err
	}
	return goOn(t, next)
}

// provePasskey answers POST /prove/passkey.
func (s *Site) provePasskey(t *turn) error {
	p, err := readStep(t.r)
	if err != nil {
		return err
	}
	if !sameForm(t.session, p.Form) {
		return errForeign
	}
	if p.Step == "begin" {
		options, ticket, err := s.Identity.BeginPasskeyProof(t.r.Context(), t.visitor)
		if err != nil {
			return err
		}
		return begun(t, options, ticket)
	}
	if err := s.Identity.FinishPasskeyProof(t.r.Context(), t.visitor, purse.Secret(p.Ticket), p.Response); err != nil {
		return err
	}
	return goOn(t, localPath(p.Next))
}

// addPasskey answers POST /settings/security/passkey.
func (s *Site) addPasskey(t *turn) error {
	p, err := readStep(t.r)
	if err != nil {
		return err
	}
	if !sameForm(t.session, p.Form) {
		return errForeign
	}
	if p.Step == "begin" {
		options, ticket, err := s.Identity.BeginPasskey(t.r.Context(), t.visitor)
		if err != nil {
			return err
		}
		return begun(t, options, ticket)
	}
	if err := s.Identity.FinishPasskey(t.r.Context(), t.visitor, purse.Secret(p.Ticket), p.Name, p.Response); err != nil {
		return err
	}
	return goOn(t, "/settings/security?done=passkey")
}

// begun answers a first step.
func begun(t *turn, options json.RawMessage, ticket purse.Secret) error {
	b, err := json.Marshal(map[string]any{"options": options, "ticket": string(ticket)})
	if err != nil {
		return err
	}
	return api.WriteJSON(t.w, http.StatusOK, string(b))
}

// goOn answers a last step.
func goOn(t *turn, path string) error {
	b, err := json.Marshal(map[string]string{"go": path})
	if err != nil {
		return err
	}
	return api.WriteJSON(t.w, http.StatusOK, string(b))
}
