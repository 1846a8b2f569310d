package walletv1

import (
	"net/http"

	"purse/api"
	"purse/identity"
	"purse/money"
)

// me answers GET /v1/me, and GET /v1/account, which is what clients of later years
// call it. The scope access_profile is needed; access_email, access_phone and
// access_balance add a member each.
func (d *Door) me(w http.ResponseWriter, r *http.Request) error {
	_, actor, err := d.reader(r)
	if err != nil {
		return err
	}
	p, err := d.Identity.Me(r.Context(), actor)
	if err != nil {
		return err
	}
	balance, err := d.Wallet.Balance(r.Context(), actor)
	if err != nil {
		return err
	}
	b := d.appendBalance(append(make([]byte, 0, answerBytes), `{"data":{"balance":`...), balance)
	b = d.appendPerson(append(b, `,"user":`...), p)
	return api.WriteJSON(w, http.StatusOK, string(append(b, `}}`...)))
}

// appendBalance writes a balance as a string, as callers of these paths expect it;
// null where it is not to be seen.
func (d *Door) appendBalance(b []byte, minor *int64) []byte {
	if minor == nil {
		return append(b, `null`...)
	}
	return append(money.Amount{Minor: *minor, Currency: d.Currency}.Append(append(b, '"')), '"')
}

// appendPerson writes a person with what only few may see of them.
func (d *Door) appendPerson(b []byte, p identity.Person) []byte {
	b = d.appendUser(b, p.User)
	b = appendNullable(append(b[:len(b)-1], `,"email":`...), p.Email)
	b = appendNullable(append(b, `,"phone":`...), p.Phone)
	b = appendInt(append(b, `,"friends_count":`...), p.Friends)
	return append(appendBool(append(b, `,"is_friend":`...), p.Friend), '}')
}
