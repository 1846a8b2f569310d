package main

import (
	"net/http"
	"testing"
)

// Whoever comes through a proxy on this machine that was not declared does not read
// a sandbox's messages, and so take over every account.
func TestMessagesAreShownOnThisMachineOnly(t *testing.T) {
	for public, open := range map[string]bool{
		"": true, "http://localhost:8080": true, "http://[::1]": true,
		"https://sandbox.example.org": false, "http://192.0.2.1": false, "http://localhost.example.org": false,
	} {
		p := start(t, t.TempDir()+"/purse.db", "--public-url", public)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/sandbox/messages", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"", "sandbox.example.org"} {
			r.Host = host
			w, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			w.Body.Close()
			if got := w.StatusCode == 200; got != (open && host == "") {
				t.Errorf("public URL %q, host %q: %d", public, host, w.StatusCode)
			}
		}
		p.stop(t)
	}
}
