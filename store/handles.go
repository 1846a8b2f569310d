package store

import (
	"purse"
	"purse/ledger"
)

// Payment handles. Where a text says book + 0 or book - 0, it means another index than the
// primary key's; see plan_test.go.

const handleColumns = `merchant, id, type, ref, token, multi, consumer, payer, minor, status, fault, processor, hold, counted,
	link, simulator, details, operation, changed, version`

var loadHandle = &statement{`select ` + handleColumns + `
from handles where book = $1 and merchant = $2 and id = $3`, "iii"}

var loadHandleNamed = &statement{`select ` + handleColumns + `
from handles where book - 0 = $1 and token = $2`, "it"}

var loadHandleLinked = &statement{`select ` + handleColumns + `
from handles where link = $1 and link <> ''`, "t"}

func readHandle(r row) purse.Handle {
	h := purse.Handle{
		HandleKey: purse.HandleKey{Merchant: purse.MerchantID(r.int()), ID: purse.HandleID(r.int())},
		Type:      purse.HandleType(r.text()), Ref: r.text(), Token: r.text(), Multi: r.int() == 1, Consumer: r.text(),
		Payer: purse.UserID(r.int()), Minor: r.int(), Status: purse.HandleStatus(r.text()), Fault: purse.Code(r.text()), Processor: r.text(),
		Hold: ledger.TransferID(r.int()), Counted: r.int(), Link: r.text(), Simulator: r.text(), Details: r.text(),
	}
	h.Operation, h.Changed, h.Version = purse.OperationID(r.int()), purse.Time(r.int()), r.int()
	return h
}

var insertHandle = &statement{`insert into handles (book, ` + handleColumns + `, waits)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
	"iiitttitiitttiitttiiii"}

func packHandle(book purse.BookID, v purse.Handle, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).text(string(v.Type)).text(v.Ref).text(v.Token).bool(v.Multi).text(v.Consumer)
	a.int(int64(v.Payer)).int(v.Minor).text(string(v.Status)).text(string(v.Fault)).text(v.Processor).int(int64(v.Hold)).int(v.Counted)
	a.text(v.Link).text(v.Simulator).text(v.Details).int(int64(v.Operation)).int(int64(v.Changed)).int(v.Version).bool(v.Waits())
}

// A handle changes until it has ended. The index of those that wait is left alone
// where a handle was payable from the beginning: waits stays 0. || hides the column; see plan_test.go.
var updateHandle = &statement{`update handles set payer = $4, status = $5, fault = $6, processor = $7,
	hold = $8, counted = $9, link = $10, operation = $11, changed = $12, version = $13, waits = $14
where book = $1 and merchant = $2 and id = $3 and status || '' not in ('COMPLETED', 'FAILED', 'EXPIRED')`, "iiiitttiitiiii"}

func packHandleChange(book purse.BookID, v purse.Handle, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).int(int64(v.ID)).int(int64(v.Payer)).text(string(v.Status)).text(string(v.Fault)).text(v.Processor)
	a.int(int64(v.Hold)).int(v.Counted).text(v.Link).int(int64(v.Operation)).int(int64(v.Changed)).int(v.Version).bool(v.Waits())
}

var loadHandleReferenced = &statement{`select id, merchant, ref
from handles where book + 0 = $1 and merchant = $2 and ref = $3 order by id desc limit 1`, "iit"}

// Lists, newest first.
var (
	listHandles = &statement{`select ` + handleColumns + `
from handles where book = $1 and merchant = $2 and id >= $3 and id < $4 order by id desc limit $5`, "iiiii"}
	listHandlesReferenced = &statement{`select ` + handleColumns + `
from handles
where book + 0 = $1 and merchant = $2 and ref = $3 and id >= $4 and id < $5 order by id desc limit $6`, "iitiii"}
	countHandles = &statement{`select count(*)
from (select 1 from handles where book = $1 and merchant = $2 and id >= $3 and id < $4 limit 10000) c`, "iiii"}
	countHandlesReferenced = &statement{`select count(*)
from (select 1 from handles where book + 0 = $1 and merchant = $2 and ref = $3 and id >= $4 and id < $5 limit 10000) c`, "iitii"}
)

// What is overdue: handles that wait for somebody, and holds of handles that are payable.
var (
	listWaitingHandles = &statement{`select merchant, id
from handles where book = $1 and id < $2 and waits = 1 order by id limit $3`, "iii"}
	listHeldHandles = &statement{`select debit, credit, cause
from holds where book = $1 and cause_kind = 'handle' and cause < $2 and state = 'open' order by cause limit $3`, "iii"}
)
