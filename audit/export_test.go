package audit

import (
	"context"
	"database/sql"
	"strings"
)

// WithChunk is o with another number of rows a statement.
func (o Options) WithChunk(rows int) Options {
	o.chunk = rows
	return o
}

// Before is o with something that is done before each table is walked.
func (o Options) Before(do func(table string)) Options {
	o.before = do
	return o
}

// Keep returns options for any number of runs on one connection, which knows the
// catalogue after the first: that is most of what a run on a small book costs on
// PostgreSQL.
func Keep(o Options) (kept Options, stop func() error, err error) {
	o.kept, err = open(o.Database, o.Pace)
	if err != nil {
		return o, nil, err
	}
	return o, o.kept.close, nil
}

// RememberEffects changes how many effects of one principal are remembered, and
// tells how to change it back.
func RememberEffects(n int) (restore func()) {
	before := effectsMax
	effectsMax = n
	return func() { effectsMax = before }
}

// Plans tells how PostgreSQL would run the walks over the tables with keys of
// several columns, and those with look-ups inside.
func Plans(ctx context.Context, url string) (map[string]string, error) {
	db, err := openPostgres(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	plans := map[string]string{}
	for name, q := range map[string]struct {
		text string
		args []any
	}{
		"accounts":      {accountsText, []any{1, 0, 5000}},
		"postings":      {postingsText, []any{1, 1, 1, 5000}},
		"holds":         {holdsText, []any{1, 0, int64(1) << 60, 5000}},
		"once":          {onceText, []any{1, 1, 0, "", 5000}},
		"once of some":  {onceOfText, []any{1, 1, 0, "", 5000}},
		"spent":         {spentText, []any{1, 1, 1, 5000}},
		"spent now":     {spentNowText, []any{1, 1, 5000}},
		"counted":       {countedText, []any{1, 1, 1, 5, 6, 1, 9}},
		"payments":      {paymentsText, []any{1, 0, int64(1) << 60, 5000}},
		"parties":       {partiesText, []any{1, 1, 1, 1, 5000}},
		"introductions": {introductionsText, []any{1, 1, "email", "", 5000}},
		"addresses":     {addressesText, []any{"email", "", 5000}},
		"events":        {eventsText, []any{1, 0, int64(1) << 60, 5000}},
		"people":        {peopleText, []any{0, 500}},
		"old usernames": {oldUsernamesText, []any{"", 5000}},
		"words":         {wordsText, []any{"", 0, 5000}},
		"contacts":      {contactsText, []any{0, "email", "", 5000}},
		"ties":          {tiesText, []any{0, 0, 5000}},
		"credentials":   {credentialsText, []any{0, 5000}},
		"sessions":      {sessionsText, []any{"", 5000}},
		"tickets":       {ticketsText, []any{"", 5000}},
		"apps":          {appsText, []any{0, 5000}},
		"grants":        {grantsText, []any{0, 5000}},
		"tokens":        {tokensText, []any{"", 5000}},
		"allowances":    {allowancesText, []any{1, 0, 0, 5000}},
		"merchants":     {merchantsText, []any{0, 5000}},
		"logos":         {logosText, []any{0, 16}},
		"API keys":      {apiKeysText, []any{"", 5000}},
		"handles":       {handlesText, []any{1, 0, 0, 5000}},
		"operations":    {operationsText, []any{1, 0, "", 0, 5000}},
		"mandates":      {mandatesText, []any{1, 0, "", 5000}},
		"consumers":     {consumersText, []any{1, 0, 0, 5000}},
		"customers":     {customersText, []any{1, 0, 0, 5000}},
		"orders":        {ordersText, []any{1, 0, 0, 5000}},
		"payment links": {paymentLinksText, []any{1, 0, 0, 5000}},
		"members":       {membersText, []any{0, 0, 5000}},
		"cursors":       {cursorsText, []any{1, "", 5000}},
	} {
		rows, err := db.QueryContext(ctx, "explain "+q.text, q.args...)
		if err != nil {
			return nil, err
		}
		if plans[name], err = lines(rows); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

func lines(rows *sql.Rows) (string, error) {
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		b.WriteString(line + "\n")
	}
	return b.String(), rows.Err()
}
