// Package notice tells people the news of a book by mail, once.
//
// How far the news were read is a cursor in the book, and whoever moves it sends: any
// number of servers may tell the same news at once, and nothing is told twice. What a
// server has not sent when it stops is not told at all. What a mail says is left to
// those who use the package.
package notice

import (
	"context"
	"strings"
	"sync"
	"unicode"

	"purse"
)

// newsMax is how many pieces of news are read at a time.
const newsMax = 5000

// Teller tells some kinds of news. It must not be copied once it was used.
type Teller struct {
	Store   purse.Store
	Courier purse.Courier // nil: nothing is told
	Cursor  string        // the name of its cursor
	Kinds   []purse.EventKind

	// Write makes the messages of news. What it cannot read is told later.
	Write func(ctx context.Context, book purse.BookID, news []purse.Event) ([]purse.Message, error)
}

// Place remembers where the cursors of books stand, so that news are looked for without
// a command. What it says is looked at again inside (ADR 4). The zero Place is ready.
type Place struct {
	mu sync.Mutex
	at map[purse.BookID]int64
}

func (p *Place) get(book purse.BookID) (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, known := p.at[book]
	return at, known
}

func (p *Place) put(book purse.BookID, at int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[purse.BookID]int64{}
	}
	p.at[book] = at
}

// Tell tells everything that has happened since it was called for the first time in
// the life of the book.
func (t Teller) Tell(ctx context.Context, book purse.BookID, place *Place) error {
	if t.Courier == nil {
		return nil
	}
	at, known := place.get(book)
	for ctx.Err() == nil {
		var err error
		if !known {
			if at, _, err = t.move(ctx, book, 0, 0); err != nil {
				return err
			}
			place.put(book, at)
			known = true
		}
		news, upTo, err := t.Store.News(ctx, book, at, newsMax, t.Kinds...)
		if err != nil || upTo == at {
			return err
		}
		var messages []purse.Message
		if len(news) > 0 {
			if messages, err = t.Write(ctx, book, news); err != nil { // before the cursor is moved: what cannot be read is told later
				return err
			}
		}
		stands, moved, err := t.move(ctx, book, at, upTo)
		if err != nil {
			return err
		}
		at = stands
		place.put(book, at)
		if moved {
			for _, m := range messages {
				t.Courier.Send(m)
			}
		}
	}
	return nil
}

// move moves the cursor if it stands where it is thought to stand, and says where it
// stands then. One that was never moved is put behind all the news that there are.
func (t Teller) move(ctx context.Context, book purse.BookID, from, to int64) (at int64, moved bool, err error) {
	err = t.Store.Execute(ctx, purse.Command{
		Book: book, Needs: purse.Needs{Cursors: []string{t.Cursor}},
		Decide: func(f *purse.Facts) error {
			c, err := f.Cursor(t.Cursor)
			if err != nil {
				return err
			}
			moved = c.At == from && c.At != 0
			switch {
			case c.At == 0:
				c.At = f.NextID() // later than every event, and before every one to come
				f.Put(c)
			case moved:
				c.At = to
				f.Put(c)
			}
			at = c.At
			return nil
		},
	})
	return at, moved && err == nil, err
}

// OneLine is what people have written, such as a name, for the subject of a mail or a
// line of its text. It ends no line and no header, and turns no text around.
func OneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}
