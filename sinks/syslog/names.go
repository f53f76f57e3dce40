package syslog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Facilities and severities by their number (RFC 5424, tables 1 and 2, with
// the short names of syslog.conf).
var (
	facilities = []string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
		"uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
	severities = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

	// Other names that people write.
	aliases = map[string]string{
		"security": "auth", "emergency": "emerg", "panic": "emerg", "critical": "crit",
		"error": "err", "warn": "warning", "informational": "info",
	}
)

// number is the place of a name in names, or the number that it already is.
func number(name string, names []string) (int, error) {
	lower := strings.ToLower(name)
	if i := slices.Index(names, lower); i >= 0 {
		return i, nil
	}
	if i := slices.Index(names, aliases[lower]); i >= 0 {
		return i, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(names) {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not one of %s, nor a number from 0 to %d", name, strings.Join(names, ", "), len(names)-1)
}
