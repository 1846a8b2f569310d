package identity

import (
	"context"
	"encoding/base64"
	"net/http"

	"purse"
	"purse/ledger"
)

// NewMerchant is a merchant that was made, with its keys: a private and a public one and,
// if there is a Vault, one for orders.
type NewMerchant struct {
	purse.Merchant
	Keys []NewKey
}

// CreateMerchant makes a merchant with an empty balance, whose number is the merchant's
// own, and with keys. It takes the settings that SetMerchant changes from m; a life of 0
// is purse.AuthorizationLife, or for orders purse.OrderLife. logo is the bytes of a
// picture, see SetLogo, or nil. Only operators call it.
//
// Refused with CodeInvalid, CodeRedirect, CodeHook or CodeTooLarge.
func (s *Service) CreateMerchant(ctx context.Context, book purse.BookID, by purse.Operator, m purse.Merchant, logo []byte) (NewMerchant, error) {
	if m.Life == 0 {
		m.Life = purse.AuthorizationLife
	}
	if m.Orders.Life == 0 {
		m.Orders.Life = purse.OrderLife
	}
	home, err := s.Store.Book(ctx, book)
	if err != nil {
		return NewMerchant{}, err
	}
	if m, err = settings(purse.Merchant{}, m, home.Mode); err != nil {
		return NewMerchant{}, err
	}
	picture, err := readLogo(logo)
	if logo != nil && err != nil {
		return NewMerchant{}, err
	}
	kinds := everyKind
	if s.Vault == nil {
		kinds = hubKinds
	}
	drawn, err := s.newKeys(home.Mode, kinds)
	if err != nil {
		return NewMerchant{}, err
	}
	var made NewMerchant
	err = s.Store.Execute(ctx, purse.Command{
		Book: book, // whose time its keys are counted in
		Decide: func(f *purse.Facts) error {
			made.Merchant = m
			made.ID, made.Book, made.Created = purse.MerchantID(f.NextID()), book, f.Now
			f.Put(made.Merchant)
			f.Put(purse.Account{
				Account: ledger.Account{ID: purse.BalanceOf(made.ID), Currency: f.Book.Currency},
				Kind:    purse.Balance,
			})
			if logo != nil {
				picture.Merchant = made.ID
				f.Put(picture)
			}
			made.Keys = giveKeys(f, drawn, made.Merchant, f.Now)
			f.Put(purse.NewAction(f, by, "merchant.create", made.ID.String(), detail(purse.Merchant{}, made.Merchant)))
			return nil
		},
	})
	if err != nil {
		return NewMerchant{}, err
	}
	return made, nil
}

// Merchant finds a merchant.
func (s *Service) Merchant(ctx context.Context, id purse.MerchantID) (purse.Merchant, error) {
	found, err := s.Store.Merchants(ctx, id)
	if err != nil {
		return purse.Merchant{}, err
	}
	m, ok := found[id]
	if !ok {
		return m, purse.Refuse(purse.CodeNotFound, "There is no such merchant.")
	}
	return m, nil
}

// changeMerchant runs a command of the directory about a merchant that is open.
func (s *Service) changeMerchant(ctx context.Context, id purse.MerchantID, needs purse.Needs, decide func(*purse.Facts, purse.Merchant) error) error {
	needs.Merchants = []purse.MerchantID{id}
	return s.Store.Execute(ctx, purse.Command{
		Book: purse.Directory, Needs: needs,
		Decide: func(f *purse.Facts) error {
			m, err := f.Merchant(id)
			if err != nil {
				return err
			}
			if m.Closed != 0 {
				return purse.Refuse(purse.CodeMerchant, "This merchant account is closed.")
			}
			return decide(f, m)
		},
	})
}

// LogoMax is how many bytes a merchant's picture may have.
const LogoMax = 64 << 10

// readLogo finds out by its first bytes what a picture is.
func readLogo(data []byte) (purse.Logo, error) {
	if len(data) > LogoMax {
		return purse.Logo{}, purse.Refuse(purse.CodeTooLarge, "A logo has at most %d KiB.", LogoMax>>10)
	}
	kind := http.DetectContentType(data)
	switch kind {
	case "image/png", "image/jpeg", "image/webp":
		return purse.Logo{Type: kind, Data: base64.StdEncoding.EncodeToString(data)}, nil
	}
	return purse.Logo{}, purse.Refuse(purse.CodeInvalid, "A logo is a PNG, JPEG or WebP picture.")
}

// SetLogo gives a merchant a picture: PNG, JPEG or WebP, at most LogoMax bytes. Only
// operators call it.
//
// Refused with CodeInvalid, CodeTooLarge, CodeNotFound or CodeMerchant.
func (s *Service) SetLogo(ctx context.Context, by purse.Operator, id purse.MerchantID, data []byte) error {
	logo, err := readLogo(data)
	if err != nil {
		return err
	}
	logo.Merchant = id
	return s.changeMerchant(ctx, id, purse.Needs{Logos: []purse.MerchantID{id}}, func(f *purse.Facts, _ purse.Merchant) error {
		f.Put(logo)
		f.Put(purse.NewAction(f, by, "merchant.logo", id.String(), logo.Type))
		return nil
	})
}

// CloseMerchant closes a merchant for good: from then on it can do nothing and gets no
// money, and its keys are for looking only. What is in its balance stays there until an
// operator takes it out (wallet.Redeem); money that waits to be settled goes back to
// who has paid it at its deadline. Only operators call it.
//
// Refused with CodeNotFound or CodeMerchant.
func (s *Service) CloseMerchant(ctx context.Context, by purse.Operator, id purse.MerchantID) error {
	return s.changeMerchant(ctx, id, purse.Needs{}, func(f *purse.Facts, m purse.Merchant) error {
		m.Closed = f.Now
		f.Put(m)
		f.Put(purse.NewAction(f, by, "merchant.close", id.String(), m.Name))
		return nil
	})
}
