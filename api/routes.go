package api

import (
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"purse"
)

// Routes is every path of a door, and what answers its methods.
type Routes map[string]map[string]Handler

// ByMethod answers with the handler of the request's method; HEAD is GET.
//
// Refused with CodeMethod.
func ByMethod(methods map[string]Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h := methods[method]; h != nil {
			return h(w, r)
		}
		for _, known := range slices.Sorted(maps.Keys(methods)) {
			w.Header().Add("Allow", known)
		}
		return purse.Refuse(purse.CodeMethod, "This path does not know the method %s.", r.Method)
	}
}

// Lenient serves paths in one door's format, also those that do not exist: nothing
// answers them. A slash at the end of a path is fine: a common client writes one
// before the query (wire.md D.2). every is put around each handler.
func (routes Routes) Lenient(log *slog.Logger, every func(Handler) Handler, nothing Handler, fail func(http.ResponseWriter, error)) http.Handler {
	mux := http.NewServeMux()
	for where, methods := range routes {
		mux.Handle(where, Handle(log, every(ByMethod(methods)), fail))
	}
	nowhere := Handle(log, every(nothing), fail)
	mux.Handle("/", nowhere)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := strings.TrimSuffix(r.URL.Path, "/"); p != r.URL.Path {
			short := r.Clone(r.Context())
			short.URL.Path, short.URL.RawPath = p, ""
			r = short
		}
		// The mux would redirect to the path as it should be written.
		if p := r.URL.Path; p == "" || p != path.Clean(p) {
			nowhere.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
