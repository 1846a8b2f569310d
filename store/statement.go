package store

import (
	"fmt"
	"strings"
)

// statement is SQL written once, for one row; $1, $2 … are its arguments. The
// PostgreSQL engine lifts it to a whole set of rows, which it takes as one array
// an argument; the SQLite engine runs it for a few rows at once, or for each. So
// that this is plain text work, every statement has one of five forms:
//
//	select … from t where …       any select that gives the rows of one key, with
//	                              "from" at the start of a line
//	insert into t (…) values (…)  with the arguments in their order
//	update t set … where …        with "where" at the start of a line
//	delete from t where …         likewise
//	anything without arguments
type statement struct {
	text  string
	kinds string // one letter an argument: i is BIGINT, t is TEXT
}

// lifted is the text for a set of rows on PostgreSQL: each argument is an array,
// and a last argument says how many rows there are.
//
// The rows are the subscripts of the arrays. That is several times cheaper than
// unnest, which copies each array into a table of its own before the first row.
// A set is read by a nested loop: "offset 0" keeps the planner from turning it
// into a join of its own liking, which on a young table is a scan of everything.
func (s *statement) lifted() string {
	if s.kinds == "" {
		return s.text
	}
	one := s.text
	for i := len(s.kinds); i > 0; i-- { // from the last, so that $1 does not eat $10
		array := map[byte]string{'i': "bigint[]", 't': "text[]"}[s.kinds[i-1]]
		one = strings.ReplaceAll(one, fmt.Sprintf("$%d", i), fmt.Sprintf("(\x00%d::%s)[k.i]", i, array))
	}
	one = strings.ReplaceAll(one, "\x00", "$")
	source := fmt.Sprintf("generate_series(1, $%d::int) as k(i)", len(s.kinds)+1)
	switch verb, _, _ := strings.Cut(strings.TrimSpace(one), " "); verb {
	case "select":
		return "select r.* from " + source + " cross join lateral (" + one + " offset 0) r"
	case "insert":
		head, values, _ := strings.Cut(one, "values (")
		return head + "select " + strings.TrimSuffix(strings.TrimSpace(values), ")") + " from " + source
	case "delete":
		return strings.Replace(one, "\nwhere", "\nusing "+source+"\nwhere", 1)
	case "update":
		return strings.Replace(one, "\nwhere", "\nfrom "+source+"\nwhere", 1)
	}
	panic("store: a statement of no known form: " + s.text)
}

// numbered is the text for one row on SQLite, whose positional arguments are
// written ?1, ?2 …
func (s *statement) numbered() string { return strings.ReplaceAll(s.text, "$", "?") }

// together says whether several rows may share one run of the statement on
// SQLite: inserts, and selects that take the rows of each key as they come.
func (s *statement) together() bool {
	return s.kinds != "" && (strings.HasPrefix(s.text, "insert ") ||
		strings.HasPrefix(s.text, "select ") && !strings.Contains(s.text, " limit "))
}

// joined is the text for n rows at once on SQLite. A set is read by a nested
// loop here too: cross join keeps the keys outside.
func (s *statement) joined(n int) string {
	one := "(?" + strings.Repeat(", ?", len(s.kinds)-1) + ")"
	rows := "values " + one + strings.Repeat(", "+one, n-1)
	head, _, isInsert := strings.Cut(s.text, "values (")
	if isInsert {
		return head + rows
	}
	columns, rest, _ := strings.Cut(s.text, "\nfrom ")
	for i := len(s.kinds); i > 0; i-- {
		rest = strings.ReplaceAll(rest, fmt.Sprintf("$%d", i), fmt.Sprintf("k.column%d", i))
	}
	return columns + "\nfrom (" + rows + ") k cross join " + rest
}

// args is the arguments of a statement for many rows, a column at a time.
type args struct {
	kinds string
	rows  int
	cols  []column
	at    int // the column that the next value goes to
}

// columnRows is for how many rows a column begins with room.
const columnRows = 32

type column struct {
	ints  []int64
	texts []string
}

// value is a row's argument.
func (c *column) value(row int) any {
	if c.ints != nil {
		return c.ints[row]
	}
	return c.texts[row]
}

func newArgs(s *statement) *args {
	return &args{kinds: s.kinds, cols: make([]column, len(s.kinds))}
}

func (a *args) int(v int64) *args {
	a.expect('i')
	c := &a.cols[a.at]
	if c.ints == nil {
		c.ints = make([]int64, 0, columnRows)
	}
	c.ints = append(c.ints, v)
	return a.next()
}

func (a *args) bool(v bool) *args {
	if v {
		return a.int(1)
	}
	return a.int(0)
}

func (a *args) text(v string) *args {
	a.expect('t')
	c := &a.cols[a.at]
	if c.texts == nil {
		c.texts = make([]string, 0, columnRows)
	}
	c.texts = append(c.texts, v)
	return a.next()
}

func (a *args) expect(kind byte) {
	if a.kinds[a.at] != kind {
		panic(fmt.Sprintf("store: argument %d is of kind %c", a.at+1, a.kinds[a.at]))
	}
}

func (a *args) next() *args {
	if a.at++; a.at == len(a.kinds) {
		a.at = 0
		a.rows++
	}
	return a
}

// row is one row of an answer, read from left to right.
type row interface {
	int() int64
	text() string
}

// step is one statement of an exchange with the database.
type step struct {
	st   *statement
	args *args     // nil for a statement without arguments
	each func(row) // nil for a statement without rows
	// counted: the statement changes exactly one row for each row of arguments.
	counted bool
}
