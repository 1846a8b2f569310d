package sandbox

import (
	"fmt"
	"sync"
	"testing"

	"purse"
)

func TestMailboxKeepsTheLast(t *testing.T) {
	var now purse.Time
	b := &Mailbox{Now: func() purse.Time { now++; return now }}
	if got := b.Delivered(); len(got) != 0 {
		t.Errorf("%d messages before the first", len(got))
	}
	for sent := 1; sent <= 2*messagesMax+7; sent++ {
		b.Send(purse.Message{Text: fmt.Sprint(sent)})
		if sent > 3 && sent < messagesMax-1 || sent > messagesMax+3 && sent < 2*messagesMax-3 {
			continue
		}
		got := b.Delivered()
		if len(got) != min(sent, messagesMax) {
			t.Fatalf("%d messages after %d", len(got), sent)
		}
		for i, d := range got {
			if d.ID != int64(sent-i) || d.At != purse.Time(sent-i) || d.Text != fmt.Sprint(sent-i) {
				t.Fatalf("after %d, place %d: %d %d %s", sent, i, d.ID, d.At, d.Text)
			}
		}
	}
}

func TestMailboxIsSafeForConcurrentUse(t *testing.T) {
	b := &Mailbox{Now: func() purse.Time { return 1 }}
	var sending sync.WaitGroup
	for range 8 {
		sending.Go(func() {
			for range 50 {
				b.Send(purse.Message{})
				for i, d := range b.Delivered() {
					if i == 0 && d.ID < 1 {
						t.Error("no identifier")
					}
				}
			}
		})
	}
	sending.Wait()
	if got := b.Delivered(); len(got) != 400 || got[0].ID != 400 || got[399].ID != 1 {
		t.Errorf("%d messages", len(got))
	}
}
