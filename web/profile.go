package web

import (
	"purse"
	"purse/identity"
)

// audiences are who may see a payment, with one of them chosen.
func audiences(chosen purse.Audience) []choice {
	return []choice{
		{string(purse.Private), "Private", "Only you and the one you pay or ask.", chosen == purse.Private},
		{string(purse.Friends), "Friends", "Your friends and theirs, too.", chosen == purse.Friends},
		{string(purse.Public), "Public", "Everybody.", chosen == purse.Public},
	}
}

// showProfile answers GET /settings.
func (s *Site) showProfile(t *turn) error {
	u := t.visitor.User
	p := profilePage{
		Layout: s.settings(t, "/settings", "Profile"), FirstName: u.FirstName, LastName: u.LastName, About: u.About,
		Typed: u.Username, Audiences: audiences(u.Audience), HidesFriends: u.HidesFriends,
	}
	switch t.faultAt {
	case "profile":
		p.FirstName, p.LastName, p.About = t.text("first_name"), t.text("last_name"), t.text("about")
		p.Audiences, p.HidesFriends = audiences(purse.Audience(t.form.Get("audience"))), t.ticked("hides_friends")
	case "username":
		p.Typed = t.text("username")
	}
	return render(t.w, t.status(), "profile", p)
}

// changeProfile answers POST /settings.
func (s *Site) changeProfile(t *turn) error {
	again := func() error { return s.showProfile(t) }
	return act{
		"profile": func() error {
			audience, err := purse.ParseAudience(t.form.Get("audience"))
			if err == nil {
				err = s.Identity.ChangeProfile(t.r.Context(), t.visitor, identity.Profile{
					FirstName: t.text("first_name"), LastName: t.text("last_name"), About: t.text("about"),
					Audience: audience, HidesFriends: t.ticked("hides_friends"),
				})
			}
			return t.after(err, "profile", "/settings", "profile", again)
		},
		"username": func() error {
			err := s.Identity.Rename(t.r.Context(), t.visitor, username(t.text("username")))
			return t.after(err, "username", "/settings", "username", again)
		},
	}.do(t)
}
