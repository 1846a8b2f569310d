package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"purse"
	"purse/money"
	"purse/wallet"

	"github.com/spf13/cobra"
)

type entryArgs struct {
	User   string `json:"user"`   // or "merchant:" and a merchant's number
	Amount string `json:"amount"` // a decimal of the network's currency
	Reason string `json:"reason"`
	Key    string `json:"key"` // makes it repeatable
}

type entryMade struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	User     string `json:"user_id,omitempty"`
	Amount   string `json:"amount"`
	Merchant string `json:"merchant_id,omitempty"` // instead of the user's
}

// merchantWord begins the name of a merchant's balance where a wallet may stand too.
const merchantWord = "merchant:"

// account reads whose account money is to enter or leave: a person's wallet, or a
// merchant's balance.
func (n *network) account(ctx context.Context, name string) (purse.UserID, purse.MerchantID, error) {
	if number, ok := strings.CutPrefix(name, merchantWord); ok {
		id, err := merchantNumber(number)
		return 0, id, err
	}
	u, err := n.person(ctx, name)
	return u.ID, 0, err
}

func issueMoney(ctx context.Context, n *network, by purse.Operator, in entryArgs) (entryMade, error) {
	return n.enter(ctx, by, in, purse.Issue, n.wallet.Issue)
}

func redeemMoney(ctx context.Context, n *network, by purse.Operator, in entryArgs) (entryMade, error) {
	return n.enter(ctx, by, in, purse.Redeem, n.wallet.Redeem)
}

type enter func(context.Context, purse.BookID, purse.Operator, wallet.EntryRequest) (purse.Answer, error)

func (n *network) enter(ctx context.Context, by purse.Operator, in entryArgs, kind purse.EntryKind, enter enter) (entryMade, error) {
	user, merchant, err := n.account(ctx, in.User)
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
		Wallet: user, Merchant: merchant, Minor: amount.Minor, Reason: in.Reason,
		Encode: func(e purse.Entry) purse.Answer { return n.encodeEntryOf(e, merchant) },
	}
	if in.Key != "" {
		request := n.entryOf(purse.Entry{Kind: kind, Wallet: user, Minor: amount.Minor}, merchant)
		request.ID = ""
		asked, err := json.Marshal(request)
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

func (n *network) encodeEntry(e purse.Entry) purse.Answer { return n.encodeEntryOf(e, 0) }

func (n *network) encodeEntryOf(e purse.Entry, merchant purse.MerchantID) purse.Answer {
	b, err := json.Marshal(n.entryOf(e, merchant))
	if err != nil {
		panic(err) // strings
	}
	return purse.Answer{Status: 200, Body: string(b)}
}

// entryOf shows an entry of a wallet or, if it is not 0, of a merchant's balance.
func (n *network) entryOf(e purse.Entry, merchant purse.MerchantID) entryMade {
	made := entryMade{ID: e.ID.String(), Kind: string(e.Kind), User: e.Wallet.String(), Amount: money.Amount{Minor: e.Minor, Currency: n.book.Currency}.Decimal()}
	if merchant != 0 {
		made.User, made.Merchant = "", merchant.String()
	}
	return made
}

func newTreasury() *cobra.Command {
	treasury := &cobra.Command{Use: "treasury", Short: "Let money into the network, or out of it"}
	add := func(name, short, verb string) {
		var in entryArgs
		cmd := &cobra.Command{
			Use:   name + " USER|merchant:ID AMOUNT",
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
	add("issue", "Let money into a wallet, by username or user id, or into a merchant's balance", "Issued")
	add("redeem", "Let money out of a wallet, by username or user id, or out of a merchant's balance", "Redeemed")
	return treasury
}
