// Package wallet is what people do with their wallets: pay, charge, answer to a
// charge, look at what was paid, and who their friends are. Each use case is one
// file with one command.
//
// It decides and leaves wire formats to the doors, rules to package policy and
// arithmetic to package ledger. Everything it promises it promises in the
// commit of its command: a payment that was answered is durable, one that was
// refused changed nothing.
package wallet

import "purse"

// Service carries out the use cases of wallets.
type Service struct {
	Store  purse.Store
	Script purse.Script // nil in a live network
}
