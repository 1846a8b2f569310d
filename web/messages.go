package web

import (
	"crypto/hmac"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"purse/api"
)

// sentMessage is a message as programs read it.
type sentMessage struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	At      string `json:"at"`
}

// showMessages answers GET /sandbox/messages: what a sandbox has sent, as a page
// or as JSON. To whom it is not open, it is not there.
func (s *Site) showMessages(t *turn) error {
	if !s.isTester(t) {
		return errNoPage
	}
	sent := s.Mailbox.Delivered()
	if t.query("format") == "json" || strings.Contains(t.r.Header.Get("Accept"), "application/json") {
		list := make([]sentMessage, len(sent))
		for i, m := range sent {
			list[i] = sentMessage{
				ID: strconv.FormatInt(m.ID, 10), To: m.To.Text, Kind: string(m.To.Kind), Subject: m.Subject, Text: m.Text,
				At: m.At.UTC().Format(time.RFC3339Nano),
			}
		}
		b, err := json.Marshal(list)
		if err != nil {
			return err
		}
		return api.WriteJSON(t.w, http.StatusOK, string(b))
	}
	p := messagesPage{Layout: s.layout(t, "Messages")}
	for i, m := range sent {
		row := messageRow{
			Number: i + 1, Subject: m.Subject, Words: kindWords(m.To.Kind), To: addressWords(m.To), At: moment(m.At), Parts: linked(m.Text),
		}
		if row.Subject == "" {
			row.Subject = "Text message"
		}
		p.Messages = append(p.Messages, row)
	}
	return render(t.w, http.StatusOK, "messages", p)
}

// isTester says whether the pages of a sandbox are open to who asks: somebody on this
// machine, or who knows its key.
func (s *Site) isTester(t *turn) bool {
	return s.Loopback && s.hostIsOurs(t.r) && !passedOn(t.r) ||
		s.SandboxKey != "" && hmac.Equal([]byte(s.SandboxKey), []byte(t.query("key")))
}

// passedOn says whether a proxy has passed r on, and says so: then whoever asks may
// be anywhere.
func passedOn(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// hostIsOurs says whether the caller has named this machine. A page of another
// site that has its name resolve to this machine would name itself.
func (s *Site) hostIsOurs(r *http.Request) bool {
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" && u.Host == r.Host {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// links finds addresses in a text; what ends a sentence does not belong to them.
var links = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

// linked cuts a text into parts, of which some are links.
func linked(text string) []part {
	var parts []part
	from := 0
	for _, at := range links.FindAllStringIndex(text, -1) {
		if at[0] > from {
			parts = append(parts, part{Text: text[from:at[0]]})
		}
		parts = append(parts, part{Link: text[at[0]:at[1]]})
		from = at[1]
	}
	if from < len(text) {
		parts = append(parts, part{Text: text[from:]})
	}
	return parts
}
