package load

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in whole microseconds. Up to 255 µs each has a
// counter of its own; above, each doubling is cut into 128 equal parts, so that
// a quantile is within half of 1/128 of the truth. From 2^27 µs (134 s) on all
// share the last counter; no answer is awaited that long.
type histogram struct {
	counts [bucketsMax]uint64
	total  uint64
	max    int64 // exact
}

const (
	partBits   = 7             // 128 parts a doubling
	exact      = 2 << partBits // smaller values have counters of their own
	microsMax  = 1<<27 - 1     // the largest that is told apart
	bucketsMax = (27-partBits)<<partBits + 1<<partBits
)

// bucket returns the number of the counter of v, which is 0 to microsMax.
func bucket(v int64) int {
	if v < exact {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - (partBits + 1)
	return shift<<partBits + int(v>>shift)
}

// bucketMiddle returns the value in the middle of those that counter i counts.
func bucketMiddle(i int) int64 {
	if i < exact {
		return int64(i)
	}
	shift := i>>partBits - 1
	low := int64(i-shift<<partBits) << shift
	return low + (int64(1)<<shift-1)/2
}

func (h *histogram) add(d time.Duration) {
	v := max(d.Microseconds(), 0)
	h.counts[bucket(min(v, microsMax))]++
	h.total++
	h.max = max(h.max, v)
}

// merge adds what other has counted.
func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// quantile returns, in microseconds, the smallest value that q of all values
// (0 < q <= 1) do not exceed; 0 if there are none.
func (h *histogram) quantile(q float64) int64 {
	rank := uint64(max(math.Ceil(q*float64(h.total)), 1))
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return min(bucketMiddle(i), h.max)
		}
	}
	return h.max
}
