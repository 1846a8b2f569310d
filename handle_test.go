package purse

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"purse/ledger"

	"pgregory.net/rapid"
)

// madeAt is a payment handle that was made at a moment.
func madeAt(at Time, status HandleStatus) Handle {
	return Handle{HandleKey: HandleKey{9, HandleID(FirstID(at) + 1)}, Type: HandleForPayment, Status: status}
}

func TestTimeLeftCountsDown(t *testing.T) {
	second := Time(time.Second / time.Microsecond)
	for _, tc := range []struct {
		after Time
		want  int64
	}{
		{0, 899}, {1, 899}, {second - 1, 899}, {second, 898}, {second + 1, 898}, {2*second - 1, 898}, {2 * second, 897},
		{450 * second, 449}, {898 * second, 1}, {899*second - 1, 1}, {899 * second, 0}, {900*second - 1, 0}, {900 * second, 0}, {900*second + 1, 0}, {math.MaxInt64 - noon, 0},
	} {
		for _, status := range []HandleStatus{HandleInitiated, HandleProcessing, HandlePayable} {
			if got := madeAt(noon, status).TimeLeft(noon + tc.after); got != tc.want {
				t.Errorf("%s, %d microseconds old: %d, want %d", status, tc.after, got, tc.want)
			}
		}
		for _, status := range []HandleStatus{HandleCompleted, HandleFailed, HandleExpired} {
			if got := madeAt(noon, status).TimeLeft(noon + tc.after); got != 0 {
				t.Errorf("%s has %d seconds left", status, got)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		h := madeAt(noon, HandlePayable)
		now := noon + Time(rapid.Int64Range(0, 1000*int64(second)).Draw(t, "age"))
		left, later := h.TimeLeft(now), h.TimeLeft(now+Time(rapid.Int64Range(0, int64(second)).Draw(t, "step")))
		if left < 0 || left > 899 || later > left || later < left-1 {
			t.Fatalf("%d seconds are left, and then %d", left, later)
		}
		if h.Overdue(now) && left != 0 {
			t.Fatalf("overdue, and %d seconds are left", left)
		}
	})
}

func TestHandleIsOpenUntilItHasEnded(t *testing.T) {
	deadline := madeAt(noon, "").Deadline()
	if deadline != noon.Add(15*time.Minute) {
		t.Errorf("the deadline is %d", deadline-noon)
	}
	for _, tc := range []struct {
		status                 HandleStatus
		open, waits, held      bool // what it says without money held, and with
		overdue, overdueIfMany bool // at its deadline
	}{
		{HandleInitiated, true, true, false, true, false},
		{HandleProcessing, true, true, false, true, false},
		{HandlePayable, true, true, false, true, false},
		{HandleCompleted, false, false, false, false, false},
		{HandleFailed, false, false, false, false, false},
		{HandleExpired, false, false, false, false, false},
		{"", false, false, false, false, false},
	} {
		h := madeAt(noon, tc.status)
		many, held := h, h
		many.Multi, held.Hold = true, 5
		if h.Open() != tc.open || many.Open() != tc.open || held.Open() != tc.open {
			t.Errorf("%s: open %v", tc.status, h.Open())
		}
		if h.Waits() != tc.waits || held.Waits() != tc.held || many.Waits() {
			t.Errorf("%s: waits %v, with money held %v, for many uses %v", tc.status, h.Waits(), held.Waits(), many.Waits())
		}
		if h.Overdue(deadline) != tc.overdue || held.Overdue(deadline) != tc.overdue || many.Overdue(deadline) != tc.overdueIfMany {
			t.Errorf("%s: overdue %v, %v, %v", tc.status, h.Overdue(deadline), held.Overdue(deadline), many.Overdue(deadline))
		}
		if h.Overdue(deadline-1) || held.Overdue(0) {
			t.Errorf("%s: overdue before its deadline", tc.status)
		}
	}
}

// A state is open as long as the table lets something follow.
func TestHandleMovesAgreeWithOpen(t *testing.T) {
	for from, to := range HandleMoves {
		if from != "" && (Handle{Status: from}).Open() != (len(to) > 0) {
			t.Errorf("%s: open, and nothing follows, or the other way round", from)
		}
		for _, s := range to {
			if _, known := HandleMoves[s]; !known || s == "" {
				t.Errorf("%s may become %q, which is no state", from, s)
			}
		}
	}
	for from, to := range OperationMoves {
		for _, s := range to {
			if _, known := OperationMoves[s]; !known || s == "" {
				t.Errorf("%s may become %q, which is no state", from, s)
			}
		}
	}
}

func TestEveryStateOfAHandleIsNews(t *testing.T) {
	var all []EventKind
	for s := range HandleMoves {
		if s != "" {
			all = append(all, HandleNews(s))
		}
	}
	slices.Sort(all)
	want := []EventKind{HandleWasCompleted, HandleHasExpired, HandleHasFailed, HandleWasInitiated, HandleIsPayable, HandleIsProcessing}
	slices.Sort(want)
	if !slices.Equal(all, want) {
		t.Errorf("%v", all)
	}
}

// hostile is text that would break JSON if it were not quoted.
const hostile = "\"}\\\n\u2028<script>é日"

// TestSnapshotsStayAsTheyAre: whoever reads old news must understand them.
func TestSnapshotsStayAsTheyAre(t *testing.T) {
	for _, tc := range []struct {
		name    string
		subject EventSubject
		id, seq int64
		want    string
	}{
		{"handle", Handle{HandleKey: HandleKey{9, 7}, Status: HandlePayable, Payer: 10, Minor: 2500, Version: 3}, 7, 3,
			`{"id":"7","merchant":"9","status":"PAYABLE","payer":"10","minor":2500}`},
		{"failed handle", Handle{HandleKey: HandleKey{9, 7}, Status: HandleFailed, Fault: CodeFloor, Version: 1}, 7, 1,
			`{"id":"7","merchant":"9","status":"FAILED","payer":"0","minor":0,"fault":"floor_limit"}`},
		{"operation", Operation{OperationKey: OperationKey{9, Sale, 8}, Status: OperationCompleted, Payer: 10, Minor: 2500, Settleable: 1500, Refundable: 1000, Version: 2}, 8, 2,
			`{"id":"8","merchant":"9","kind":"sale","status":"COMPLETED","payer":"10","minor":2500,"settleable":1500,"refundable":1000}`},
		{"agreement", Mandate{MandateKey: MandateKey{9, "c"}, ID: 6, Person: 10, Revoked: 5, Version: 2}, 6, 2,
			`{"id":"6","merchant":"9","consumer":"c","person":"10","revoked":5}`},
		{"largest numbers", Handle{HandleKey: HandleKey{math.MaxInt64, math.MaxInt64}, Minor: math.MaxInt64, Version: math.MaxInt64}, math.MaxInt64, math.MaxInt64,
			`{"id":"9223372036854775807","merchant":"9223372036854775807","status":"","payer":"0","minor":9223372036854775807}`},
	} {
		id, seq, got := tc.subject.eventSubject()
		if id != tc.id || seq != tc.seq || got != tc.want {
			t.Errorf("%s: %d, %d, %s", tc.name, id, seq, got)
		}
	}
	for _, v := range []EventSubject{
		Mandate{MandateKey: MandateKey{9, hostile}}, Handle{Status: hostile, Fault: hostile}, Operation{OperationKey: OperationKey{9, hostile, 1}, Status: hostile},
	} {
		_, _, snapshot := v.eventSubject()
		var read map[string]any
		if err := json.Unmarshal([]byte(snapshot), &read); err != nil {
			t.Errorf("%s: %v", snapshot, err)
		}
		for key, text := range read {
			if (key == "consumer" || key == "fault" || key == "kind") && text != hostile {
				t.Errorf("%s is %q in %s", key, text, snapshot)
			}
		}
	}
}

func TestCausesNameTheirRows(t *testing.T) {
	h, o := Handle{HandleKey: HandleKey{9, 7}}, Operation{OperationKey: OperationKey{9, Sale, 8}}
	if h.Cause() != (ledger.Cause{Kind: ledger.CauseHandle, ID: 7}) || o.Cause() != (ledger.Cause{Kind: ledger.CauseOperation, ID: 8}) {
		t.Errorf("%v, %v", h.Cause(), o.Cause())
	}
}
