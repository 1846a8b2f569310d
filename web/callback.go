package web

import (
	"net/http"
)

// showCallback answers GET /sandbox/callback: what an app would see when somebody
// who was asked to let it in comes back, and what it would do next. It is for those
// who try OAuth out before they have an app that could be called.
func (s *Site) showCallback(t *turn) error {
	p := callbackPage{
		Layout: s.layout(t, "Back at the app"), Code: t.query("code"), State: t.query("state"), Token: t.query("access_token"),
		Error: t.query("error"), Message: t.query("message"), Endpoint: s.PublicURL + "/v1/oauth/access_token",
	}
	if p.Code == "" && p.Token == "" && p.Error == "" {
		p.Title = "Back again"
	}
	return render(t.w, http.StatusOK, "callback", p)
}
