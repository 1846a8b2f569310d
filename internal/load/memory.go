package load

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// PeakMemoryMB returns the most memory that the running process pid has held at
// any time, in units of 1,048,576 bytes. Only Linux can tell.
func PeakMemoryMB(pid int) (float64, error) {
	if runtime.GOOS != "linux" {
		return 0, errors.New("load: the peak memory of another process is known on Linux only")
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	return parsePeak(string(status))
}

// parsePeak finds the line "VmHWM:   12345 kB".
func parsePeak(status string) (float64, error) {
	for line := range strings.Lines(status) {
		value, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		value, ok = strings.CutSuffix(strings.TrimSpace(value), " kB")
		kib, err := strconv.ParseUint(value, 10, 63)
		if !ok || err != nil {
			return 0, fmt.Errorf("load: cannot read %q", strings.TrimSpace(line))
		}
		return float64(kib) / 1024, nil
	}
	// So it is for a process that has ended and was not yet waited for.
	return 0, errors.New("load: the process has no memory any more")
}
