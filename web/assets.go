package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var staticFiles embed.FS

// asset is a file that pages use. Its address holds the hash of what is in it,
// so that it can be kept for ever.
type asset struct {
	address string
	kind    string
	body    []byte
}

// assets are the files by their names.
var assets = sync.OnceValue(func() map[string]asset {
	files, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err)
	}
	made := map[string]asset{}
	for _, f := range files {
		body, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.Name())
		made[f.Name()] = asset{
			address: "/static/" + strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:8]) + ext,
			kind:    mimeOf(ext),
			body:    body,
		}
	}
	return made
})

// mimeOf does not leave to the machine what our own files are.
func mimeOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(ext)
}

// assetAddress is for templates.
func assetAddress(name string) (string, error) {
	a, ok := assets()[name]
	if !ok {
		return "", fmt.Errorf("there is no file %s", name)
	}
	return a.address, nil
}

// serveAssets answers for the files, and for nothing else.
func (s *Site) serveAssets() http.Handler {
	byAddress := map[string]asset{}
	for _, a := range assets() {
		byAddress[a.address] = a
	}
	missing := s.serve(func(*turn) error { return errNoPage })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byAddress[r.URL.Path]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			missing.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		s.headers(h, "")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", a.kind)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(a.body) // nobody is left to tell
	})
}
