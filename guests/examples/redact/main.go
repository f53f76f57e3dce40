// Command redact is a guest of slswasm that hides what is personal or secret
// in any field of any log: e-mail addresses, phone numbers, numbers of identity
// and payment cards, access key ids, passwords. README.md says what counts.
package main

import (
	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/mask"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	masker *mask.Masker
	keep   map[string]bool // fields that stay as they are
	buffer []byte

	_ = slswasm.Name("redact", "1.0.0")
	_ = slswasm.AllFields()
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(text []byte) error {
	hide := mask.Options{AccessKeys: true, Emails: true, Phones: true, Identities: true, Cards: true, SecretMembers: true}
	var fields []string
	err := settings.Read("redact", text, settings.Object{
		"access_keys":  settings.Bool(&hide.AccessKeys),
		"emails":       settings.Bool(&hide.Emails),
		"phones":       settings.Bool(&hide.Phones),
		"id_cards":     settings.Bool(&hide.Identities),
		"cards":        settings.Bool(&hide.Cards),
		"secrets":      settings.Bool(&hide.SecretMembers),
		"keep_domains": settings.Texts(&hide.KeepDomains),
		"keep_fields":  settings.Texts(&fields),
	})
	masker = mask.New(hide)
	keep = map[string]bool{"__time__": true, "__time_ns_part__": true}
	for _, f := range fields {
		keep[f] = true
	}
	return err
}

func handle(l *slswasm.Log) {
	for key, value := range l.All() {
		if keep[jsonscan.View(key)] {
			continue
		}
		if masked, changed := masker.Value(buffer[:0], key, value); changed {
			l.Set(slswasm.Named(string(key)), masked)
			buffer = masked
		}
	}
}
