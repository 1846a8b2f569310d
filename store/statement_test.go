package store

import (
	"context"
	"database/sql"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"purse"
	"purse/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

// statements is every statement of the package that has arguments, with the
// function that reads its rows, if it has rows.
var statements = map[string]struct {
	st   *statement
	read func(row)
}{
	"loadHead":      {loadHead, func(r row) { readBook(1, r) }},
	"lockHead":      {lockHead, func(r row) { readBook(1, r) }},
	"insertHead":    {insertHead, nil},
	"updateHead":    {updateHead, nil},
	"insertBatch":   {insertBatch, nil},
	"loadBatch":     {loadBatch, func(r row) { r.int() }},
	"loadAccount":   {loadAccount, func(r row) { readAccount(r) }},
	"insertAccount": {insertAccount, nil},
	"updateAccount": {updateAccount, nil},
	"insertPosting": {insertPosting, nil},
	"loadHold":      {loadHold, func(r row) { readHold(r) }},
	"loadOpenHolds": {loadOpenHolds, func(r row) { readHold(r) }},
	"insertHold":    {insertHold, nil},
	"updateHold":    {updateHold, nil},
	"loadPayment":   {loadPayment, func(r row) { readPayment(r) }},
	"insertPayment": {insertPayment, nil},
	"updatePayment": {updatePayment, nil},
	"insertParty":   {insertParty, nil},
	"updateParty":   {updateParty, nil},
	"listOverdue":   {listOverdue, func(r row) { r.int() }},

	"loadAddress":        {loadAddress, func(r row) { readAddress(r) }},
	"shareAddress":       {shareAddress, func(r row) { readAddress(r) }},
	"insertAddress":      {insertAddress, nil},
	"updateAddress":      {updateAddress, nil},
	"loadIntroduction":   {loadIntroduction, func(r row) { readIntroduction(r) }},
	"loadIntroduced":     {loadIntroduced, func(r row) { readIntroduction(r) }},
	"insertIntroduction": {insertIntroduction, nil},
	"loadApp":            {loadApp, func(r row) { readApp(r) }},
	"insertApp":          {insertApp, nil},

	"loadEntry":         {loadEntry, func(r row) { readEntry(r) }},
	"insertEntry":       {insertEntry, nil},
	"loadSpent":         {loadSpent, func(r row) { r.int(); r.int(); r.int() }},
	"insertSpent":       {insertSpent, nil},
	"updateSpent":       {updateSpent, nil},
	"loadOnce":          {loadOnce, func(r row) { readOnce(r) }},
	"insertOnce":        {insertOnce, nil},
	"insertEvent":       {insertEvent, nil},
	"insertAction":      {insertAction, nil},
	"loadUser":          {loadUser, func(r row) { readUser(r) }},
	"loadUserNamed":     {loadUserNamed, func(r row) { readUser(r) }},
	"insertUser":        {insertUser, nil},
	"loadToken":         {loadToken, func(r row) { readToken(r) }},
	"insertToken":       {insertToken, nil},
	"updateToken":       {updateToken, nil},
	"lockAddress":       {lockAddress, func(r row) { readAddress(r) }},
	"listUnclaimed":     {listUnclaimed, func(r row) { readAddress(r) }},
	"loadOldUsername":   {loadOldUsername, func(r row) { readOldUsername(r) }},
	"insertOldUsername": {insertOldUsername, nil},
	"updateOldUsername": {updateOldUsername, nil},
	"insertWord":        {insertWord, nil},
	"deleteWord":        {deleteWord, nil},
	"findUsers":         {findUsers, func(r row) { readPerson(r) }},
	"updateUser":        {updateUser, nil},
	"listAppsOf":        {listAppsOf, func(r row) { readApp(r) }},
	"updateApp":         {updateApp, nil},
	"loadGrant":         {loadGrant, func(r row) { readGrant(r) }},
	"loadGrantsOf":      {loadGrantsOf, func(r row) { readGrant(r) }},
	"listGrantsOf":      {listGrantsOf, func(r row) { readGrant(r) }},
	"insertGrant":       {insertGrant, nil},
	"updateGrant":       {updateGrant, nil},
	"loadAllowance":     {loadAllowance, func(r row) { readAllowance(r) }},
	"insertAllowance":   {insertAllowance, nil},
	"updateAllowance":   {updateAllowance, nil},
	"loadCredentials":   {loadCredentials, func(r row) { readCredentials(r) }},
	"insertCredentials": {insertCredentials, nil},
	"updateCredentials": {updateCredentials, nil},
	"loadContact":       {loadContact, func(r row) { readContact(r) }},
	"loadContactsOf":    {loadContactsOf, func(r row) { readContact(r) }},
	"insertContact":     {insertContact, nil},
	"updateContact":     {updateContact, nil},
	"deleteContact":     {deleteContact, nil},
	"loadSession":       {loadSession, func(r row) { readSession(r) }},
	"loadSessionsOf":    {loadSessionsOf, func(r row) { readSession(r) }},
	"insertSession":     {insertSession, nil},
	"updateSession":     {updateSession, nil},
	"loadTicket":        {loadTicket, func(r row) { readTicket(r) }},
	"insertTicket":      {insertTicket, nil},
	"updateTicket":      {updateTicket, nil},
	"loadTie":           {loadTie, func(r row) { readTie(r) }},
	"insertTie":         {insertTie, nil},
	"updateTie":         {updateTie, nil},
	"deleteTie":         {deleteTie, nil},
	"listFriends":       {listFriends, func(r row) { readPerson(r) }},
	"listFriendsBack":   {listFriendsBack, func(r row) { readPerson(r) }},
	"listTies":          {listTies, func(r row) { readTie(r) }},
	"listAsking":        {listAsking, func(r row) { readPerson(r) }},
	"loadPendingTo":     {loadPendingTo, func(r row) { readPayment(r) }},
	"loadWaiting":       {loadWaiting, func(r row) { readPayment(r) }},
	"listTold":          {listTold, func(r row) { readPayment(r) }},

	"loadMerchant":           {loadMerchant, func(r row) { readMerchant(r) }},
	"listMerchants":          {listMerchants, func(r row) { readMerchant(r) }},
	"insertMerchant":         {insertMerchant, nil},
	"updateMerchant":         {updateMerchant, nil},
	"loadLogo":               {loadLogo, func(r row) { readLogo(r) }},
	"insertLogo":             {insertLogo, nil},
	"updateLogo":             {updateLogo, nil},
	"loadAPIKey":             {loadAPIKey, func(r row) { readAPIKey(r) }},
	"loadKeysOf":             {loadKeysOf, func(r row) { readAPIKey(r) }},
	"insertAPIKey":           {insertAPIKey, nil},
	"updateAPIKey":           {updateAPIKey, nil},
	"loadHandle":             {loadHandle, func(r row) { readHandle(r) }},
	"loadHandleNamed":        {loadHandleNamed, func(r row) { readHandle(r) }},
	"loadHandleLinked":       {loadHandleLinked, func(r row) { readHandle(r) }},
	"insertHandle":           {insertHandle, nil},
	"updateHandle":           {updateHandle, nil},
	"loadHandleReferenced":   {loadHandleReferenced, func(r row) { r.int(); r.int(); r.text() }},
	"listHandles":            {listHandles, func(r row) { readHandle(r) }},
	"listHandlesReferenced":  {listHandlesReferenced, func(r row) { readHandle(r) }},
	"countHandles":           {countHandles, func(r row) { r.int() }},
	"countHandlesReferenced": {countHandlesReferenced, func(r row) { r.int() }},
	"listWaitingHandles":     {listWaitingHandles, func(r row) { r.int(); r.int() }},
	"listHeldHandles":        {listHeldHandles, func(r row) { r.int(); r.int(); r.int() }},
	"loadOperation":          {loadOperation, func(r row) { readOperation(r) }},
	"insertOperation":        {insertOperation, nil},
	"updateOperation":        {updateOperation, nil},
	"loadReferenced":         {loadReferenced, func(r row) { r.int(); r.int(); r.text(); r.text() }},
	"listOperations":         {listOperations, func(r row) { readOperation(r) }},
	"listReferenced":         {listReferenced, func(r row) { readOperation(r) }},
	"countOperations":        {countOperations, func(r row) { r.int() }},
	"countReferenced":        {countReferenced, func(r row) { r.int() }},
	"listUnder":              {listUnder, func(r row) { readOperation(r) }},
	"listUnsettled":          {listUnsettled, func(r row) { r.int(); r.int() }},
	"loadMandate":            {loadMandate, func(r row) { readMandate(r) }},
	"listMandatesOf":         {listMandatesOf, func(r row) { readMandate(r) }},
	"insertMandate":          {insertMandate, nil},
	"updateMandate":          {updateMandate, nil},
	"loadConsumer":           {loadConsumer, func(r row) { readConsumer(r) }},
	"loadConsumerNumbered":   {loadConsumerNumbered, func(r row) { readConsumer(r) }},
	"insertConsumer":         {insertConsumer, nil},
	"updateConsumer":         {updateConsumer, nil},
	"loadCustomer":           {loadCustomer, func(r row) { readCustomer(r) }},
	"loadCustomerReferenced": {loadCustomerReferenced, func(r row) { readCustomer(r) }},
	"insertCustomer":         {insertCustomer, nil},
	"updateCustomer":         {updateCustomer, nil},
	"loadCursor":             {loadCursor, func(r row) { readCursor(r) }},
	"insertCursor":           {insertCursor, nil},
	"updateCursor":           {updateCursor, nil},
	"loadOrder":              {loadOrder, func(r row) { readOrder(r) }},
	"loadOrderLinked":        {loadOrderLinked, func(r row) { readOrder(r) }},
	"loadOrderPaidBy":        {loadOrderPaidBy, func(r row) { readOrder(r) }},
	"insertOrder":            {insertOrder, nil},
	"updateOrder":            {updateOrder, nil},
	"listOrders":             {listOrders, func(r row) { readOrder(r) }},
	"listOrdersMade":         {listOrdersMade, func(r row) { readOrder(r) }},
	"listOrdersPaidBy":       {listOrdersPaidBy, func(r row) { readOrder(r) }},
	"listOverdueOrders":      {listOverdueOrders, func(r row) { r.int(); r.int() }},
	"loadPaymentLink":        {loadPaymentLink, func(r row) { readPaymentLink(r) }},
	"loadPaymentLinked":      {loadPaymentLinked, func(r row) { readPaymentLink(r) }},
	"listPaymentLinksOf":     {listPaymentLinksOf, func(r row) { readPaymentLink(r) }},
	"insertPaymentLink":      {insertPaymentLink, nil},
	"updatePaymentLink":      {updatePaymentLink, nil},
	"loadMember":             {loadMember, func(r row) { readMember(r) }},
	"listMembersOf":          {listMembersOf, func(r row) { readMember(r) }},
	"listMembershipsOf":      {listMembershipsOf, func(r row) { readMember(r) }},
	"insertMember":           {insertMember, nil},
	"deleteMember":           {deleteMember, nil},
	"lastEvent":              {lastEvent, func(r row) { r.int() }},
	"listNews":               {listNews, func(r row) { readEvent(r) }},
	"listEvents":             {listEvents, func(r row) { r.int(); r.text(); r.int(); r.int(); r.text() }},
	"listPostings":           {listPostings, func(r row) { readPosting(r) }},

	"deleteBatches": {deleteBatches, nil},
	"purgeOnce":     {purgeOnce, nil},

	"listOldTickets":  {listOldTickets, func(r row) { r.text() }},
	"deleteTicket":    {deleteTicket, nil},
	"listOldSessions": {listOldSessions, func(r row) { r.text() }},
	"deleteSession":   {deleteSession, nil},
}

// simple is the statements that no other form is made of.
var simple = []string{
	"commit", "rollback", "beginCommitted", "beginSerializable", "beginImmediate", "databaseClock",
	"walkOnce", // read only, one row of arguments
}

// TestStatementsAreAllListed keeps the list above, and with it the tests below,
// complete.
func TestStatementsAreAllListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				declared = append(declared, statementsOf(g)...)
			}
		}
	}
	listed := append(slices.Collect(maps.Keys(statements)), simple...)
	slices.Sort(declared)
	slices.Sort(listed)
	if !slices.Equal(declared, listed) {
		t.Errorf("the package declares the statements\n%v\nand this test lists\n%v", declared, listed)
	}
}

// statementsOf finds the variables of a declaration that are statements.
func statementsOf(g *ast.GenDecl) (names []string) {
	for _, spec := range g.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, value := range v.Values {
			if u, ok := value.(*ast.UnaryExpr); ok {
				value = u.X
			}
			if c, ok := value.(*ast.CompositeLit); ok {
				if id, ok := c.Type.(*ast.Ident); ok && id.Name == "statement" {
					names = append(names, v.Names[i].Name)
				}
			}
		}
	}
	return names
}

var (
	placeholders = regexp.MustCompile(`\$(\d+)`)
	insertForm   = regexp.MustCompile(`(?s)^insert into (\w+) \((.*)\)\s*values \((.*)\)$`)
)

// TestStatementsNumberTheirArguments: $1, $2 … are as many as the kinds, and an
// insert has as many columns as values, in order.
func TestStatementsNumberTheirArguments(t *testing.T) {
	for name, s := range statements {
		used := map[string]bool{}
		for _, m := range placeholders.FindAllStringSubmatch(s.st.text, -1) {
			used[m[1]] = true
		}
		for i := range s.st.kinds {
			if !used[fmt.Sprint(i+1)] {
				t.Errorf("%s does not use $%d", name, i+1)
			}
		}
		if len(used) != len(s.st.kinds) {
			t.Errorf("%s uses %d arguments and has kinds for %d", name, len(used), len(s.st.kinds))
		}
		if strings.Trim(s.st.kinds, "it") != "" {
			t.Errorf("%s has kinds %q", name, s.st.kinds)
		}
		if strings.HasPrefix(s.st.text, "insert") {
			m := insertForm.FindStringSubmatch(s.st.text)
			if m == nil {
				t.Errorf("%s is an insert of no known form", name)
				continue
			}
			columns, values := strings.Split(m[2], ","), strings.Split(m[3], ",")
			if len(columns) != len(values) {
				t.Errorf("%s has %d columns and %d values", name, len(columns), len(values))
			}
			for i, v := range values {
				if strings.TrimSpace(v) != fmt.Sprintf("$%d", i+1) {
					t.Errorf("%s: value %d is %s", name, i+1, v)
				}
			}
		}
	}
}

// TestPackedRowsAreWhole: what packs a row packs all of it, and no more.
func TestPackedRowsAreWhole(t *testing.T) {
	user := purse.User{Username: "abcd"}
	for st, pack := range map[*statement]func(*args){
		insertAccount: func(a *args) { packAccount(1, purse.Account{}, a) },
		updateAccount: func(a *args) { packAccountChange(1, purse.Account{}, a) },
		insertPayment: func(a *args) { packPayment(1, purse.Payment{}, a) },
		insertEntry:   func(a *args) { packEntry(1, purse.Entry{}, a) },
		insertOnce:    func(a *args) { packOnce(1, purse.StoredAnswer{}, a) },
		insertEvent:   func(a *args) { packEvent(1, purse.Event{}, a) },
		insertAction:  func(a *args) { packAction(1, purse.Action{}, a) },
		insertUser:    func(a *args) { packUser(1, user, a) },
		insertToken:   func(a *args) { packToken(1, purse.Token{}, a) },
		updateToken:   func(a *args) { packTokenChange(1, purse.Token{}, a) },
		updatePayment: func(a *args) { packPaymentChange(1, purse.Payment{}, a) },
		insertParty:   func(a *args) { packParty(1, purse.Party{}, a) },
		updateParty:   func(a *args) { packPartyChange(1, purse.Party{}, a) },
		insertApp:     func(a *args) { packApp(1, purse.App{}, a) },
		insertAddress: func(a *args) { packAddress(1, purse.AddressOwner{}, a) },
		updateHead: func(a *args) {
			a.int(1)
			packHead(purse.Book{}, 0, a)
		},
		insertIntroduction: func(a *args) { packIntroduction(1, purse.Introduction{}, a) },
	} {
		a := newArgs(st)
		for n := 1; n <= 3; n++ {
			if pack(a); a.rows != n || a.at != 0 {
				t.Errorf("after %d rows there are %d and %d arguments more: %.40s", n, a.rows, a.at, st.text)
			}
		}
	}
}

// kindsRead is a row that writes down how it is read.
type kindsRead struct{ kinds []byte }

func (k *kindsRead) int() int64   { k.kinds = append(k.kinds, 'i'); return 0 }
func (k *kindsRead) text() string { k.kinds = append(k.kinds, 't'); return "" }

// migrated is an empty database with the schema.
func migrated(t *testing.T, database string) {
	t.Helper()
	s, err := Open(t.Context(), database, Options{Mode: purse.Sandbox, Currency: "USD", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// writerSession is a PostgreSQL session as a writer has it.
func writerSession(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(c.RuntimeParams, writerSettings)
	maps.Copy(c.RuntimeParams, plannerSettings)
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// TestStatementsAreValidOnPostgres: each lifted text is accepted, its arguments
// have the types of the columns they go to, and its rows are read as they come.
func TestStatementsAreValidOnPostgres(t *testing.T) {
	url := pgtest.Database(t)
	migrated(t, url)
	conn := writerSession(t, url)
	kinds := map[uint32]byte{20: 'i', 25: 't'} // the types of rows
	for name, s := range statements {
		d, err := conn.Prepare(t.Context(), name, s.st.lifted())
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, s.st.lifted())
			continue
		}
		var read kindsRead
		if s.read != nil {
			s.read(&read)
		}
		var has []byte
		for _, f := range d.Fields {
			has = append(has, kinds[f.DataTypeOID])
		}
		if string(has) != string(read.kinds) {
			t.Errorf("%s gives %q and is read as %q", name, has, read.kinds)
		}
		if m := insertForm.FindStringSubmatch(s.st.text); m != nil {
			checkInsert(t, conn, name, s.st.kinds, m)
		}
	}
}

// checkInsert compares the kinds of an insert with the columns' types, and that
// it names every column.
func checkInsert(t *testing.T, conn *pgx.Conn, name, kinds string, form []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select column_name::text, data_type::text from information_schema.columns
		where table_schema = 'public' and table_name = $1`, form[1])
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	var column, dataType string
	_, err = pgx.ForEachRow(rows, []any{&column, &dataType}, func() error { types[column] = dataType; return nil })
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Split(form[2], ",")
	if len(columns) != len(types) {
		t.Errorf("%s names %d of %d columns", name, len(columns), len(types))
	}
	for i, column := range columns {
		want := map[byte]string{'i': "bigint", 't': "text"}[kinds[i]]
		if got := types[strings.TrimSpace(column)]; got != want {
			t.Errorf("%s gives %s to the column %s, which is %s", name, want, column, got)
		}
	}
}

// TestStatementsAreValidOnSQLite: each numbered text is accepted, and has as
// many arguments and columns as its use.
func TestStatementsAreValidOnSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purse.db")
	migrated(t, path)
	conn, err := openSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.conn.Close()
	for name, s := range statements {
		if s.st == lockHead || s.st == shareAddress || s.st == lockAddress { // SQLite has no row to lock
			continue
		}
		st, err := conn.conn.Prepare(s.st.numbered())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		st.Close()
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, s := range statements {
		if s.read == nil || s.st == lockHead || s.st == shareAddress || s.st == lockAddress {
			continue
		}
		arguments := make([]any, len(s.st.kinds))
		for i, k := range s.st.kinds {
			arguments[i] = map[rune]any{'i': int64(1), 't': "x"}[k]
		}
		rows, err := db.QueryContext(t.Context(), s.st.numbered(), arguments...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		columns, err := rows.Columns()
		rows.Close()
		var read kindsRead
		s.read(&read)
		if err != nil || len(columns) != len(read.kinds) {
			t.Errorf("%s has %d columns and %d are read, %v", name, len(columns), len(read.kinds), err)
		}
	}
}

// TestMigrationsMayRunTwice: servers that start together may both run one. Either
// each statement says IF NOT EXISTS, or the whole migration is one transaction.
func TestMigrationsMayRunTwice(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "-- +goose NO TRANSACTION") {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "CREATE ") && !strings.Contains(line, "IF NOT EXISTS") || strings.HasPrefix(line, "ALTER ") {
				t.Errorf("%s may not run twice: %s", file, line)
			}
		}
	}
}
