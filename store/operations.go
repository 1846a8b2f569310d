package store

import (
	"purse"
	"purse/ledger"
)

// What merchants have done.

const operationColumns = `merchant, kind, id, ref, handle, parent, payer, minor, fee, auto, settleable, refundable, hold, deadline,
	transfer, counted, status, fault, processor, details, changed, version`

var loadOperation = &statement{`select ` + operationColumns + `
from operations where book = $1 and merchant = $2 and kind = $3 and id = $4`, "iiti"}

func readOperation(r row) purse.Operation {
	o := purse.Operation{
		OperationKey: purse.OperationKey{Merchant: purse.MerchantID(r.int()), Kind: purse.OperationKind(r.text()), ID: purse.OperationID(r.int())},
		Ref:          r.text(), Handle: purse.HandleID(r.int()), Parent: purse.OperationID(r.int()), Payer: purse.UserID(r.int()),
		Minor: r.int(), Fee: r.int(), Auto: r.int() == 1, Settleable: r.int(), Refundable: r.int(),
	}
	o.Hold, o.Deadline, o.Transfer, o.Counted = ledger.TransferID(r.int()), purse.Time(r.int()), ledger.TransferID(r.int()), r.int()
	o.Status, o.Fault, o.Processor = purse.OperationStatus(r.text()), purse.Code(r.text()), r.text()
	o.Details, o.Changed, o.Version = r.text(), purse.Time(r.int()), r.int()
	return o
}

var insertOperation = &statement{`insert into operations (book, ` + operationColumns + `)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
	"iititiiiiiiiiiiiitttt" + "ii"}

func packOperation(book purse.BookID, v purse.Operation, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).text(string(v.Kind)).int(int64(v.ID)).text(v.Ref).int(int64(v.Handle)).int(int64(v.Parent))
	a.int(int64(v.Payer)).int(v.Minor).int(v.Fee).bool(v.Auto).int(v.Settleable).int(v.Refundable).int(int64(v.Hold)).int(int64(v.Deadline))
	a.int(int64(v.Transfer)).int(v.Counted).text(string(v.Status)).text(string(v.Fault)).text(v.Processor).text(v.Details)
	a.int(int64(v.Changed)).int(v.Version)
}

var updateOperation = &statement{`update operations set settleable = $5, refundable = $6, hold = $7, counted = $8, status = $9, changed = $10, version = $11
where book = $1 and merchant = $2 and kind = $3 and id = $4`, "iitiiiiitii"}

func packOperationChange(book purse.BookID, v purse.Operation, a *args) {
	a.int(int64(book)).int(int64(v.Merchant)).text(string(v.Kind)).int(int64(v.ID)).int(v.Settleable).int(v.Refundable)
	a.int(int64(v.Hold)).int(v.Counted).text(string(v.Status)).int(int64(v.Changed)).int(v.Version)
}

var loadReferenced = &statement{`select id, merchant, kind, ref
from operations
where book + 0 = $1 and merchant = $2 and kind = $3 and ref = $4 order by id desc limit 1`, "iitt"}

// Lists, newest first.
var (
	listOperations = &statement{`select ` + operationColumns + `
from operations
where book = $1 and merchant = $2 and kind = $3 and id >= $4 and id < $5 order by id desc limit $6`, "iitiii"}
	listReferenced = &statement{`select ` + operationColumns + `
from operations
where book + 0 = $1 and merchant = $2 and kind = $3 and ref = $4 and id >= $5 and id < $6 order by id desc limit $7`, "iittiii"}
	countOperations = &statement{`select count(*)
from (select 1 from operations where book = $1 and merchant = $2 and kind = $3 and id >= $4 and id < $5 limit 10000) c`, "iitii"}
	countReferenced = &statement{`select count(*)
from (select 1 from operations where book + 0 = $1 and merchant = $2 and kind = $3 and ref = $4 and id >= $5 and id < $6 limit 10000) c`, "iittii"}
	listUnder = &statement{`select ` + operationColumns + `
from operations
where book = $1 and parent = $2 and parent > 0 and parent <> id order by id limit 100`, "ii"}
	listUnsettled = &statement{`select merchant, id
from operations where book = $1 and deadline <= $2 and hold > 0 order by deadline, id limit $3`, "iii"}
)
