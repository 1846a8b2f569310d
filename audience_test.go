package purse

import "testing"

func TestVisible(t *testing.T) {
	const actor, target, viewer = UserID(1), UserID(2), UserID(3)
	friend := Between{Mine: Tie{State: TieFriend}, Theirs: Tie{State: TieFriend}}
	mine, theirs := Between{Mine: Tie{Blocked: true}}, Between{Theirs: Tie{Blocked: true}}
	type ties map[UserID]Between
	for _, tc := range []struct {
		name     string
		viewer   UserID
		status   PaymentStatus
		audience Audience
		ties     ties
		want     bool
	}{
		{"the actor", actor, PaymentPending, Private, nil, true},
		{"the target", target, PaymentCancelled, Private, nil, true},
		{"the target, blocked by the actor", target, PaymentSettled, Private, ties{actor: theirs}, true},
		{"private", viewer, PaymentSettled, Private, ties{actor: friend, target: friend}, false},
		{"friends, a stranger", viewer, PaymentSettled, Friends, nil, false},
		{"friends, who was only asked", viewer, PaymentSettled, Friends, ties{actor: {Theirs: Tie{State: TieAsked}}}, false},
		{"friends, the actor's", viewer, PaymentSettled, Friends, ties{actor: friend}, true},
		{"friends, the target's", viewer, PaymentSettled, Friends, ties{target: friend}, true},
		{"friends, the actor's, blocked by the target", viewer, PaymentSettled, Friends, ties{actor: friend, target: theirs}, false},
		{"public, a stranger", viewer, PaymentSettled, Public, nil, true},
		{"public, who has blocked the actor", viewer, PaymentSettled, Public, ties{actor: mine}, false},
		{"public, whom the target has blocked", viewer, PaymentSettled, Public, ties{target: theirs}, false},
		{"public, pending", viewer, PaymentPending, Public, ties{actor: friend}, false},
		{"public, failed", viewer, PaymentFailed, Public, nil, false},
		{"no audience", viewer, PaymentSettled, "", ties{actor: friend}, false},
	} {
		p := Payment{Actor: actor, Target: target, Status: tc.status, Audience: tc.audience}
		if got := Visible(tc.viewer, p, func(u UserID) Between { return tc.ties[u] }); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestAudiencesAreWithinEachOther(t *testing.T) {
	for i, a := range audiences {
		for j, b := range audiences {
			if a.Within(b) != (i <= j) {
				t.Errorf("%s within %s is %v", a, b, a.Within(b))
			}
		}
	}
}
