package caption

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var clockShape = regexp.MustCompile(`^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$`)

// ParseClock reads a time as people and files write it: 75, 1:15, 1:15.250,
// 00:01:15,250.
func ParseClock(s string) (time.Duration, bool) {
	m := clockShape.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	n := func(s string) time.Duration {
		v, _ := strconv.Atoi(s) // digits only, or ""
		return time.Duration(v)
	}
	if m[1] != "" && n(m[2]) > 59 || m[2] != "" && n(m[3]) > 59 {
		return 0, false
	}
	ms := n((m[4] + "000")[:3])
	return n(m[1])*time.Hour + n(m[2])*time.Minute + n(m[3])*time.Second + ms*time.Millisecond, true
}

// Clock writes a time as the editor shows it: 1:15, 1:15.250, 1:02:15.
func Clock(d time.Duration) string {
	d = d.Round(time.Millisecond)
	h, m, s, ms := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60, d.Milliseconds()%1000
	out := fmt.Sprintf("%d:%02d", m, s)
	if h > 0 {
		out = fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	if ms > 0 {
		out += fmt.Sprintf(".%03d", ms)
	}
	return out
}
