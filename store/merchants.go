package store

import (
	"time"

	"purse"
)

// Merchants, their pictures and their keys.

const merchantColumns = `id, book, name, fee_fixed, fee_basis, accepts, life, created, closed,
	order_life, payer_fee, hook, hook_tried, origins, email`

var loadMerchant = &statement{`select ` + merchantColumns + `
from merchants where id = $1`, "i"}

var listMerchants = &statement{`select ` + merchantColumns + `
from merchants where id > $1 order by id limit $2`, "ii"}

func readMerchant(r row) purse.Merchant {
	m := purse.Merchant{
		ID: purse.MerchantID(r.int()), Book: purse.BookID(r.int()), Name: r.text(), Plan: purse.Fee{Fixed: r.int(), Basis: r.int()},
		Accepts: r.int() == 1, Life: time.Duration(r.int()) * time.Microsecond, Created: purse.Time(r.int()), Closed: purse.Time(r.int()),
	}
	m.Orders = purse.OrderTerms{
		Life: time.Duration(r.int()) * time.Microsecond, PayerFee: r.int() == 1, Hook: r.text(), HookTried: purse.Time(r.int()),
	}
	m.Origins, m.Email = r.text(), r.text()
	return m
}

var insertMerchant = &statement{`insert into merchants (` + merchantColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, "iitiiiiiiiititt"}

func packMerchant(_ purse.BookID, v purse.Merchant, a *args) {
	a.int(int64(v.ID)).int(int64(v.Book)).text(v.Name).int(v.Plan.Fixed).int(v.Plan.Basis).bool(v.Accepts)
	a.int(v.Life.Microseconds()).int(int64(v.Created)).int(int64(v.Closed))
	packOrderTerms(v, a)
}

func packOrderTerms(v purse.Merchant, a *args) {
	a.int(v.Orders.Life.Microseconds()).bool(v.Orders.PayerFee).text(v.Orders.Hook).int(int64(v.Orders.HookTried))
	a.text(v.Origins).text(v.Email)
}

var updateMerchant = &statement{`update merchants set name = $2, fee_fixed = $3, fee_basis = $4, accepts = $5, life = $6, closed = $7,
	order_life = $8, payer_fee = $9, hook = $10, hook_tried = $11, origins = $12, email = $13
where id = $1`, "itiiiiiiititt"}

func packMerchantChange(_ purse.BookID, v purse.Merchant, a *args) {
	a.int(int64(v.ID)).text(v.Name).int(v.Plan.Fixed).int(v.Plan.Basis).bool(v.Accepts).int(v.Life.Microseconds()).int(int64(v.Closed))
	packOrderTerms(v, a)
}

var loadLogo = &statement{`select merchant, type, data
from logos where merchant = $1`, "i"}

func readLogo(r row) purse.Logo {
	return purse.Logo{Merchant: purse.MerchantID(r.int()), Type: r.text(), Data: r.text()}
}

var insertLogo = &statement{`insert into logos (merchant, type, data)
values ($1, $2, $3)`, "itt"}

var updateLogo = &statement{`update logos set type = $2, data = $3
where merchant = $1`, "itt"}

func packLogo(_ purse.BookID, v purse.Logo, a *args) {
	a.int(int64(v.Merchant)).text(v.Type).text(v.Data)
}

// API keys.

const keyColumns = `username, merchant, book, kind, hash, secret, created, expires, revoked`

var loadAPIKey = &statement{`select ` + keyColumns + `
from api_keys where username = $1`, "t"}

var loadKeysOf = &statement{`select ` + keyColumns + `
from api_keys where merchant = $1 and revoked < 1 order by username limit 20`, "i"}

// loadAPIKeyAt also tells the time of the key's book.
func loadAPIKeyAt(clock string) *statement {
	return &statement{`select ` + keyColumns + `, ` + clock + ` + (select clock_offset from heads where heads.book = api_keys.book)
from api_keys where username = $1`, "t"}
}

func readAPIKey(r row) purse.APIKey {
	return purse.APIKey{
		Username: r.text(), Merchant: purse.MerchantID(r.int()), Book: purse.BookID(r.int()), Kind: purse.KeyKind(r.text()), Hash: r.text(), Secret: r.text(),
		Created: purse.Time(r.int()), Expires: purse.Time(r.int()), Revoked: purse.Time(r.int()),
	}
}

var insertAPIKey = &statement{`insert into api_keys (` + keyColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, "tiitttiii"}

func packAPIKey(_ purse.BookID, v purse.APIKey, a *args) {
	a.text(v.Username).int(int64(v.Merchant)).int(int64(v.Book)).text(string(v.Kind)).text(v.Hash).text(v.Secret)
	a.int(int64(v.Created)).int(int64(v.Expires)).int(int64(v.Revoked))
}

var updateAPIKey = &statement{`update api_keys set expires = $2, revoked = $3
where username = $1`, "tii"}

func packAPIKeyChange(_ purse.BookID, v purse.APIKey, a *args) {
	a.text(v.Username).int(int64(v.Expires)).int(int64(v.Revoked))
}
