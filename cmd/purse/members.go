package main

import (
	"context"
	"fmt"
	"strings"

	"purse"

	"github.com/spf13/cobra"
)

type memberArgs struct {
	ID   string `json:"id"`   // the merchant's
	User string `json:"user"` // a username or a number
}

// memberShown is a person who works for a merchant.
type memberShown struct {
	User     string `json:"user"`
	Username string `json:"username"`
	Since    string `json:"since"`
}

type membersShown struct {
	Merchant string        `json:"merchant"`
	Members  []memberShown `json:"members"`
}

func (m membersShown) String() string {
	if len(m.Members) == 0 {
		return "Nobody works for it."
	}
	var lines []string
	for _, one := range m.Members {
		lines = append(lines, fmt.Sprintf("%s  %s  since %s", one.User, one.Username, one.Since))
	}
	return strings.Join(lines, "\n")
}

// membership finds the two that an order is about.
func (n *network) membership(ctx context.Context, in memberArgs) (purse.Merchant, purse.User, error) {
	m, err := n.merchant(ctx, in.ID)
	if err != nil {
		return m, purse.User{}, err
	}
	u, err := n.person(ctx, in.User)
	return m, u, err
}

func addMember(ctx context.Context, n *network, by purse.Operator, in memberArgs) (done, error) {
	m, u, err := n.membership(ctx, in)
	if err != nil {
		return done{}, err
	}
	_, err = n.identity.AddMember(ctx, by, m.ID, u.Username)
	return done{u.Username + " works for " + m.Name + "."}, err
}

func removeMember(ctx context.Context, n *network, by purse.Operator, in memberArgs) (done, error) {
	m, u, err := n.membership(ctx, in)
	if err != nil {
		return done{}, err
	}
	return done{u.Username + " no longer works for " + m.Name + "."}, n.identity.RemoveMember(ctx, by, m.ID, u.Username)
}

func listMembers(ctx context.Context, n *network, _ purse.Operator, in merchantNamed) (membersShown, error) {
	m, err := n.merchant(ctx, in.ID)
	if err != nil {
		return membersShown{}, err
	}
	members, err := n.store.MembersOf(ctx, m.ID)
	if err != nil {
		return membersShown{}, err
	}
	var ids []purse.UserID
	for _, one := range members {
		ids = append(ids, one.Person)
	}
	users, err := n.store.Users(ctx, ids...)
	out := membersShown{m.ID.String(), []memberShown{}}
	for _, one := range members {
		out.Members = append(out.Members, memberShown{one.Person.String(), users[one.Person].Username, stamp(one.Since)})
	}
	return out, err
}

func newMember() *cobra.Command {
	member := &cobra.Command{Use: "member", Short: "Look after the people who work for a merchant: at its till, with its links and its orders"}
	both := func(_ *cobra.Command, words []string) (any, error) { return memberArgs{words[0], words[1]}, nil }
	say := func(d done) string { return d.Done }
	member.AddCommand(
		merchantCommand("add ID USERNAME", "Let a person work for a merchant", 2, "merchant.member.add", both, say),
		merchantCommand("remove ID USERNAME", "Let a person work for a merchant no longer", 2, "merchant.member.remove", both, say),
		merchantCommand("list ID", "List who works for a merchant", 1, "merchant.member.list",
			func(_ *cobra.Command, words []string) (any, error) { return merchantNamed{words[0]}, nil }, membersShown.String),
	)
	return member
}
