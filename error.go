package purse

import (
	"errors"
	"fmt"
)

// Code says what kind of refusal an error is. Codes are a promise to programs:
// every door translates each of them into its own protocol.
type Code string

// Every code. A door that forgets one fails its test.
const (
	CodeInternal     Code = "internal"      // a fault of ours
	CodeBusy         Code = "busy"          // try again later; nothing happened
	CodeUnknown      Code = "unknown"       // the outcome could not be found out in time
	CodeNotFound     Code = "not_found"     // also what belongs to somebody else
	CodeInvalid      Code = "invalid"       // a parameter is not what it must be
	CodeMissing      Code = "missing"       // a required parameter is absent
	CodeAmount       Code = "amount"        // not an amount of this network's currency
	CodeNote         Code = "note"          // a payment needs a note
	CodeAudience     Code = "audience"      // not an audience
	CodeTarget       Code = "target"        // nobody there to pay
	CodeSelf         Code = "self"          // paying oneself
	CodeFunds        Code = "funds"         // not enough money
	CodeFrozen       Code = "frozen"        // the payer's wallet is frozen
	CodeLimit        Code = "limit"         // over a limit on payments
	CodeKeyReused    Code = "key_reused"    // an idempotency key that was used for something else
	CodeTaken        Code = "taken"         // somebody has it already
	CodeNoToken      Code = "no_token"      // no credential was given
	CodeBadToken     Code = "bad_token"     // not a credential of this network
	CodeTokenRevoked Code = "token_revoked" // was one
	CodeTokenExpired Code = "token_expired" // was one
	CodeScope        Code = "scope"         // the credential does not allow this
	CodeTooLarge     Code = "too_large"     // the request is larger than is read
	CodeMethod       Code = "method"        // the path does not know this method
	CodeRate         Code = "rate"          // too many requests
	CodeStrangers    Code = "strangers"     // too many new addresses within an hour
	CodeNotPending   Code = "not_pending"   // the payment does not wait for this
	CodeNoCharge     Code = "no_charge"     // there is no pending charge to remind of
	CodeReminded     Code = "reminded"      // the target was reminded before
	CodeClockJumped  Code = "clock_jumped"  // writes stopped until an operator accepts the clock

	CodeSignedOut   Code = "signed_out"  // nobody is signed in
	CodeCredentials Code = "credentials" // the name and the password do not belong together
	CodeSecond      Code = "second"      // a second factor is needed
	CodeCode        Code = "code"        // a code or link that is wrong, used or too old
	CodeProve       Code = "prove"       // it is too long ago that the person proved who they are
	CodeOpen        Code = "open"        // an account with money or something pending cannot be closed

	CodeBadKey        Code = "bad_key"        // not an API key of this network, or none any more
	CodeKeyKind       Code = "key_kind"       // the API key is not for this
	CodeField         Code = "field"          // the request has a field that is not known here
	CodeCurrency      Code = "currency"       // not this network's currency
	CodeDuplicate     Code = "duplicate"      // a merchant's reference that was used before
	CodeHandle        Code = "handle"         // a payment handle that is not there, was used, or is not payable
	CodeHandleExpired Code = "handle_expired" // a payment handle that was not used in time
	CodeNotAccepted   Code = "not_accepted"   // the merchant takes no payments from wallets
	CodeMerchant      Code = "merchant"       // the merchant's account is closed
	CodeDeclined      Code = "declined"       // the payment was declined
	CodeFloor         Code = "floor_limit"    // declined, because of the amount
	CodeRefused       Code = "refused"        // the consumer has said no
	CodeOverSettle    Code = "over_settle"    // more than is left to settle
	CodeOverRefund    Code = "over_refund"    // more than is left to refund
	CodeFinal         Code = "final"          // it has come to its end and cannot be changed
	CodeNotLinked     Code = "not_linked"     // the consumer has never paid the merchant
	CodeCustomer      Code = "customer"       // a customer's reference that another has
	CodeHook          Code = "hook"           // a merchant's callback is not set, or was not answered as it should
	CodeGateway       Code = "gateway"        // an outside processor has failed; sandboxes only

	CodeClient       Code = "client"        // no such app
	CodeClientSecret Code = "client_secret" // not the app's secret
	CodeRedirect     Code = "redirect"      // not an address that the app is registered for
	CodeResponseType Code = "response_type" // not a way in which the app may be let in
	CodeBadScope     Code = "bad_scope"     // no such scope
	CodeGrantType    Code = "grant_type"    // not a way to get a token
	CodeGrant        Code = "grant"         // not an authorization code
	CodeGrantClient  Code = "grant_client"  // another app's authorization code
	CodeGrantExpired Code = "grant_expired" // was an authorization code
	CodeGrantUsed    Code = "grant_used"    // an authorization code that was used before
	CodeRefresh      Code = "refresh"       // not a refresh token that is good
)

// Codes lists every code, for the tests of the doors.
var Codes = []Code{
	CodeInternal, CodeBusy, CodeUnknown, CodeNotFound, CodeInvalid, CodeMissing, CodeAmount, CodeNote,
	CodeAudience, CodeTarget, CodeSelf, CodeFunds, CodeFrozen, CodeLimit, CodeKeyReused, CodeTaken,
	CodeNoToken, CodeBadToken, CodeTokenRevoked, CodeTokenExpired, CodeScope, CodeTooLarge, CodeMethod,
	CodeRate, CodeStrangers, CodeNotPending, CodeNoCharge, CodeReminded, CodeClockJumped,
	CodeSignedOut, CodeCredentials, CodeSecond, CodeCode, CodeProve, CodeOpen,
	CodeBadKey, CodeKeyKind, CodeField, CodeCurrency, CodeDuplicate, CodeHandle, CodeHandleExpired, CodeNotAccepted, CodeMerchant,
	CodeDeclined, CodeFloor, CodeRefused, CodeOverSettle, CodeOverRefund, CodeFinal, CodeNotLinked, CodeCustomer, CodeGateway, CodeHook,
	CodeClient, CodeClientSecret, CodeRedirect, CodeResponseType, CodeBadScope, CodeGrantType,
	CodeGrant, CodeGrantClient, CodeGrantExpired, CodeGrantUsed, CodeRefresh,
}

// Error is a refusal: a code for programs, a message for people, a cause for
// the log.
type Error struct {
	Code    Code
	Message string // safe to show
	Err     error  // never shown
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Refuse makes an Error whose message people will read.
func Refuse(code Code, message string, args ...any) error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Code: code, Message: message}
}

// CodeOf reports the code of err, CodeInternal if it carries none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
