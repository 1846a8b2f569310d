package purse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"purse"
)

func TestMessagesDoNotPrint(t *testing.T) {
	m := purse.Message{To: purse.Address{Kind: purse.Email, Text: "hush@example.org"}, Subject: "hush", Text: "hush"}
	d := purse.Delivered{ID: 1, Message: m, At: 2}
	var b bytes.Buffer
	for _, v := range []any{m, &m, d, &d, []purse.Message{m}, map[string]any{"m": m}, struct{ M purse.Message }{m}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).Info("sent", "message", v)
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(j)
	}
	if s := b.String(); strings.Contains(s, "hush") || strings.Contains(s, fmt.Sprintf("%x", "hush")) {
		t.Error(s)
	}
}
