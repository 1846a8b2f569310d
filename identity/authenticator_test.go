package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
)

// The flags of authenticator data (WebAuthn, 6.1).
const (
	flagPresent  = 0x01
	flagVerified = 0x04
	flagAttested = 0x40
)

// authenticator is a device with one passkey, and the browser before it.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte // the user handle
	count   uint32
	origin  string
	party   string // RP ID
	flags   byte
	changed func(clientData map[string]any) // what a bad browser does
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &authenticator{
		key: key, id: id, origin: "https://pay.example.org", party: "pay.example.org", flags: flagPresent | flagVerified,
	}
}

// creationOptions is what this authenticator reads of either kind of options.
type creationOptions struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
		RP        struct{ ID, Name string }
		User      struct{ ID, Name, DisplayName string }

		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
		UserVerification       string
		ExcludeCredentials     []struct{ ID string }
		AllowCredentials       []struct{ ID string }
		Attestation            string
	}
}

func readOptions(t *testing.T, options json.RawMessage) (o creationOptions) {
	t.Helper()
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (a *authenticator) clientData(t *testing.T, kind, challenge string) []byte {
	t.Helper()
	data := map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false}
	if a.changed != nil {
		a.changed(data)
	}
	return marshal(t, data)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (a *authenticator) data(flags byte) []byte {
	a.count++
	party := sha256.Sum256([]byte(a.party))
	return binary.BigEndian.AppendUint32(append(party[:], a.flags|flags), a.count)
}

// create answers the options of a registration.
func (a *authenticator) create(t *testing.T, options json.RawMessage) []byte {
	t.Helper()
	o := readOptions(t, options).PublicKey
	user, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.user = user
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	data := slices.Concat(
		a.data(flagAttested), make([]byte, 16), []byte{0, byte(len(a.id))}, a.id,
		[]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33], []byte{0x22, 0x58, 0x20}, point[33:],
	)
	object := slices.Concat(
		[]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), []byte{byte(len(data))}, data,
	)
	return a.answer(t, map[string]any{
		"clientDataJSON":    base64.RawURLEncoding.EncodeToString(a.clientData(t, "webauthn.create", o.Challenge)),
		"attestationObject": base64.RawURLEncoding.EncodeToString(object),
		"transports":        []string{"internal"},
	})
}

// get answers the options of a sign-in.
func (a *authenticator) get(t *testing.T, options json.RawMessage) []byte {
	t.Helper()
	client := a.clientData(t, "webauthn.get", readOptions(t, options).PublicKey.Challenge)
	data, sum := a.data(0), sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(t, map[string]any{
		"clientDataJSON":    base64.RawURLEncoding.EncodeToString(client),
		"authenticatorData": base64.RawURLEncoding.EncodeToString(data),
		"signature":         base64.RawURLEncoding.EncodeToString(signature),
		"userHandle":        base64.RawURLEncoding.EncodeToString(a.user),
	})
}

func (a *authenticator) answer(t *testing.T, response map[string]any) []byte {
	t.Helper()
	id := base64.RawURLEncoding.EncodeToString(a.id)
	return marshal(t, map[string]any{
		"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response,
	})
}
