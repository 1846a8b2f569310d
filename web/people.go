package web

import (
	"context"
	"encoding/json"
	"io"

	"purse"
	"purse/identity"
	"purse/wallet"
)

// people is what the pages ask of package
type people interface {
	SignUp(ctx context.Context, book purse.BookID, req identity.SignUpRequest, from identity.From) (identity.SignedIn, error)
	SignIn(ctx context.Context, req identity.SignInRequest, from identity.From) (identity.SignedIn, error)
	SignInSecond(ctx context.Context, second purse.Secret, code string, from identity.From) (identity.SignedIn, error)
	SendSecond(ctx context.Context, second purse.Secret) error
	Visit(ctx context.Context, session purse.Secret) (identity.Visitor, error)
	SignOut(ctx context.Context, v identity.Visitor) error
	Sessions(ctx context.Context, v identity.Visitor) ([]purse.Session, error)
	EndSession(ctx context.Context, v identity.Visitor, id purse.SessionID) error
	EndOtherSessions(ctx context.Context, v identity.Visitor) error
	Prove(ctx context.Context, v identity.Visitor, password, code string) error
	ChangePassword(ctx context.Context, v identity.Visitor, password string) error
	AskReset(ctx context.Context, name string, from identity.From) error
	ResetPassword(ctx context.Context, secret purse.Secret, password string) error
	ChangeProfile(ctx context.Context, v identity.Visitor, p identity.Profile) error
	Rename(ctx context.Context, v identity.Visitor, username string) error
	Close(ctx context.Context, v identity.Visitor) error
	Export(ctx context.Context, v identity.Visitor, w io.Writer) error

	contacts
	factors
	apps
}

// contacts is how people say and show which addresses are theirs.
type contacts interface {
	Contacts(ctx context.Context, v identity.Visitor) ([]purse.Contact, error)
	AddContact(ctx context.Context, v identity.Visitor, a purse.Address) error
	RemoveContact(ctx context.Context, v identity.Visitor, a purse.Address) error
	SendVerification(ctx context.Context, v identity.Visitor, a purse.Address) error
	VerifyLink(ctx context.Context, v identity.Visitor, secret purse.Secret) (purse.Address, error)
	VerifyCode(ctx context.Context, v identity.Visitor, a purse.Address, code string) error
}

// factors is what proves who somebody is beside a password.
type factors interface {
	BeginTOTP(ctx context.Context, v identity.Visitor) (identity.TOTPSetup, error)
	ConfirmTOTP(ctx context.Context, v identity.Visitor, code string) (recovery []string, err error)
	RemoveTOTP(ctx context.Context, v identity.Visitor) error
	NewRecoveryCodes(ctx context.Context, v identity.Visitor) ([]string, error)
	Factors(ctx context.Context, v identity.Visitor) (identity.Factors, error)
	PasskeysPossible() bool
	BeginPasskeyProof(ctx context.Context, v identity.Visitor) (options json.RawMessage, ticket purse.Secret, err error)
	FinishPasskeyProof(ctx context.Context, v identity.Visitor, ticket purse.Secret, response []byte) error
	BeginPasskey(ctx context.Context, v identity.Visitor) (options json.RawMessage, ticket purse.Secret, err error)
	FinishPasskey(ctx context.Context, v identity.Visitor, ticket purse.Secret, name string, response []byte) error
	RemovePasskey(ctx context.Context, v identity.Visitor, id string) error
	BeginPasskeySignIn(ctx context.Context) (options json.RawMessage, ticket purse.Secret, err error)
	FinishPasskeySignIn(ctx context.Context, ticket purse.Secret, response []byte, from identity.From) (identity.SignedIn, error)
}

// apps is the programs that people make and let in.
type apps interface {
	RegisterApp(ctx context.Context, v identity.Visitor, req identity.AppRequest) (identity.NewApp, error)
	ChangeApp(ctx context.Context, v identity.Visitor, id purse.AppID, name string, redirects []string) error
	RotateSecret(ctx context.Context, v identity.Visitor, id purse.AppID) (purse.Secret, error)
	CloseApp(ctx context.Context, v identity.Visitor, id purse.AppID) error
	AppsOf(ctx context.Context, v identity.Visitor) ([]purse.App, error)
	Authorize(ctx context.Context, req identity.AuthorizeRequest) (identity.Authorization, error)
	Allow(ctx context.Context, v identity.Visitor, a identity.Authorization, scopes purse.Scopes) (redirect string, err error)
	Refuse(a identity.Authorization) (redirect string)
	DeveloperToken(ctx context.Context, v identity.Visitor) (identity.Given, error)
	Grants(ctx context.Context, v identity.Visitor) ([]identity.AppGrant, error)
	RevokeApp(ctx context.Context, v identity.Visitor, id purse.AppID) error
}

// friendsBook is what the pages ask of package wallet.
type friendsBook interface {
	PersonNamed(ctx context.Context, actor purse.Actor, username string) (purse.User, error)
	AskFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error
	AcceptFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error
	RemoveFriend(ctx context.Context, actor purse.Actor, other purse.UserID) error
	Block(ctx context.Context, actor purse.Actor, other purse.UserID) error
	Unblock(ctx context.Context, actor purse.Actor, other purse.UserID) error
	Trust(ctx context.Context, actor purse.Actor, other purse.UserID, minor int64) error
	Friends(ctx context.Context, actor purse.Actor, q purse.FriendQuery) ([]purse.User, bool, error)
	Trusted(ctx context.Context, actor purse.Actor, friends ...purse.UserID) (map[purse.UserID]wallet.Cap, error)
	AppCaps(ctx context.Context, actor purse.Actor, apps ...purse.AppID) (map[purse.AppID]wallet.Cap, error)
	SetAppCap(ctx context.Context, actor purse.Actor, app purse.AppID, minor int64) error
	CloseWallet(ctx context.Context, actor purse.Actor) error
	Balance(ctx context.Context, actor purse.Actor) (*int64, error)
	Activity(ctx context.Context, actor purse.Actor, before int64, limit int) ([]wallet.ActivityLine, bool, error)
}

// reader is what the pages read of the store.
type reader interface {
	Users(ctx context.Context, ids ...purse.UserID) (map[purse.UserID]purse.User, error)
	Ties(ctx context.Context, person purse.UserID, limit int) ([]purse.Tie, error)
	Asking(ctx context.Context, person purse.UserID, limit int) ([]purse.UserID, error)
	Mandate(ctx context.Context, book purse.BookID, k purse.MandateKey) (purse.Mandate, error)
	Book(ctx context.Context, id purse.BookID) (purse.Book, error)
	Logo(ctx context.Context, merchant purse.MerchantID) (purse.Logo, error)
}
