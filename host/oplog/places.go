package oplog

import (
	"regexp"
	"strings"
)

// Places where a secret is, whatever it is: the password in a URL, what
// authorises a request, and settings called so.
var (
	inURL    = regexp.MustCompile(`(://[^/\s:@"']*:)[^/\s@"']+@`)
	inHeader = regexp.MustCompile(`\b((?:Splunk|Bearer|Basic|LOG|SLS4-HMAC-SHA256) +)[A-Za-z0-9+/=:._~-]{16,}`)
	inPair   = regexp.MustCompile(`(?i)((?:secret|password|token|signature)(?:=|\\?" *: *\\?"))[^\s"&,;\\]+`)
)

// maskPlaces looks first whether it is worth it: most texts hold none.
func maskPlaces(text string) string {
	if strings.Contains(text, "://") {
		text = inURL.ReplaceAllString(text, "${1}"+masked+"@")
	}
	if strings.Contains(text, "uthorization") {
		text = inHeader.ReplaceAllString(text, "${1}"+masked)
	}
	if strings.ContainsAny(text, `="`) && namesASecret(text) {
		text = inPair.ReplaceAllString(text, "${1}"+masked)
	}
	return text
}

func namesASecret(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "secret") || strings.Contains(text, "password") ||
		strings.Contains(text, "token") || strings.Contains(text, "signature")
}
