package walletv1

import (
	"encoding/json"
	"errors"
	"net/http"

	"purse"
	"purse/api"
)

// wireError is how this door says a code: the HTTP status and the integer that
// its callers compare with.
type wireError struct {
	status int
	code   int
}

// wireErrors is this door's whole error table (wire.md A.7). Where no client or
// fixture fixes the status, a refusal is a 400, the one that callers show to
// people. Codes that the wire does not know get the nearest one that it does.
var wireErrors = map[purse.Code]wireError{
	purse.CodeInternal:     {http.StatusInternalServerError, 500},
	purse.CodeBusy:         {http.StatusServiceUnavailable, 503},
	purse.CodeUnknown:      {http.StatusServiceUnavailable, 504},
	purse.CodeClockJumped:  {http.StatusServiceUnavailable, 503},
	purse.CodeNotFound:     {http.StatusBadRequest, codeNotFound}, // 400: a common client takes just this pair for "not found"
	purse.CodeInvalid:      {http.StatusBadRequest, 104},
	purse.CodeMissing:      {http.StatusBadRequest, 241},
	purse.CodeAmount:       {http.StatusBadRequest, 104},
	purse.CodeTaken:        {http.StatusBadRequest, 104},
	purse.CodeNote:         {http.StatusBadRequest, 1355},
	purse.CodeAudience:     {http.StatusBadRequest, 3104},
	purse.CodeTarget:       {http.StatusBadRequest, 1343},
	purse.CodeSelf:         {http.StatusBadRequest, 1356},
	purse.CodeFunds:        {http.StatusBadRequest, 1319},
	purse.CodeFrozen:       {http.StatusForbidden, 1344},
	purse.CodeLimit:        {http.StatusBadRequest, 1357},
	purse.CodeKeyReused:    {http.StatusForbidden, 1360},
	purse.CodeNoToken:      {http.StatusUnauthorized, 267},
	purse.CodeBadToken:     {http.StatusUnauthorized, 261},
	purse.CodeTokenRevoked: {http.StatusUnauthorized, 262},
	purse.CodeTokenExpired: {http.StatusUnauthorized, 265},
	purse.CodeScope:        {http.StatusForbidden, 260},
	purse.CodeRate:         {http.StatusTooManyRequests, 277},
	purse.CodeStrangers:    {http.StatusTooManyRequests, 277},
	purse.CodeNotPending:   {http.StatusBadRequest, 2901},
	purse.CodeNoCharge:     {http.StatusBadRequest, 2905},
	purse.CodeReminded:     {http.StatusBadRequest, 2907},
	purse.CodeTooLarge:     {http.StatusRequestEntityTooLarge, 104},
	purse.CodeMethod:       {http.StatusMethodNotAllowed, 283},

	purse.CodeSignedOut:   {http.StatusUnauthorized, 261},
	purse.CodeCredentials: {http.StatusBadRequest, 264},
	purse.CodeSecond:      {http.StatusUnauthorized, 81109},
	purse.CodeCode:        {http.StatusBadRequest, 81110},
	purse.CodeProve:       {http.StatusForbidden, 1396},
	purse.CodeOpen:        {http.StatusBadRequest, 104},

	purse.CodeClient:       {http.StatusBadRequest, 244},
	purse.CodeClientSecret: {http.StatusBadRequest, 247},
	purse.CodeRedirect:     {http.StatusBadRequest, 240},
	purse.CodeResponseType: {http.StatusBadRequest, 249},
	purse.CodeBadScope:     {http.StatusBadRequest, 246},
	purse.CodeGrantType:    {http.StatusBadRequest, 276},
	purse.CodeGrant:        {http.StatusBadRequest, 248},
	purse.CodeGrantClient:  {http.StatusBadRequest, 255},
	purse.CodeGrantExpired: {http.StatusBadRequest, 256},
	purse.CodeGrantUsed:    {http.StatusBadRequest, 257},
	purse.CodeRefresh:      {http.StatusBadRequest, 275},

	// What merchants are told by the payment hub, and nobody is here.
	purse.CodeBadKey:        {http.StatusUnauthorized, 261},
	purse.CodeKeyKind:       {http.StatusForbidden, 260},
	purse.CodeField:         {http.StatusBadRequest, 104},
	purse.CodeCurrency:      {http.StatusBadRequest, 104},
	purse.CodeDuplicate:     {http.StatusBadRequest, 104},
	purse.CodeHandle:        {http.StatusBadRequest, 104},
	purse.CodeHandleExpired: {http.StatusBadRequest, 104},
	purse.CodeNotAccepted:   {http.StatusBadRequest, 104},
	purse.CodeMerchant:      {http.StatusBadRequest, 104},
	purse.CodeDeclined:      {http.StatusBadRequest, 104},
	purse.CodeFloor:         {http.StatusBadRequest, 104},
	purse.CodeRefused:       {http.StatusBadRequest, 104},
	purse.CodeOverSettle:    {http.StatusBadRequest, 104},
	purse.CodeOverRefund:    {http.StatusBadRequest, 104},
	purse.CodeFinal:         {http.StatusBadRequest, 104},
	purse.CodeNotLinked:     {http.StatusBadRequest, 104},
	purse.CodeCustomer:      {http.StatusBadRequest, 104},
	purse.CodeGateway:       {http.StatusBadRequest, 104},
	purse.CodeHook:          {http.StatusBadRequest, 104},
}

// What this door says of everything that is not to be seen.
const (
	codeNotFound     = 283
	resourceNotFound = "Resource not found."
)

// fail writes an error in this door's envelope, or as RFC 6749 has it.
func fail(w http.ResponseWriter, err error) {
	if o, ok := errors.AsType[*oauthError](err); ok {
		failOAuth(w, o)
		return
	}
	e, message := wireOf(err)
	writeError(w, e, message)
}

// wireOf is what is said of an error.
func wireOf(err error) (wireError, string) {
	e, ok := wireErrors[purse.CodeOf(err)]
	if !ok {
		e = wireErrors[purse.CodeInternal]
	}
	message := "Something went wrong. Nothing was changed."
	if known, ok := errors.AsType[*purse.Error](err); ok {
		message = known.Message
	}
	if purse.CodeOf(err) == purse.CodeNotFound {
		message = resourceNotFound // the same words for what is not there and what is not yours
	}
	return e, message
}

func writeError(w http.ResponseWriter, e wireError, message string) {
	var body struct {
		Error struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
		} `json:"error"`
	}
	body.Error.Message, body.Error.Code = message, e.code
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // a string and a number
	}
	_ = api.WriteJSON(w, e.status, string(b)) // the caller has gone; there is nobody to tell
}
