package purse

// Cursor is how far somebody has read the news of a book, who must not read them
// twice: not even as several servers.
type Cursor struct {
	Name string
	At   int64 // the last event that was read
}

// Cursor finds a cursor; one that was never moved stands at 0. Only what was not
// loaded is an error.
func (f *Facts) Cursor(name string) (Cursor, error) {
	c, err := found(f, &f.set.Cursors, name, "cursor", func(n *Needs) { n.Cursors = []string{name} })
	if CodeOf(err) == CodeNotFound {
		return Cursor{Name: name}, nil
	}
	return c, err
}
