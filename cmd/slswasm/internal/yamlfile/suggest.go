package yamlfile

import (
	"strings"

	"github.com/xrash/smetrics"
)

// likeness is from which on a word may be meant for another; 1 is the same.
const likeness = 0.84

// Nearest returns the known word that word is most like, and how much.
func Nearest(word string, known []string) (best string, like float64) {
	for _, k := range known {
		a, b := plain(word), plain(k)
		l := smetrics.JaroWinkler(a, b, 0.7, 4)
		if l < likeness && min(len(a), len(b)) > 2 && smetrics.WagnerFischer(a, b, 1, 1, 1) == 1 {
			l = likeness // short words, one letter apart
		}
		if l >= likeness && l > like {
			best, like = k, l
		}
	}
	return best, like
}

// DidYouMean is the end of a message about an unknown word; empty when none is
// like it. The mark stands before words of this kind.
func DidYouMean(word string, known []string, mark string) string {
	if best, _ := Nearest(word, known); best != "" {
		return "; did you mean " + mark + best + "?"
	}
	return ""
}

// plain makes maxInFlight, max_in_flight and max-in-flight the same.
func plain(word string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(word))
}
