package web

import (
	"net/http"
	"slices"
)

// homeTiles are the ways on from the front page.
var homeTiles = []tile{
	{"/activity", "Activity", "What has come into your wallet, and what has left it."},
	{"/settings", "Profile", "Your name, username, and who sees your payments."},
	{"/settings/contacts", "Contacts", "The addresses by which people find you."},
	{"/settings/security", "Security", "Password, authenticator app, passkeys, and where you are signed in."},
	{"/settings/friends", "Friends", "Who they are, who asks, and whom you trust."},
	{"/settings/apps", "Apps", "What you have let in, and what each may do."},
	{"/settings/merchants", "Merchants", "Who may take payments without asking each time."},
	{"/settings/developer", "Developer", "Apps that you make for others."},
}

// home answers GET /.
func (s *Site) home(t *turn) error {
	p := homePage{Layout: s.layout(t, "Welcome")}
	if t.session != "" {
		p.FirstName, p.Tiles = t.visitor.User.FirstName, homeTiles
		desks, err := s.Desk.Desks(t.r.Context(), t.visitor.Actor)
		if err != nil {
			return err
		}
		if len(desks) > 0 {
			p.Tiles = slices.Insert(slices.Clone(homeTiles), 1, deskTile)
		}
	}
	return render(t.w, http.StatusOK, "home", p)
}
