package identity

import (
	"context"
	"crypto/subtle"
	"strconv"

	"purse"
)

// ClientSecret draws the secret of an app, and what is stored of it.
func ClientSecret() (secret purse.Secret, hash string) {
	secret = newSecret(clientPrefix)
	hash, _ = hashSecret(clientPrefix, secret)
	return secret, hash
}

// CreateApp registers a program that people may let in, for the operator: it has
// no owner. Without a hash in a.Secret it is a public client; see ClientSecret.
// Without a day's cap it gets that of the book. Only operators call it.
//
// Refused with CodeInvalid or CodeRedirect.
func (s *Service) CreateApp(ctx context.Context, book purse.BookID, by purse.Operator, a purse.App) (purse.App, error) {
	if err := a.Check(); err != nil {
		return purse.App{}, err
	}
	redirects, err := checkRedirects(a.RedirectURIs())
	if err != nil {
		return purse.App{}, err
	}
	made := a
	err = s.Store.Execute(ctx, purse.Command{
		Book: book,
		Decide: func(f *purse.Facts) error {
			made.ID, made.Created, made.Redirects, made.DayCap = purse.AppID(f.NextID()), f.Now, redirects, a.DayCap
			if a.DayCap == 0 {
				made.DayCap = f.Book.Terms.AppCap
			}
			f.Put(made)
			f.Put(purse.NewAction(f, by, "app.create", made.ID.String(), made.Name))
			return nil
		},
	})
	return made, err
}

// AppRequest asks for an app.
type AppRequest struct {
	Name      string
	Redirects []string // the first is the default
	Public    bool     // cannot keep a secret: runs in browsers or on people's devices
	Implicit  bool     // may have tokens without a code
}

// NewApp is an app that was registered. The secret is shown this once; a public
// client has none.
type NewApp struct {
	purse.App
	Secret purse.Secret
}

// RegisterApp registers a person's own app.
//
// Refused with CodeProve, CodeInvalid, CodeMissing, CodeRedirect, CodeSignedOut or
// CodeLimit.
func (s *Service) RegisterApp(ctx context.Context, v Visitor, req AppRequest) (NewApp, error) {
	if err := Fresh(v); err != nil {
		return NewApp{}, err
	}
	redirects, err := appTexts(req.Name, req.Redirects)
	if err != nil {
		return NewApp{}, err
	}
	home, err := s.Store.Book(ctx, v.User.Book)
	if err != nil {
		return NewApp{}, err
	}
	made := NewApp{App: purse.App{
		Name: req.Name, Medium: purse.MediumAPI, Owner: v.User.ID, Redirects: redirects, Implicit: req.Implicit, DayCap: home.Terms.AppCap,
	}}
	if !req.Public {
		made.Secret, made.App.Secret = ClientSecret()
	}
	needs := purse.Needs{AppsOf: []purse.UserID{v.User.ID}}
	err = s.oauthCommand(ctx, v, needs, func(f *purse.Facts) error {
		have, err := f.AppsOf(v.User.ID)
		if err != nil {
			return err
		}
		if len(have) >= purse.AppsMax {
			return purse.Refuse(purse.CodeLimit, "You have %d apps. Close one first.", purse.AppsMax)
		}
		made.ID, made.Created = purse.AppID(f.NextID()), f.Now
		f.Put(made.App)
		return nil
	})
	if err != nil {
		return NewApp{}, err
	}
	return made, nil
}

// appTexts checks what a person says of an app, and writes the redirect URIs as
// they are kept.
func appTexts(name string, redirects []string) (string, error) {
	if err := (purse.App{Name: name, Medium: purse.MediumAPI}).Check(); err != nil {
		return "", err
	}
	if len(redirects) == 0 {
		return "", purse.Refuse(purse.CodeMissing, "An app needs a redirect URI.")
	}
	return checkRedirects(redirects)
}

// oauthCommand runs a command of the directory for a person on our own pages, whose
// session must still be good.
func (s *Service) oauthCommand(ctx context.Context, v Visitor, needs purse.Needs, decide func(*purse.Facts) error) error {
	needs.Sessions = append(needs.Sessions[:len(needs.Sessions):len(needs.Sessions)], v.Session.Hash)
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Principal: v.Actor.Principal(), Needs: needs,
		Decide: func(f *purse.Facts) error {
			if err := here(f, v); err != nil {
				return err
			}
			return decide(f)
		},
	})
}

// changeApp changes an app of v's own. Somebody else's does not exist, and neither
// does one that was closed.
func (s *Service) changeApp(ctx context.Context, v Visitor, id purse.AppID, change func(*purse.Facts, *purse.App) error) error {
	if err := Fresh(v); err != nil {
		return err
	}
	return s.oauthCommand(ctx, v, purse.Needs{Apps: []purse.AppID{id}}, func(f *purse.Facts) error {
		app, err := f.App(id)
		if err != nil {
			return err
		}
		if app.Owner != v.User.ID || app.Closed != 0 {
			return purse.Refuse(purse.CodeNotFound, "There is no such app.")
		}
		if err := change(f, &app); err != nil {
			return err
		}
		f.Put(app)
		return nil
	})
}

// ChangeApp gives an app of the visitor's a name and redirect URIs.
//
// Refused with CodeProve, CodeInvalid, CodeMissing, CodeRedirect, CodeSignedOut or
// CodeNotFound.
func (s *Service) ChangeApp(ctx context.Context, v Visitor, id purse.AppID, name string, redirects []string) error {
	list, err := appTexts(name, redirects)
	if err != nil {
		return err
	}
	return s.changeApp(ctx, v, id, func(_ *purse.Facts, app *purse.App) error {
		app.Name, app.Redirects = name, list
		return nil
	})
}

// RotateSecret gives an app of the visitor's a new secret, shown this once; the old
// one is no longer taken. The app's tokens stay good.
//
// Refused with CodeProve, CodeSignedOut, CodeNotFound or, for a public client,
// CodeInvalid.
func (s *Service) RotateSecret(ctx context.Context, v Visitor, id purse.AppID) (purse.Secret, error) {
	secret, hash := ClientSecret()
	err := s.changeApp(ctx, v, id, func(_ *purse.Facts, app *purse.App) error {
		if app.Secret == "" {
			return purse.Refuse(purse.CodeInvalid, "A public client has no secret.")
		}
		app.Secret = hash
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// CloseApp closes an app of the visitor's for good. From then on nobody can let it
// in, and none of its tokens works, refresh tokens included: that is looked at when
// they are used, so that it does not matter how many there are.
//
// Refused with CodeProve, CodeSignedOut or CodeNotFound.
func (s *Service) CloseApp(ctx context.Context, v Visitor, id purse.AppID) error {
	return s.changeApp(ctx, v, id, func(f *purse.Facts, app *purse.App) error {
		app.Closed = f.Now
		return nil
	})
}

// AppsOf lists the visitor's open apps, oldest first.
func (s *Service) AppsOf(ctx context.Context, v Visitor) ([]purse.App, error) {
	return s.Store.AppsOf(ctx, v.User.ID)
}

// ClientAuth is how an app says which one it is.
type ClientAuth struct {
	ID     string
	Secret purse.Secret // empty: a public client
}

// check refuses who is not the app, or an app that was closed.
func (c ClientAuth) check(app purse.App) error {
	if err := app.Open(); err != nil {
		return err
	}
	hash, ok := hashSecret(clientPrefix, c.Secret)
	switch {
	case app.Secret == "" && c.Secret == "":
		return nil
	case app.Secret == "":
		return purse.Refuse(purse.CodeClientSecret, "This app is a public client and has no secret.")
	case !ok || subtle.ConstantTimeCompare([]byte(hash), []byte(app.Secret)) != 1:
		return purse.Refuse(purse.CodeClientSecret, "This is not the app's secret.")
	}
	return nil
}

// appNamed finds an app by its client id.
//
// Refused with CodeMissing or CodeClient.
func (s *Service) appNamed(ctx context.Context, clientID string) (purse.App, error) {
	if clientID == "" {
		return purse.App{}, purse.Refuse(purse.CodeMissing, "Pass the client_id.")
	}
	none := purse.Refuse(purse.CodeClient, "There is no app with this client_id.")
	id, err := strconv.ParseInt(clientID, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != clientID {
		return purse.App{}, none
	}
	apps, err := s.Store.Apps(ctx, purse.AppID(id))
	if err != nil {
		return purse.App{}, err
	}
	app, ok := apps[purse.AppID(id)]
	if !ok {
		return purse.App{}, none
	}
	return app, app.Open()
}

// client finds the app that asks. Its commands check it once more.
//
// Refused with CodeMissing, CodeClient or CodeClientSecret.
func (s *Service) client(ctx context.Context, c ClientAuth) (purse.App, error) {
	app, err := s.appNamed(ctx, c.ID)
	if err != nil {
		return purse.App{}, err
	}
	if err := c.check(app); err != nil {
		return purse.App{}, err
	}
	if hash, ok := hashSecret(clientPrefix, c.Secret); ok {
		s.known.put(purse.TokenHash(hash), purse.Actor{App: app.ID, Token: purse.TokenHash(hash)})
	}
	return app, nil
}

// KnownClient names an app that has proved who it is before, without reading. The
// name is for counting what it asks; see Known. Public clients prove nothing.
func (s *Service) KnownClient(c ClientAuth) (purse.TokenHash, bool) {
	hash, ok := hashSecret(clientPrefix, c.Secret)
	if !ok {
		return "", false
	}
	a, ok := s.known.get(purse.TokenHash(hash))
	if !ok || a.App.String() != c.ID {
		return "", false
	}
	return purse.TokenHash(hash), true
}
