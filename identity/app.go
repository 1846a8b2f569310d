package identity

import (
	"context"

	"purse"
)

// CreateApp registers a program that people may let in. Only operators call it.
//
// Refused with CodeInvalid.
func (s *Service) CreateApp(ctx context.Context, book purse.BookID, by purse.Operator, a purse.App) (purse.App, error) {
	if err := a.Check(); err != nil {
		return purse.App{}, err
	}
	made := a
	err := s.Store.Execute(ctx, purse.Command{
		Book: book,
		Decide: func(f *purse.Facts) error {
			made.ID, made.Created = purse.AppID(f.NextID()), f.Now
			f.Put(made)
			f.Put(purse.NewAction(f, by, "app.create", made.ID.String(), made.Name))
			return nil
		},
	})
	return made, err
}
