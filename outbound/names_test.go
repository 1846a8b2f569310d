package outbound

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// nameServer is a resolver that asks a name server of the test. It knows the
// names that it is given, with all their addresses, or, behind "turns", one after
// the other; all others are this machine. No answer may be kept (TTL 0).
func nameServer(t *testing.T, names map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		turn := 0
		for b := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(nameAnswer(b[:n], names, &turn), from) // who asked asks again
		}
	})
	t.Cleanup(func() { conn.Close(); serving.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// nameAnswer answers a DNS question (RFC 1035) of type A or AAAA.
func nameAnswer(question []byte, names map[string][]string, turn *int) []byte {
	var labels []string
	at := 12
	for question[at] != 0 {
		size := int(question[at])
		labels = append(labels, string(question[at+1:at+1+size]))
		at += 1 + size
	}
	kind := binary.BigEndian.Uint16(question[at+1:])
	addresses, known := names[strings.ToLower(strings.Join(labels, "."))]
	if !known {
		addresses = []string{"127.0.0.1", "::1"}
	}
	if addresses[0] == "turns" {
		*turn++
		addresses = addresses[1+*turn/2%2:][:1] // one turn has two questions
	}
	answer := append([]byte{}, question[:at+5]...)
	copy(answer[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	for _, text := range addresses {
		a := netip.MustParseAddr(text)
		if kind == 1 && a.Is4() || kind == 28 && a.Is6() {
			answer[7]++
			answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
			answer = append(answer, a.AsSlice()...)
		}
	}
	return answer
}
