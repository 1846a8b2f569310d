package walletv1

import (
	"net/http"

	"purse"
	"purse/api"
	"purse/identity"
)

// The headers and parameters of the app-style sign-in (wire.md A.8).
const (
	deviceHeader = "device-id"
	secondHeader = "venmo-otp-secret"
	codeHeader   = "venmo-otp"
	nameParam    = "phone_email_or_username"
)

// signsIn says whether a request for a token is an app's that knows a person's
// password, or has a code that completes such a sign-in.
func signsIn(r *http.Request, p api.Params) bool {
	return p.Get(nameParam) != "" || r.Header.Get(secondHeader) != ""
}

// appSignIn answers such a request: 201 and a token, or 401 with the code 81109 and
// the header venmo-otp-secret if a second factor is needed.
func (d *Door) appSignIn(w http.ResponseWriter, r *http.Request, p api.Params) error {
	if err := d.Rates.Allow(r, ""); err != nil {
		return err
	}
	if id := p.Get("client_id"); id != "" && id != purse.SignInApp.String() {
		return purse.Refuse(purse.CodeClient, "The client_id of this sign-in is 1.")
	}
	from := identity.From{Remote: api.Remote(r), Agent: r.UserAgent()}
	var given identity.Given
	var err error
	if second := purse.Secret(r.Header.Get(secondHeader)); second != "" {
		code := r.Header.Get(codeHeader)
		if code == "" {
			return purse.Refuse(purse.CodeMissing, "Pass the code in the header venmo-otp.")
		}
		given, err = d.Identity.SignInAppSecond(r.Context(), second, code, from)
	} else {
		var needed purse.Secret
		given, needed, err = d.Identity.SignInApp(r.Context(), identity.AppSignIn{
			Name: p.Get(nameParam), Password: p["password"], Device: r.Header.Get(deviceHeader),
		}, from)
		if err == nil && needed != "" {
			w.Header().Set(secondHeader, string(needed))
			return purse.Refuse(purse.CodeSecond, "Additional authentication is required")
		}
	}
	if err != nil {
		return err
	}
	body, err := d.encodeGiven(r.Context(), given)
	if err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusCreated, string(body))
}

// sendSecond answers POST /v1/account/two-factor/token: it sends a code by a text
// message, if the person has a verified phone; a code of an authenticator app will
// do in any case.
func (d *Door) sendSecond(w http.ResponseWriter, r *http.Request) error {
	if _, err := api.ReadParams(r); err != nil {
		return err
	}
	if err := d.Rates.Allow(r, ""); err != nil {
		return err
	}
	switch err := d.Identity.SendSecond(r.Context(), purse.Secret(r.Header.Get(secondHeader))); purse.CodeOf(err) {
	case purse.CodeInvalid: // nobody to send it to, so the person has an authenticator app
		return api.WriteJSON(w, http.StatusOK, `{"data":{"status":"authenticator"}}`)
	default:
		if err != nil {
			return err
		}
		return api.WriteJSON(w, http.StatusOK, `{"data":{"status":"sent"}}`)
	}
}

// trustDevice answers POST /v1/users/devices: the device that the header device-id
// names needs no second factor from now on.
func (d *Door) trustDevice(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	device := r.Header.Get(deviceHeader)
	if device == "" {
		device = p.Get("device_id")
	}
	if err := d.Identity.TrustDevice(r.Context(), actor, device); err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, `{"data":{"status":"trusted"}}`)
}
