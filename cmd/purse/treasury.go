package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"purse"
	"purse/money"
	"purse/wallet"

	"github.com/spf13/cobra"
)

type entryArgs struct {
	User   string `json:"user"`
	Amount string `json:"amount"` // a decimal of the network's currency
	Reason string `json:"reason"`
	Key    string `json:"key"` // makes it repeatable
}

type entryMade struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	User   string `json:"user_id"`
	Amount string `json:"amount"`
}

func issueMoney(ctx context.Context, n *network, by purse.Operator, in entryArgs) (entryMade, error) {
	return n.enter(ctx, by, in, purse.Issue, n.wallet.Issue)
}

func redeemMoney(ctx context.Context, n *network, by purse.Operator, in entryArgs) (entryMade, error) {
	return n.enter(ctx, by, in, purse.Redeem, n.wallet.Redeem)
}

type enter func(context.Context, purse.BookID, purse.Operator, wallet.EntryRequest) (purse.Answer, error)

func (n *network) enter(ctx context.Context, by purse.Operator, in entryArgs, kind purse.EntryKind, enter enter) (entryMade, error) {
	u, err := n.person(ctx, in.User)
	if err != nil {
		return entryMade{}, err
	}
	amount, err := money.Parse(in.Amount, n.book.Currency)
	if err != nil {
		return entryMade{}, &purse.Error{Code: purse.CodeAmount, Message: "The amount is not one of this network's currency.", Err: err}
	}
	if err := purse.CheckOnceKey(in.Key); err != nil {
		return entryMade{}, err
	}
	req := wallet.EntryRequest{
		Wallet: u.ID, Minor: amount.Minor, Reason: in.Reason,
		Encode: func(e purse.Entry) purse.Answer { return n.encodeEntry(e) },
	}
	if in.Key != "" {
		asked, err := json.Marshal(entryMade{"", string(kind), u.ID.String(), amount.Decimal()})
		if err != nil {
			return entryMade{}, err
		}
		sum := sha256.Sum256(asked)
		req.Once = purse.Once{
			Principal:   purse.Principal{ID: int64(purse.TreasuryAccount)}, // operators share their keys
			Key:         in.Key,
			Fingerprint: base64.RawURLEncoding.EncodeToString(sum[:]),
		}
	}
	answer, err := enter(ctx, n.book.ID, by, req)
	if err != nil {
		return entryMade{}, err
	}
	var made entryMade
	return made, json.Unmarshal([]byte(answer.Body), &made)
}

func (n *network) encodeEntry(e purse.Entry) purse.Answer {
	b, err := json.Marshal(entryMade{
		e.ID.String(), string(e.Kind), e.Wallet.String(), money.Amount{Minor: e.Minor, Currency: n.book.Currency}.Decimal(),
	})
	if err != nil {
		panic(err) // strings
	}
	return purse.Answer{Status: 200, Body: string(b)}
}

func newTreasury() *cobra.Command {
	treasury := &cobra.Command{Use: "treasury", Short: "Let money into the network, or out of it"}
	add := func(name, short, verb string) {
		var in entryArgs
		cmd := &cobra.Command{
			Use:   name + " USER AMOUNT",
			Short: short,
			Args:  cobra.ExactArgs(2),
			RunE: ordered("treasury."+name, func(_ *cobra.Command, words []string) (any, error) {
				in.User, in.Amount = words[0], words[1]
				return in, nil
			}, func(e entryMade) string { return fmt.Sprintf("%s %s, as entry %s.", verb, e.Amount, e.ID) }),
		}
		cmd.Flags().StringVar(&in.Reason, "reason", "", "why, for the audit line")
		cmd.Flags().StringVar(&in.Key, "key", "", "an idempotency key: the same command with the same key happens once")
		cmd.Flags().Bool("json", false, "print JSON")
		treasury.AddCommand(cmd)
	}
	add("issue", "Let money into a wallet, by username or user id", "Issued")
	add("redeem", "Let money out of a wallet, by username or user id", "Redeemed")
	return treasury
}
