package purse

import "cmp"

// SessionHash is the SHA-256 of a session's secret, as 43 characters of unpadded
// base64url. The secret itself is in a browser's cookie only.
type SessionHash string

// Session is a browser in which somebody has signed in.
//
// Life: from signing in until it is ended, expires, or was not used for long.
type Session struct {
	Hash    SessionHash
	ID      SessionID
	Person  UserID
	Book    BookID
	Seen    Time   // about when it was last used
	Proved  Time   // when the person last proved who they are
	Agent   string // what the browser calls itself
	Remote  string // the address that the person signed in from
	Expires Time
	Ended   Time // 0: not
}

// SessionsMax bounds the set of a person's sessions: whoever signs in once more
// ends the oldest.
const SessionsMax = 100

// Valid says whether s may be used at the time now.
func (s Session) Valid(now Time) error {
	if s.Ended != 0 || now >= s.Expires {
		return Refuse(CodeSignedOut, "You are signed out. Sign in again.")
	}
	return nil
}

// Session finds a session by its hash.
func (f *Facts) Session(hash SessionHash) (Session, error) {
	return found(f, &f.set.Sessions, hash, "session", func(n *Needs) { n.Sessions = []SessionHash{hash} })
}

// Sessions is the set of a person's sessions that were not ended, oldest first.
func (f *Facts) Sessions(person UserID) ([]Session, error) {
	return members(f, f.set.sessionsOf[person], &f.set.Sessions, Needs{SessionsOf: []UserID{person}},
		func(s Session) bool { return s.Ended == 0 }, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
}

// LoadSession brings in a session, and into the set of its person if that was wanted.
func (w *WorkingSet) LoadSession(s Session) { load(&w.Sessions, w.sessionsOf[s.Person], s.Hash, s) }

// WantSessions says that the sessions of person will be asked for; true the first time.
func (w *WorkingSet) WantSessions(person UserID) bool { return wantSet(&w.sessionsOf, person) }
