package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"

	"purse"
)

// logoTypes are the pictures that a merchant may have. None of them can hold a script.
var logoTypes = []string{"image/png", "image/jpeg", "image/webp"}

// logoVersion tells a picture from the one before it.
func logoVersion(l purse.Logo) string {
	sum := sha256.Sum256([]byte(l.Type + l.Data))
	return hex.EncodeToString(sum[:8])
}

// logoPath is where a merchant's picture is, below /merchants/; "" if there is none.
func (s *Site) logoPath(t *turn, m purse.MerchantID) (string, error) {
	l, err := s.Store.Logo(t.r.Context(), m)
	if purse.CodeOf(err) == purse.CodeNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return m.String() + "/logo?v=" + logoVersion(l), nil
}

// showLogo answers GET /merchants/{id}/logo. The picture is kept for a year where the
// address says which one it is. It came from a merchant: even opened by itself it can
// do nothing.
func (s *Site) showLogo(t *turn) error {
	id, err := readNumber(t.r.PathValue("id"))
	if err != nil {
		return errNoPage
	}
	l, err := s.Store.Logo(t.r.Context(), purse.MerchantID(id))
	if purse.CodeOf(err) == purse.CodeNotFound {
		return errNoPage
	}
	if err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(l.Data)
	if err != nil || !slices.Contains(logoTypes, l.Type) {
		return errNoPage
	}
	h := t.w.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; sandbox")
	// Not for caches that several people share: the answer may take a cookie away.
	h.Set("Cache-Control", "private, max-age=300")
	if t.query("v") == logoVersion(l) {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	h.Set("Content-Type", l.Type)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	t.w.WriteHeader(http.StatusOK)
	_, err = t.w.Write(b)
	return err
}
