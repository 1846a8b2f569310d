package hubv1

import (
	"testing"

	"purse"
)

// Where consumers are sent back to is for the merchant to list in a live network, and
// for nobody who holds a key of it.
func TestReturnLinksInALiveNetwork(t *testing.T) {
	link := func(rel, href string) string { return `{"rel":"` + rel + `","href":` + quote(href) + `}` }
	const shop, till, evil = "https://shop.example/back", "https://www.shop.example:8443/?a=b#c", "https://evil.example/"
	links := map[string]struct {
		links string
		field string // that is wrong in a live network; empty: none
	}{
		"on a site":          {`[` + link("default", shop) + `]`, ""},
		"on two sites":       {`[` + link("default", shop) + `,` + link("on_failed", till) + `]`, ""},
		"elsewhere":          {`[` + link("default", evil) + `]`, "returnLinks"},
		"one of two":         {`[` + link("default", shop) + `,` + link("on_cancelled", evil) + `]`, "returnLinks"},
		"not https":          {`[` + link("default", "http://shop.example/back") + `]`, "returnLinks"},
		"another port":       {`[` + link("default", "https://shop.example:8443/") + `]`, "returnLinks"},
		"a name that begins": {`[` + link("default", "https://shop.example.evil.example/") + `]`, "returnLinks"},
		"two readings":       {`[` + link("default", "https://evil.example?x\\@shop.example") + `]`, "returnLinks"},
	}
	live(t, func(t *testing.T, n *network) {
		for name, c := range links {
			for path, as := range map[string]key{"/paymenthandles": n.private, "/singleusepaymenthandles": n.public} {
				r := request{"POST", path, as, handleBody(name+path, "returnLinks", c.links), nil}
				if c.field == "" {
					read(t, n.do(r)).want(t, name, 201, "")
					continue
				}
				a := n.refused(t, name, r, 400, "5068")
				e := a.Error
				if e == nil || e.Message != "Field error(s)" || len(e.FieldErrors) != 1 || len(e.Details) != 1 || e.FieldErrors[0].Field != c.field || e.Details[0] != c.field+": "+e.FieldErrors[0].Error {
					t.Errorf("%s: %s", name, a.body)
				}
			}
		}
		n.refused(t, "an app's own scheme", request{"POST", "/paymenthandles", n.private, handleBody("app", "returnLinks", `[`+link("default", "myapp://back")+`]`), nil}, 400, "5068")
		n.post("/paymenthandles", handleBody("none", "returnLinks", "")).want(t, "no links", 201, "")
		n.origins = ""
		_, without, _ := n.newMerchant(t, "Without sites")
		n.refused(t, "no site was named", request{"POST", "/paymenthandles", without, handleBody("a"), nil}, 400, "5068")
		read(t, n.do(request{"POST", "/paymenthandles", without, handleBody("a", "returnLinks", ""), nil})).want(t, "no site and no links", 201, "")
	})
	onBoth(t, func(t *testing.T, n *network) {
		for name, c := range links {
			n.post("/paymenthandles", handleBody(name, "returnLinks", c.links)).want(t, name+" in a sandbox", 201, "")
		}
		n.origins = "http://localhost:3000"
		_, strict, _ := n.newMerchant(t, "With a site")
		n.refused(t, "a sandbox with sites", request{"POST", "/paymenthandles", strict, handleBody("a"), nil}, 400, "5068")
		read(t, n.do(request{"POST", "/paymenthandles", strict, handleBody("a", "returnLinks", `[`+link("default", "http://localhost:3000/back")+`]`), nil})).want(t, "its site", 201, "")
	})
	if e := wireErrors[purse.CodeRedirect]; e.code != codeFields {
		t.Errorf("%+v", e)
	}
}
