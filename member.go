package purse

// Member is a person who works for a merchant: takes payments at its till, makes
// payment links, sees its orders.
//
// Life: made and removed by operators.
type Member struct {
	MemberKey
	Since Time
}

// MemberKey names a member.
type MemberKey struct {
	Merchant MerchantID
	Person   UserID
}

// MembersMax is how many members a merchant may have.
const MembersMax = 100

// Member finds a person who works for a merchant.
func (f *Facts) Member(k MemberKey) (Member, error) {
	return found(f, &f.set.Members, k, "member", func(n *Needs) { n.Members = []MemberKey{k} })
}
