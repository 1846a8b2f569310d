package walletv1

import (
	"context"

	"purse"
)

// person finds the person that a path names, by identifier or by username (wire.md
// A.3), for the viewer to see. The viewer must have been authenticated by a fresh
// read. Text that is all digits without a leading zero is an identifier.
//
// Refused with CodeScope for a viewer without the scope that the path needs, who is
// not even told who is there, and with CodeNotFound for somebody who does not exist,
// has left, or is blocked, whichever of the two did it.
func (d *Door) person(ctx context.Context, viewer purse.Actor, needed purse.Scope, text string) (purse.User, error) {
	if err := viewer.Allows(needed); err != nil {
		return purse.User{}, err
	}
	if id, ok := parseID(text); ok {
		return d.Wallet.Person(ctx, viewer, purse.UserID(id))
	}
	return d.Wallet.PersonNamed(ctx, viewer, text)
}
