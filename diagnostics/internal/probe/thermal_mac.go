package probe

import (
	"strconv"
	"strings"
)

// ParsePmsetTherm reads "CPU_Speed_Limit = 80" of `pmset -g therm`. A Mac that was never hot since its start
// prints a note instead: then there is no limit.
func ParsePmsetTherm(text string) Heat {
	var h Heat
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(key) != "CPU_Speed_Limit" {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && v > 0 && v <= 100 {
			h.SpeedLimit = v
		}
	}
	if h.SpeedLimit == 0 && strings.Contains(text, "No thermal warning level has been recorded") {
		h.SpeedLimit = 100
	}
	return h
}
