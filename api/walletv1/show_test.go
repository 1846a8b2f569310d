package walletv1

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"purse"
)

// seen is the answer to GET /v1/payments/:id, to the byte.
func seen(id purse.PaymentID, from, to person, amount, note, audience string) string {
	return answered{id: id, amount: amount, note: strconv.Quote(note), audience: audience, target: toUser(to), actor: from}.shown()
}

func TestShow(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		ann, bob := n.ann(t, 100_00), n.bob(t)
		eve := n.person(t, purse.User{Username: "eve", FirstName: "Eve"}, 0)
		profileOnly := n.token(t, bob.User, "access_profile", 0)
		id := madeID(t, n.post(ann.token, fmt.Sprintf("user_id=%d&amount=7&note=Drinks&audience=public", bob.ID)))
		path := "/v1/payments/" + id.String()
		want := seen(id, ann, bob, "7.00", "Drinks", "public")
		before := n.digest(t)
		for _, tc := range []struct {
			name string
			r    request
			want string
		}{
			{"its actor", request{"GET", path, ann.token, "", ""}, want},
			{"its target", request{"GET", path, bob.token, "", ""}, want},
			{"the least scope", request{"GET", path, profileOnly, "", ""}, want},
			{"token in the query", request{"GET", path + "?access_token=" + ann.token, "", "", ""}, want},
			{"token in a form", request{"GET", path, "", "", "access_token=" + ann.token}, want},
			{"token in JSON", request{"GET", path, "", "", `{"access_token":"` + ann.token + `"}`}, want},
			{"with what it does not know", request{"GET", path + "?a=b&limit=5", ann.token, "k", ""}, want},
			{"escaped", request{"GET", "/v1/payments/%3" + id.String()[:1] + id.String()[1:], ann.token, "", ""}, want},
			{"without its body", request{"HEAD", path, ann.token, "", ""}, want}, // the server leaves it out
		} {
			w := n.do(tc.r)
			if w.Code != 200 || w.Body.String() != tc.want {
				t.Errorf("%s: %d %s\nwant %s", tc.name, w.Code, w.Body, tc.want)
			}
			checkHeaders(t, tc.name, w)
		}
		if n.digest(t) != before {
			t.Error("looking has changed something")
		}
		// What is somebody else's answers as what does not exist.
		const gone = `{"error":{"message":"Resource not found.","code":283}}`
		for name, tc := range map[string]struct{ token, id, want string }{
			"somebody else's, though public": {eve.token, id.String(), gone},
			"unknown":                        {ann.token, "4", gone},
			"a user":                         {ann.token, ann.ID.String(), gone},
			"largest":                        {ann.token, "9223372036854775807", gone},
			"word":                           {ann.token, "abc", notFound},
			"leading zeros":                  {ann.token, "007", notFound},
			"its id with a leading zero":     {ann.token, "0" + id.String(), notFound},
			"zero":                           {ann.token, "0", notFound},
			"negative":                       {ann.token, "-4", notFound},
			"plus":                           {ann.token, "+4", notFound},
			"decimal":                        {ann.token, id.String() + ".0", notFound},
			"too large":                      {ann.token, "9223372036854775808", notFound},
			"huge":                           {ann.token, strings.Repeat("9", 1000), notFound},
			"NUL":                            {ann.token, "%00", notFound},
			"not UTF-8":                      {ann.token, "%ff", notFound},
			"slash":                          {ann.token, "4%2f5", notFound},
			"other digits":                   {ann.token, "%D9%A3", notFound},
		} {
			n.refused(t, name, request{"GET", "/v1/payments/" + tc.id, tc.token, "", ""}, 400, tc.want)
		}
	})
}

func TestPicture(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		for i, tc := range []struct{ first, last, want string }{
			{"Ann", "L", "AL"}, {"ann", "", "A"}, {"<script>", `"x"`, `<"`}, {"&amp;", "'", "&'"}, {"é", "日本", "É日"}, {"👩‍👩‍👧", "x", "👩X"},
			{"\u202eevil", "\u0301", "\u202e\u0301"}, {"\uffff", "\ufffe", ""}, {"\ufffd", "]]>", "]"}, {"-->", "\U0010ffff", "-\U0010ffff"},
		} {
			u := n.person(t, purse.User{Username: fmt.Sprint("user", i), FirstName: tc.first, LastName: tc.last}, 0)
			w := n.do(request{method: "GET", path: "/v1/users/" + u.ID.String() + "/picture.svg"})
			text, label := readSVG(t, w)
			if w.Code != 200 || text != tc.want || label != tc.want {
				t.Errorf("%q %q: %d, text %q, label %q, want %q", tc.first, tc.last, w.Code, text, label, tc.want)
			}
			if w.Header().Get("Content-Type") != "image/svg+xml" || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
				!strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%q: %v", tc.first, w.Header())
			}
		}
		for _, id := range []string{"4", "abc", "007", "0", "99999999999999999999"} {
			n.refused(t, id, request{"GET", "/v1/users/" + id + "/picture.svg", "", "", ""}, 400, notFound)
		}
	})
}

// readSVG reads a picture as XML: its only text and its label.
func readSVG(t *testing.T, w *httptest.ResponseRecorder) (text, label string) {
	t.Helper()
	d := xml.NewDecoder(w.Body)
	var names []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			names = append(names, token.Name.Local)
			for _, a := range token.Attr {
				if a.Name.Local == "aria-label" {
					label = a.Value
				}
			}
		case xml.CharData:
			text += string(token)
		}
	}
	if got := strings.Join(names, " "); got != "svg rect text" {
		t.Errorf("elements %s", got)
	}
	return text, label
}
